//! What a training that can go on takes: checkpoints on the way, and where to go on from.

use super::numbers::whole;
use crate::checkpoint::series::Every;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
#[command(next_help_heading = "Stopping and going on")]
pub struct Resuming {
    // First, for clap takes the values out one by one.
    #[command(flatten)]
    pub given: Given,
    /// Write checkpoint-EPOCH.pt every N epochs, or every 30s, 5m or 1h [default: only when Ctrl-C stops the training]
    #[arg(long, value_name = "N|TIME")]
    pub checkpoint_every: Option<Every>,
    /// How many checkpoints stay in the folder: the newest K, older ones are removed
    #[arg(long, value_name = "K", default_value_t = 2, value_parser = whole(1..=u32::MAX))]
    pub keep: u32,
    /// Go on with an earlier training, from a checkpoint, a model.pt, or a run's folder (its latest checkpoint, or its
    /// model.pt if that run was completed)
    ///
    /// With the same --threads and --device the run ends with the same bits as one that was never stopped. Its settings are
    /// the earlier run's and need not be given again; --epochs may be larger, and --engine, --threads, --device and --out may
    /// differ. Given a folder, it writes to that folder unless --out names another. `run moons` also takes a file of Python's
    /// torch.save (data/resuming.md): then --samples, --noise and --seed must be those of the points it was trained on.
    #[arg(long, value_name = "FILE|FOLDER")]
    pub resume: Option<PathBuf>,
}

impl Resuming {
    /// Where the run's files go: `--out` if it was given, else the folder that is gone on with, else `out`.
    pub fn out(&self, out: &Path) -> PathBuf {
        match &self.resume {
            Some(resume) if resume.is_dir() && !self.given.has("out") => resume.clone(),
            _ => out.into(),
        }
    }
}

/// The ids of the options that stand on the command line, so that a default is not taken for a wish.
#[derive(Debug, Default)]
pub struct Given(BTreeSet<String>);

impl Given {
    pub fn has(&self, id: &str) -> bool {
        self.0.contains(id)
    }
}

impl FromArgMatches for Given {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |id: &&clap::Id| matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
        Ok(Self(matches.ids().filter(given).map(|id| id.as_str().to_string()).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Given {
    fn augment_args(command: Command) -> Command {
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        command
    }
}
