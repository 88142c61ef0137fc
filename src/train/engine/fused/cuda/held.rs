//! A part's rows as the kernels take them.

use crate::model::loss::Loss;
use crate::torch::cuda::Argument;
use crate::train::engine::interface::Batch;
use crate::train::task::Part;
use anyhow::{Result, ensure};
use tch::{Kind, Tensor};

/// Rows are counted by 32 bits, with room for those of a block behind the last.
const MOST_ROWS: usize = 1 << 30;

/// The tensors of a part, contiguous.
pub struct Held {
    x: Tensor,
    y: Tensor,
    weight: Option<Tensor>,
    class_weight: Option<Tensor>,
    pub rows: usize,
}

impl Held {
    pub fn of(part: &Part<'_>, loss: &Loss) -> Result<Self> {
        let rows = part.rows() as usize;
        ensure!(
            rows <= MOST_ROWS,
            "{rows} rows, the fused engine takes {MOST_ROWS} on a GPU; --engine exact takes them"
        );
        let held = |tensor: &Tensor| tensor.f_contiguous();
        let (weight, class_weight) = (part.weight.map(held).transpose()?, loss.class_weight().map(held).transpose()?);
        Ok(Self { x: held(&part.x.dense()?)?, y: held(part.y)?, weight, class_weight, rows })
    }

    /// Parameters of every kernel that reads rows: x, classes, values, weights of rows and of classes.
    pub fn arguments(&self) -> [Argument<'_>; 5] {
        let classes = self.y.kind() == Kind::Int64;
        [
            Argument::Numbers(&self.x),
            Some(&self.y).filter(|_| classes).into(),
            Some(&self.y).filter(|_| !classes).into(),
            self.weight.as_ref().into(),
            self.class_weight.as_ref().into(),
        ]
    }
}

/// The rows' numbers, the first of them where they stand in a row, and how many they are.
pub fn bounds(batch: &Batch<'_>, all: usize) -> Result<(Option<Tensor>, i64, usize)> {
    Ok(match *batch {
        Batch::All => (None, 0, all),
        Batch::Slice { first, rows } => (None, first, rows as usize),
        Batch::Rows { order, first, rows } => (Some(order.f_narrow(0, first, rows)?), 0, rows as usize),
    })
}
