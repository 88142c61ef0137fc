//! The processor: threads, a pool of them, vectors.

pub mod pool;
pub mod room;
pub mod simd;
pub mod threads;
