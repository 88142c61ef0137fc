//! The only `unsafe` beside `torchscript`: libtorch's memory as slices, and threads that work on what is borrowed.
#![allow(unsafe_code, reason = "each block says why it holds")]

mod memory;
mod pool;

pub use memory::{floats, floats_mut, integers};
pub use pool::Pool;
