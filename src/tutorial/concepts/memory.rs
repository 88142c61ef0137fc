//! A bound on what a demonstration allocates.

use anyhow::{Result, ensure};

/// Bytes that a demonstration's tensors may take together: beyond that the options are refused, not tried.
const MEMORY: f64 = 4e9;

/// `flags` are the options that make it so much.
pub fn check_memory(needed: f64, flags: &str) -> Result<()> {
    ensure!(needed <= MEMORY, "{flags}: needs {:.0} GB, the limit is {:.0}", needed / 1e9, MEMORY / 1e9);
    Ok(())
}
