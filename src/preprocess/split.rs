//! Which rows are trained on and which are kept apart.

use crate::random::NumpyRandom;
use anyhow::{Result, ensure};
use polars::prelude::{DataFrame, IdxCa, NewChunkedArray};
use std::collections::BTreeMap;

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
/// next `ceil(valid · rows)` the validation part, the rest the training part. With `groups` (one a row) each group is
/// divided by itself, in the order of the groups' names, from the same generator.
///
/// # Errors
/// A part that is to have rows and would have none.
pub fn parts(rows: usize, shares: [f64; 3], groups: Option<&[String]>, seed: u32) -> Result<Parts> {
    let mut by_group: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for row in 0..rows {
        by_group.entry(groups.map_or("", |groups| groups[row].as_str())).or_default().push(row);
    }
    let mut random = NumpyRandom::seed(seed);
    let mut parts = Parts::default();
    for members in by_group.values() {
        let count = |share: f64| ((share * members.len() as f64 - 1e-9).ceil() as usize).min(members.len());
        let drawn: Vec<usize> = random.permutation(members.len()).into_iter().map(|index| members[index]).collect();
        let (test, valid) = (count(shares[2]), count(shares[1]).min(members.len() - count(shares[2])));
        parts.test.extend(&drawn[..test]);
        parts.valid.extend(&drawn[test..test + valid]);
        parts.train.extend(&drawn[test + valid..]);
    }
    for (name, share, part) in [
        ("training", shares[0], &parts.train),
        ("validation", shares[1], &parts.valid),
        ("test", shares[2], &parts.test),
    ] {
        ensure!(share == 0.0 || !part.is_empty(), "--split: of {rows} rows none is left for the {name} part");
    }
    Ok(parts)
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
        let parts = parts(11, [0.6, 0.2, 0.2], None, 3).unwrap();
        assert_eq!((parts.test, parts.valid, parts.train), (vec![5, 4, 1], vec![2, 9, 6], vec![7, 0, 3, 8, 10]));
    }

    #[test]
    fn strata_are_spread_over_the_parts() {
        let groups: Vec<String> = (0..50).map(|row| if row % 10 == 0 { "rare" } else { "common" }.into()).collect();
        let parts = parts(50, [0.6, 0.2, 0.2], Some(&groups), 0).unwrap();
        let rare = |part: &[usize]| part.iter().filter(|&&row| groups[row] == "rare").count();
        assert_eq!((rare(&parts.train), rare(&parts.valid), rare(&parts.test)), (3, 1, 1));
    }

    #[test]
    fn a_part_without_rows_is_refused() {
        assert!(parts(2, [0.6, 0.2, 0.2], None, 0).is_err());
        assert!(train_test(1, 0.2, 0).is_err());
        assert!(train_test(4, 0.9, 0).is_err());
    }
}
