//! The fused engine at work on a training's rows.

use super::Fused;
use super::dropout;
use super::plan::Plan;
use super::rows::{PartRows, Rows, optional};
use crate::model::parameters::FlatTensors;
use crate::torch::memory::Integers;
use crate::train::engine::interface::{Batch, Engine};
use crate::train::engine_kind::EngineKind;
use crate::train::features::Features;
use crate::train::task::{Part, Task};
use anyhow::Result;
use std::ops::Range;
use tch::{Device, Kind, Tensor};

/// [`Fused`] on the training part of a task, on as many threads as libtorch has.
pub struct FusedEngine<'a> {
    task: Task<'a>,
    train: PartRows,
    pub(super) fused: Fused,
    /// Of the batch before, if it had one.
    order: Option<Integers>,
    losses: Vec<f64>,
}

/// Where the indices of a batch's rows stand in its order.
fn place(batch: Batch<'_>) -> Option<Range<usize>> {
    match batch {
        Batch::All => None,
        Batch::Slice { rows, .. } => Some(0..rows as usize),
        Batch::Rows { first, rows, .. } => Some(first as usize..(first + rows) as usize),
    }
}

impl<'a> FusedEngine<'a> {
    pub fn new(task: &Task<'a>, mut plan: Plan) -> Result<Self> {
        if let Features::Coded(coded) = task.train.x {
            plan.coded = Some(coded.layout.clone());
        }
        Ok(Self {
            task: *task,
            train: PartRows::of(&task.train, task.loss)?,
            fused: Fused::new(plan, tch::get_num_threads().max(1) as usize),
            order: None,
            losses: Vec::new(),
        })
    }

    /// Holds the order that the batch is of. That of an epoch is asked for batch after batch: as long as it is held, no other
    /// tensor can stand where it stands.
    fn see(&mut self, batch: Batch<'_>) -> Result<()> {
        let held = |order: &Tensor| {
            let same = |held: &Integers| held.starts_at(order.data_ptr()) && held.len() == order.numel();
            self.order.as_ref().is_some_and(same)
        };
        match batch {
            Batch::All => {}
            Batch::Slice { first, rows } => {
                let places = Tensor::f_arange_start(first, first + rows, (Kind::Int64, Device::Cpu))?;
                self.order = Some(Integers::of(&places)?);
            }
            Batch::Rows { order, .. } if held(order) => {}
            Batch::Rows { order, .. } => self.order = Some(Integers::of(order)?),
        }
        Ok(())
    }

    /// Adds the gradient of `l1 * |w|`, which autograd takes to be 0 at 0.
    fn add_l1(&self, parameters: &[f32], grads: &mut [f32]) {
        let l1 = self.task.config.l1 as f32;
        for layer in &self.fused.plan().layers {
            for (grad, weight) in grads[layer.place()].iter_mut().zip(&parameters[layer.place()]) {
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
        self.see(batch)?;
        let index = self.order.as_ref().zip(place(batch));
        let rows = index.as_ref().map_or(self.task.train.rows() as usize, |(_, place)| place.len());
        let masks = dropout::draw(self.fused.plan(), rows)?;
        let parameters = &self.task.net.parameters;
        let (train, fused) = (&self.train, &mut self.fused);
        let loss = parameters.read(|parameters| {
            into.write(|grads| {
                train.read(index, |rows| {
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
