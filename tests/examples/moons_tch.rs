//! The tutorial's moons program written by hand on `tch`, with its own `nn::linear` and `nn::Adam`, and recorded.
//!
//! ```text
//! cargo run --release --example moons_tch -- port.record
//! python scripts/record.py -o tutorial.record --values all scripts/original/moons.py --epochs 50 --threads 1
//! lockstep diff tutorial.record port.record
//! ```
//!
//! With the tutorial's first weights, which its record has, what is left to differ is Adam:
//!
//! ```text
//! cargo run --release --example moons_tch -- port.record tutorial.record.start.safetensors
//! lockstep diff tutorial.record port.record --picture parts.png
//! ```

use anyhow::{Context, Result, ensure};
use lockstep::data::moons::make_moons;
use lockstep::python::random::NumpyRandom;
use lockstep::record::{Recorder, Values, gradients, parameters};
use std::path::{Path, PathBuf};
use tch::nn::{self, Module, OptimizerConfig};
use tch::{Device, Tensor};

const LR: f64 = 1e-2;

/// Trains for `epochs` as the tutorial does, from the weights of a record if there is one, and writes to `file` what each epoch
/// computed.
pub fn train(seed: u32, epochs: usize, file: &Path, weights: Option<&Path>) -> Result<()> {
    let moons = make_moons(200, 0.2, &mut NumpyRandom::seed(seed));
    let points: Vec<f32> = moons.points.iter().flatten().map(|&value| value as f32).collect();
    let (x, y) = (Tensor::from_slice(&points).view([-1, 2]), Tensor::from_slice(&moons.labels));

    tch::manual_seed(i64::from(seed));
    let store = nn::VarStore::new(Device::Cpu);
    let fc1 = nn::linear(store.root() / "fc1", 2, 100, Default::default());
    let fc2 = nn::linear(store.root() / "fc2", 100, 2, Default::default());
    if let Some(weights) = weights {
        let kept = Tensor::read_safetensors(weights)?;
        for (name, variable) in &mut store.variables() {
            let wanted = format!("start/parameter/{name}/0/0");
            let (_, tensor) = kept.iter().find(|(key, _)| *key == wanted).context(wanted)?;
            tch::no_grad(|| variable.copy_(tensor));
        }
    }
    let mut optimizer = nn::Adam::default().build(&store, LR)?;

    let values: Values = "all".parse().map_err(anyhow::Error::msg)?;
    let mut recorder = Recorder::create(file, values, Device::Cpu)?;
    recorder.start("Net", &parameters(&store))?;
    for _ in 0..epochs {
        let hidden = fc1.forward(&x);
        recorder.module("fc1", &x, &hidden)?;
        let hidden = hidden.tanh();
        let logits = fc2.forward(&hidden);
        recorder.module("fc2", &hidden, &logits)?;
        let loss = logits.cross_entropy_for_logits(&y);
        recorder.loss(&loss)?;
        optimizer.zero_grad();
        loss.backward();
        recorder.gradients(&gradients(&store))?;
        optimizer.step();
        recorder.updated(LR, &[], &parameters(&store))?;
    }
    recorder.finish()
}

/// The record's file, and perhaps that of first weights.
#[allow(dead_code)] // The tests take `train` alone.
fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let file = arguments.next().unwrap_or_else(|| "port.record".into());
    ensure!(!file.to_string_lossy().starts_with('-'), "usage: moons_tch [RECORD [WEIGHTS.safetensors]]");
    lockstep::torch::libtorch::load()?;
    tch::set_num_threads(1);
    train(0, 50, &file, arguments.next().as_deref())
}
