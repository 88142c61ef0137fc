//! How many threads a run takes where the user names no number.

use crate::cli::Compute;
use crate::torch::threads::{Steps, said};
use anyhow::Result;
use tch::Device;

/// Whether the user leaves the number of threads to us.
pub(super) fn is_open(compute: &Compute) -> bool {
    compute.threads.is_none() && !said()
}

/// Whether there are steps, and all of them do as well on one thread as on those that libtorch has.
pub(super) fn suit_one_thread(device: Device, steps: impl FnOnce() -> Result<Vec<Steps>>) -> Result<bool> {
    if tch::get_num_threads() < 2 || device != Device::Cpu {
        return Ok(false);
    }
    let steps = steps()?;
    let suit = steps.iter().map(Steps::suit_one_thread).collect::<Result<Vec<_>>>()?;
    Ok(!suit.is_empty() && suit.into_iter().all(|one| one))
}
