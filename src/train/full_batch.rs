//! Full-batch training of the tutorial's [`Net`] by Adam: what its engines have in common, and the fused one.

use super::{Next, ReadLoss, diverged};
use crate::model::net::{CLASSES, INPUTS, Net};
use crate::model::parameters::FlatTensors;
use crate::torch::memory::{floats, floats_mut, integers};
use crate::train::engine::fused::{Activation, Criterion, Fused, Plan, Rows, Targets};
use crate::train::optim::{Adam, Optimizer};
use anyhow::{Result, bail};
use tch::Tensor;

/// What is told of each epoch, with a way to read its loss back; it stops the run by returning an error.
pub type Report<'a> = dyn FnMut(usize, ReadLoss<'_>) -> Result<Next> + 'a;

/// A training of [`Net`] that can be paused.
pub trait FullBatch {
    /// Runs `epochs` full-batch steps, or fewer if asked to pause, and returns the loss of each, as computed before that
    /// epoch's update.
    ///
    /// `report(epoch, loss)` is called after each epoch, counted through all calls of an optimizer from 1; it stops the
    /// run by returning an error, and pauses it by [`Next::Save`]. Then the state is this epoch's, and a further call goes
    /// on from it.
    fn train(&mut self, epochs: usize, report: &mut Report<'_>) -> Result<Vec<f32>>;
    /// Rows that the network, as it is now, puts into their class.
    fn hits(&mut self) -> Result<usize>;
    /// The optimizer with its state as it is now.
    fn optimizer(&self) -> &Adam;
    /// The optimizer, to give it the state of an earlier run.
    fn optimizer_mut(&mut self) -> &mut Adam;
}

/// The fused engine on `x [n, 2]`, `y [n]`, on the CPU.
pub struct FusedNet<'a> {
    net: &'a Net,
    rows: Rows<'a>,
    optimizer: Adam,
    grads: FlatTensors,
    engine: Fused,
}

impl<'a> FusedNet<'a> {
    /// On as many threads as libtorch has.
    pub fn new(net: &'a Net, x: &'a Tensor, y: &'a Tensor, lr: f64) -> Result<Self> {
        let plan = Plan::new(&[INPUTS, net.hidden, CLASSES], Activation::Tanh, Criterion::CrossEntropy);
        let y = Targets::Classes(integers(y)?);
        Ok(Self {
            net,
            rows: Rows { x: floats(x)?, y, weight: None, class_weight: None, index: None },
            optimizer: Adam::new(net.parameters.shapes(), lr, x.device())?,
            grads: FlatTensors::zeros(net.parameters.shapes(), x.device())?,
            engine: Fused::new(plan, tch::get_num_threads().max(1) as usize),
        })
    }
}

impl FullBatch for FusedNet<'_> {
    fn train(&mut self, epochs: usize, report: &mut Report<'_>) -> Result<Vec<f32>> {
        let _no_grad = tch::no_grad_guard();
        let mut parameters = self.net.parameters.flat.shallow_clone();
        let mut losses = Vec::with_capacity(epochs);
        for _ in 0..epochs {
            let loss = self.engine.gradients(floats(&parameters)?, self.rows, floats_mut(&mut self.grads.flat)?);
            self.optimizer.sweep(floats_mut(&mut parameters)?, floats(&self.grads.flat)?)?;
            let epoch = self.optimizer.step as usize;
            if !loss.is_finite() {
                bail!("{}", diverged(epoch, loss));
            }
            losses.push(loss as f32);
            if report(epoch, &|| Ok(loss))? == Next::Save {
                break;
            }
        }
        Ok(losses)
    }

    fn hits(&mut self) -> Result<usize> {
        Ok(self.engine.hits(floats(&self.net.parameters.flat)?, self.rows))
    }

    fn optimizer(&self) -> &Adam {
        &self.optimizer
    }

    fn optimizer_mut(&mut self) -> &mut Adam {
        &mut self.optimizer
    }
}
