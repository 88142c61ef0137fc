//! `lockstep run <program>`.

use super::numbers::whole;
use super::programs::{BostonArgs, DescentArgs, ExhaustiveArgs, MoonsArgs, TwoLayerArgs};
use super::{Common, RecordFlags, Resuming};
use crate::train::engine::EngineKind;
use crate::tutorial::config::{BostonConfig, DescentConfig, Method, MoonsConfig};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum Run {
    /// Fit a line by trying every k and b of a grid
    ///
    /// Works on NumPy's own arithmetic, on the processor. Nothing here is random: --seed changes nothing.
    Exhaustive(RunProgram<ExhaustiveArgs>),
    /// Fit a line by gradient descent: batch, stochastic or mini-batch
    ///
    /// Works on NumPy's own arithmetic, on one thread of the processor. --seed orders the samples of stochastic and
    /// mini-batch descent; batch descent has nothing random. By default b is rescaled as the tutorial does it, by a slip:
    /// --mend.
    Descent(RunProgram<RunDescentArgs>),
    /// Train linear, ReLU, linear on random numbers, with hand-written gradients
    TwoLayer(RunProgram<TwoLayerArgs>),
    /// Train linear, ReLU, linear on the Boston house prices, with hand-written gradients
    ///
    /// By default b1 and b2 are never updated and the gradient lacks the 1/n of its MSE, as in the tutorial: see
    /// --train-bias and --mean-gradient.
    Boston(RunProgram<RunBostonArgs>),
    /// Two moons: fc1, tanh, fc2 under CrossEntropyLoss and Adam
    Moons(RunMoons),
}

/// A program's own options, and what every run takes.
#[derive(Debug, Args)]
pub struct RunProgram<T: Args> {
    #[command(flatten)]
    pub settings: T,
    #[command(flatten)]
    pub common: Common,
    /// Folder for the run's files [default: runs/ and the name of the program]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct RunMoons {
    // First: it looks at all options before they are taken out.
    #[command(flatten)]
    pub resuming: Resuming,
    #[command(flatten)]
    pub moons: MoonsArgs,
    /// What computes the training: exact (Python's bits) or fused (the same numbers up to rounding, several times
    /// as fast)
    #[arg(long, value_name = "NAME", default_value = "exact")]
    pub engine: EngineKind,
    #[command(flatten)]
    pub record: RecordFlags,
    #[command(flatten)]
    pub common: Common,
    /// Folder for the run's files
    #[arg(long, value_name = "DIR", default_value = "runs/moons")]
    pub out: PathBuf,
}

/// What the original of `descent` does not have.
#[derive(Debug, Args)]
pub struct RunDescentArgs {
    #[command(flatten)]
    descent: DescentArgs,
    /// How many samples each update looks at: batch (all), stochastic (one) or mini-batch (--batch-size)
    #[arg(long, value_name = "METHOD", default_value = "batch")]
    method: Method,
    /// Samples of one update under --method mini-batch
    #[arg(long, value_name = "B", value_parser = whole(1..=u32::MAX))]
    batch_size: Option<u32>,
    /// Leave b as it is, where the tutorial divides it by the largest x
    #[arg(long)]
    mend: bool,
}

/// What the original of `boston` does not have.
#[derive(Debug, Args)]
pub struct RunBostonArgs {
    #[command(flatten)]
    boston: BostonArgs,
    /// Update b1 and b2 too, as the tutorial's comment says and its code does not
    #[arg(long)]
    train_bias: bool,
    /// Divide the gradient by the number of samples, as the mean in the MSE asks for; --lr then wants to be larger
    #[arg(long)]
    mean_gradient: bool,
    /// Keep a shuffled share of the rows (0.2 if no share is given) apart and report the error on it
    #[arg(long, value_name = "SHARE", num_args = 0..=1, default_missing_value = "0.2", value_parser = super::numbers::share)]
    split: Option<f64>,
    /// Columns of the table to leave out of the training, such as B
    #[arg(long, value_name = "COL,…", value_delimiter = ',')]
    exclude: Vec<String>,
}

impl From<&RunMoons> for MoonsConfig {
    fn from(args: &RunMoons) -> Self {
        Self { engine: args.engine, ..Self::from(&args.moons) }
    }
}

impl From<&RunDescentArgs> for DescentConfig {
    fn from(args: &RunDescentArgs) -> Self {
        let batch_size = args.batch_size.map(|size| size as usize);
        Self { method: args.method, batch_size, mend: args.mend, ..Self::from(&args.descent) }
    }
}

impl From<&RunBostonArgs> for BostonConfig {
    fn from(args: &RunBostonArgs) -> Self {
        Self {
            train_bias: args.train_bias,
            mean_gradient: args.mean_gradient,
            split: args.split,
            exclude: args.exclude.clone(),
            ..Self::from(&args.boston)
        }
    }
}
