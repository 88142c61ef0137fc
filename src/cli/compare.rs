//! `lockstep compare <program>` and `lockstep compare --script FILE.py`.

use super::diff::DiffFlags;
use super::programs::{BostonArgs, DescentArgs, ExhaustiveArgs, MoonsArgs, TwoLayerArgs};
use super::{Common, Printing};
use crate::record::Values;
use clap::{Args, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct Compare {
    #[command(subcommand)]
    pub program: Option<Compared>,
    #[command(flatten)]
    pub script: CompareScript,
}

/// A program of the user's beside a record.
#[derive(Debug, Args)]
pub struct CompareScript {
    /// Your own PyTorch program, which is run under the recorder as it is; what follows are its arguments
    #[arg(long, value_names = ["FILE.py", "ARGS"], num_args = 1.., allow_hyphen_values = true, requires = "record")]
    pub script: Vec<OsString>,
    /// What to lay it beside: the record of a `fit --record`, or another
    #[arg(long, value_name = "FILE", requires = "script")]
    pub record: Option<PathBuf>,
    /// Where to keep the program's record [default: its name with .record, in this folder]
    #[arg(long, short, value_name = "FILE", requires = "script")]
    pub output: Option<PathBuf>,
    /// Steps of the program, from 0, whose tensors are kept in full: 0,1,37 or 0-9 or all [default: those of --record]
    #[arg(long, value_name = "STEPS", requires = "script")]
    pub values: Option<Values>,
    /// Python with torch, and with what the program imports [default: .venv, $VIRTUAL_ENV, python3]
    #[arg(long, value_name = "PATH")]
    pub python: Option<PathBuf>,
    #[command(flatten)]
    pub shown: DiffFlags,
    #[command(flatten)]
    pub printing: Printing,
}

#[derive(Debug, Subcommand)]
pub enum Compared {
    /// A line by trying every k and b of a grid: equal to the bit
    Exhaustive(CompareProgram<ExhaustiveArgs>),
    /// A line by batch gradient descent: equal to the bit
    Descent(CompareProgram<DescentArgs>),
    /// Linear, ReLU, linear on random numbers: within 1e-11 relative
    TwoLayer(CompareProgram<TwoLayerArgs>),
    /// Linear, ReLU, linear on the Boston house prices: within 1e-12 relative
    Boston(CompareProgram<BostonArgs>),
    /// Two moons: equal to the bit on the processor
    Moons(CompareProgram<MoonsArgs>),
    /// All five with the tutorial's settings, in one table
    All(CompareAll),
}

#[derive(Debug, Args)]
pub struct CompareProgram<T: Args> {
    #[command(flatten)]
    pub settings: T,
    #[command(flatten)]
    pub common: Common,
    /// Python with torch 2.13, numpy and scikit-learn [default: .venv, $VIRTUAL_ENV, python3]
    #[arg(long, value_name = "PATH", conflicts_with = "reference")]
    pub python: Option<PathBuf>,
    /// Compare with this stored trace instead: no Python is run, seed and settings are the trace's
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "settings"])]
    pub reference: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CompareAll {
    #[command(flatten)]
    pub common: Common,
    /// Python with torch 2.13, numpy and scikit-learn [default: .venv, $VIRTUAL_ENV, python3]
    #[arg(long, value_name = "PATH")]
    pub python: Option<PathBuf>,
}
