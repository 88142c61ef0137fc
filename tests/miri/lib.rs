//! The engine's threads, without what Miri cannot run.

#[path = "../../src/raw/pool.rs"]
pub mod pool;
