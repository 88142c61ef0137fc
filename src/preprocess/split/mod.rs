//! Which rows are trained on and which are kept apart.

mod columns;
mod folds;
mod stratified;

pub use columns::{class_ids, group_ids, time_order};
pub use folds::{group_k_fold, k_fold, stratified_k_fold};
pub use stratified::stratified_parts;

use crate::python::random::NumpyRandom;
use anyhow::{Result, ensure};
use polars::prelude::{DataFrame, IdxCa, NewChunkedArray};

/// Indices of the rows of either part, in the order drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    pub train: Vec<usize>,
    pub test: Vec<usize>,
}

/// `train_test_split(rows, test_size=share, random_state=seed)` of scikit-learn: of `np.random.permutation(rows)` the
/// first `ceil(share · rows)` are the test set.
pub fn train_test(rows: usize, share: f64, seed: u32) -> Result<Split> {
    let test = (share * rows as f64).ceil() as usize;
    ensure!(
        test > 0 && test < rows,
        "--split {share}: of {rows} rows {test} would be the test set, expected one row at least in either part"
    );
    let mut order = NumpyRandom::seed(seed).permutation(rows);
    let train = order.split_off(test);
    Ok(Split { train, test: order })
}

/// Indices of the rows of three parts, in the order drawn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    pub train: Vec<usize>,
    pub valid: Vec<usize>,
    pub test: Vec<usize>,
}

/// Rows shuffled by `np.random.RandomState(seed).permutation(rows)`: the first `ceil(test · rows)` are the test part, the
/// next `ceil(valid · rows)` the validation part, the rest the training part.
///
/// # Errors
/// A part that is to have rows and would have none.
pub fn parts(rows: usize, shares: [f64; 3], seed: u32) -> Result<Parts> {
    shuffled(rows, "rows", shares, seed)
}

fn shuffled(rows: usize, unit: &str, shares: [f64; 3], seed: u32) -> Result<Parts> {
    let mut test = NumpyRandom::seed(seed).permutation(rows);
    let mut valid = test.split_off(count(shares[2], rows));
    let train = valid.split_off(count(shares[1], rows).min(valid.len()));
    let parts = Parts { train, valid, test };
    check(rows, unit, shares, &parts)?;
    Ok(parts)
}

/// Whole groups shuffled as [`parts`] shuffles rows, so that no group is in two parts: the test part is that of
/// `GroupShuffleSplit(test_size=shares[2], random_state=seed)`, whose shares are of the groups, not of the rows. `groups` is
/// the number of each row's group; the rows of a part are in their order.
///
/// # Errors
/// A part that is to have groups and would have none.
pub fn group_parts(groups: &[usize], shares: [f64; 3], seed: u32) -> Result<Parts> {
    let count = groups.iter().max().map_or(0, |last| last + 1);
    let by_group = shuffled(count, "groups", shares, seed)?;
    let rows = |chosen: &[usize]| {
        let mut is_chosen = vec![false; count];
        chosen.iter().for_each(|&group| is_chosen[group] = true);
        (0..groups.len()).filter(|&row| is_chosen[groups[row]]).collect()
    };
    Ok(Parts { train: rows(&by_group.train), valid: rows(&by_group.valid), test: rows(&by_group.test) })
}

/// Rows by age, oldest first in `order`: the newest `ceil(test · rows)` are the test part, the `ceil(valid · rows)` before
/// them the validation part, the oldest the training part.
///
/// # Errors
/// A part that is to have rows and would have none.
pub fn time_parts(order: &[usize], shares: [f64; 3]) -> Result<Parts> {
    let rows = order.len();
    let (test, valid) = (count(shares[2], rows), count(shares[1], rows).min(rows - count(shares[2], rows)));
    let (train, rest) = order.split_at(rows - test - valid);
    let (valid, test) = rest.split_at(valid);
    let parts = Parts { train: train.to_vec(), valid: valid.to_vec(), test: test.to_vec() };
    check(rows, "rows", shares, &parts)?;
    Ok(parts)
}

