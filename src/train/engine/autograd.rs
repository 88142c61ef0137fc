//! Loss and gradients of the batches of an [`Mlp`]: by autograd, or by the fused engine.

use super::fused::{Fused, Plan, Rows};
use crate::model::loss::Loss;
use crate::model::mlp::Mlp;
use crate::model::parameters::FlatTensors;
use crate::torch::memory::{floats, floats_mut};
use crate::train::part::Part;
use anyhow::Result;
use tch::{Device, Kind, Tensor};

/// What a training asks of an engine.
pub trait Gradients {
    /// Into `grads` the gradients of a batch's loss with the L1 term. `index`: int64 rows of the training part; none: all.
    fn batch(&mut self, index: Option<&Tensor>, grads: &mut FlatTensors) -> Result<()>;
    /// The losses of the batches since the last call, without the L1 term: a GPU is waited for here, and not in each batch.
    fn losses(&mut self) -> Result<Vec<f64>>;
    /// The loss of a part in evaluation mode.
    fn evaluate(&mut self, part: &Part<'_>) -> Result<f64>;
    /// Whether the update may be one pass over the buffers, see [`crate::train::optim::Optimizer::sweep`].
    fn sweeps(&self) -> bool;
}

/// A network, what it is trained on and for.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    pub net: &'a Mlp,
    pub loss: &'a Loss,
    pub l1: f64,
    pub part: Part<'a>,
}

/// libtorch's autograd, which is Python's own engine, so the bits are Python's.
pub struct Autograd<'a> {
    task: Task<'a>,
    losses: Vec<Tensor>,
}

impl<'a> Autograd<'a> {
    pub fn new(task: Task<'a>) -> Self {
        Self { task, losses: Vec::new() }
    }
}

impl Gradients for Autograd<'_> {
    fn batch(&mut self, index: Option<&Tensor>, grads: &mut FlatTensors) -> Result<()> {
        let Task { net, loss, part, .. } = self.task;
        let gather = |tensor: &Tensor| match index {
            None => Ok(tensor.shallow_clone()),
            Some(index) => tensor.f_index_select(0, index),
        };
        let (x, y, weight) = (gather(part.x)?, gather(part.y)?, part.weight.map(gather).transpose()?);
        let loss = loss.mean(&net.forward(&x, true)?, &y, weight.as_ref())?;
        self.losses.push(loss.f_detach()?);
        let objective = self.with_l1(&loss)?;
        let found = Tensor::f_run_backward(&[objective], net.variables(), false, false)?;
        let _no_grad = tch::no_grad_guard();
        for (mut place, grad) in grads.views()?.into_iter().zip(&found) {
            place.f_copy_(grad)?;
        }
        Ok(())
    }

    fn losses(&mut self) -> Result<Vec<f64>> {
        let losses = Tensor::f_stack(&std::mem::take(&mut self.losses), 0)?;
        Ok(Vec::try_from(losses.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?)?)
    }

    fn evaluate(&mut self, part: &Part<'_>) -> Result<f64> {
        let _no_grad = tch::no_grad_guard();
        Ok(self.task.loss.mean(&self.task.net.forward(part.x, false)?, part.y, part.weight)?.f_double_value(&[])?)
    }

    fn sweeps(&self) -> bool {
        false
    }
}

impl Autograd<'_> {
    /// `loss + l1 * sum(w.abs().sum() for w in weights)`.
    fn with_l1(&self, loss: &Tensor) -> Result<Tensor> {
        if self.task.l1 == 0.0 {
            return Ok(loss.shallow_clone());
        }
        let mut sum: Option<Tensor> = None;
        for weight in self.task.net.variables().iter().step_by(2) {
            let term = weight.f_abs()?.f_sum(None)?;
            sum = Some(match sum {
                Some(sum) => sum.f_add(&term)?,
                None => term,
            });
        }
        let Some(sum) = sum else { return Ok(loss.shallow_clone()) };
        Ok(loss.f_add(&sum.f_mul_scalar(self.task.l1)?)?)
    }
}

/// The fused engine.
pub struct FusedBatches<'a> {
    task: Task<'a>,
    engine: Fused,
    losses: Vec<f64>,
}

impl<'a> FusedBatches<'a> {
    /// On as many threads as libtorch has.
    pub fn new(task: Task<'a>, plan: Plan) -> Self {
        Self { task, engine: Fused::new(plan, tch::get_num_threads().max(1) as usize), losses: Vec::new() }
    }
}

impl Gradients for FusedBatches<'_> {
    fn batch(&mut self, index: Option<&Tensor>, grads: &mut FlatTensors) -> Result<()> {
        let mut rows = Rows::of(&self.task.part, self.task.loss)?;
        if let Some(index) = index {
            rows = rows.among(index)?;
        }
        let parameters = floats(&self.task.net.parameters.flat)?;
        let loss = self.engine.gradients(parameters, rows, floats_mut(&mut grads.flat)?);
        if self.task.l1 != 0.0 {
            self.add_l1(parameters, floats_mut(&mut grads.flat)?);
        }
        self.losses.push(loss);
        Ok(())
    }

    fn losses(&mut self) -> Result<Vec<f64>> {
        Ok(std::mem::take(&mut self.losses))
    }

    fn evaluate(&mut self, part: &Part<'_>) -> Result<f64> {
        Ok(self.engine.loss(floats(&self.task.net.parameters.flat)?, Rows::of(part, self.task.loss)?))
    }

    fn sweeps(&self) -> bool {
        true
    }
}

impl FusedBatches<'_> {
    /// The gradient of `l1 * |w|`, which autograd takes to be 0 at 0.
    fn add_l1(&self, parameters: &[f32], grads: &mut [f32]) {
        let l1 = self.task.l1 as f32;
        for layer in &self.engine.plan().layers {
            let place = layer.weight..layer.weight + layer.inputs * layer.outputs;
            for (grad, weight) in grads[place.clone()].iter_mut().zip(&parameters[place]) {
                *grad += if *weight == 0.0 { 0.0 } else { l1.copysign(*weight) };
            }
        }
    }
}
