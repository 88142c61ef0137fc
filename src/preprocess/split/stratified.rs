//! Parts that have the classes in the shares of all rows, index for index those of scikit-learn 1.9's
//! `train_test_split(stratify=…)`, which is `StratifiedShuffleSplit` (`sklearn/model_selection/_split.py`).

use super::{Parts, count};
use crate::python::random::NumpyRandom;
use anyhow::{Result, ensure};

/// Two calls of scikit-learn: the test part is that of `train_test_split(range(n), test_size=ceil(test · n), stratify=classes,
/// random_state=seed)`; of the rest, `train_test_split(rest, test_size=ceil(valid · n), stratify=…, random_state=seed)` makes
/// the validation and the training part. Each is in the order drawn.
///
/// `classes` is the number of each row's class, in sorted order of the classes; `name` what a class is called.
///
/// # Errors
/// Those of scikit-learn: a class with a single row, a part with fewer rows than there are classes.
pub fn stratified_parts(
    classes: &[usize],
    shares: [f64; 3],
    seed: u32,
    name: impl Fn(usize) -> String,
) -> Result<Parts> {
    let rows = classes.len();
    let test = count(shares[2], rows);
    let valid = count(shares[1], rows).min(rows - test);
    let all = (0..rows).collect();
    let (rest, test) = divide(all, test, "test", classes, seed, &name)?;
    let (train, valid) = divide(rest, valid, "validation", classes, seed, &name)?;
    Ok(Parts { train, valid, test })
}

/// `train_test_split(rows, test_size=apart, stratify=classes of these rows, random_state=seed)`; with none to be set apart the
/// rows as they are.
fn divide(
    rows: Vec<usize>,
    apart: usize,
    part: &str,
    classes: &[usize],
    seed: u32,
    name: &impl Fn(usize) -> String,
) -> Result<(Vec<usize>, Vec<usize>)> {
    if apart == 0 {
        return Ok((rows, vec![]));
    }
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); classes.iter().max().map_or(0, |last| last + 1)];
    rows.iter().for_each(|&row| members[classes[row]].push(row));
    let of_class = members.iter().position(|members| members.len() == 1);
    if let Some(class) = of_class {
        let left = if rows.len() == classes.len() { "has" } else { "is left with" };
        anyhow::bail!(
            "--stratify: class {:?} {left} 1 row where the {part} part is taken, too few for two parts; leave it out, join it \
             to another class, or ask for fewer parts with --split",
            name(class)
        );
    }
    members.retain(|members| !members.is_empty());
    for (part, size) in [(part, apart), ("training", rows.len() - apart)] {
        ensure!(
            size >= members.len(),
            "--stratify: the {part} part would have {size} rows for {} classes, expected one for each at least; give it a \
             larger share with --split, or join rare classes",
            members.len()
        );
    }
    let mut random = NumpyRandom::seed(seed);
    let counts: Vec<usize> = members.iter().map(Vec::len).collect();
    let kept = approximate_mode(&counts, rows.len() - apart, &mut random);
    let left: Vec<usize> = counts.iter().zip(&kept).map(|(count, kept)| count - kept).collect();
    let taken = approximate_mode(&left, apart, &mut random);
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for (members, (&kept, &taken)) in members.iter().zip(kept.iter().zip(&taken)) {
        let drawn: Vec<usize> = random.permutation(members.len()).into_iter().map(|index| members[index]).collect();
        train.extend_from_slice(&drawn[..kept]);
        test.extend_from_slice(&drawn[kept..kept + taken]);
    }
    random.shuffle(&mut train);
    random.shuffle(&mut test);
    Ok((train, test))
}

