//! The batches that the rows of a part come in.

use anyhow::{Result, ensure};

/// Batches of one part.
#[derive(Debug, Clone, Copy)]
pub struct Batches {
    rows: i64,
    /// Rows of all batches but the last.
    size: i64,
    drop_last: bool,
}

impl Batches {
    /// Of `rows` rows, one at least, in batches of `size`; none: all in one. The last batch may be shorter, and is then left out
    /// under `drop_last`.
    pub fn new(rows: i64, size: Option<usize>, drop_last: bool) -> Result<Self> {
        let size = size.map(i64::try_from).transpose()?.unwrap_or(rows).max(1);
        ensure!(
            !drop_last || size <= rows,
            "--drop-last: no batch is left of {rows} training rows; choose a --batch-size of {rows} at most, it is {size}"
        );
        Ok(Self { rows, size, drop_last })
    }

    /// Batches of an epoch.
    pub fn count(&self) -> usize {
        self.bounds().len()
    }

    /// Rows that an epoch sees.
    pub fn seen(&self) -> i64 {
        if self.drop_last { self.rows / self.size * self.size } else { self.rows }
    }

    /// Rows of every batch but the last.
    pub fn size(&self) -> i64 {
        self.size
    }

    /// First place and length of each batch.
    pub fn bounds(&self) -> impl ExactSizeIterator<Item = (i64, i64)> + use<> {
        let (size, seen) = (self.size, self.seen());
        (0..seen.unsigned_abs().div_ceil(size.unsigned_abs()) as usize).map(move |batch| {
            let first = batch as i64 * size;
            (first, size.min(seen - first))
        })
    }

    /// The mean loss of an epoch from those of its batches, summed up as Python's loop does: `total += loss.item() * len(xb)`,
    /// then `total / n`, n being the rows that were seen.
    pub fn mean(&self, losses: &[f64]) -> f64 {
        self.bounds().zip(losses).map(|((_, length), loss)| loss * length as f64).sum::<f64>() / self.seen() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_batch_may_be_shorter_or_left_out() {
        let batches = Batches::new(10, Some(4), false).unwrap();
        assert_eq!(batches.bounds().collect::<Vec<_>>(), [(0, 4), (4, 4), (8, 2)]);
        assert_eq!((batches.count(), batches.seen()), (3, 10));
        assert_eq!(batches.mean(&[1.0, 2.0, 5.0]), (4.0 + 8.0 + 10.0) / 10.0);
        let whole = Batches::new(10, None, false).unwrap();
        assert_eq!((whole.bounds().collect::<Vec<_>>(), whole.count()), (vec![(0, 10)], 1));
        let dropped = Batches::new(10, Some(4), true).unwrap();
        assert_eq!((dropped.count(), dropped.seen(), dropped.mean(&[1.0, 2.0])), (2, 8, 1.5));
        assert_eq!(Batches::new(8, Some(4), true).unwrap().count(), 2);
        let error = Batches::new(10, Some(11), true).unwrap_err().to_string();
        assert!(error.starts_with("--drop-last: no batch is left of 10 training rows"), "{error}");
    }
}
