//! What a training asks of an engine.

use crate::model::parameters::FlatTensors;
use crate::train::engine_kind::EngineKind;
use crate::train::optim::Buffers;
use crate::train::task::Part;
use anyhow::{Result, bail};
use tch::Tensor;

/// Rows of the training part.
#[derive(Debug, Clone, Copy)]
pub enum Batch<'a> {
    All,
    /// So many from the first on, as they stand.
    Slice {
        first: i64,
        rows: i64,
    },
    /// Those whose indices stand in `order`, int64, from place `first` on.
    Rows {
        order: &'a Tensor,
        first: i64,
        rows: i64,
    },
}

impl<'a> Batch<'a> {
    /// The rows whose indices are `order`, int64 `[rows]`.
    pub fn of(order: &'a Tensor) -> Self {
        Self::Rows { order, first: 0, rows: order.numel() as i64 }
    }
}

/// Updates that an engine makes by itself, without coming back between them.
pub struct Steps<'a> {
    /// Rows of a batch, and those that an epoch sees.
    pub size: usize,
    pub seen: usize,
    /// int64 `[epochs, rows]`, the rows' indices in each epoch; none: as they stand.
    pub orders: Option<Tensor>,
    /// What [`Optimizer::ahead`](crate::train::optim::Optimizer::ahead) gave for each update.
    pub settings: Vec<[f32; 4]>,
    pub buffers: Buffers<'a>,
}

/// The losses and gradients of one [`Task`](crate::train::task::Task).
pub trait Engine {
    fn kind(&self) -> EngineKind;
    /// Writes the gradients of a batch's loss, with the L1 term if there is one, to `into`; where an update is made of N batches,
    /// those of the Nth part of it.
    fn gradients(&mut self, batch: Batch<'_>, into: &mut FlatTensors) -> Result<()>;
    /// The loss of each batch since the last call, without the L1 term. A GPU is waited for here, not in each batch.
    fn losses(&mut self) -> Result<Vec<f64>>;
    /// The loss of a part in evaluation mode.
    fn evaluate(&mut self, part: &Part<'_>) -> Result<f64>;
    /// Rows of the training part whose class has the largest output, of equal ones the last class.
    fn hits(&mut self) -> Result<usize>;

    /// Whether it can make updates by itself in batches of `size` rows, always the same number in a training.
    fn walks(&mut self, _size: usize) -> Result<bool> {
        Ok(false)
    }

    /// Makes updates by itself: gradients with the L1 term, and the optimizer's step after each.
    fn steps(&mut self, _: &Steps<'_>) -> Result<()> {
        bail!("this engine leaves the updates to the optimizer")
    }
}
