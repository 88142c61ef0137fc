//! The fused engine at work on a card: batches by many blocks, or many updates by one.

use super::held::Held;
use super::shape::Shape;
use super::share::Share;
use super::source::Kernels;
use super::walk::Walk;
use crate::model::parameters::FlatTensors;
use crate::torch::cuda::Program;
use crate::train::engine::fused::Plan;
use crate::train::engine::interface::{Batch, Engine, Steps};
use crate::train::engine_kind::EngineKind;
use crate::train::task::{Part, Task};
use anyhow::{Context, Result};
use tch::{Device, Kind, Tensor};

/// Losses that are kept on the card before they are read back together.
const LOSSES: i64 = 1 << 16;

/// Compiles kernels: for a card, or in tests for the processor.
pub type Compile = fn(Kernels, &Plan, Shape, Device) -> Result<Program>;

/// Losses and gradients of a training's rows on one card.
pub struct CudaEngine<'a> {
    task: Task<'a>,
    plan: Plan,
    compile: Compile,
    train: Held,
    share: Share,
    walk: Option<Walk>,
    /// float64 `[LOSSES]`; the first `kept` are of batches since the last reading.
    losses: Tensor,
    kept: i64,
    read: Vec<f64>,
}

impl<'a> CudaEngine<'a> {
    pub fn new(task: &Task<'a>, plan: Plan) -> Result<Self> {
        let compile: Compile = |kernels, plan, shape, device| Program::compile(&kernels.for_card(plan, shape), device);
        Self::with(task, plan, compile)
    }

    pub(in crate::train) fn with(task: &Task<'a>, plan: Plan, compile: Compile) -> Result<Self> {
        let device = task.net.device();
        let losses = Tensor::f_zeros([LOSSES], (Kind::Double, device))?;
        let (train, share) = (Held::of(&task.train, task.loss)?, Share::new(task, &plan, compile)?);
        Ok(Self { task: *task, plan, compile, train, share, walk: None, losses, kept: 0, read: Vec::new() })
    }

    /// Room for the losses of so many batches.
    fn place(&mut self, count: i64) -> Result<Tensor> {
        if self.kept + count > LOSSES {
            self.read_back()?;
        }
        let place = self.losses.f_narrow(0, self.kept, count)?;
        self.kept += count;
        Ok(place)
    }

    fn read_back(&mut self) -> Result<()> {
        let kept = self.losses.f_narrow(0, 0, self.kept)?.f_to_device(Device::Cpu)?;
        self.read.extend(Vec::<f64>::try_from(kept)?);
        self.kept = 0;
        Ok(())
    }
}

impl Engine for CudaEngine<'_> {
    fn kind(&self) -> EngineKind {
        EngineKind::Fused
    }

    fn gradients(&mut self, batch: Batch<'_>, into: &mut FlatTensors) -> Result<()> {
        let _no_grad = tch::no_grad_guard();
        let loss = self.place(1)?;
        self.share.work(&self.plan, &self.task, &self.train, batch, Some(&into.flat), &loss)?;
        self.task.record.write(|recorder| recorder.loss(&loss.f_squeeze()?.f_to_kind(Kind::Float)?))
    }

    fn losses(&mut self) -> Result<Vec<f64>> {
        self.read_back()?;
        Ok(std::mem::take(&mut self.read))
    }

    fn evaluate(&mut self, part: &Part<'_>) -> Result<f64> {
        let _no_grad = tch::no_grad_guard();
        let loss = Tensor::f_zeros([1], (Kind::Double, self.losses.device()))?;
        let part = Held::of(part, self.task.loss)?;
        self.share.work(&self.plan, &self.task, &part, Batch::All, None, &loss)?;
        Ok(loss.f_double_value(&[0])?)
    }

    fn hits(&mut self) -> Result<usize> {
        self.task.hits()
    }

    fn walks(&mut self, size: usize) -> Result<bool> {
        if self.walk.is_none() {
            self.walk = Some(Walk::new(&self.plan, size, self.losses.device(), self.compile)?);
        }
        Ok(self.walk.as_ref().is_some_and(Walk::can))
    }

    fn steps(&mut self, steps: &Steps<'_>) -> Result<()> {
        let _no_grad = tch::no_grad_guard();
        let losses = self.place(steps.settings.len() as i64)?;
        let walk = self.walk.as_ref().context("steps before it was asked whether it walks")?;
        walk.go(&self.plan, &self.task, &self.train, steps, &losses)
    }
}
