//! The losses of a running training: kept where the engine computes them, and read back when somebody asks.

use super::batches::Batches;
use super::engine::Engine;
use super::history::History;
use super::not_finite;
use super::task::Task;
use anyhow::{Result, bail};
use tch::Tensor;

/// Batches whose losses wait on the device at most.
const MOST_WAITING: usize = 1 << 16;

/// The engine with the epochs whose losses it still has, and the results of those before.
pub(super) struct Losses<'a> {
    pub(super) engine: Box<dyn Engine + 'a>,
    pub(super) history: History,
    task: Task<'a>,
    batches: Batches,
    waiting: Vec<Waiting>,
}

/// What is known of an epoch beside its loss.
struct Waiting {
    lr: f64,
    valid_loss: Option<f64>,
}

impl<'a> Losses<'a> {
    pub(super) fn new(engine: Box<dyn Engine + 'a>, task: Task<'a>, batches: Batches) -> Self {
        Self { engine, history: History::default(), task, batches, waiting: Vec::new() }
    }

    /// Adds the epoch whose batches have just been computed.
    pub(super) fn push(&mut self, lr: f64, valid_loss: Option<f64>) -> Result<()> {
        self.push_all([(lr, valid_loss)])
    }

    /// As [`Losses::push`], of several epochs.
    pub(super) fn push_all(&mut self, epochs: impl IntoIterator<Item = (f64, Option<f64>)>) -> Result<()> {
        self.waiting.extend(epochs.into_iter().map(|(lr, valid_loss)| Waiting { lr, valid_loss }));
        if self.waiting.len() * self.batches.count() >= MOST_WAITING { self.read() } else { Ok(()) }
    }

    /// Reads back what waits. A loss that is not finite is an error, which names the epoch and the likely cause.
    pub(super) fn read(&mut self) -> Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let losses = self.engine.losses()?;
        for (epoch, losses) in self.waiting.drain(..).zip(losses.chunks(self.batches.count())) {
            let (number, loss) = (self.history.epochs() + 1, self.batches.mean(losses));
            check(&self.task, "the loss", loss, number)?;
            self.history.push(loss, epoch.valid_loss, epoch.lr);
        }
        Ok(())
    }

    /// The loss of an epoch, counted from 1.
    pub(super) fn of(&mut self, epoch: usize) -> Result<f64> {
        self.read()?;
        let place = epoch.checked_sub(self.history.before() + 1);
        Ok(place.and_then(|place| self.history.loss().get(place)).copied().unwrap_or(f64::NAN))
    }

    /// The loss of the last epoch.
    pub(super) fn last(&mut self) -> Result<f64> {
        self.read()?;
        Ok(self.history.last().map_or(f64::NAN, |epoch| epoch.loss))
    }
}

/// Refuses a `value` that is not finite. The data are looked at only then.
pub(super) fn check(task: &Task<'_>, what: &str, value: f64, epoch: usize) -> Result<()> {
    if value.is_finite() {
        return Ok(());
    }
    if !task.train.x.is_finite()? || !finite(task.train.y)? {
        bail!("{what} became {value} at epoch {epoch}: the training data hold NaN or infinity");
    }
    bail!("{}", not_finite(what, epoch, value))
}

/// Whether every number of a tensor is finite.
pub(super) fn finite(tensor: &Tensor) -> Result<bool> {
    Ok(bool::try_from(tensor.f_isfinite()?.f_all()?)?)
}
