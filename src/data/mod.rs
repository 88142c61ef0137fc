//! Data: what the tutorial's programs are trained on.

pub mod moons;