/// `ceil(share · rows)`, where a share such as 0.2 of 15 that is a hair above its whole number counts as that.
fn count(share: f64, rows: usize) -> usize {
    ((share * rows as f64 - 1e-9).ceil() as usize).min(rows)
}

fn check(rows: usize, unit: &str, shares: [f64; 3], parts: &Parts) -> Result<()> {
    for (name, share, part) in [
        ("training", shares[0], &parts.train),
        ("validation", shares[1], &parts.valid),
        ("test", shares[2], &parts.test),
    ] {
        ensure!(
            share == 0.0 || !part.is_empty(),
            "--split: of {rows} {unit} none is left for the {name} part; give it a larger share, or more {unit}"
        );
    }
    Ok(())
}

/// The rows of `table` at `indices`, in that order.
pub fn take(table: &DataFrame, indices: &[u32]) -> Result<DataFrame> {
    Ok(table.take(&IdxCa::from_slice("".into(), indices))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::df;

    // train_test_split(np.arange(11), test_size=0.2, random_state=3)
    #[test]
    fn rows_are_divided_as_scikit_learn_divides_them() {
        let split = train_test(11, 0.2, 3).unwrap();
        assert_eq!(split, Split { train: vec![2, 9, 6, 7, 0, 3, 8, 10], test: vec![5, 4, 1] });
    }

    #[test]
    fn rows_are_taken_in_the_order_asked_for() {
        let table = take(&df!("a" => [10.0, 11.0, 12.0]).unwrap(), &[2, 0]).unwrap();
        assert!(table.equals(&df!("a" => [12.0, 10.0]).unwrap()));
    }

    // np.random.RandomState(3).permutation(11) is [5 4 1 2 9 6 7 0 3 8 10]
    #[test]
    fn three_parts_are_taken_from_one_permutation() {
        let parts = parts(11, [0.6, 0.2, 0.2], 3).unwrap();
        assert_eq!((parts.test, parts.valid, parts.train), (vec![5, 4, 1], vec![2, 9, 6], vec![7, 0, 3, 8, 10]));
    }

    // g = list("ddbbbaacccceffgd")
    // next(GroupShuffleSplit(1, test_size=0.2, random_state=3).split(np.zeros(16), groups=g))[1] is [11 14]
    // np.random.RandomState(3).permutation(7) is [4 6 5 3 1 0 2]
    #[test]
    fn a_group_is_in_one_part_only() {
        let groups: Vec<usize> = "ddbbbaacccceffgd".bytes().map(|letter| usize::from(letter - b'a')).collect();
        let parts = group_parts(&groups, [0.6, 0.2, 0.2], 3).unwrap();
        assert_eq!(parts.test, [11, 14]);
        assert_eq!(parts.valid, [0, 1, 12, 13, 15]);
        assert_eq!(parts.train, [2, 3, 4, 5, 6, 7, 8, 9, 10]);
        let error = group_parts(&[0, 0, 1, 1], [0.6, 0.2, 0.2], 0).unwrap_err().to_string();
        assert!(error.contains("of 2 groups none is left for the training part"), "{error}");
    }

    #[test]
    fn the_newest_rows_are_the_test_rows() {
        let parts = time_parts(&[3, 1, 0, 4, 2], [0.6, 0.2, 0.2]).unwrap();
        assert_eq!((parts.train, parts.valid, parts.test), (vec![3, 1, 0], vec![4], vec![2]));
        assert!(time_parts(&[0], [0.6, 0.2, 0.2]).is_err());
    }

    #[test]
    fn a_part_without_rows_is_refused() {
        assert!(parts(2, [0.6, 0.2, 0.2], 0).is_err());
        assert!(train_test(1, 0.2, 0).is_err());
        assert!(train_test(4, 0.9, 0).is_err());
    }
}
