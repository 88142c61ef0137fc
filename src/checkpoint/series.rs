//! The checkpoints that a running training leaves in its folder, and which of them a later run goes on from.
//!
//! `checkpoint-<epoch>.pt` has the format of `model.pt`, and is whole or absent. Only after a new one is in its place are
//! older ones removed, so that a write that fails leaves the last good one.

use crate::checkpoint::{Checkpoint, Manifest, NewerFormat};
use crate::runs::files;
use crate::torch::named;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};
use tch::Device;

/// The file of a finished run.
pub const MODEL: &str = "model.pt";
const PREFIX: &str = "checkpoint-";
const SUFFIX: &str = ".pt";

/// How often a checkpoint is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    Epochs(usize),
    Time(Duration),
}

impl FromStr for Every {
    type Err = String;

    /// `100` epochs, or `30s`, `5m`, `1h`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "expected epochs such as 100, or a time such as 30s, 5m or 1h".to_string();
        let seconds = match text.chars().last() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3600,
            _ => 0,
        };
        let digits = if seconds > 0 { &text[..text.len() - 1] } else { text };
        let count = digits.parse::<u32>().ok().filter(|&count| count > 0).ok_or_else(wrong)?;
        Ok(match seconds {
            0 => Self::Epochs(count as usize),
            seconds => Self::Time(Duration::from_secs(u64::from(count) * seconds)),
        })
    }
}

/// The checkpoints of one run.
pub struct Checkpoints {
    folder: PathBuf,
    every: Option<Every>,
    keep: usize,
    written: Instant,
    /// Epochs of the files that belong to this run, rising.
    own: Vec<usize>,
}

impl Checkpoints {
    /// A run that goes on from an earlier one in the same folder takes over that one's checkpoints up to `from`, the epoch it
    /// goes on from; all others in the folder are removed once this run has written something better.
    pub fn begin(folder: &Path, every: Option<Every>, keep: usize, from: Option<usize>) -> Result<Self> {
        let mut own = Vec::new();
        if let Some(from) = from {
            own = epochs(folder)?;
            own.retain(|&epoch| epoch <= from);
        }
        Ok(Self { folder: folder.into(), every, keep, written: Instant::now(), own })
    }

    /// Whether a checkpoint is to be written after `epoch`.
    pub fn due(&self, epoch: usize) -> bool {
        match self.every {
            Some(Every::Epochs(count)) => epoch.is_multiple_of(count),
            Some(Every::Time(time)) => self.written.elapsed() >= time,
            None => false,
        }
    }

    /// Epochs from `epoch` on to the next that has a checkpoint, as far as that is known beforehand.
    pub fn ahead(&self, epoch: usize) -> usize {
        match self.every {
            Some(Every::Epochs(count)) => epoch.next_multiple_of(count) + 1 - epoch,
            Some(Every::Time(_)) | None => usize::MAX,
        }
    }

    /// Puts a checkpoint in its place, then removes those that are too old or of another run. Its path.
    pub fn write(&mut self, epoch: usize, bytes: &[u8]) -> Result<PathBuf> {
        // Even if it fails: the next try is as far away as the next checkpoint.
        self.written = Instant::now();
        let path = self.folder.join(name(epoch));
        files::write(&path, bytes)?;
        self.own.retain(|&other| other < epoch);
        self.own.push(epoch);
        let surplus = self.own.len().saturating_sub(self.keep);
        self.own.drain(..surplus);
        self.remove_others()?;
        Ok(path)
    }

    /// To be called when `model.pt` is in its place: removes the checkpoints that are not this run's, and the one before its
    /// first epoch, which held folds that the summary has now.
    pub fn finish(&mut self) -> Result<()> {
        self.own.retain(|&epoch| epoch > 0);
        self.remove_others()
    }

    /// Removes the checkpoints that are not this run's.
    fn remove_others(&self) -> Result<()> {
        for epoch in epochs(&self.folder)? {
            if !self.own.contains(&epoch) {
                let path = self.folder.join(name(epoch));
                std::fs::remove_file(&path).with_context(|| format!("{}: cannot remove", path.display()))?;
            }
        }
        Ok(())
    }
}

/// Removes every checkpoint in a folder: those of runs before one that leaves none.
pub fn remove_all(folder: &Path) -> Result<()> {
    Checkpoints::begin(folder, None, 0, None)?.remove_others()
}

fn name(epoch: usize) -> String {
    format!("{PREFIX}{epoch}{SUFFIX}")
}

/// The epochs of a folder's checkpoints, rising.
fn epochs(folder: &Path) -> Result<Vec<usize>> {
    let what = || format!("{}: cannot look for checkpoints", folder.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(what)? {
        let name = entry.with_context(what)?.file_name();
        let digits = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX));
        found.extend(
            digits.and_then(|digits| digits.parse::<usize>().ok()).filter(|&epoch| *name == *self::name(epoch)),
        );
    }
    found.sort_unstable();
    Ok(found)
}

/// A file to go on from.
pub struct Found {
    pub path: PathBuf,
    pub checkpoint: Checkpoint,
    /// What is wrong with files that would have been preferred.
    pub skipped: Vec<String>,
}

