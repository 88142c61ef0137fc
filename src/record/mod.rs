//! What a training did, step by step: written while it runs, here or under Python (`scripts/record.py`), and read again to find
//! the first tensor in which two trainings part. The format is described in `data/record-format.md`.
//!
//! A program of your own on `tch` is recorded by hand, since libtorch has no hooks that reach it:
//!
//! ```no_run
//! use lockstep::record::{Recorder, Values};
//! use tch::nn::{self, Module, OptimizerConfig};
//! # fn main() -> anyhow::Result<()> {
//! # let (x, y) = (tch::Tensor::new(), tch::Tensor::new());
//! let store = nn::VarStore::new(tch::Device::Cpu);
//! let fc = nn::linear(store.root() / "fc", 4, 3, Default::default());
//! let mut optimizer = nn::Adam::default().build(&store, 1e-3)?;
//! let mut recorder = Recorder::create("mine.record".as_ref(), "0,1".parse::<Values>().map_err(anyhow::Error::msg)?, store.device())?;
//! recorder.start("Net", &lockstep::record::parameters(&store))?;
//! for _ in 0..100 {
//!     recorder.input("fc", &x)?;
//!     let output = fc.forward(&x);
//!     recorder.output("fc", &output)?;
//!     let loss = output.cross_entropy_for_logits(&y);
//!     recorder.loss(&loss)?;
//!     optimizer.zero_grad();
//!     loss.backward();
//!     recorder.gradients(&lockstep::record::gradients(&store))?;
//!     optimizer.step();
//!     recorder.updated(1e-3, &[], &lockstep::record::parameters(&store))?;
//! }
//! recorder.finish()?;
//! # Ok(()) }
//! ```

mod align;
pub mod causes;
mod debug_mode;
mod describe;
pub mod difference;
pub mod format;
mod names;
mod numbers;
pub mod picture;
pub mod python;
mod reader;
mod recorder;
mod recording;
mod shown;
mod side;
mod store;
pub mod tally;
mod values;
mod writer;

pub use numbers::Tensor;
pub use reader::{Record, Step};
pub use recorder::Recorder;
pub use recording::Recording;
pub use store::{gradients, parameters};
pub use values::Values;
