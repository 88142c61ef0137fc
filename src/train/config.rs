//! The settings of a training.

use super::engine_kind::EngineKind;
use super::order_kind::OrderKind;
use super::schedule::Schedule;
use crate::choices::given::number;
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
    pub engine: EngineKind,
    pub epochs: usize,
    /// Rows of a batch; none: all rows in one.
    pub batch_size: Option<usize>,
    /// Whose order the rows of the batches come in.
    #[serde(skip_serializing_if = "OrderKind::is_default")]
    pub order: OrderKind,
    /// A last batch with fewer rows than the others is left out.
    pub drop_last: bool,
    /// Rows of a batch in which the validation loss is computed, 0 for all in one, by a loader where the training rows have one;
    /// none: all in one, by no loader.
    pub valid_batch_size: Option<usize>,
    /// Batches whose gradients, of `loss / accumulate`, are added up before an update.
    pub accumulate: usize,
    /// `decay` of the moving average of the weights (`AveragedModel`), which validation and the trained network take.
    pub ema: Option<f64>,
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
            engine: EngineKind::Exact,
            epochs: 100,
            batch_size: Some(32),
            order: OrderKind::Randperm,
            drop_last: false,
            valid_batch_size: None,
            accumulate: 1,
            ema: None,
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

/// Epochs of a training, each of which has its loss in memory and in `history.csv`: of the fastest it would be an hour.
pub const MOST_EPOCHS: u32 = 100_000_000;

impl TrainConfig {
    /// Refuses settings that cannot be, or that would have no effect; each message begins with the setting's flag.
    /// `validated`: there is a validation part.
    pub fn check(&self, validated: bool) -> Result<()> {
        ensure!(self.epochs > 0, "--epochs 0: expected a whole number from 1 up");
        ensure!(self.epochs <= MOST_EPOCHS as usize, "--epochs {}: expected {MOST_EPOCHS} at most", self.epochs);
        ensure!(self.batch_size != Some(0), "--batch-size 0: expected a whole number from 1 up, or full");
        self.check_batches(validated)?;
        above_zero("--lr", self.lr)?;
        self.schedule.check_warmup(self.warmup, self.epochs)?;
        if let Some(patience) = self.early_stop {
            ensure!(patience > 0, "--early-stop 0: expected a whole number of epochs from 1 up");
            ensure!(validated, "--early-stop {patience}: needs a validation part to stop by, and there is none");
        }
        from_zero("--l1", self.l1)?;
        from_zero("--weight-decay", self.weight_decay.unwrap_or(0.0))?;
        above_zero("--clip-grad", self.clip_grad.unwrap_or(1.0))?;
        self.check_momentum()
    }

    fn check_batches(&self, validated: bool) -> Result<()> {
        ensure!(self.accumulate > 0, "--accumulate 0: expected a whole number of batches from 1 up");
        if let Some(decay) = self.ema {
            ensure!((0.0..=1.0).contains(&decay), "--ema {}: expected a number from 0 to 1", number(decay));
        }
        if let Some(size) = self.valid_batch_size {
            let size = if size == 0 { "full".into() } else { size.to_string() };
            ensure!(validated, "--valid-batch-size {size}: there is no validation part; leave it out, or give one");
        }
        ensure!(
            self.valid_batch_size.is_some() || !self.order.loader().is_some_and(|options| options.valid_persistent),
            "--order {}: valid_persistent belongs to a loader of the validation rows; give --valid-batch-size",
            self.order
        );
        Ok(())
    }

    fn check_momentum(&self) -> Result<()> {
        from_zero("--momentum", self.momentum)?;
        if self.optimizer == OptimizerKind::Sgd {
            return Sgd::check(self.momentum, self.nesterov);
        }
        let other = format!("belongs to --optimizer sgd, and the optimizer is {}", self.optimizer);
        ensure!(self.momentum == 0.0, "--momentum {}: {other}", number(self.momentum));
        ensure!(!self.nesterov, "--nesterov: {other}");
        Ok(())
    }

    /// The optimizer at its start.
    pub fn optimizer(&self, shapes: &[Shape], device: Device) -> Result<Box<dyn Optimizer>> {
        let decay = self.weight_decay.unwrap_or(self.optimizer.default_weight_decay());
        let adam = |decoupled| anyhow::Ok(Adam::new(shapes, self.lr, device)?.weight_decay(decay, decoupled));
        Ok(match self.optimizer {
            OptimizerKind::Adam => Box::new(adam(false)?),
            OptimizerKind::AdamW => Box::new(adam(true)?),
            OptimizerKind::Sgd => Box::new(Sgd::new(shapes, self.lr, self.momentum, self.nesterov, decay, device)?),
        })
    }
}

fn from_zero(flag: &str, value: f64) -> Result<()> {
    ensure!((0.0..=LARGEST).contains(&value), "{flag} {}: expected a number from 0 to {LARGEST:e}", number(value));
    Ok(())
}

fn above_zero(flag: &str, value: f64) -> Result<()> {
    let holds = value > 0.0 && value <= LARGEST;
    ensure!(holds, "{flag} {}: expected a number above 0, up to {LARGEST:e}", number(value));
    Ok(())
}
