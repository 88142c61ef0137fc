//! The training loop of an [`Mlp`], as a plain PyTorch script has it (`scripts/original/fit_check.py`).
//!
//! Gradients come from libtorch's autograd, which is Python's own engine, so the bits are Python's; the update is one
//! sweep over the flat buffer.

use super::Next;
use super::clip::clip_grad_norm_;
use super::config::{LARGEST, TrainConfig};
pub use super::part::Part;
use super::scheduler::Scheduler;
use super::state;
use crate::model::loss::Loss;
use crate::model::mlp::Mlp;
use crate::model::parameters::FlatTensors;
use crate::optim::Optimizer;
use crate::torchscript;
use crate::weights::{self, Named};
use anyhow::{Context, Result, bail, ensure};
use tch::{Device, Kind, Tensor};

/// One epoch, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epoch {
    pub epoch: usize,
    /// `sum(loss_b * n_b) / n` over the batches, each loss as computed before its update and without the L1 term.
    pub loss: f64,
    /// The loss of the validation part after the epoch's updates, in evaluation mode.
    pub valid_loss: Option<f64>,
    /// The learning rate of the epoch's first update.
    pub lr: f64,
}

/// What a training leaves beside the network's weights.
#[derive(Debug)]
pub struct Trained {
    pub history: Vec<Epoch>,
    /// The epoch whose weights the network has: with early stopping that of the lowest validation loss, else the last.
    pub best_epoch: usize,
    pub stopped_early: bool,
    /// The optimizer's state after the last epoch.
    pub optimizer: Named,
    /// The whole state after the last epoch, see [`super::state`].
    pub state: Named,
}

/// What is told of a training while it lasts; each may stop it by returning an error.
pub trait Watch {
    /// After each epoch.
    fn epoch(&mut self, epoch: &Epoch) -> Result<Next>;
    /// After an epoch that was answered with [`Next::Save`]: the state, in which a training can go on. While this runs, the
    /// network has the weights that it would have if the training ended here.
    fn save(&mut self, state: Named) -> Result<()>;
}

/// A callback that saves nothing.
struct Report<F>(F);

impl<F: FnMut(&Epoch) -> Result<()>> Watch for Report<F> {
    fn epoch(&mut self, epoch: &Epoch) -> Result<Next> {
        (self.0)(epoch)?;
        Ok(Next::Go)
    }

    fn save(&mut self, _: Named) -> Result<()> {
        Ok(())
    }
}

/// Trains `net` on `train`. Random numbers come from torch's CPU generator: `randperm(n)` at the start of each epoch
/// (not for a full batch), then the dropout masks.
///
/// `report` is called after each epoch; it stops the training by returning an error.
pub fn train(
    net: &Mlp,
    loss: &Loss,
    config: &TrainConfig,
    train: Part<'_>,
    valid: Option<Part<'_>>,
    report: impl FnMut(&Epoch) -> Result<()>,
) -> Result<Trained> {
    train_on(net, loss, config, train, valid, None, &mut Report(report))
}

/// As [`train()`]; with `start`, the state of an earlier training, it goes on from there. Then `net` must have the weights
/// that the earlier one ended or was saved with.
pub fn train_on(
    net: &Mlp,
    loss: &Loss,
    config: &TrainConfig,
    train: Part<'_>,
    valid: Option<Part<'_>>,
    start: Option<&Named>,
    watch: &mut dyn Watch,
) -> Result<Trained> {
    config.check(valid.is_some())?;
    train.check("training", net, loss)?;
    if let Some(part) = valid {
        part.check("validation", net, loss)?;
    }
    let mut run = Run::new(net, loss, config, train)?;
    let mut best = Best::default();
    let mut history = Vec::new();
    if let Some(start) = start {
        history = run.load(start, &mut best, valid.is_some()).context("the state to go on from")?;
    }
    for number in history.len() + 1..=config.epochs {
        let lr = run.scheduler.lr();
        let loss = run.epoch(&train)?;
        let valid_loss = valid.map(|part| run.evaluate(&part)).transpose()?;
        let epoch = Epoch { epoch: number, loss, valid_loss, lr };
        run.check(&epoch, &train)?;
        history.push(epoch);
        let next = watch.epoch(&epoch)?;
        run.scheduler.after_epoch(valid_loss.unwrap_or(loss));
        if let (Some(patience), Some(loss)) = (config.early_stop, valid_loss) {
            best.see(number, loss, &net.parameters)?;
            if number - best.epoch >= patience {
                break;
            }
        }
        if next == Next::Save && number < config.epochs {
            run.save(&history, &best, watch)?;
        }
    }
    let state = run.state(&history, &best)?;
    best.restore(net)?;
    let last = history.len();
    let best_epoch = if best.epoch > 0 { best.epoch } else { last };
    Ok(Trained { history, best_epoch, stopped_early: last < config.epochs, optimizer: run.optimizer.state()?, state })
}

