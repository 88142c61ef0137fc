//! `lockstep show <name>`.

use super::Common;
use super::numbers::{self, positive, whole};
use crate::tutorial::concepts::activations::{self, Activation};
use crate::tutorial::concepts::gradients::{self, Scenario, Weights};
use crate::tutorial::concepts::{bias_variance, fitting, nonlinearity};
use clap::{Arg, Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum Show {
    /// Sigmoid, tanh and ReLU with their derivatives: ranges, means, largest gradients
    Activations(ShowActivations),
    /// The gradient's norm at each layer of deep nets: where it vanishes, explodes, holds
    Gradients(ShowGradients),
    /// A deep net without activations is one linear map; beside it the same net with tanh, on moons
    Nonlinearity(ShowNonlinearity),
    /// Noise + variance + bias² against the measured error, over hidden units, data and weight decay (some 10 seconds)
    BiasVariance(ShowBiasVariance),
    /// Training against test error, over hidden units and over epochs (some 10 seconds)
    Fitting(ShowFitting),
}

/// The demonstrations' own default.
fn one_thread(threads: Arg) -> Arg {
    threads.help("Threads to compute on [default: 1, for tensors this small]")
}

/// A half width that can be drawn and told apart in float64.
fn range(text: &str) -> Result<f64, String> {
    between(text, 1e-3, 1e6)
}

/// Beyond this a float32's squares leave its range.
fn noise(text: &str) -> Result<f64, String> {
    between(text, 0.0, 1000.0)
}

fn between(text: &str, low: f64, high: f64) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|value| (low..=high).contains(value));
    number.ok_or_else(|| format!("expected a number from {low} to {high}"))
}

#[derive(Debug, Args)]
#[command(mut_arg("threads", one_thread))]
pub struct ShowActivations {
    /// Show inputs from -X to X
    #[arg(long, value_name = "X", default_value_t = 6.0, value_parser = range)]
    range: f64,
    /// Inputs on each side of zero
    #[arg(long, value_name = "N", default_value_t = 600, value_parser = whole::<u32>(1..=100_000))]
    points: u32,
    #[command(flatten)]
    pub common: Common,
    /// Folder for the files
    #[arg(long, value_name = "DIR", default_value = "runs/show-activations")]
    pub out: PathBuf,
}

impl From<&ShowActivations> for activations::Config {
    fn from(args: &ShowActivations) -> Self {
        Self { range: args.range, points: args.points as usize }
    }
}

#[derive(Debug, Args)]
#[command(mut_arg("threads", one_thread))]
pub struct ShowGradients {
    /// Weight layers
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = whole::<u32>(2..=10_000))]
    depth: u32,
    /// Units of each layer
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = whole::<i64>(1..=100_000))]
    width: i64,
    /// Nets over which the median is taken
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = whole::<i64>(1..=100_000))]
    nets: i64,
    /// Only this activation (sigmoid, tanh, relu or identity), instead of the scenarios of the tutorial
    #[arg(long, value_name = "NAME")]
    activation: Option<Activation>,
    /// Only weights from N(0, X²/width), instead of the scenarios of the tutorial [default with --activation: 1]
    #[arg(long, value_name = "X", value_parser = positive)]
    weight_scale: Option<f64>,
    #[command(flatten)]
    pub common: Common,
    /// Folder for the files
    #[arg(long, value_name = "DIR", default_value = "runs/show-gradients")]
    pub out: PathBuf,
}

impl From<&ShowGradients> for gradients::Config {
    fn from(args: &ShowGradients) -> Self {
        let chosen = match args.activation {
            Some(activation) => vec![activation],
            None => vec![Activation::Sigmoid, Activation::Tanh, Activation::Relu],
        };
        let scenarios = if args.activation.is_some() || args.weight_scale.is_some() {
            let weights = Weights::Normal { scale: args.weight_scale.unwrap_or(1.0) };
            chosen.into_iter().map(|activation| Scenario { activation, weights }).collect()
        } else {
            Self::default().scenarios
        };
        Self { depth: args.depth as usize, width: args.width, nets: args.nets, scenarios }
    }
}

#[derive(Debug, Args)]
#[command(mut_arg("threads", one_thread))]
pub struct ShowNonlinearity {
    /// Number of points, two at least
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = whole::<u32>(2..=10_000_000))]
    samples: u32,
    /// Standard deviation of the points' noise
    #[arg(long, value_name = "X", default_value_t = 0.2, value_parser = noise)]
    noise: f64,
    /// Weight layers
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = whole::<u32>(2..=100))]
    depth: u32,
    /// Units of each hidden layer
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = whole::<i64>(1..=1000))]
    hidden: i64,
    /// Adam's learning rate
    #[arg(long, value_name = "X", default_value_t = 0.01, value_parser = positive)]
    lr: f64,
    /// Full-batch steps
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = numbers::epochs)]
    epochs: u32,
    #[command(flatten)]
    pub common: Common,
    /// Folder for the files
    #[arg(long, value_name = "DIR", default_value = "runs/show-nonlinearity")]
    pub out: PathBuf,
}

impl From<&ShowNonlinearity> for nonlinearity::Config {
    fn from(args: &ShowNonlinearity) -> Self {
        Self {
            samples: args.samples as usize,
            noise: args.noise,
            depth: args.depth as usize,
            hidden: args.hidden,
            lr: args.lr,
            epochs: args.epochs as usize,
        }
    }
}

/// Many nets on samples of a known function.
#[derive(Debug, Args)]
struct Many {
    /// Nets trained per setting, each on its own data
    #[arg(long, value_name = "N", default_value_t = 80, value_parser = whole::<i64>(2..=100_000))]
    nets: i64,
    /// Training points of each net
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = whole::<i64>(1..=100_000))]
    samples: i64,
    /// Standard deviation of the noise
    #[arg(long, value_name = "X", default_value_t = 0.3, value_parser = noise)]
    noise: f64,
    /// Adam's learning rate
    #[arg(long, value_name = "X", default_value_t = 0.02, value_parser = positive)]
    lr: f64,
}

#[derive(Debug, Args)]
#[command(mut_arg("threads", one_thread))]
pub struct ShowBiasVariance {
    #[command(flatten)]
    many: Many,
    /// Full-batch steps per net
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = numbers::epochs)]
    epochs: u32,
    #[command(flatten)]
    pub common: Common,
    /// Folder for the files
    #[arg(long, value_name = "DIR", default_value = "runs/show-bias-variance")]
    pub out: PathBuf,
}

impl From<&ShowBiasVariance> for bias_variance::Config {
    fn from(args: &ShowBiasVariance) -> Self {
        let Many { nets, samples, noise, lr } = args.many;
        Self { nets, samples, noise, lr, epochs: args.epochs as usize, ..Self::default() }
    }
}

#[derive(Debug, Args)]
#[command(mut_arg("threads", one_thread))]
pub struct ShowFitting {
    #[command(flatten)]
    many: Many,
    /// Full-batch steps per net
    #[arg(long, value_name = "N", default_value_t = 4000, value_parser = numbers::epochs)]
    epochs: u32,
    #[command(flatten)]
    pub common: Common,
    /// Folder for the files
    #[arg(long, value_name = "DIR", default_value = "runs/show-fitting")]
    pub out: PathBuf,
}

impl From<&ShowFitting> for fitting::Config {
    fn from(args: &ShowFitting) -> Self {
        let Many { nets, samples, noise, lr } = args.many;
        Self { nets, samples, noise, lr, epochs: args.epochs as usize, ..Self::default() }
    }
}
