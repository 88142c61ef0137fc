//! What `run moons` and `fit` share: the checkpoints of a running training, and how an earlier one is opened.

use crate::checkpoint::series::{Checkpoints, Found};
use crate::cli::{Printing, Resuming};
use crate::commands::progress::{Interrupted, interrupted};
use crate::runs::files;
use crate::torch::error::one_line;
use crate::train::Next;
use anyhow::{Context, Result};
use std::path::Path;
use tch::Device;

/// The state that is gone on with; its tensors are on the processor.
pub(super) fn open(path: &Path, printing: Printing) -> Result<Found> {
    let found = if path.is_dir() { Found::newest(path, Device::Cpu) } else { Found::file(path, Device::Cpu) };
    let found = found.context("--resume")?;
    for skipped in &found.skipped {
        note(printing, &format!("passed over: {skipped}"));
    }
    Ok(found)
}

/// A remark on stderr.
pub(super) fn note(printing: Printing, text: &str) {
    if !printing.quiet {
        eprintln!("note: {text}");
    }
}

/// Writes the checkpoints of one run, and ends it after an interrupt.
pub(super) struct Keeper {
    checkpoints: Checkpoints,
    /// The command that goes on.
    command: String,
    stop: bool,
}

impl Keeper {
    /// `from`: the epoch that the run goes on from, if it does so in the same folder.
    pub(super) fn begin(folder: &Path, args: &Resuming, from: Option<usize>, command: &str) -> Result<Self> {
        let checkpoints = Checkpoints::begin(folder, args.checkpoint_every, args.keep as usize, from)?;
        let folder = folder.display().to_string();
        let folder = if folder.contains(' ') { format!("'{folder}'") } else { folder };
        Ok(Self { checkpoints, command: format!("{command} --resume {folder}"), stop: false })
    }

    /// What the training does after `epoch`.
    pub(super) fn next(&mut self, epoch: usize) -> Next {
        self.stop = interrupted();
        if self.stop || self.checkpoints.due(epoch) { Next::Save } else { Next::Go }
    }

    /// Writes a checkpoint. One that cannot be written does not end the training, unless that is to end with it.
    pub(super) fn keep(&mut self, epoch: usize, bytes: &[u8]) -> Result<()> {
        match self.checkpoints.write(epoch, bytes) {
            Ok(path) if self.stop => Err(Interrupted::kept(epoch, &path.display().to_string(), &self.command).into()),
            Err(error) if self.stop => Err(error.context(format!("interrupted after epoch {epoch}"))),
            Err(error) => {
                eprintln!("warning: {}; the training goes on", one_line(&error));
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }

    /// The run is complete and its files are in their places.
    pub(super) fn finish(&self) -> Result<()> {
        self.checkpoints.remove_others()
    }
}

/// The epoch that a run goes on from, if `path` lies in the folder that it writes to.
pub(super) fn within(path: &Path, out: &Path, epoch: usize) -> Option<usize> {
    let folder = files::folder_of(path);
    let same = folder.canonicalize().ok().zip(out.canonicalize().ok()).is_some_and(|(folder, out)| folder == out);
    same.then_some(epoch)
}
