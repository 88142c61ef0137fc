//! The training session: the one loop under `run moons`, `fit`, its folds and `tune`, as a plain PyTorch script has it
//! (`scripts/original/fit_check.py`).
//!
//! An engine computes the gradients, see [`super::engine`]; the update is one sweep over the flat buffer; losses are read back
//! in blocks, or when an observer asks.

mod walk;

use super::accumulate::updates;
use super::average::Average;
use super::batches::Batches;
use super::config::TrainConfig;
use super::engine::{Batch, Choice, choose};
use super::losses::{Losses, check, finite};
use super::observer::{Epoch, Next, Observer, Started};
use super::recorded;
use super::rows::Rows;
use super::snapshot::{Best, Snapshot};
use super::task::Task;
pub use super::trained::Trained;
use super::update::Update;
use super::validation::Validation;
use super::weights::{Weights, overwrite};
use crate::torch::{generator, script};
use anyhow::{Context, Result, ensure};
use std::cell::RefCell;
use std::time::Instant;

/// A training that can be run, once.
///
/// Random numbers come from torch's CPU generator: at the start of each epoch what `--order` draws, `randperm(n)` (not for a full
/// batch) or what a loader does, then the dropout masks, then what a loader of the validation rows draws.
pub struct Session<'a> {
    task: Task<'a>,
    batches: Batches,
    rows: Rows,
    validation: Option<Validation<'a>>,
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
    weights: Weights,
}

impl<'a> Session<'a> {
    /// A training from the network's weights as they are. An error for settings and rows that do not go together.
    pub fn new(task: Task<'a>) -> Result<Self> {
        task.check()?;
        let config = task.config;
        let batches = Batches::new(task.train.rows(), config.batch_size, config.drop_last)?;
        task.check_batches(batches)?;
        let rows = Rows::new(config.order, &task.train, config.batch_size.is_none())?;
        let validation = task.valid.map(|part| Validation::new(part, config)).transpose()?;
        let Choice { engine, instead } = choose(&task)?;
        let started = Started { asked: config.engine, engine: engine.kind(), instead, epoch: 0 };
        let update = Update::new(&task, engine.kind(), batches.count())?;
        let losses = RefCell::new(Losses::new(engine, task, batches));
        Ok(Self { task, batches, rows, validation, update, losses, best: None, started, over: false })
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
        net.load(&snapshot.weights)?;
        self.update.optimizer.load(&snapshot.optimizer)?;
        if let Some(scheduler) = &snapshot.scheduler {
            self.update.scheduler.load(scheduler)?;
        }
        if let Some(generator) = &snapshot.generator {
            generator::drawn(|| script::set_generator_state(generator)).context("generator")?;
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
            net.load(&best.weights)?;
            self.best = Some(BestSoFar { epoch: best.epoch, loss: best.loss, weights: Weights::of(net)? });
            net.load(&snapshot.weights)?;
            self.over = snapshot.stopped_early(config.early_stop);
        }
        if let Some(average) = &mut self.update.average {
            average.load(snapshot.averaged.as_ref().context("no n_averaged, which --ema needs")?)?;
        }
        self.rows.go_on(epoch, snapshot.loader.clone());
        if let Some(validation) = &mut self.validation {
            validation.go_on(epoch);
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
        let updates = self.started.epoch * updates(self.batches.count(), self.task.config.accumulate);
        self.task.record.write(|recorder| recorded::start(&self.task, updates, recorder))?;
        let mut epoch = self.started.epoch + 1;
        while epoch <= last {
            let count = self.at_once(epoch, last, observer)?;
            let next = if count > 1 { self.epochs(epoch, count, observer)? } else { self.epoch(epoch, observer)? };
            if next == Next::Stop {
                break;
            }
            epoch += count;
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
        let valid_loss = self.validate()?;
        let losses = self.losses.get_mut();
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
        if self.walks()? {
            return self.walk(1).map(drop);
        }
        let engine = &mut self.losses.get_mut().engine;
        let order = self.rows.epoch(&self.task.train)?;
        let (count, all) = (self.batches.count(), self.task.train.rows());
        for (index, (first, rows)) in self.batches.bounds().enumerate() {
            let batch = match &order {
                Some(order) => Batch::Rows { order, first, rows },
                None if rows == all => Batch::All,
                None => Batch::Slice { first, rows },
            };
            let opens = index % self.task.config.accumulate.max(1) == 0;
            self.task.record.write(|recorder| recorded::batch(&self.task, batch, opens, recorder))?;
            engine.gradients(batch, &mut self.update.grads)?;
            self.update.step(index + 1 == count)?;
        }
        Ok(())
    }

    /// The validation loss, if there are validation rows, by the averaged weights where they are averaged.
    fn validate(&mut self) -> Result<Option<f64>> {
        let Some(validation) = &mut self.validation else { return Ok(None) };
        let (net, engine) = (self.task.net, &mut self.losses.get_mut().engine);
        let Some(average) = &self.update.average else { return validation.loss(engine.as_mut()).map(Some) };
        let last = Weights::of(net)?;
        overwrite(&net.parameters, &average.weights)?;
        let loss = validation.loss(engine.as_mut())?;
        last.put(net)?;
        Ok(Some(loss))
    }

    /// Remembers the weights if the validation loss is the lowest so far; the epoch that has it.
    fn see(&mut self, epoch: usize, loss: f64) -> Result<usize> {
        if self.best.as_ref().is_none_or(|best| loss < best.loss) {
            let mut weights = match self.best.take() {
                Some(best) => best.weights,
                None => Weights::of(self.task.net)?,
            };
            weights.take(self.task.net, self.update.average.as_ref().map(|average| &average.weights))?;
            self.best = Some(BestSoFar { epoch, loss, weights });
        }
        Ok(self.best.as_ref().map_or(epoch, |best| best.epoch))
    }

    /// Hands the state out, with the network as the training would leave it.
    fn save(&mut self, observer: &mut dyn Observer) -> Result<()> {
        let snapshot = self.snapshot()?;
        let last = Weights::of(self.task.net)?;
        self.put_final()?;
        observer.save(self.task.net, &snapshot)?;
        last.put(self.task.net)
    }

    /// Where it stands: what [`Session::resume`] goes on from.
    pub fn snapshot(&mut self) -> Result<Snapshot> {
        let net = self.task.net;
        let losses = self.losses.get_mut();
        losses.read()?;
        let best = self.best.as_ref().map(|best| -> Result<_> {
            Ok(Best { epoch: best.epoch, loss: best.loss, weights: best.weights.named(net)? })
        });
        Ok(Snapshot {
            history: losses.history.clone(),
            weights: net.copies()?,
            best: best.transpose()?,
            averaged: self.update.average.as_ref().map(Average::state).transpose()?,
            optimizer: self.update.optimizer.state()?,
            scheduler: Some(self.update.scheduler.state()?),
            generator: Some(generator::drawn(script::generator_state)?),
            loader: self.rows.generator(),
        })
    }

    /// Gives the network the weights that it would have if the training ended here: the best, else the averaged, else the last.
    fn put_final(&self) -> Result<()> {
        match (&self.best, &self.update.average) {
            (Some(best), _) => best.weights.put(self.task.net),
            (None, Some(average)) => overwrite(&self.task.net.parameters, &average.weights),
            (None, None) => Ok(()),
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
        self.put_final()?;
        Ok(Trained {
            best_epoch: self.best.as_ref().map_or(last, |best| best.epoch),
            stopped_early: last < epochs,
            engine: self.started.engine,
            seconds,
            snapshot,
        })
    }
}
