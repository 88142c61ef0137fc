//! The settings of a training.

use super::engine::Engine;
use super::schedule::Schedule;
use crate::model::parameters::Shape;
use crate::train::optim::{Adam, Optimizer, OptimizerKind, Sgd};
use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use tch::Device;

/// The largest setting: libtorch refuses scalars, and products of two of them, that are too large for float32.
pub const LARGEST: f64 = 1e15;

/// How a network is trained. `Default`: 100 epochs of Adam(lr=1e-3) on shuffled batches of 32, and nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    pub engine: Engine,
    pub epochs: usize,
    /// Rows of a batch; none: all rows in one, unshuffled.
    pub batch_size: Option<usize>,
    pub lr: f64,
    pub optimizer: OptimizerKind,
    pub schedule: Schedule,
    /// Epochs of `LinearLR` before the schedule.
    pub warmup: usize,
    /// Stop after so many epochs without a lower validation loss, and go back to the best weights.
    pub early_stop: Option<usize>,
    /// `max_norm` of `clip_grad_norm_`.
    pub clip_grad: Option<f64>,
    /// `l1 * sum(|w|)` over the weights, not the biases, is added to what is minimised.
    pub l1: f64,
    /// None: the optimizer's own default, 0.01 for AdamW and 0 for the others.
    pub weight_decay: Option<f64>,
    /// SGD's.
    pub momentum: f64,
    /// SGD's.
    pub nesterov: bool,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            engine: Engine::Exact,
            epochs: 100,
            batch_size: Some(32),
            lr: 1e-3,
            optimizer: OptimizerKind::Adam,
            schedule: Schedule::Constant,
            warmup: 0,
            early_stop: None,
            clip_grad: None,
            l1: 0.0,
            weight_decay: None,
            momentum: 0.0,
            nesterov: false,
        }
    }
}

impl TrainConfig {
    /// Refuses settings that cannot be, or that would have no effect. `validated`: there is a validation part.
    pub fn check(&self, validated: bool) -> Result<()> {
        let up = |value: f64| (0.0..=LARGEST).contains(&value);
        let above = |value: f64| value > 0.0 && up(value);
        ensure!(self.epochs > 0, "epochs 0: expected a whole number from 1 up");
        ensure!(self.epochs <= u32::MAX as usize, "epochs {}: expected {} at most", self.epochs, u32::MAX);
        ensure!(self.batch_size != Some(0), "batch size 0: expected a whole number from 1 up, or the full batch");
        ensure!(above(self.lr), "learning rate {:e}: expected a number above 0, up to {LARGEST:e}", self.lr);
        ensure!(up(self.l1), "l1 {:e}: expected a number from 0 to {LARGEST:e}", self.l1);
        let decay = self.weight_decay.unwrap_or(0.0);
        ensure!(up(decay), "weight decay {decay:e}: expected a number from 0 to {LARGEST:e}");
        ensure!(self.early_stop != Some(0), "early stop after 0 epochs: expected a whole number from 1 up");
        ensure!(self.early_stop.is_none() || validated, "early stopping needs a validation part, and there is none");
        let norm = self.clip_grad.unwrap_or(1.0);
        ensure!(above(norm), "gradient clipping at {norm:e}: expected a number above 0, up to {LARGEST:e}");
        let (sgd, momentum) = (self.optimizer == OptimizerKind::Sgd, self.momentum);
        ensure!(up(momentum), "momentum {momentum:e}: expected a number from 0 to {LARGEST:e}");
        ensure!(sgd || momentum == 0.0, "momentum {momentum}: belongs to sgd, the optimizer is {}", self.optimizer);
        ensure!(sgd || !self.nesterov, "nesterov: belongs to sgd, the optimizer is {}", self.optimizer);
        Ok(())
    }

    /// The optimizer at its start.
    pub fn optimizer(&self, shapes: &[Shape], device: Device) -> Result<Box<dyn Optimizer>> {
        let decay = self.weight_decay.unwrap_or(self.optimizer.default_weight_decay());
        let adam =
            |decoupled| Ok::<_, tch::TchError>(Adam::new(shapes, self.lr, device)?.weight_decay(decay, decoupled));
        Ok(match self.optimizer {
            OptimizerKind::Adam => Box::new(adam(false)?),
            OptimizerKind::AdamW => Box::new(adam(true)?),
            OptimizerKind::Sgd => Box::new(Sgd::new(shapes, self.lr, self.momentum, self.nesterov, decay, device)?),
        })
    }
}
