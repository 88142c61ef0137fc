//! The processor: threads, a pool of them, vectors.

pub mod pool;
pub mod simd;
pub mod threads;
