//! The code that computes losses and gradients: libtorch's operations in Python's order, or our own kernels.

mod autograd;
mod choice;
pub mod fused;
mod interface;
mod tanh_net;

pub use super::engine_kind::EngineKind;
pub use choice::{Choice, choose};
pub use interface::{Batch, Engine, Steps};
