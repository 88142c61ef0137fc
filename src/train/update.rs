//! One update of the parameters: clipping, learning rate, optimizer.

use super::clip::clip_grad_norm_;
use super::config::{LARGEST, TrainConfig};
use super::engine::EngineKind;
use super::optim::Optimizer;
use super::schedule::scheduler::Scheduler;
use super::task::Task;
use crate::model::parameters::FlatTensors;
use anyhow::{Result, ensure};

/// The parameters with everything that changes them.
pub(super) struct Update<'a> {
    config: &'a TrainConfig,
    pub(super) optimizer: Box<dyn Optimizer>,
    pub(super) scheduler: Scheduler,
    pub(super) grads: FlatTensors,
    parameters: FlatTensors,
    /// Whether the update is one pass over the buffers, see [`Optimizer::sweep`].
    sweeps: bool,
}

impl<'a> Update<'a> {
    /// `batches`: of an epoch.
    pub(super) fn new(task: &Task<'a>, engine: EngineKind, batches: usize) -> Result<Self> {
        let (config, parameters) = (task.config, &task.net.parameters);
        let device = task.net.device();
        Ok(Self {
            config,
            optimizer: config.optimizer(parameters.shapes(), device)?,
            scheduler: Scheduler::new(config.schedule, config.warmup, config.lr, config.epochs, batches)?,
            grads: FlatTensors::zeros(parameters.shapes(), device)?,
            parameters: parameters.share()?,
            sweeps: engine == EngineKind::Fused,
        })
    }

    /// After the gradients of a batch.
    pub(super) fn step(&mut self) -> Result<()> {
        if let Some(max_norm) = self.config.clip_grad {
            let _no_grad = tch::no_grad_guard();
            let _ = clip_grad_norm_(&mut self.grads, max_norm)?;
        }
        let lr = self.scheduler.lr();
        ensure!((0.0..=LARGEST).contains(&lr), "the schedule {} gave the learning rate {lr:e}", self.config.schedule);
        self.optimizer.set_lr(lr);
        if let Some(momentum) = self.scheduler.momentum() {
            self.optimizer.set_momentum(momentum);
        }
        if self.sweeps {
            let (grads, optimizer) = (&self.grads, &mut self.optimizer);
            self.parameters.write(|parameters| grads.read(|grads| optimizer.sweep(parameters, grads)))???;
        } else {
            let _no_grad = tch::no_grad_guard();
            self.optimizer.step(&mut self.parameters.flat, &self.grads.flat)?;
        }
        self.scheduler.after_batch();
        Ok(())
    }
}
