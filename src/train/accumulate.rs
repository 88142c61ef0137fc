//! Gradients of several batches, added up for one update: `loss.backward()` without `zero_grad()` between.

use crate::model::parameters::FlatTensors;
use anyhow::Result;

/// The sum of the gradients since the last update.
pub(super) struct Accumulated {
    /// Batches of an update; the last one of an epoch may have fewer.
    every: usize,
    done: usize,
    sum: FlatTensors,
}

impl Accumulated {
    /// Over `every` batches; none where each is an update.
    pub(super) fn over(every: usize, grads: &FlatTensors) -> Result<Option<Self>> {
        if every <= 1 {
            return Ok(None);
        }
        let sum = FlatTensors::zeros(grads.shapes(), grads.flat.device())?;
        Ok(Some(Self { every, done: 0, sum }))
    }

    /// The gradients since the last update, or of the one that is due.
    pub(super) fn sum(&self) -> &FlatTensors {
        &self.sum
    }

    /// Adds the gradients of a batch, the `last` of its epoch or not. Where an update is due `grads` holds the sum.
    pub(super) fn add(&mut self, grads: &FlatTensors, last: bool) -> Result<bool> {
        let _no_grad = tch::no_grad_guard();
        if self.done == 0 {
            self.sum.flat.f_copy_(&grads.flat)?;
        } else {
            let _ = self.sum.flat.f_add_(&grads.flat)?;
        }
        self.done += 1;
        let due = self.done == self.every || last;
        if due {
            grads.flat.shallow_clone().f_copy_(&self.sum.flat)?;
            self.done = 0;
        }
        Ok(due)
    }
}

/// Updates of an epoch of so many batches.
pub(super) fn updates(batches: usize, every: usize) -> usize {
    batches.div_ceil(every.max(1))
}
