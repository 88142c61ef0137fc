//! The loss of the validation part after each epoch: of all rows at once, or by batches as a loop over a loader has it.

use super::batches::Batches;
use super::config::TrainConfig;
use super::engine::Engine;
use super::task::Part;
use crate::python::dataloader::base_seed;
use crate::torch::generator;
use crate::torch::safetensors::copy;
use anyhow::Result;
use tch::Tensor;

/// The validation part, and how it is gone through.
pub(super) struct Validation<'a> {
    part: Part<'a>,
    /// None: all rows at once, by no loader.
    batches: Option<Batches>,
    loader: Option<Seeds>,
}

/// When a loader draws the seed of its workers.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Seeds {
    Each,
    /// Of persistent workers.
    First,
    No,
}

impl<'a> Validation<'a> {
    pub(super) fn new(part: Part<'a>, config: &TrainConfig) -> Result<Self> {
        let size = config.valid_batch_size;
        let batches = size.map(|size| Batches::new(part.rows(), (size > 0).then_some(size), false)).transpose()?;
        let seeds = |persistent| if persistent { Seeds::First } else { Seeds::Each };
        let loader = config.order.loader().filter(|_| size.is_some()).map(|options| seeds(options.valid_persistent));
        Ok(Self { part, batches, loader })
    }

    /// Goes on behind `epochs` epochs.
    pub(super) fn go_on(&mut self, epochs: usize) {
        if epochs > 0 && self.loader == Some(Seeds::First) {
            self.loader = Some(Seeds::No);
        }
    }

    /// The mean loss; a loader draws here what Python's draws.
    pub(super) fn loss(&mut self, engine: &mut dyn Engine) -> Result<f64> {
        if self.loader.is_some_and(|seeds| seeds != Seeds::No) {
            generator::drawn(base_seed)?;
            self.go_on(1);
        }
        let Some(batches) = self.batches else { return engine.evaluate(&self.part) };
        let mut losses = Vec::with_capacity(batches.count());
        for (first, length) in batches.bounds() {
            // A loader copies; a slice is a view, whose bits may depend on where it begins.
            let take = |tensor: &Tensor| {
                let slice = tensor.f_narrow(0, first, length)?;
                Ok(if self.loader.is_some() { copy(&slice)? } else { slice })
            };
            let x = self.part.x.map(take)?;
            let (y, weight) = (take(self.part.y)?, self.part.weight.map(take).transpose()?);
            losses.push(engine.evaluate(&Part { x: &x, y: &y, weight: weight.as_ref() })?);
        }
        Ok(batches.mean(&losses))
    }
}
