//! How many threads a run takes where the user names no number.

use crate::cli::Compute;
use crate::cpu::room;
use crate::fit::beside::Beside;
use crate::torch::threads::{Steps, said};
use anyhow::{Result, ensure};
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

/// How trainings that do not wait for one another are spread over the processor: `jobs` at once where the user says so. Else
/// those `apart`, which may be on another number of threads than the run, are on one each, as many as there are processors; the
/// others only where the run is on one. Where the user names a number of threads it is that of all that runs at once. `bytes` are
/// what one training holds: half of the free memory may be taken.
///
/// # Errors
/// Several at once on a GPU; those of `bytes`.
pub(super) fn beside(
    compute: &Compute,
    (device, threads): (Device, i32),
    jobs: Option<usize>,
    apart: bool,
    bytes: impl FnOnce() -> Result<usize>,
) -> Result<Beside> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if device != Device::Cpu {
        ensure!(jobs.unwrap_or(1) == 1, "--jobs: on a GPU one trial trains after the other; leave it out");
        return Ok(Beside { jobs: 1, threads });
    }
    let open = is_open(compute);
    if let Some(jobs) = jobs {
        return Ok(Beside { jobs, threads: if open { (cores / jobs).max(1) as i32 } else { threads } });
    }
    if !open || cores < 2 || (!apart && threads > 1) {
        return Ok(Beside { jobs: 1, threads });
    }
    let room = match room::free() {
        Some(free) => (free / 2 / bytes()?.max(1) as u128) as usize,
        None => cores,
    };
    Ok(Beside { jobs: cores.min(room).max(1), threads: 1 })
}
