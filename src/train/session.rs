//! The training session: the one loop under `run moons`, `fit`, its folds and `tune`, as a plain PyTorch script has it
//! (`scripts/original/fit_check.py`).
//!
//! An engine computes the gradients, see [`super::engine`]; the update is one sweep over the flat buffer; losses are read back
//! in blocks, or when an observer asks.

use super::config::TrainConfig;
use super::engine::{Batch, Choice, EngineKind, choose};
use super::history::History;
use super::losses::{Losses, check, finite};
use super::observer::{Epoch, Next, Observer, Started};
use super::order::Order;
use super::snapshot::{Best, Snapshot};
use super::task::Task;
use super::update::Update;
use crate::model::parameters::FlatTensors;
use crate::torch::{safetensors, script};
use anyhow::{Context, Result, ensure};
use std::cell::RefCell;
use std::time::Instant;
use tch::Tensor;

/// What a training leaves beside the network's weights.
#[derive(Debug)]
pub struct Trained {
    /// The epoch whose weights the network has: with early stopping that of the lowest validation loss, else the last.
    pub best_epoch: usize,
    /// Whether it ended before the epochs that were asked for.
    pub stopped_early: bool,
    pub engine: EngineKind,
    /// Seconds that the epochs of this run took, with their validation, their reports and checkpoints.
    pub seconds: f64,
    /// The state after the last epoch.
    pub snapshot: Snapshot,
}

impl Trained {
    /// Losses and learning rates of all epochs.
    pub fn history(&self) -> &History {
        &self.snapshot.history
    }
}

/// A training that can be run, once.
///
/// Random numbers come from torch's CPU generator: `randperm(n)` at the start of each epoch (not for a full batch), then the
/// dropout masks.
pub struct Session<'a> {
    task: Task<'a>,
    order: Order,
    update: Update<'a>,
    losses: RefCell<Losses<'a>>,
    /// Under early stopping, the lowest validation loss so far.
    best: Option<BestSoFar>,
    started: Started,
    /// Whether the state that it goes on from was stopped early.
    over: bool,
}

/// The lowest validation loss so far, and its weights.
struct BestSoFar {
    epoch: usize,
    loss: f64,
    weights: FlatTensors,
}

impl<'a> Session<'a> {
    /// A training from the network's weights as they are. An error for settings and rows that do not go together.
    pub fn new(task: Task<'a>) -> Result<Self> {
        task.check()?;
        let order = Order::new(task.train.rows(), task.config.batch_size)?;
        let Choice { engine, instead } = choose(&task)?;
        let started = Started { asked: task.config.engine, engine: engine.kind(), instead, epoch: 0 };
        let update = Update::new(&task, engine.kind(), order.batches())?;
        let losses = RefCell::new(Losses::new(engine, task, order));
        Ok(Self { task, order, update, losses, best: None, started, over: false })
    }

    /// A training that goes on from `snapshot`, whose settings were the task's but for the number of epochs and the engine.
    /// If there was no epoch left, it ends as the earlier one would have.
    pub fn resume(task: Task<'a>, snapshot: &Snapshot) -> Result<Self> {
        let mut session = Self::new(task)?;
        session.load(snapshot).context("the state to go on from")?;
        Ok(session)
    }

    fn load(&mut self, snapshot: &Snapshot) -> Result<()> {
        let (net, config) = (self.task.net, self.task.config);
        net.parameters.load(&snapshot.weights, "")?;
        self.update.optimizer.load(&snapshot.optimizer)?;
        if let Some(scheduler) = &snapshot.scheduler {
            self.update.scheduler.load(scheduler)?;
        }
        if let Some(generator) = &snapshot.generator {
            script::set_generator_state(generator).context("generator")?;
        }
        let (epoch, history) = (snapshot.epoch(), &snapshot.history);
        ensure!(epoch <= config.epochs, "{epoch} epochs are done already, of {}", config.epochs);
        let (was, now) = (history.valid_loss().is_some(), self.task.valid.is_some());
        let with = |validated| if validated { "with" } else { "without" };
        ensure!(
            was == now || history.loss().is_empty(),
            "it was trained {} validation rows, this training is {} them",
            with(was),
            with(now)
        );
        if config.early_stop.is_some() {
            let best = snapshot.best.as_ref().context("no best.epoch, which early stopping needs")?;
            let weights = FlatTensors::zeros(net.parameters.shapes(), net.device())?;
            weights.load(&best.weights, "")?;
            self.best = Some(BestSoFar { epoch: best.epoch, loss: best.loss, weights });
            self.over = snapshot.stopped_early(config.early_stop);
        }
        self.losses.get_mut().history = history.clone();
        self.started.epoch = epoch;
        Ok(())
    }

    /// Trains to the end: the epochs that the settings ask for, early stopping, or an observer that says so.
    pub fn run(&mut self, observer: &mut dyn Observer) -> Result<Trained> {
        let clock = Instant::now();
        observer.started(&self.started)?;
        let last = if self.over { 0 } else { self.task.config.epochs };
        for epoch in self.started.epoch + 1..=last {
            if self.epoch(epoch, observer)? == Next::Stop {
                break;
            }
        }
        self.finish(clock)
    }

