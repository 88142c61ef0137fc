//! The command line: clap's view of it, checked as it is parsed. One verb, one file.

mod compare;
mod completions;
mod data;
mod diff;
mod examples;
mod fit;
mod model;
mod numbers;
mod programs;
mod reading_flags;
mod record_flags;
mod resume;
mod run;
mod runs;
mod script;
mod settings_file;
mod show;
mod table_flags;
#[cfg(test)]
mod tests;
mod training_flags;
mod tune;

pub use compare::{Compare, CompareAll, CompareProgram, CompareScript, Compared};
pub use completions::{Completions, CompletionsArgs};
pub use data::{Data, DataMoons, DataOut};
pub use diff::{Diff, DiffFlags};
pub use fit::{Evaluate, Fit, FitFlags, Preprocess};
pub use model::{Doctor, Inspect, InspectTable, Predict, Rerun, Verify};
pub use programs::{BostonArgs, DescentArgs, ExhaustiveArgs, MoonsArgs, TwoLayerArgs};
pub use reading_flags::ReadingFlags;
pub use record_flags::RecordFlags;
pub use resume::Resuming;
pub use run::{Run, RunBostonArgs, RunDescentArgs, RunMoons, RunProgram};
pub use runs::Runs;
pub use script::Script;
pub use show::{Show, ShowActivations, ShowBiasVariance, ShowFitting, ShowGradients, ShowNonlinearity};
pub use tune::{SearchFlags, Tune};

use crate::torch::device::DeviceChoice;
use clap::{Arg, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use numbers::whole;
use std::ffi::OsString;

/// Trains a PyTorch tutorial's networks in lockstep with Python: the same seed, the same bits.
#[derive(Debug, Parser)]
#[command(name = "lockstep", version, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

/// clap's view of all verbs. Every option takes what begins with a minus and is a number for its value, so that the option's
/// own check answers `--epochs -1` and `--na -200` is no flag.
pub fn command() -> clap::Command {
    fn with_negative_numbers(command: clap::Command) -> clap::Command {
        let valued = |argument: Arg| match argument.get_long() {
            Some(_) if argument.get_action().takes_values() => argument.allow_negative_numbers(true),
            _ => argument,
        };
        command.mut_args(valued).mut_subcommands(with_negative_numbers)
    }
    with_negative_numbers(Cli::command())
}

/// The command line `arguments`, the program's name first.
pub fn parse<I>(arguments: I) -> Result<Cli, clap::Error>
where
    I: IntoIterator,
    I::Item: Into<OsString> + Clone,
{
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let mut matches = command().try_get_matches_from(&arguments)?;
    let of_file = settings_file::flags(&matches);
    if !of_file.is_empty() {
        matches = command().try_get_matches_from(arguments.into_iter().chain(of_file))?;
    }
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command()))
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run one of the tutorial's programs
    #[command(subcommand)]
    Run(Run),
    /// Run the original Python beside ours and show the first differing bit, or that there is none
    ///
    /// A program of your own: `lockstep compare --record fit.record --script train.py ARGS` runs it under the recorder, and says
    /// where it parts from the record that `lockstep fit --record fit.record` made. Its thread count is that of the record, unless
    /// OMP_NUM_THREADS says another. Exit code 1 where they differ.
    #[command(after_help = examples::COMPARE)]
    Compare(Box<Compare>),
    /// Say where two records of a training part: the first tensor that differs though its inputs are equal, and why
    Diff(Diff),
    /// Train a network on your own table
    #[command(after_help = examples::FIT)]
    Fit(Box<Fit>),
    /// Split, impute, scale and encode a table as `fit` would, and write it, however large it is
    #[command(after_help = examples::PREPROCESS)]
    Preprocess(Box<Preprocess>),
    /// Repeat a run from its summary.json, and say whether it comes to the same bytes
    Rerun(Rerun),
    /// List the runs that lie in a folder: how good each was, and which settings it changed
    Runs(Runs),
    /// Write a run of `fit` as a plain PyTorch program, which comes to the same bits and checks it
    Script(Script),
    /// Search the settings of `fit`: trials over folds or seeds, the best one trained again and tested once
    #[command(after_help = examples::TUNE)]
    Tune(Box<Tune>),
    /// Score a model of `fit` on a table with its target
    #[command(after_help = examples::EVALUATE)]
    Evaluate(Evaluate),
    /// Show what a model.pt is (layers, shapes, settings, metrics), or what a table holds and what is wrong with it
    #[command(after_help = examples::INSPECT)]
    Inspect(Inspect),
    /// Check a model.pt: every byte, and its answers for the rows that it carries
    Verify(Verify),
    /// Predict the rows of a table with a model.pt
    #[command(after_help = examples::PREDICT)]
    Predict(Predict),
    /// Write one of the tutorial's data sets, or one to try fit on, as a table
    #[command(subcommand)]
    Data(Data),
    /// Say what this lockstep runs on, and how to mend what is wrong
    Doctor(Doctor),
    /// Write what makes a shell complete lockstep's commands and flags, or the manual page
    ///
    /// bash: put `source <(lockstep completions bash)` into ~/.bashrc. zsh: `lockstep completions zsh >_lockstep` in a folder of
    /// $fpath. fish: `lockstep completions fish >~/.config/fish/completions/lockstep.fish`. The manual: `lockstep completions man
    /// >lockstep.1`, then `man -l lockstep.1`, or in a folder man1 of $MANPATH.
    Completions(CompletionsArgs),
    /// Show one of the tutorial's concepts: a picture, the numbers behind it, and three lines of plain words
    ///
    /// Runs on one thread unless --threads asks for more: its tensors are too small to share.
    #[command(subcommand)]
    Show(Show),
}

/// What every command that trains takes.
#[derive(Debug, Args)]
pub struct Common {
    /// Seed of NumPy's and torch's generators, 0 to 4294967295
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole(0..=u32::MAX))]
    pub seed: u32,
    #[command(flatten)]
    pub compute: Compute,
    #[command(flatten)]
    pub printing: Printing,
}

/// Where a command computes.
#[derive(Debug, Args)]
pub struct Compute {
    /// Where to compute: auto (the first GPU if there is one, else the processor), cpu, cuda or cuda:N; two devices do not
    /// give the same bits
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: DeviceChoice,
    /// Threads to compute on; another number can change the last bits, and only 1 also keeps the reading of tables to one
    /// thread [default: OMP_NUM_THREADS, else one a core, or a single one where tensors are so small that a second gains
    /// nothing and the bits are the same; of a run that is resumed the earlier one's]
    #[arg(long, value_name = "N", value_parser = whole::<i32>(1..=1024))]
    pub threads: Option<i32>,
}

/// What a command prints.
#[derive(Debug, Clone, Copy, Args)]
pub struct Printing {
    /// Print nothing but errors, and the predictions of predict
    #[arg(long)]
    pub quiet: bool,
    /// Print the summary as one JSON object on stdout, human text on stderr (predict needs -o then)
    #[arg(long)]
    pub json: bool,
}
