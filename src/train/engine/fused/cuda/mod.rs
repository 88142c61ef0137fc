//! The `fused` engine on a CUDA card: kernels of our own (`kernels/`), compiled while the program runs for the one network that
//! trains.
//!
//! Sums have an order of their own, which the network and the batch decide and not the card: the same bits from run to run and
//! from card to card. The kernels are written so that a processor can run them too, which the tests do.

#[cfg(test)]
mod card;
mod able;
mod engine;
mod held;
mod shape;
mod share;
mod source;
#[cfg(test)]
pub mod tests;
mod walk;

pub use able::able;
pub use engine::CudaEngine;
