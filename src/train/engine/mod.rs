//! Which code trains.

pub mod autograd;
pub mod fused;
pub mod tanh_net;

use crate::choices::names::named;

named! {
    /// What computes a training's losses, gradients and updates.
    #[derive(Default)]
    pub enum Engine {
        /// libtorch's operations in Python's order: Python's bits.
        #[default]
        Exact = "exact",
        /// [`crate::train::engine::fused`]: the same numbers up to rounding, several times as fast.
        Fused = "fused",
    }
}

impl Engine {
    pub fn is_exact(&self) -> bool {
        *self == Self::Exact
    }
}
