//! Which engine is asked for.

use crate::choices::names::named;

named! {
    /// What computes a training's losses, gradients and updates.
    #[derive(Default)]
    pub enum EngineKind {
        /// libtorch's operations in Python's order: Python's bits.
        #[default]
        Exact = "exact",
        /// [`crate::train::engine::fused`]: the same numbers up to rounding, several times as fast.
        Fused = "fused",
    }
}

impl EngineKind {
    pub fn is_exact(&self) -> bool {
        *self == Self::Exact
    }
}