/// The latest state of a run: that of the file `path` or, in a folder, of its newest good checkpoint, or of `model.pt` if that
/// run was completed since.
pub fn latest_checkpoint(path: &Path, device: Device) -> Result<Found> {
    if path.is_dir() {
        return latest_in(path, device);
    }
    Ok(Found { path: path.into(), checkpoint: Checkpoint::read(path, device)?, skipped: vec![] })
}

fn latest_in(folder: &Path, device: Device) -> Result<Found> {
    let mut skipped = Vec::new();
    let mut read = |path: &Path| match Checkpoint::read(path, device) {
        Ok(checkpoint) => Ok(Some((path.to_path_buf(), checkpoint))),
        Err(error) if error.is::<NewerFormat>() => Err(error),
        Err(error) => {
            skipped.push(format!("{error:#}"));
            Ok(None)
        }
    };
    let mut checkpoint = None;
    for epoch in epochs(folder)?.into_iter().rev() {
        checkpoint = read(&folder.join(name(epoch)))?;
        if checkpoint.is_some() {
            break;
        }
    }
    let model = folder.join(MODEL);
    let model = if model.exists() { read(&model)? } else { None };
    let chosen = match (checkpoint, model) {
        (Some(checkpoint), Some(model)) if completes(&model.1, &checkpoint.1) => Some(model),
        (Some(checkpoint), _) => Some(checkpoint),
        (None, model) => model,
    };
    let Some((path, checkpoint)) = chosen else {
        let shown = folder.display();
        match skipped.first() {
            Some(error) => bail!("{shown}: no checkpoint to go on from: {error}"),
            None => bail!("{shown}: no {PREFIX}*{SUFFIX} and no {MODEL} to go on from; expected a run's folder"),
        }
    };
    Ok(Found { path, checkpoint, skipped })
}

/// Whether the finished `model` continues `checkpoint`: same program, seed, data and settings (but for those that a run
/// which goes on may change), and at least as many epochs done. If not, the checkpoint is of a later run in the same folder that has not ended: a run that
/// ends removes the checkpoints of other runs.
fn completes(model: &Checkpoint, checkpoint: &Checkpoint) -> bool {
    let identity = |manifest: &Manifest| {
        let mut config = manifest.config.clone();
        if let Some(config) = config.as_object_mut() {
            // What a run that goes on may change.
            for free in ["epochs", "engine", "importance", "log"] {
                config.remove(free);
            }
        }
        (manifest.program.clone(), manifest.seed, config, manifest.provenance.data_sha256.clone())
    };
    let epoch = |checkpoint: &Checkpoint| named::read_count(&checkpoint.training, "epoch").unwrap_or_default();
    identity(&model.manifest) == identity(&checkpoint.manifest) && epoch(model) >= epoch(checkpoint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_so_many_epochs_or_so_much_time() {
        assert_eq!("100".parse(), Ok(Every::Epochs(100)));
        assert_eq!("30s".parse(), Ok(Every::Time(Duration::from_secs(30))));
        assert_eq!("5m".parse(), Ok(Every::Time(Duration::from_secs(300))));
        for wrong in ["", "0", "0s", "-1", "s", "5d", "1.5m", "ü"] {
            assert!(wrong.parse::<Every>().unwrap_err().contains("30s"), "{wrong}");
        }
    }

    #[test]
    fn the_newest_are_kept_and_those_of_another_run_go() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path();
        for file in ["checkpoint-7.pt", "checkpoint-07.pt", "checkpoint-900.pt", "checkpoint-x.pt"] {
            std::fs::write(folder.join(file), "old").unwrap();
        }
        let mut run = Checkpoints::begin(folder, Some(Every::Epochs(10)), 2, None).unwrap();
        assert_eq!(epochs(folder).unwrap(), [7, 900], "nothing goes before there is something better");
        assert!(run.due(10) && !run.due(15));
        for epoch in [10, 20, 30] {
            run.write(epoch, b"new").unwrap();
        }
        assert_eq!(epochs(folder).unwrap(), [20, 30]);
        // Resumed from 20: what was done after it is done again.
        let mut resumed = Checkpoints::begin(folder, None, 5, Some(20)).unwrap();
        resumed.write(25, b"new").unwrap();
        assert_eq!(epochs(folder).unwrap(), [20, 25]);
        assert!(folder.join("checkpoint-07.pt").exists() && folder.join("checkpoint-x.pt").exists(), "not ours");
    }

    #[test]
    fn a_write_that_fails_leaves_the_last_good_one() {
        let home = tempfile::tempdir().unwrap();
        let mut run = Checkpoints::begin(home.path(), None, 1, None).unwrap();
        run.write(10, b"good").unwrap();
        // A folder in its place: the rename fails.
        std::fs::create_dir(home.path().join("checkpoint-20.pt")).unwrap();
        assert!(run.write(20, b"new").is_err());
        assert_eq!(std::fs::read(home.path().join("checkpoint-10.pt")).unwrap(), b"good");
    }
}
