//! The tutorial's programs and the demonstrations of what it explains.

pub mod boston;
pub mod concepts;
pub mod config;
pub mod descent;
pub mod exhaustive;
pub mod moons;
pub mod parity;
pub mod program;
pub mod relu;
pub mod two_layer;
