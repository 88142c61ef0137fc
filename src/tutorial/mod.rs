//! The tutorial's programs.

pub mod moons;
