//! Updates that the engine makes by itself: those of an epoch, or of several epochs where nobody needs to come between them.

#[cfg(test)]
mod tests;

use super::Session;
use crate::train::engine::Steps;
use crate::train::observer::{Epoch, Next, Observer};
use anyhow::Result;
use tch::Tensor;

/// Updates of several epochs in one call, at most: an interrupt waits for their end.
const MOST: usize = 1 << 12;

impl Session<'_> {
    /// Whether the engine makes this training's updates by itself.
    pub(super) fn walks(&mut self) -> Result<bool> {
        if !self.update.is_plain() || self.task.record.is_on() {
            return Ok(false);
        }
        self.losses.get_mut().engine.walks(self.batches.size().min(self.task.train.rows()) as usize)
    }

    /// How many epochs from `epoch` to `last` are trained in one call: more than one where no validation, no schedule that
    /// watches the loss and no observer comes between them.
    pub(super) fn at_once(&mut self, epoch: usize, last: usize, observer: &dyn Observer) -> Result<usize> {
        if self.validation.is_some() || self.update.scheduler.watches_the_loss() || !self.walks()? {
            return Ok(1);
        }
        let most = (MOST / self.batches.count().max(1)).min(last + 1 - epoch);
        Ok(observer.ahead(epoch).min(most).max(1))
    }

    /// Trains `count` epochs, and tells the observer of each; the answer to the last one counts.
    pub(super) fn epochs(&mut self, first: usize, count: usize, observer: &mut dyn Observer) -> Result<Next> {
        let rates = self.walk(count)?;
        self.losses.get_mut().push_all(rates.iter().map(|rate| (*rate, None)))?;
        self.update.scheduler.after_epoch(f64::NAN);
        let mut next = Next::Go;
        for (number, &lr) in (first..).zip(&rates) {
            let read = || self.losses.borrow_mut().of(number);
            next = observer.epoch(&Epoch { number, lr, valid_loss: None, loss: &read })?;
        }
        if next == Next::Save && first + count <= self.task.config.epochs {
            self.save(observer)?;
        }
        Ok(next)
    }

    /// Every batch of `count` epochs in one call; the rates that the epochs begin with. The schedule still has to be told of
    /// the end of the last one.
    pub(super) fn walk(&mut self, count: usize) -> Result<Vec<f64>> {
        let (mut rates, mut settings, mut orders) = (Vec::with_capacity(count), Vec::new(), Vec::new());
        for epoch in 0..count {
            if epoch > 0 {
                self.update.scheduler.after_epoch(f64::NAN);
            }
            rates.push(self.update.scheduler.lr());
            orders.extend(self.rows.epoch(&self.task.train)?);
            for _ in 0..self.batches.count() {
                settings.push(self.update.ahead()?);
            }
        }
        let orders = if orders.is_empty() { None } else { Some(Tensor::f_stack(&orders, 0)?) };
        let (size, seen) = (self.batches.size() as usize, self.batches.seen() as usize);
        let steps = Steps { size, seen, orders, settings, buffers: self.update.buffers() };
        self.losses.get_mut().engine.steps(&steps)?;
        Ok(rates)
    }
}
