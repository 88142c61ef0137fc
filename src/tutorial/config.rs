//! Plain settings of each program; `Default` is the tutorial's values. The names are those of the originals' options.

use crate::choices::names::named;
use crate::torch::threads::Steps;
use crate::train::config::TrainConfig;
use crate::train::engine::EngineKind;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use std::path::PathBuf;
use tch::Kind;

/// `run exhaustive`: `np.arange(-2, 2, 0.1)` for k, `np.arange(-10, 10, 0.1)` for b, `MAE_loss`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExhaustiveConfig {
    pub loss: LineLoss,
    pub k_min: f64,
    pub k_max: f64,
    pub k_step: f64,
    pub b_min: f64,
    pub b_max: f64,
    pub b_step: f64,
    /// None: the tutorial's four points.
    pub data: Option<PathBuf>,
}

named! {
    /// The tutorial's two losses of a line.
    pub enum LineLoss {
        /// `np.mean(np.abs(y_hat - y))`
        Mae = "mae",
        /// `np.mean(np.square(y_hat - y))`
        Mse = "mse",
    }
}

/// `run descent`: `times = 1000`, `learn_rate = 0.1`, `current_k = current_b = 10`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DescentConfig {
    #[serde(default = "batch")]
    pub method: Method,
    /// Samples of one update of [`Method::MiniBatch`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<usize>,
    pub lr: f64,
    pub epochs: usize,
    /// As Python has it: the tutorial starts from the whole number 10, which is printed without a point.
    pub start_k: Number,
    pub start_b: Number,
    /// None: the tutorial's four points.
    pub data: Option<PathBuf>,
    /// Leaves b as it is, where the tutorial divides it by the largest x.
    #[serde(default)]
    pub mend: bool,
}

named! {
    /// The tutorial's three kinds of gradient descent.
    pub enum Method {
        /// All samples in each update.
        Batch = "batch",
        /// One sample in each update.
        Stochastic = "stochastic",
        /// A few samples in each update.
        MiniBatch = "mini-batch",
    }
}

fn batch() -> Method {
    Method::Batch
}

/// `run two-layer`: `n,d_in,h,d_out = 64,1000,100,10`, `learn_rate = 1e-6`, `times = 200`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TwoLayerConfig {
    pub samples: i64,
    pub inputs: i64,
    pub hidden: i64,
    pub outputs: i64,
    pub lr: f64,
    pub epochs: usize,
}

/// `run boston`: `n_hidden = 10`, `learning_rate = 1e-6`, 5000 iterations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BostonConfig {
    /// None: the copy of data/boston.csv inside the program.
    pub data: Option<PathBuf>,
    pub hidden: i64,
    pub lr: f64,
    pub epochs: usize,
    /// Updates b1 and b2, which the tutorial never does.
    #[serde(default)]
    pub train_bias: bool,
    /// Divides the gradient by the number of samples, as that of a mean must be.
    #[serde(default)]
    pub mean_gradient: bool,
    /// Share of the rows that are kept apart for the test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<f64>,
    /// Columns that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
}

/// `run moons`: `make_moons(200, noise=0.2)`, `Net` with 100 hidden units, Adam(lr=0.01), 1000 epochs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MoonsConfig {
    pub samples: usize,
    pub noise: f64,
    pub hidden: i64,
    pub lr: f64,
    pub epochs: usize,
    /// Left out where it is Python's own, so that the settings are those of the original.
    #[serde(default, skip_serializing_if = "EngineKind::is_exact")]
    pub engine: EngineKind,
}

impl Default for ExhaustiveConfig {
    fn default() -> Self {
        let (loss, data) = (LineLoss::Mae, None);
        Self { loss, k_min: -2.0, k_max: 2.0, k_step: 0.1, b_min: -10.0, b_max: 10.0, b_step: 0.1, data }
    }
}

impl Default for DescentConfig {
    fn default() -> Self {
        let (method, start_k, start_b) = (Method::Batch, Number::from(10), Number::from(10));
        Self { method, batch_size: None, lr: 0.1, epochs: 1000, start_k, start_b, data: None, mend: false }
    }
}

impl Default for TwoLayerConfig {
    fn default() -> Self {
        Self { samples: 64, inputs: 1000, hidden: 100, outputs: 10, lr: 1e-6, epochs: 200 }
    }
}

impl TwoLayerConfig {
    /// What the steps of the training multiply.
    pub fn steps(&self) -> Vec<Steps> {
        let widths = [self.inputs, self.hidden, self.outputs].map(|width| width as usize).to_vec();
        vec![Steps {
            batches: vec![self.samples as usize],
            measured: vec![],
            widths,
            anywhere: true,
            kind: Kind::Double,
        }]
    }
}

impl Default for BostonConfig {
    fn default() -> Self {
        let (hidden, lr, epochs, split) = (10, 1e-6, 5000, None);
        Self { data: None, hidden, lr, epochs, train_bias: false, mean_gradient: false, split, exclude: Vec::new() }
    }
}

impl MoonsConfig {
    /// What the steps of the training multiply; nothing for the fused engine, which shares its rows out by itself.
    pub fn steps(&self) -> Vec<Steps> {
        let widths = vec![2, self.hidden as usize, 2];
        let steps = Steps { batches: vec![self.samples], measured: vec![], widths, anywhere: true, kind: Kind::Float };
        if self.engine.is_exact() { vec![steps] } else { vec![] }
    }

    /// The tutorial's training: Adam on all points at once.
    pub fn train(&self) -> TrainConfig {
        let Self { lr, epochs, engine, .. } = *self;
        TrainConfig { engine, epochs, batch_size: None, lr, ..TrainConfig::default() }
    }
}

impl Default for MoonsConfig {
    fn default() -> Self {
        Self { samples: 200, noise: 0.2, hidden: 100, lr: 0.01, epochs: 1000, engine: EngineKind::Exact }
    }
}
