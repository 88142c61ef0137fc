//! libtorch's memory as slices.
#![allow(unsafe_code, reason = "each block says why it holds")]

mod memory;

pub use memory::{floats, floats_mut, integers};
