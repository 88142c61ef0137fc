//! A batch shared out over blocks: two calls, one for the blocks' sums and one that adds them up.

use super::engine::Compile;
use super::held::{Held, bounds};
use super::shape::Shape;
use super::source::Kernels;
use crate::torch::cuda::{Argument, Launch, Program};
use crate::train::engine::fused::Plan;
use crate::train::engine::interface::Batch;
use crate::train::task::Task;
use anyhow::Result;
use tch::{Device, Kind, Tensor};

/// The kernels with what passes between them.
pub struct Share {
    shape: Shape,
    program: Program,
    scratch: Scratch,
}

/// What blocks leave for the kernel that adds it up.
struct Scratch {
    blocks: usize,
    partials: Tensor,
    sums: Tensor,
    /// The blocks' tiles, where shared memory is too small for them.
    tiles: Option<Tensor>,
}

impl Scratch {
    /// Zeroed, as the gradients' padding stays.
    fn new(blocks: usize, plan: &Plan, shape: Shape, device: Device) -> Result<Self> {
        let zeros = |each: usize, kind| Tensor::f_zeros([blocks as i64, each as i64], (kind, device));
        let tiles = if shape.shares { None } else { Some(zeros(shape.tile_floats(plan), Kind::Float)?) };
        Ok(Self { blocks, partials: zeros(plan.length, Kind::Float)?, sums: zeros(2, Kind::Double)?, tiles })
    }
}

impl Share {
    pub fn new(task: &Task<'_>, plan: &Plan, compile: Compile) -> Result<Self> {
        let (shape, device) = (Shape::of_share(plan), task.net.device());
        let program = compile(Kernels::Gradients, plan, shape, device)?;
        Ok(Self { shape, program, scratch: Scratch::new(1, plan, shape, device)? })
    }

    /// The mean loss of a batch to `loss`, and where they are wanted, its gradients to `into`.
    pub fn work(
        &mut self,
        plan: &Plan,
        task: &Task<'_>,
        held: &Held,
        batch: Batch<'_>,
        into: Option<&Tensor>,
        loss: &Tensor,
    ) -> Result<()> {
        let (index, first, rows) = bounds(&batch, held.rows)?;
        let (blocks, each) = self.shape.blocks(plan, rows);
        if self.scratch.blocks < blocks {
            self.scratch = Scratch::new(blocks, plan, self.shape, loss.device())?;
        }
        let Scratch { partials, sums, tiles, .. } = &self.scratch;
        let (parameters, sums) = (Argument::Numbers(&task.net.parameters.flat), Argument::Numbers(sums));
        let partials = into.map(|_| partials).into();
        let mut arguments = held.arguments().to_vec();
        arguments.extend([index.as_ref().into(), Argument::Long(first), parameters, partials, sums]);
        arguments.extend([tiles.as_ref().into(), Argument::Int(rows as i32), Argument::Int(each as i32)]);
        self.launch("share", blocks, self.shape.share_bytes(plan), &arguments)?;

        let (l1, batches) = (task.config.l1 as f32, task.config.accumulate as f32);
        let mut arguments = vec![partials, sums, parameters, into.into(), Argument::Numbers(loss)];
        arguments.extend([Argument::Int(blocks as i32), Argument::Real(l1), Argument::Real(batches)]);
        let parts = if into.is_some() { plan.length.div_ceil(self.shape.threads) } else { 1 };
        self.launch("collect", parts, 0, &arguments)
    }

    fn launch(&self, kernel: &'static str, blocks: usize, shared: usize, arguments: &[Argument<'_>]) -> Result<()> {
        let threads = self.shape.threads as u32;
        self.program.launch(&Launch { kernel, blocks: blocks as u32, threads, shared, arguments })
    }
}