/// `sklearn.utils.extmath._approximate_mode`: how many of `draws` fall to each class, in the shares of `counts`. What is left
/// after rounding down goes to the largest remainders; between equal ones it is drawn.
fn approximate_mode(counts: &[usize], draws: usize, random: &mut NumpyRandom) -> Vec<usize> {
    let all = counts.iter().sum::<usize>() as f64;
    let exact: Vec<f64> = counts.iter().map(|&count| count as f64 / all * draws as f64).collect();
    let mut found: Vec<usize> = exact.iter().map(|share| share.floor() as usize).collect();
    let remainders: Vec<f64> = exact.iter().map(|share| share - share.floor()).collect();
    let mut missing = draws.saturating_sub(found.iter().sum());
    let mut order: Vec<usize> = (0..counts.len()).collect();
    // A stable sort: equal remainders stay in the order of the classes.
    order.sort_by(|&a, &b| remainders[b].total_cmp(&remainders[a]));
    for equal in order.chunk_by(|&a, &b| remainders[a] == remainders[b]) {
        if missing == 0 {
            break;
        }
        let drawn = random.permutation(equal.len());
        let added = missing.min(equal.len());
        drawn[..added].iter().for_each(|&index| found[equal[index]] += 1);
        missing -= added;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(classes: &[usize], shares: [f64; 3], seed: u32) -> Parts {
        stratified_parts(classes, shares, seed, |class| class.to_string()).unwrap()
    }

    /// Letters as their place in the alphabet, which is their sorted order.
    fn letters(text: &str) -> Vec<usize> {
        text.bytes().map(|letter| usize::from(letter - b'a')).collect()
    }

    // rest, test = train_test_split(range(n), test_size=ceil(test * n), stratify=y, random_state=seed)
    // train, valid = train_test_split(rest, test_size=ceil(valid * n), stratify=y[rest], random_state=seed)
    #[test]
    fn parts_are_scikit_learns() {
        let y = letters("babacabcabbaabcabcac");
        let found = parts(&y, [0.6, 0.2, 0.2], 0);
        assert_eq!(found.train, [15, 8, 9, 6, 16, 14, 1, 17, 7, 10, 0, 18]);
        assert_eq!((found.valid, found.test), (vec![2, 5, 19, 3], vec![11, 13, 12, 4]));
        let found = parts(&y, [0.5, 0.25, 0.25], 7);
        assert_eq!(found.train, [5, 13, 1, 7, 3, 19, 14, 8, 10, 2]);
        assert_eq!((found.valid, found.test), (vec![6, 15, 17, 12, 9], vec![4, 0, 11, 18, 16]));
        // y = [10, 9, 9, 2, 2, 10, 9, 2, 10, 10, 9, 9]
        let y = [2, 1, 1, 0, 0, 2, 1, 0, 2, 2, 1, 1];
        let found = parts(&y, [0.5, 0.0, 0.5], 3);
        assert_eq!((found.train, found.valid), (vec![8, 7, 0, 2, 11, 6], vec![]));
        assert_eq!(found.test, [1, 3, 10, 9, 4, 5]);
        let found = parts(&y, [0.6, 0.4, 0.0], 1);
        assert_eq!((found.train, found.valid), (vec![6, 3, 8, 10, 9, 2, 7], vec![0, 4, 1, 11, 5]));
        assert!(found.test.is_empty());
    }

    // Shares that no class divides into whole rows: rounded up in each of 20 classes, they were 40, 40 and 40.
    #[test]
    fn the_parts_have_as_many_rows_as_without_classes() {
        let y: Vec<usize> = (0..120).map(|row| row % 20).collect();
        let found = parts(&y, [0.6, 0.2, 0.2], 5);
        assert_eq!((found.train.len(), found.valid.len(), found.test.len()), (72, 24, 24));
        let mut counts = [0; 20];
        found.train.iter().for_each(|&row| counts[y[row]] += 1);
        assert_eq!(counts, [4, 4, 4, 3, 3, 4, 3, 4, 3, 4, 4, 4, 4, 4, 3, 3, 4, 3, 3, 4]);
        assert_eq!(found.train[..6], [76, 53, 12, 51, 8, 35]);
        assert_eq!(found.valid[..6], [45, 63, 10, 73, 112, 104]);
        assert_eq!(found.test[..6], [101, 66, 42, 69, 13, 25]);
    }

    // y = [(i * i) % 97 % 7 for i in range(5000)], seed 2**32 - 1; sum((place + 1) * row for place, row in enumerate(part))
    #[test]
    fn so_are_parts_of_many_rows() {
        let y: Vec<usize> = (0..5000).map(|row| row * row % 97 % 7).collect();
        let found = parts(&y, [0.7, 0.1, 0.2], u32::MAX);
        let sum = |part: &[usize]| part.iter().enumerate().map(|(place, row)| (place + 1) * row).sum::<usize>();
        assert_eq!((found.train.len(), found.valid.len(), found.test.len()), (3500, 500, 1000));
        assert_eq!((sum(&found.train), sum(&found.valid), sum(&found.test)), (15493219490, 309089353, 1254132509));
    }

    #[test]
    fn what_scikit_learn_refuses_is_refused() {
        let refusal = |classes: &str, shares| {
            let name = |class| format!("class {class}");
            stratified_parts(&letters(classes), shares, 0, name).unwrap_err().to_string()
        };
        let error = refusal("aaaabbbbc", [0.6, 0.0, 0.4]);
        assert!(error.starts_with("--stratify: class \"class 2\" has 1 row where the test part is taken"), "{error}");
        let error = refusal("aaaabbbbcc", [0.4, 0.3, 0.3]);
        assert!(error.contains("class \"class 2\" is left with 1 row where the validation part"), "{error}");
        let error = refusal("aaaabbbbcccc", [0.9, 0.0, 0.1]);
        assert!(error.contains("the test part would have 2 rows for 3 classes"), "{error}");
        let error = refusal("aabbcc", [0.1, 0.0, 0.9]);
        assert!(error.contains("the training part would have 0 rows for 3 classes"), "{error}");
    }
}