    /// Rows of the training part whose class has the largest output, of equal ones the last class.
    pub fn hits(&mut self) -> Result<usize> {
        self.losses.get_mut().engine.hits()
    }

    /// One epoch, and what the observer makes of it.
    fn epoch(&mut self, number: usize, observer: &mut dyn Observer) -> Result<Next> {
        let TrainConfig { epochs, early_stop, .. } = *self.task.config;
        let lr = self.update.scheduler.lr();
        self.batches()?;
        let losses = self.losses.get_mut();
        let valid_loss = self.task.valid.map(|part| losses.engine.evaluate(&part)).transpose()?;
        losses.push(lr, valid_loss)?;
        if let Some(loss) = valid_loss.filter(|loss| !loss.is_finite()) {
            // The training loss went first, or neither did.
            losses.read()?;
            check(&self.task, "the validation loss", loss, number)?;
        }
        let read = || self.losses.borrow_mut().last();
        let next = observer.epoch(&Epoch { number, lr, valid_loss, loss: &read })?;
        let watched = match valid_loss {
            None if self.update.scheduler.watches_the_loss() => read()?,
            loss => loss.unwrap_or(f64::NAN),
        };
        self.update.scheduler.after_epoch(watched);
        if let (Some(patience), Some(loss)) = (early_stop, valid_loss) {
            let best = self.see(number, loss)?;
            if number - best >= patience {
                return Ok(Next::Stop);
            }
        }
        if next == Next::Save && number < epochs {
            self.save(observer)?;
        }
        Ok(next)
    }

    /// Every batch once.
    fn batches(&mut self) -> Result<()> {
        let engine = &mut self.losses.get_mut().engine;
        let Some(rows) = self.order.shuffled(self.task.train.x.device())? else {
            engine.gradients(Batch::All, &mut self.update.grads)?;
            return self.update.step();
        };
        for (first, length) in self.order.bounds() {
            engine.gradients(Batch::Rows(&rows.f_narrow(0, first, length)?), &mut self.update.grads)?;
            self.update.step()?;
        }
        Ok(())
    }

    /// Remembers the weights if the validation loss is the lowest so far; the epoch that has it.
    fn see(&mut self, epoch: usize, loss: f64) -> Result<usize> {
        let parameters = &self.task.net.parameters;
        let lowest = self.best.as_ref().is_none_or(|best| loss < best.loss);
        if lowest {
            let weights = match self.best.take() {
                Some(best) => best.weights,
                None => FlatTensors::zeros(parameters.shapes(), self.task.net.device())?,
            };
            weights.flat.shallow_clone().f_copy_(&parameters.flat)?;
            self.best = Some(BestSoFar { epoch, loss, weights });
        }
        Ok(self.best.as_ref().map_or(epoch, |best| best.epoch))
    }

    /// Hands the state out, with the network as the training would leave it.
    fn save(&mut self, observer: &mut dyn Observer) -> Result<()> {
        let snapshot = self.snapshot()?;
        let last = safetensors::copy(&self.task.net.parameters.flat)?;
        self.restore_best()?;
        observer.save(self.task.net, &snapshot)?;
        overwrite(&self.task.net.parameters.flat, &last)
    }

    /// Where it stands: what [`Session::resume`] goes on from.
    pub fn snapshot(&mut self) -> Result<Snapshot> {
        let losses = self.losses.get_mut();
        losses.read()?;
        let best = self.best.as_ref().map(|best| -> Result<_> {
            Ok(Best { epoch: best.epoch, loss: best.loss, weights: best.weights.copies("")? })
        });
        Ok(Snapshot {
            history: losses.history.clone(),
            weights: self.task.net.parameters.copies("")?,
            best: best.transpose()?,
            optimizer: self.update.optimizer.state()?,
            scheduler: Some(self.update.scheduler.state()?),
            generator: Some(script::generator_state()?),
        })
    }

    fn restore_best(&self) -> Result<()> {
        match &self.best {
            Some(best) => overwrite(&self.task.net.parameters.flat, &best.weights.flat),
            None => Ok(()),
        }
    }

    fn finish(&mut self, clock: Instant) -> Result<Trained> {
        self.losses.get_mut().read()?;
        let last = self.losses.get_mut().history.epochs();
        let epochs = self.task.config.epochs;
        if last == epochs && !finite(&self.task.net.parameters.flat)? {
            check(&self.task, "a weight", f64::NAN, last)?;
        }
        let seconds = clock.elapsed().as_secs_f64();
        let snapshot = self.snapshot()?;
        self.restore_best()?;
        Ok(Trained {
            best_epoch: self.best.as_ref().map_or(last, |best| best.epoch),
            stopped_early: last < epochs,
            engine: self.started.engine,
            seconds,
            snapshot,
        })
    }
}

/// Copies one buffer over another.
fn overwrite(buffer: &Tensor, values: &Tensor) -> Result<()> {
    let _no_grad = tch::no_grad_guard();
    Ok(buffer.shallow_clone().f_copy_(values)?)
}
