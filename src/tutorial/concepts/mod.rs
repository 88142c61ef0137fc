//! The five demonstrations of what the tutorial explains.

pub mod activations;
pub mod bias_variance;
pub mod fitting;
pub mod gradients;
pub mod known;
pub mod memory;
pub mod nonlinearity;
pub mod replicas;
