//! The order in which the training rows are seen, and the batches that they come in.

use anyhow::Result;
use tch::{Device, Kind, Tensor};

/// Batches of one training part.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    rows: i64,
    /// None: all rows in one, unshuffled.
    batch_size: Option<i64>,
}

impl Order {
    /// Of `rows` rows, one at least, in batches of `batch_size`; the last batch may be shorter.
    pub fn new(rows: i64, batch_size: Option<usize>) -> Result<Self> {
        Ok(Self { rows, batch_size: batch_size.map(i64::try_from).transpose()? })
    }

    /// Batches of an epoch.
    pub fn batches(&self) -> usize {
        self.batch_size.map_or(1, |size| self.rows.unsigned_abs().div_ceil(size.unsigned_abs()) as usize)
    }

    /// First place and length of each batch.
    pub fn bounds(&self) -> impl Iterator<Item = (i64, i64)> + use<> {
        let Self { rows, batch_size } = *self;
        let size = batch_size.unwrap_or(rows);
        (0..rows).step_by(size.max(1) as usize).map(move |first| (first, size.min(rows - first)))
    }

    /// The rows of an epoch, int64 `[rows]` on `device`: `torch.randperm(rows)` of torch's CPU generator. None for a full
    /// batch, which draws nothing.
    pub fn shuffled(&self, device: Device) -> Result<Option<Tensor>> {
        let Some(_) = self.batch_size else { return Ok(None) };
        Ok(Some(Tensor::f_randperm(self.rows, (Kind::Int64, Device::Cpu))?.f_to_device(device)?))
    }

    /// The mean loss of an epoch from those of its batches, summed up as Python's loop does: `total += loss.item() * len(xb)`,
    /// then `total / n`.
    pub fn mean(&self, losses: &[f64]) -> f64 {
        self.bounds().zip(losses).map(|((_, length), loss)| loss * length as f64).sum::<f64>() / self.rows as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_batch_may_be_shorter() {
        let order = Order::new(10, Some(4)).unwrap();
        assert_eq!(order.bounds().collect::<Vec<_>>(), [(0, 4), (4, 4), (8, 2)]);
        assert_eq!(order.batches(), 3);
        assert_eq!(order.mean(&[1.0, 2.0, 5.0]), (4.0 + 8.0 + 10.0) / 10.0);
        let whole = Order::new(10, None).unwrap();
        assert_eq!((whole.bounds().collect::<Vec<_>>(), whole.batches()), (vec![(0, 10)], 1));
        assert!(whole.shuffled(Device::Cpu).unwrap().is_none());
    }
}
