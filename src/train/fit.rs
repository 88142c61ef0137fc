//! The training loop of an [`Mlp`], as a plain PyTorch script has it (`scripts/original/fit_check.py`).
//!
//! Gradients come from an engine, see [`crate::train::engine::autograd`]; the update is one sweep over the flat buffer.

use super::Next;
use super::clip::clip_grad_norm_;
use super::config::{LARGEST, TrainConfig};
use super::engine::Engine;
pub use super::part::Part;
use super::state;
use crate::model::loss::Loss;
use crate::model::mlp::Mlp;
use crate::model::parameters::FlatTensors;
use crate::torch::memory::{floats, floats_mut};
use crate::torch::safetensors::{self, Named};
use crate::torch::script;
use crate::train::engine::autograd::{Autograd, FusedBatches, Gradients, Task};
use crate::train::engine::fused::Plan;
use crate::train::optim::Optimizer;
use crate::train::schedule::scheduler::Scheduler;
use anyhow::{Context, Result, bail, ensure};
use std::time::Instant;
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
    /// The engine that trained: another one than was asked for if that one cannot, see [`Plan::of`].
    pub engine: Engine,
    /// Seconds that the epochs of this run took, with their validation, their reports and checkpoints.
    pub seconds: f64,
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
    let clock = Instant::now();
    let mut run = Run::new(net, loss, config, train)?;
    let mut best = Best::default();
    let mut history = Vec::new();
    if let Some(start) = start {
        history = run.load(start, &mut best, valid.is_some()).context("the state to go on from")?;
    }
    for number in history.len() + 1..=config.epochs {
        let lr = run.scheduler.lr();
        let loss = run.epoch(&train)?;
        let valid_loss = valid.map(|part| run.gradients.evaluate(&part)).transpose()?;
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
    let seconds = clock.elapsed().as_secs_f64();
    let state = run.state(&history, &best)?;
    best.restore(net)?;
    let last = history.len();
    let best_epoch = if best.epoch > 0 { best.epoch } else { last };
    let (stopped_early, optimizer) = (last < config.epochs, run.optimizer.state()?);
    let engine = if run.gradients.sweeps() { Engine::Fused } else { Engine::Exact };
    Ok(Trained { history, best_epoch, stopped_early, engine, seconds, optimizer, state })
}

/// The state of a running training.
struct Run<'a> {
    net: &'a Mlp,
    config: &'a TrainConfig,
    gradients: Box<dyn Gradients + 'a>,
    optimizer: Box<dyn Optimizer>,
    scheduler: Scheduler,
    grads: FlatTensors,
}

impl<'a> Run<'a> {
    fn new(net: &'a Mlp, loss: &'a Loss, config: &'a TrainConfig, part: Part<'a>) -> Result<Self> {
        let task = Task { net, loss, l1: config.l1, part };
        let plan = (config.engine == Engine::Fused).then(|| Plan::of(&net.config, loss, net.device()));
        let rows = part.rows() as usize;
        let batches = rows.div_ceil(config.batch_size.unwrap_or(rows));
        let shapes = net.parameters.shapes();
        Ok(Self {
            net,
            config,
            gradients: match plan {
                Some(Ok(plan)) => Box::new(FusedBatches::new(task, plan)),
                _ => Box::new(Autograd::new(task)),
            },
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
        all.push(("generator".into(), Tensor::f_from_slice(&script::generator_state()?)?));
        if best.epoch > 0 {
            all.extend([state::count("best.epoch", best.epoch)?, state::number("best.loss", best.loss)?]);
            for (name, tensor) in self.net.parameters.named()? {
                all.push((format!("last.{name}"), safetensors::copy(&tensor.f_detach()?)?));
            }
        }
        Ok(all)
    }

    /// Takes over what [`Run::state`] gave; the epochs that are behind it.
    fn load(&mut self, from: &Named, best: &mut Best, validated: bool) -> Result<Vec<Epoch>> {
        self.optimizer.load(&state::under(from, state::OPTIMIZER))?;
        self.scheduler.load(from)?;
        let generator = Vec::<u8>::try_from(safetensors::find(from, "generator")?)?;
        script::set_generator_state(&generator).context("generator")?;
        let history = state::read_history(from, validated)?;
        ensure!(history.len() < self.config.epochs, "{} epochs are done already", history.len());
        if let Some(patience) = self.config.early_stop {
            (best.epoch, best.loss) = (state::read_count(from, "best.epoch")?, state::read_number(from, "best.loss")?);
            best.weights = Some(safetensors::copy(&self.net.parameters.flat)?);
            state::load_parameters(&self.net.parameters, &state::under(from, "last."))?;
            ensure!(history.len() < best.epoch + patience, "it was stopped early");
        }
        Ok(history)
    }

    /// Hands the state out, with the network as the training would leave it.
    fn save(&self, history: &[Epoch], best: &Best, watch: &mut dyn Watch) -> Result<()> {
        let (state, last) = (self.state(history, best)?, safetensors::copy(&self.net.parameters.flat)?);
        best.restore(self.net)?;
        watch.save(state)?;
        let _no_grad = tch::no_grad_guard();
        Ok(self.net.parameters.flat.shallow_clone().f_copy_(&last)?)
    }

    /// Every batch once; the mean loss.
    fn epoch(&mut self, train: &Part<'_>) -> Result<f64> {
        let rows = train.rows();
        let Some(size) = self.config.batch_size else {
            self.batch(None)?;
            return Ok(self.gradients.losses()?[0] * rows as f64 / rows as f64);
        };
        let size = i64::try_from(size)?;
        let order = Tensor::f_randperm(rows, (Kind::Int64, Device::Cpu))?.f_to_device(train.x.device())?;
        let batches = || (0..rows).step_by(size as usize).map(|first| (first, size.min(rows - first)));
        for (first, length) in batches() {
            self.batch(Some(&order.f_narrow(0, first, length)?))?;
        }
        let losses = self.gradients.losses()?;
        Ok(batches().zip(losses).map(|((_, length), loss)| loss * length as f64).sum::<f64>() / rows as f64)
    }

    /// One update.
    fn batch(&mut self, index: Option<&Tensor>) -> Result<()> {
        self.gradients.batch(index, &mut self.grads)?;
        let _no_grad = tch::no_grad_guard();
        if let Some(max_norm) = self.config.clip_grad {
            let _ = clip_grad_norm_(&mut self.grads, max_norm)?;
        }
        let lr = self.scheduler.lr();
        ensure!((0.0..=LARGEST).contains(&lr), "the schedule {} gave the learning rate {lr:e}", self.config.schedule);
        self.optimizer.set_lr(lr);
        if let Some(momentum) = self.scheduler.momentum() {
            self.optimizer.set_momentum(momentum);
        }
        let mut parameters = self.net.parameters.flat.shallow_clone();
        if self.gradients.sweeps() {
            self.optimizer.sweep(floats_mut(&mut parameters)?, floats(&self.grads.flat)?)?;
        } else {
            self.optimizer.step(&mut parameters, &self.grads.flat)?;
        }
        self.scheduler.after_batch();
        Ok(())
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
                None => self.weights = Some(safetensors::copy(&parameters.flat)?),
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
