//! The fused engine at work on a training's rows.

use super::Fused;
use super::dropout;
use super::plan::Plan;
use super::rows::{PartRows, Rows, optional};
use crate::model::parameters::FlatTensors;
use crate::torch::memory::Integers;
use crate::train::engine::interface::{Batch, Engine};
use crate::train::engine_kind::EngineKind;
use crate::train::task::{Part, Task};
use anyhow::Result;
use tch::{Device, Kind, Tensor};

/// [`Fused`] on the training part of a task, on as many threads as libtorch has.
pub struct FusedEngine<'a> {
    task: Task<'a>,
    train: PartRows,
    pub(super) fused: Fused,
    losses: Vec<f64>,
}

impl<'a> FusedEngine<'a> {
    pub fn new(task: &Task<'a>, plan: Plan) -> Result<Self> {
        Ok(Self {
            task: *task,
            train: PartRows::of(&task.train, task.loss)?,
            fused: Fused::new(plan, tch::get_num_threads().max(1) as usize),
            losses: Vec::new(),
        })
    }

    /// Adds the gradient of `l1 * |w|`, which autograd takes to be 0 at 0.
    fn add_l1(&self, parameters: &[f32], grads: &mut [f32]) {
        let l1 = self.task.config.l1 as f32;
        for layer in &self.fused.plan().layers {
            let place = layer.weight..layer.weight + layer.inputs * layer.outputs;
            for (grad, weight) in grads[place.clone()].iter_mut().zip(&parameters[place]) {
                *grad += if *weight == 0.0 { 0.0 } else { l1.copysign(*weight) };
            }
        }
    }
}

impl Engine for FusedEngine<'_> {
    fn kind(&self) -> EngineKind {
        EngineKind::Fused
    }

    fn gradients(&mut self, batch: Batch<'_>, into: &mut FlatTensors) -> Result<()> {
        let index = match batch {
            Batch::All => None,
            Batch::Slice { first, rows } => {
                let places = Tensor::f_arange_start(first, first + rows, (Kind::Int64, Device::Cpu))?;
                Some(Integers::of(&places)?)
            }
            Batch::Rows(index) => Some(Integers::of(index)?),
        };
        let rows = index.as_ref().map_or(self.task.train.rows() as usize, Integers::len);
        let masks = dropout::draw(self.fused.plan(), rows)?;
        let parameters = &self.task.net.parameters;
        let (train, fused) = (&self.train, &mut self.fused);
        let loss = parameters.read(|parameters| {
            into.write(|grads| {
                train.read(index.as_ref(), |rows| {
                    optional(masks.as_ref(), |masks| fused.gradients(parameters, Rows { masks, ..rows }, grads))
                })
            })
        })??;
        if self.task.config.l1 != 0.0 {
            parameters.read(|parameters| into.write(|grads| self.add_l1(parameters, grads)))??;
        }
        let batches = self.task.config.accumulate;
        if batches > 1 {
            into.write(|grads| grads.iter_mut().for_each(|grad| *grad /= batches as f32))?;
        }
        self.losses.push(loss);
        self.task.record.write(|recorder| recorder.loss(&Tensor::f_from_slice(&[loss as f32])?.f_squeeze()?))
    }

    fn losses(&mut self) -> Result<Vec<f64>> {
        Ok(std::mem::take(&mut self.losses))
    }

    fn evaluate(&mut self, part: &Part<'_>) -> Result<f64> {
        let part = PartRows::of(part, self.task.loss)?;
        self.task.net.parameters.read(|parameters| part.read(None, |rows| self.fused.loss(parameters, rows)))
    }

    fn hits(&mut self) -> Result<usize> {
        let (train, fused) = (&self.train, &mut self.fused);
        self.task.net.parameters.read(|parameters| train.read(None, |rows| fused.hits(parameters, rows)))
    }
}
