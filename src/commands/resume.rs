//! What `run moons` and `fit` share where they go on from an earlier run.

use super::print::note;
use crate::checkpoint::resume::Resumption;
use crate::checkpoint::series::{Found, latest_checkpoint};
use crate::cli::Printing;
use crate::runs::files;
use anyhow::{Context, Result};
use std::path::Path;
use tch::Device;

/// The state that is gone on with; its tensors are on the processor.
pub(super) fn open(path: &Path, printing: Printing) -> Result<Found> {
    let found = latest_checkpoint(path, Device::Cpu).context("--resume")?;
    for skipped in &found.skipped {
        note(printing, &format!("passed over: {skipped}"));
    }
    Ok(found)
}

/// The epoch that a run goes on from, if its state lies in the folder `out` that it writes to.
pub(super) fn within<C>(resumption: &Resumption<C>, out: &Path) -> Option<usize> {
    let folder = files::folder_of(&resumption.path);
    let same = folder.canonicalize().ok().zip(out.canonicalize().ok()).is_some_and(|(folder, out)| folder == out);
    same.then_some(resumption.snapshot.epoch())
}
