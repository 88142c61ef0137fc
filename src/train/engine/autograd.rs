//! Loss and gradients by libtorch's autograd.

use super::interface::{Batch, Engine};
use crate::model::parameters::FlatTensors;
use crate::torch::generator;
use crate::train::engine_kind::EngineKind;
use crate::train::task::{Part, Task};
use anyhow::Result;
use tch::{Device, Kind, Tensor};

/// libtorch's autograd, which is Python's own engine, so the bits are Python's.
pub struct Autograd<'a> {
    task: Task<'a>,
    losses: Vec<Tensor>,
}

impl<'a> Autograd<'a> {
    pub fn new(task: &Task<'a>) -> Self {
        Self { task: *task, losses: Vec::new() }
    }
}

impl Engine for Autograd<'_> {
    fn kind(&self) -> EngineKind {
        EngineKind::Exact
    }

    fn gradients(&mut self, batch: Batch<'_>, into: &mut FlatTensors) -> Result<()> {
        let Task { net, loss, train, record, .. } = self.task;
        let taken = match batch {
            Batch::Rows { order, first, rows } => Some(order.f_narrow(0, first, rows)?),
            _ => None,
        };
        let gather = |tensor: &Tensor| {
            Ok(match (batch, &taken) {
                (Batch::Slice { first, rows }, _) => tensor.f_narrow(0, first, rows)?,
                (_, Some(taken)) => tensor.f_index_select(0, taken)?,
                (_, None) => tensor.shallow_clone(),
            })
        };
        // A batch is a matrix of its own, as Python's is.
        let x = train.x.map(gather)?.dense()?;
        let (y, weight) = (gather(train.y)?, train.weight.map(gather).transpose()?);
        let forward = || net.forward_recorded(&x, true, record);
        // Dropout draws.
        let output = if net.config.dropout > 0.0 { generator::drawn(forward)? } else { forward()? };
        let loss = loss.mean(&output, &y, weight.as_ref())?;
        self.losses.push(loss.f_detach()?);
        let objective = self.shared(self.with_l1(&loss)?)?;
        record.write(|recorder| recorder.loss(&objective))?;
        let found = Tensor::f_run_backward(&[objective], net.variables(), false, false)?;
        let _no_grad = tch::no_grad_guard();
        for (mut place, grad) in into.views()?.into_iter().zip(&found) {
            place.f_copy_(grad)?;
        }
        Ok(())
    }

    fn losses(&mut self) -> Result<Vec<f64>> {
        if self.losses.is_empty() {
            return Ok(Vec::new());
        }
        let losses = Tensor::f_stack(&std::mem::take(&mut self.losses), 0)?;
        Ok(Vec::try_from(losses.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?)?)
    }

    fn evaluate(&mut self, part: &Part<'_>) -> Result<f64> {
        self.task.evaluate(part)
    }

    fn hits(&mut self) -> Result<usize> {
        self.task.hits()
    }
}

impl Autograd<'_> {
    /// `loss / N`, where an update is made of N batches.
    fn shared(&self, objective: Tensor) -> Result<Tensor> {
        match self.task.config.accumulate {
            1 => Ok(objective),
            batches => Ok(objective.f_div_scalar(batches as i64)?),
        }
    }

    /// `loss + l1 * sum(w.abs().sum() for w in weights)`.
    fn with_l1(&self, loss: &Tensor) -> Result<Tensor> {
        if self.task.config.l1 == 0.0 {
            return Ok(loss.shallow_clone());
        }
        let mut sum: Option<Tensor> = None;
        for weight in self.task.net.linear_weights() {
            let term = weight.f_abs()?.f_sum(None)?;
            sum = Some(match sum {
                Some(sum) => sum.f_add(&term)?,
                None => term,
            });
        }
        let Some(sum) = sum else { return Ok(loss.shallow_clone()) };
        Ok(loss.f_add(&sum.f_mul_scalar(self.task.config.l1)?)?)
    }
}
