//! The engine's threads, without what Miri cannot run.

#[path = "../../src/cpu/pool.rs"]
pub mod pool;
