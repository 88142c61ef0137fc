//! The command line: clap's view of it, checked as it is parsed.

use crate::config::MoonsConfig;
use crate::device::DeviceChoice;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Trains a PyTorch tutorial's networks in lockstep with Python: the same seed, the same bits.
#[derive(Debug, Parser)]
#[command(name = "lockstep", version, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run one of the tutorial's programs
    #[command(subcommand)]
    Run(Run),
    /// Run the original Python beside ours and show the first differing bit, or that there is none
    #[command(subcommand)]
    Compare(Compare),
}

#[derive(Debug, Subcommand)]
pub enum Run {
    /// Two moons: fc1, tanh, fc2 under CrossEntropyLoss and Adam
    Moons(RunMoons),
}

#[derive(Debug, Args)]
pub struct RunMoons {
    #[command(flatten)]
    pub moons: MoonsArgs,
    #[command(flatten)]
    pub common: Common,
    /// Folder for the run's files
    #[arg(long, value_name = "DIR", default_value = "runs/moons")]
    pub out: PathBuf,
}

#[derive(Debug, Subcommand)]
pub enum Compare {
    /// Two moons
    Moons(CompareMoons),
}

#[derive(Debug, Args)]
pub struct CompareMoons {
    #[command(flatten)]
    pub moons: MoonsArgs,
    #[command(flatten)]
    pub common: Common,
    /// Python with torch 2.13, numpy and scikit-learn [default: .venv, $VIRTUAL_ENV, python3]
    #[arg(long, value_name = "PATH", conflicts_with = "reference")]
    pub python: Option<PathBuf>,
    /// Compare with this stored trace instead: no Python is run, seed and settings are the trace's
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "samples", "noise", "hidden", "lr", "epochs"])]
    pub reference: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct MoonsArgs {
    /// Number of points, two at least
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(2..))]
    samples: u32,
    /// Standard deviation of the points' noise
    #[arg(long, value_name = "X", default_value_t = 0.2, value_parser = not_negative, allow_negative_numbers = true)]
    noise: f64,
    /// Hidden units
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=1_000_000))]
    hidden: i64,
    /// Adam's learning rate
    #[arg(long, value_name = "X", default_value_t = 0.01, value_parser = positive, allow_negative_numbers = true)]
    lr: f64,
    /// Full-batch steps; 1 at least, as a run without a step trains nothing
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    epochs: u32,
}

impl From<&MoonsArgs> for MoonsConfig {
    fn from(args: &MoonsArgs) -> Self {
        Self {
            samples: args.samples as usize,
            noise: args.noise,
            hidden: args.hidden,
            lr: args.lr,
            epochs: args.epochs as usize,
        }
    }
}

/// What every command takes.
#[derive(Debug, Args)]
pub struct Common {
    /// Seed of NumPy's and torch's generators, 0 to 4294967295
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u32,
    /// auto, cpu, cuda or cuda:N
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: DeviceChoice,
    /// Threads of libtorch [default: libtorch's own]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=1024))]
    pub threads: Option<i32>,
    /// Print nothing but errors
    #[arg(long)]
    pub quiet: bool,
    /// Print the summary as one JSON object on stdout, human text on stderr
    #[arg(long)]
    pub json: bool,
}

fn positive(text: &str) -> Result<f64, String> {
    number(text, "a number above 0", |value| value > 0.0)
}

fn not_negative(text: &str) -> Result<f64, String> {
    number(text, "a number that is not negative", |value| value >= 0.0)
}

fn number(text: &str, expected: &str, holds: impl Fn(f64) -> bool) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && holds(value) => Ok(value),
        _ => Err(format!("expected {expected}")),
    }
}
