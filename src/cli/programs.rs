//! The programs' own options, those that the originals in Python have too.
//!
//! Each is the argument group `settings`, so that `compare --reference` can refuse them all.

use super::numbers::{self, finite, not_negative, positive, start, whole};
use crate::train::engine::EngineKind;
use crate::tutorial::config::{BostonConfig, DescentConfig, ExhaustiveConfig, LineLoss, MoonsConfig, TwoLayerConfig};
use clap::Args;
use serde_json::Number;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[group(id = "settings")]
pub struct ExhaustiveArgs {
    /// mae (mean absolute error) or mse (mean square error)
    #[arg(long, value_name = "LOSS", default_value = "mae")]
    loss: LineLoss,
    /// First k
    #[arg(long, value_name = "X", default_value_t = -2.0, value_parser = finite, allow_hyphen_values = true)]
    k_min: f64,
    /// End of k, not included
    #[arg(long, value_name = "X", default_value_t = 2.0, value_parser = finite, allow_hyphen_values = true)]
    k_max: f64,
    /// Step of k
    #[arg(long, value_name = "X", default_value_t = 0.1, value_parser = finite, allow_hyphen_values = true)]
    k_step: f64,
    /// First b
    #[arg(long, value_name = "X", default_value_t = -10.0, value_parser = finite, allow_hyphen_values = true)]
    b_min: f64,
    /// End of b, not included
    #[arg(long, value_name = "X", default_value_t = 10.0, value_parser = finite, allow_hyphen_values = true)]
    b_max: f64,
    /// Step of b
    #[arg(long, value_name = "X", default_value_t = 0.1, value_parser = finite, allow_hyphen_values = true)]
    b_step: f64,
    /// Table with the columns area and price [default: the tutorial's four points, data/houses.csv, built in]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[group(id = "settings")]
pub struct DescentArgs {
    /// Learning rate
    #[arg(long, value_name = "X", default_value_t = 0.1, value_parser = positive)]
    lr: f64,
    /// Passes over the samples; 1 at least
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = numbers::epochs)]
    epochs: u32,
    /// k to start from [default: 10]
    #[arg(long, value_name = "X", value_parser = start, allow_hyphen_values = true)]
    start_k: Option<Number>,
    /// b to start from [default: 10]
    #[arg(long, value_name = "X", value_parser = start, allow_hyphen_values = true)]
    start_b: Option<Number>,
    /// Table with the columns area and price [default: the tutorial's four points, data/houses.csv, built in]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[group(id = "settings")]
pub struct TwoLayerArgs {
    /// Number of samples
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = whole::<i64>(1..=1_000_000))]
    samples: i64,
    /// Inputs of a sample
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = whole::<i64>(1..=1_000_000))]
    inputs: i64,
    /// Hidden units
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = whole::<i64>(1..=1_000_000))]
    hidden: i64,
    /// Outputs of a sample
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = whole::<i64>(1..=1_000_000))]
    outputs: i64,
    /// Learning rate
    #[arg(long, value_name = "X", default_value_t = 1e-6, value_parser = positive)]
    lr: f64,
    /// Full-batch steps; 1 at least
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = numbers::epochs)]
    epochs: u32,
}

#[derive(Debug, Args)]
#[group(id = "settings")]
pub struct BostonArgs {
    /// Table of numbers, the target MEDV or else the last column [default: data/boston.csv, built in]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Hidden units
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = whole::<i64>(1..=1_000_000))]
    hidden: i64,
    /// Learning rate
    #[arg(long, value_name = "X", default_value_t = 1e-6, value_parser = positive)]
    lr: f64,
    /// Full-batch steps; 1 at least
    #[arg(long, value_name = "N", default_value_t = 5000, value_parser = numbers::epochs)]
    epochs: u32,
}

#[derive(Debug, Args)]
#[group(id = "settings")]
pub struct MoonsArgs {
    /// Number of points, two at least
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = numbers::samples)]
    samples: u32,
    /// Standard deviation of the points' noise
    #[arg(long, value_name = "X", default_value_t = 0.2, value_parser = not_negative)]
    noise: f64,
    /// Hidden units
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = whole::<i64>(1..=1_000_000))]
    hidden: i64,
    /// Adam's learning rate
    #[arg(long, value_name = "X", default_value_t = 0.01, value_parser = positive)]
    lr: f64,
    /// Full-batch steps; 1 at least, as a run without a step trains nothing
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = numbers::epochs)]
    epochs: u32,
}

impl From<&ExhaustiveArgs> for ExhaustiveConfig {
    fn from(args: &ExhaustiveArgs) -> Self {
        Self {
            loss: args.loss,
            k_min: args.k_min,
            k_max: args.k_max,
            k_step: args.k_step,
            b_min: args.b_min,
            b_max: args.b_max,
            b_step: args.b_step,
            data: args.data.clone(),
        }
    }
}

impl From<&DescentArgs> for DescentConfig {
    fn from(args: &DescentArgs) -> Self {
        let tutorial = Self::default();
        Self {
            lr: args.lr,
            epochs: args.epochs as usize,
            start_k: args.start_k.clone().unwrap_or(tutorial.start_k),
            start_b: args.start_b.clone().unwrap_or(tutorial.start_b),
            data: args.data.clone(),
            ..tutorial
        }
    }
}

impl From<&TwoLayerArgs> for TwoLayerConfig {
    fn from(args: &TwoLayerArgs) -> Self {
        let TwoLayerArgs { samples, inputs, hidden, outputs, lr, epochs } = *args;
        Self { samples, inputs, hidden, outputs, lr, epochs: epochs as usize }
    }
}

impl From<&BostonArgs> for BostonConfig {
    fn from(args: &BostonArgs) -> Self {
        let (data, epochs) = (args.data.clone(), args.epochs as usize);
        Self { data, hidden: args.hidden, lr: args.lr, epochs, ..Self::default() }
    }
}

impl From<&MoonsArgs> for MoonsConfig {
    fn from(args: &MoonsArgs) -> Self {
        Self {
            samples: args.samples as usize,
            noise: args.noise,
            hidden: args.hidden,
            lr: args.lr,
            epochs: args.epochs as usize,
            engine: EngineKind::Exact,
        }
    }
}