/// The state of a running training.
struct Run<'a> {
    net: &'a Mlp,
    loss: &'a Loss,
    config: &'a TrainConfig,
    optimizer: Box<dyn Optimizer>,
    scheduler: Scheduler,
    grads: FlatTensors,
}

impl<'a> Run<'a> {
    fn new(net: &'a Mlp, loss: &'a Loss, config: &'a TrainConfig, train: Part<'_>) -> Result<Self> {
        let rows = train.rows() as usize;
        let batches = rows.div_ceil(config.batch_size.unwrap_or(rows));
        let shapes = net.parameters.shapes();
        Ok(Self {
            net,
            loss,
            config,
            optimizer: config.optimizer(shapes, net.device())?,
            scheduler: Scheduler::new(config.schedule, config.warmup, config.lr, config.epochs, batches)?,
            grads: FlatTensors::zeros(shapes, net.device())?,
        })
    }

    /// Everything that the epochs to come depend on, but the weights that the network ends with.
    fn state(&self, history: &[Epoch], best: &Best) -> Result<Named> {
        let mut all = state::prefixed(state::OPTIMIZER, self.optimizer.state()?);
        all.extend(self.scheduler.state()?);
        all.extend(state::history(history)?);
        all.push(state::count("epoch", history.len())?);
        all.push(("generator".into(), Tensor::f_from_slice(&torchscript::generator_state()?)?));
        if best.epoch > 0 {
            all.extend([state::count("best.epoch", best.epoch)?, state::number("best.loss", best.loss)?]);
            for (name, tensor) in self.net.parameters.named()? {
                all.push((format!("last.{name}"), weights::copy(&tensor.f_detach()?)?));
            }
        }
        Ok(all)
    }

    /// Takes over what [`Run::state`] gave; the epochs that are behind it.
    fn load(&mut self, from: &Named, best: &mut Best, validated: bool) -> Result<Vec<Epoch>> {
        self.optimizer.load(&state::under(from, state::OPTIMIZER))?;
        self.scheduler.load(from)?;
        let generator = Vec::<u8>::try_from(weights::find(from, "generator")?)?;
        torchscript::set_generator_state(&generator).context("generator")?;
        let history = state::read_history(from, validated)?;
        ensure!(history.len() < self.config.epochs, "{} epochs are done already", history.len());
        if let Some(patience) = self.config.early_stop {
            (best.epoch, best.loss) = (state::read_count(from, "best.epoch")?, state::read_number(from, "best.loss")?);
            best.weights = Some(weights::copy(&self.net.parameters.flat)?);
            state::load_parameters(&self.net.parameters, &state::under(from, "last."))?;
            ensure!(history.len() < best.epoch + patience, "it was stopped early");
        }
        Ok(history)
    }

    /// Hands the state out, with the network as the training would leave it.
    fn save(&self, history: &[Epoch], best: &Best, watch: &mut dyn Watch) -> Result<()> {
        let (state, last) = (self.state(history, best)?, weights::copy(&self.net.parameters.flat)?);
        best.restore(self.net)?;
        watch.save(state)?;
        let _no_grad = tch::no_grad_guard();
        Ok(self.net.parameters.flat.shallow_clone().f_copy_(&last)?)
    }

    /// Every batch once; the mean loss.
    fn epoch(&mut self, train: &Part<'_>) -> Result<f64> {
        let rows = train.rows();
        let Some(size) = self.config.batch_size else {
            return Ok(self.batch(train)? * rows as f64 / rows as f64);
        };
        let size = i64::try_from(size)?;
        let order = Tensor::f_randperm(rows, (Kind::Int64, Device::Cpu))?.f_to_device(train.x.device())?;
        let mut total = 0.0;
        for first in (0..rows).step_by(size as usize) {
            let index = order.f_narrow(0, first, size.min(rows - first))?;
            let (x, y) = (train.x.f_index_select(0, &index)?, train.y.f_index_select(0, &index)?);
            let weight = train.weight.map(|weight| weight.f_index_select(0, &index)).transpose()?;
            total += self.batch(&Part { x: &x, y: &y, weight: weight.as_ref() })? * index.size()[0] as f64;
        }
        Ok(total / rows as f64)
    }

