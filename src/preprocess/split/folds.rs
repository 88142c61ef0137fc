//! The held-out rows of each fold, index for index those of scikit-learn 1.9 (`sklearn/model_selection/_split.py`).
//! Every row is held out once; a fold's indices rise. The training rows of a fold are all others.

use crate::python::random::NumpyRandom;
use anyhow::{Result, ensure};
use std::collections::HashMap;
use std::hash::Hash;

/// `KFold(folds, shuffle=True, random_state=seed)` of `rows` rows.
///
/// # Errors
/// Fewer than two folds, or fewer rows than folds.
pub fn k_fold(rows: usize, folds: usize, seed: u32) -> Result<Vec<Vec<usize>>> {
    check(folds)?;
    ensure!(folds <= rows, "--folds {folds}: there are only {rows} rows to divide; give fewer folds");
    let order = NumpyRandom::seed(seed).permutation(rows);
    let mut fold_of = vec![0; rows];
    let mut start = 0;
    for fold in 0..folds {
        let stop = start + rows / folds + usize::from(fold < rows % folds);
        order[start..stop].iter().for_each(|&row| fold_of[row] = fold);
        start = stop;
    }
    Ok(by_fold(&fold_of, folds))
}

/// `StratifiedKFold(folds, shuffle=True, random_state=seed)`: each fold has the classes in the shares of all rows.
/// `classes` is one a row.
///
/// # Errors
/// Fewer than two folds, or more folds than every class has rows.
pub fn stratified_k_fold<T: Eq + Hash>(classes: &[T], folds: usize, seed: u32) -> Result<Vec<Vec<usize>>> {
    check(folds)?;
    // Classes are numbered as they appear.
    let mut codes: HashMap<&T, usize> = HashMap::new();
    let mut members: Vec<Vec<usize>> = Vec::new();
    for (row, class) in classes.iter().enumerate() {
        let code = *codes.entry(class).or_insert(members.len());
        if code == members.len() {
            members.push(Vec::new());
        }
        members[code].push(row);
    }
    let most = members.iter().map(Vec::len).max().unwrap_or_default();
    ensure!(
        folds <= most,
        "--folds {folds}: --stratify spreads each class over the folds, the largest has {most} rows"
    );
    let mut random = NumpyRandom::seed(seed);
    let mut fold_of = vec![0; classes.len()];
    let mut first = 0;
    for rows in &members {
        // With the rows sorted by class, row i goes to fold i modulo folds; that gives each class's share of a fold.
        let mut drawn: Vec<usize> = (first..first + rows.len()).map(|place| place % folds).collect();
        drawn.sort_unstable();
        random.shuffle(&mut drawn);
        rows.iter().zip(drawn).for_each(|(&row, fold)| fold_of[row] = fold);
        first += rows.len();
    }
    Ok(by_fold(&fold_of, folds))
}

/// `GroupKFold(folds)`: the largest group first, each to the fold that has the fewest rows so far. `groups` is the
/// number of each row's group, in sorted order of the groups' names; nothing is drawn.
///
/// # Errors
/// Fewer than two folds, or fewer groups than folds.
pub fn group_k_fold(groups: &[usize], folds: usize) -> Result<Vec<Vec<usize>>> {
    check(folds)?;
    let count = groups.iter().max().map_or(0, |last| last + 1);
    ensure!(folds <= count, "--folds {folds}: there are only {count} groups to divide; give fewer folds");
    let mut sizes = vec![0; count];
    groups.iter().for_each(|&group| sizes[group] += 1);
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|&group| sizes[group]);
    let (mut loads, mut fold_of_group) = (vec![0; folds], vec![0; count]);
    for &group in order.iter().rev() {
        let lightest = (0..folds).min_by_key(|&fold| loads[fold]).unwrap_or_default();
        loads[lightest] += sizes[group];
        fold_of_group[group] = lightest;
    }
    let fold_of: Vec<usize> = groups.iter().map(|&group| fold_of_group[group]).collect();
    Ok(by_fold(&fold_of, folds))
}

fn check(folds: usize) -> Result<()> {
    ensure!(folds >= 2, "--folds {folds}: expected 2 at least");
    Ok(())
}

fn by_fold(fold_of: &[usize], folds: usize) -> Vec<Vec<usize>> {
    let mut held = vec![Vec::new(); folds];
    fold_of.iter().enumerate().for_each(|(row, &fold)| held[fold].push(row));
    held
}

#[cfg(test)]
mod tests {
    use super::*;

    // [t.tolist() for _, t in KFold(3, shuffle=True, random_state=5).split(np.zeros(11))]
    #[test]
    fn folds_are_scikit_learns() {
        assert_eq!(k_fold(11, 3, 5).unwrap(), [vec![2, 5, 8, 10], vec![0, 1, 4, 7], vec![3, 6, 9]]);
    }

    // y = list("babacabcabbaabcab")
    // [t.tolist() for _, t in StratifiedKFold(3, shuffle=True, random_state=7).split(np.zeros(17), y)]
    #[test]
    fn stratified_folds_are_scikit_learns() {
        let classes: Vec<char> = "babacabcabbaabcab".chars().collect();
        let expected = [vec![0, 6, 11, 12, 13, 14], vec![1, 5, 7, 8, 10, 16], vec![2, 3, 4, 9, 15]];
        assert_eq!(stratified_k_fold(&classes, 3, 7).unwrap(), expected);
    }

    // g = list("ddbbbaacccceffgd"); [t.tolist() for _, t in GroupKFold(3).split(np.zeros(16), groups=g)]
    #[test]
    fn group_folds_are_scikit_learns() {
        let groups: Vec<usize> = "ddbbbaacccceffgd".bytes().map(|letter| usize::from(letter - b'a')).collect();
        let expected = [vec![7, 8, 9, 10, 11, 14], vec![0, 1, 12, 13, 15], vec![2, 3, 4, 5, 6]];
        assert_eq!(group_k_fold(&groups, 3).unwrap(), expected);
    }

    #[test]
    fn folds_that_cannot_be_are_refused() {
        assert!(k_fold(5, 6, 0).unwrap_err().to_string().contains("only 5 rows"));
        assert!(k_fold(5, 1, 0).unwrap_err().to_string().contains("2 at least"));
        assert!(stratified_k_fold(&["a", "a", "b"], 3, 0).unwrap_err().to_string().contains("the largest has 2"));
        assert!(group_k_fold(&[0, 1, 0, 1], 3).unwrap_err().to_string().contains("only 2 groups"));
    }
}
