//! One update of the parameters: clipping, learning rate, optimizer.

use super::accumulate::{Accumulated, updates};
use super::average::Average;
use super::clip::clip_grad_norm_;
use super::config::LARGEST;
use super::engine::EngineKind;
use super::optim::{Buffers, Optimizer};
use super::recorded;
use super::schedule::scheduler::Scheduler;
use super::task::Task;
use crate::model::parameters::FlatTensors;
use anyhow::{Result, ensure};
use tch::Device;

/// The parameters with everything that changes them.
pub(super) struct Update<'a> {
    task: Task<'a>,
    pub(super) optimizer: Box<dyn Optimizer>,
    pub(super) scheduler: Scheduler,
    /// Those of the batch, and of several batches together where an update is due.
    pub(super) grads: FlatTensors,
    accumulated: Option<Accumulated>,
    /// The moving average of the weights, if there is one.
    pub(super) average: Option<Average>,
    parameters: FlatTensors,
    /// Whether the update is one pass over the buffers, see [`Optimizer::sweep`].
    sweeps: bool,
}

impl<'a> Update<'a> {
    /// `batches`: of an epoch.
    pub(super) fn new(task: &Task<'a>, engine: EngineKind, batches: usize) -> Result<Self> {
        let (config, parameters) = (task.config, &task.net.parameters);
        let device = task.net.device();
        let grads = FlatTensors::zeros(parameters.shapes(), device)?;
        let updates = updates(batches, config.accumulate);
        Ok(Self {
            task: *task,
            optimizer: config.optimizer(parameters.shapes(), device)?,
            scheduler: Scheduler::new(config.schedule, config.warmup, config.lr, config.epochs, updates)?,
            accumulated: Accumulated::over(config.accumulate, &grads)?,
            average: config.ema.map(|decay| Average::new(task.net, decay)).transpose()?,
            grads,
            parameters: parameters.share()?,
            sweeps: engine == EngineKind::Fused && device == Device::Cpu,
        })
    }

    /// After the gradients of a batch, the `last` of its epoch or not.
    pub(super) fn step(&mut self, last: bool) -> Result<()> {
        if !self.accumulate(last)? {
            return Ok(());
        }
        self.clip()?;
        let lr = self.set()?;
        if self.sweeps {
            let (grads, optimizer) = (&self.grads, &mut self.optimizer);
            self.parameters.write(|parameters| grads.read(|grads| optimizer.sweep(parameters, grads)))???;
        } else {
            let _no_grad = tch::no_grad_guard();
            self.optimizer.step(&mut self.parameters.flat, &self.grads.flat)?;
        }
        self.task.record.write(|recorder| recorded::updated(&self.task, lr, self.optimizer.as_ref(), recorder))?;
        self.scheduler.after_update();
        self.average.as_mut().map_or(Ok(()), |average| average.update(&self.parameters))
    }

    /// Sets the optimizer for the next update; the learning rate.
    fn set(&mut self) -> Result<f64> {
        let lr = self.scheduler.lr();
        ensure!(
            (0.0..=LARGEST).contains(&lr),
            "the schedule {} gave the learning rate {lr:e}",
            self.task.config.schedule
        );
        self.optimizer.set_lr(lr);
        if let Some(momentum) = self.scheduler.momentum() {
            self.optimizer.set_momentum(momentum);
        }
        Ok(lr)
    }

    /// Whether an update is nothing but the optimizer's step on a batch's gradients, which an engine may make by itself.
    pub(super) fn is_plain(&self) -> bool {
        self.accumulated.is_none() && self.average.is_none() && self.task.config.clip_grad.is_none()
    }

    /// Counts an update that the engine makes by itself, and says what it needs for it.
    pub(super) fn ahead(&mut self) -> Result<[f32; 4]> {
        self.set()?;
        let settings = self.optimizer.ahead();
        self.scheduler.after_update();
        Ok(settings)
    }

    pub(super) fn buffers(&self) -> Buffers<'_> {
        self.optimizer.buffers()
    }

    /// Whether an update is due: of those that are made of several batches' gradients, only some are.
    fn accumulate(&mut self, last: bool) -> Result<bool> {
        let record = self.task.record;
        let Some(accumulated) = &mut self.accumulated else {
            record.write(|recorder| recorded::gradients(&self.grads, recorder))?;
            return Ok(true);
        };
        let due = accumulated.add(&self.grads, last)?;
        record.write(|recorder| recorded::gradients(accumulated.sum(), recorder))?;
        Ok(due)
    }

    fn clip(&mut self) -> Result<()> {
        let Some(max_norm) = self.task.config.clip_grad else { return Ok(()) };
        let _no_grad = tch::no_grad_guard();
        let _ = clip_grad_norm_(&mut self.grads, max_norm)?;
        self.task.record.write(|recorder| recorded::clipped(&self.grads, recorder))
    }
}
