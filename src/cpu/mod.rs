//! The processor: its model, threads, a pool of them, vectors, subnormal numbers.

pub mod doing;
pub mod input;
mod limits;
pub mod model;
pub mod pool;
pub mod room;
pub mod simd;
pub mod stop;
pub mod subnormals;
pub mod threads;