    /// One update; the loss before it.
    fn batch(&mut self, part: &Part<'_>) -> Result<f64> {
        let loss = self.loss.mean(&self.net.forward(part.x, true)?, part.y, part.weight)?;
        let objective = self.with_l1(&loss)?;
        let grads = Tensor::f_run_backward(&[objective], self.net.variables(), false, false)?;
        let _no_grad = tch::no_grad_guard();
        for (mut place, grad) in self.grads.views()?.into_iter().zip(&grads) {
            place.f_copy_(grad)?;
        }
        if let Some(max_norm) = self.config.clip_grad {
            let _ = clip_grad_norm_(&mut self.grads, max_norm)?;
        }
        let lr = self.scheduler.lr();
        ensure!((0.0..=LARGEST).contains(&lr), "the schedule {} gave the learning rate {lr:e}", self.config.schedule);
        self.optimizer.set_lr(lr);
        if let Some(momentum) = self.scheduler.momentum() {
            self.optimizer.set_momentum(momentum);
        }
        self.optimizer.step(&mut self.net.parameters.flat.shallow_clone(), &self.grads.flat)?;
        self.scheduler.after_batch();
        Ok(loss.f_double_value(&[])?)
    }

    /// `loss + l1 * sum(w.abs().sum() for w in weights)`.
    fn with_l1(&self, loss: &Tensor) -> Result<Tensor> {
        if self.config.l1 == 0.0 {
            return Ok(loss.shallow_clone());
        }
        let mut sum: Option<Tensor> = None;
        for weight in self.net.variables().iter().step_by(2) {
            let term = weight.f_abs()?.f_sum(None)?;
            sum = Some(match sum {
                Some(sum) => sum.f_add(&term)?,
                None => term,
            });
        }
        let Some(sum) = sum else { return Ok(loss.shallow_clone()) };
        Ok(loss.f_add(&sum.f_mul_scalar(self.config.l1)?)?)
    }

    fn evaluate(&self, part: &Part<'_>) -> Result<f64> {
        let _no_grad = tch::no_grad_guard();
        Ok(self.loss.mean(&self.net.forward(part.x, false)?, part.y, part.weight)?.f_double_value(&[])?)
    }

    /// Losses and, after the last epoch, weights must be finite; else the error names the epoch and the likely cause.
    fn check(&self, epoch: &Epoch, train: &Part<'_>) -> Result<()> {
        let number = epoch.epoch;
        let last = number == self.config.epochs && !finite(&self.net.parameters.flat)?;
        let (what, value) = match epoch.valid_loss {
            _ if !epoch.loss.is_finite() => ("the loss", epoch.loss),
            Some(loss) if !loss.is_finite() => ("the validation loss", loss),
            _ if last => ("a weight", f64::NAN),
            _ => return Ok(()),
        };
        if !finite(train.x)? || !finite(train.y)? {
            bail!("{what} became {value} at epoch {number}: the training data hold NaN or infinity");
        }
        bail!("{what} became {value} at epoch {number}: the learning rate is the likely cause, try a smaller --lr");
    }
}

fn finite(tensor: &Tensor) -> Result<bool> {
    Ok(bool::try_from(tensor.f_isfinite()?.f_all()?)?)
}

/// The lowest validation loss so far and its weights.
#[derive(Debug, Default)]
struct Best {
    epoch: usize,
    loss: f64,
    weights: Option<Tensor>,
}

impl Best {
    fn see(&mut self, epoch: usize, loss: f64, parameters: &FlatTensors) -> Result<()> {
        if self.epoch == 0 || loss < self.loss {
            (self.epoch, self.loss) = (epoch, loss);
            match &mut self.weights {
                Some(weights) => weights.f_copy_(&parameters.flat)?,
                None => self.weights = Some(weights::copy(&parameters.flat)?),
            }
        }
        Ok(())
    }

    fn restore(&self, net: &Mlp) -> Result<()> {
        let _no_grad = tch::no_grad_guard();
        if let Some(weights) = &self.weights {
            net.parameters.flat.shallow_clone().f_copy_(weights)?;
        }
        Ok(())
    }
}
