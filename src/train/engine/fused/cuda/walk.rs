//! Many updates in one call of a kernel: one block keeps the parameters and the optimizer's buffers in its shared memory.

use super::engine::Compile;
use super::held::Held;
use super::shape::Shape;
use super::source::Kernels;
use crate::torch::cuda::{Argument, Launch, Program, shared_memory};
use crate::train::engine::fused::Plan;
use crate::train::engine::interface::Steps;
use crate::train::task::Task;
use anyhow::{Context, Result};
use tch::{Device, Tensor};

/// The kernel, where the network is small enough for it.
pub struct Walk(Option<(Shape, Program)>);

impl Walk {
    /// For batches of `size` rows.
    pub fn new(plan: &Plan, size: usize, device: Device, compile: Compile) -> Result<Self> {
        let Some(shape) = Shape::of_steps(plan, size) else { return Ok(Self(None)) };
        if shape.steps_bytes(plan) > shared_memory(device)? {
            return Ok(Self(None));
        }
        Ok(Self(Some((shape, compile(Kernels::Steps, plan, shape, device)?))))
    }

    pub fn can(&self) -> bool {
        self.0.is_some()
    }

    /// Makes the updates; their losses go to `losses`.
    pub fn go(&self, plan: &Plan, task: &Task<'_>, train: &Held, steps: &Steps<'_>, losses: &Tensor) -> Result<()> {
        let (shape, program) = self.0.as_ref().context("a network that is too large for one block")?;
        let flat: Vec<f32> = steps.settings.iter().flatten().copied().collect();
        let settings = Tensor::f_from_slice(&flat)?.f_to_device(losses.device())?;
        let all = steps.orders.as_ref().map_or(train.rows, |orders| orders.size()[1] as usize);
        let numbers = [steps.settings.len(), steps.size, steps.seen, all];
        let mut arguments = train.arguments().to_vec();
        arguments.extend([steps.orders.as_ref().into(), Argument::Numbers(&task.net.parameters.flat)]);
        arguments.extend([Argument::Numbers(steps.buffers.first), steps.buffers.second.into()]);
        arguments.extend([Argument::Numbers(&settings), Argument::Numbers(losses)]);
        arguments.extend(numbers.map(|number| Argument::Int(number as i32)));
        arguments.extend([steps.buffers.decay, task.config.l1].map(|number| Argument::Real(number as f32)));
        let (threads, shared) = (shape.threads as u32, shape.steps_bytes(plan));
        program.launch(&Launch { kernel: "steps", blocks: 1, threads, shared, arguments: &arguments })
    }
}
