//! Permutation importance (Breiman, "Random Forests", Machine Learning 45, 2001).

use super::spread::Spread;
use crate::python::random::NumpyRandom;
use crate::train::features::Features;
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use std::collections::HashSet;
use tch::{Device, Tensor};

/// How much the score falls when a feature's values are shuffled among the rows: mean and standard deviation (over n,
/// as NumPy's) over the repeats. Near zero or below: the model does without the feature.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Importance {
    pub mean: f64,
    pub std: f64,
}

/// What is shuffled, how often, and among which rows.
#[derive(Debug, Clone, Copy)]
pub struct Shuffling<'a> {
    /// The columns of x that belong to each feature, such as all of a one-hot encoding, which are shuffled together.
    pub columns: &'a [Vec<i64>],
    /// Among so many rows at most, drawn once: scikit-learn's `max_samples`.
    pub rows: usize,
    pub repeats: usize,
    pub seed: u32,
}

/// `sklearn.inspection.permutation_importance(n_repeats, random_state=seed, max_samples=rows)`, with its very draws and
/// permutations: one [`Importance`] for each feature.
///
/// `x` is `[n, d]`; `score` takes such an x, or the given rows of it, higher being better; as in scikit-learn, the fall is
/// from `whole`, the score of all rows. `passed` is told after each shuffle how many there were, and an error of it ends the work.
/// x itself is not changed. A column that x does not have, no repeats, or an error of `score` is an error.
pub fn permutation_importance(
    score: impl Fn(&Tensor, Option<&[usize]>) -> Result<f64>,
    whole: f64,
    x: &Features,
    shuffling: Shuffling<'_>,
    passed: &mut dyn FnMut(usize) -> Result<()>,
) -> Result<Vec<Importance>> {
    let Shuffling { columns, rows, repeats, seed } = shuffling;
    check(x, columns, repeats)?;
    // As in scikit-learn: every feature starts from the same seed, so that the rows are the same for all of them.
    let mut rng = NumpyRandom::seed(NumpyRandom::seed(seed).int31());
    let drawn = (rows < x.rows() as usize).then(|| sample_without_replacement(x.rows() as usize, rows, &mut rng));
    let mut shuffled = match &drawn {
        Some(rows) => x.take(&indices(rows, x.device())?)?,
        None => x.dense()?.f_detach_copy()?,
    };
    let mut importances = Vec::with_capacity(columns.len());
    for feature in columns {
        let index = Tensor::f_from_slice(feature)?.f_to_device(x.device())?;
        let original = shuffled.f_index_select(1, &index)?;
        let mut drops = Vec::with_capacity(repeats);
        let mut values = original.shallow_clone();
        // Each repeat shuffles the order and the values that the repeat before left, so that the permutations compose.
        let mut rng = rng.clone();
        let mut order: Vec<usize> = (0..shuffled.size()[0] as usize).collect();
        for _ in 0..repeats {
            rng.shuffle(&mut order);
            values = values.f_index_select(0, &indices(&order, x.device())?)?;
            let _ = shuffled.f_index_copy_(1, &index, &values)?;
            drops.push(whole - score(&shuffled, drawn.as_deref()).context("permutation importance")?);
            passed(importances.len() * repeats + drops.len())?;
        }
        let _ = shuffled.f_index_copy_(1, &index, &original)?;
        let Spread { mean, std } = Spread::of(&drops).context("permutation importance: no repeats")?;
        importances.push(Importance { mean, std });
    }
    Ok(importances)
}

fn check(x: &Features, columns: &[Vec<i64>], repeats: usize) -> Result<()> {
    let width = x.width();
    ensure!(repeats > 0, "permutation importance: no repeats");
    for &column in columns.iter().flatten() {
        ensure!((0..width).contains(&column), "permutation importance: column {column} of x, which has {width}");
    }
    Ok(())
}

fn indices(rows: &[usize], device: Device) -> Result<Tensor> {
    let rows: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
    Ok(Tensor::f_from_slice(&rows)?.f_to_device(device)?)
}

/// `sklearn.utils.random.sample_without_replacement(population, samples, random_state=rng)`, its choice of a method
/// included.
fn sample_without_replacement(population: usize, samples: usize, rng: &mut NumpyRandom) -> Vec<usize> {
    let ratio = samples as f64 / population as f64;
    if ratio > 0.01 && ratio < 0.99 {
        let mut order = rng.permutation(population);
        order.truncate(samples);
        return order;
    }
    if ratio < 0.2 {
        let mut selected = HashSet::new();
        let draws = std::iter::repeat_with(|| rng.below(population)).filter(|&row| selected.insert(row));
        return draws.take(samples).collect();
    }
    let mut reservoir: Vec<usize> = (0..samples).collect();
    for row in samples..population {
        let place = rng.below(row + 1);
        if place < samples {
            reservoir[place] = row;
        }
    }
    reservoir
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::metrics::r2;
    use tch::Kind;

    /// x of 12 rows and 3 columns, the weights of a linear model, and a target close to it.
    fn linear() -> (Tensor, Tensor, Vec<f64>) {
        let cell = |i: i64, j: i64| ((i * (7 * j + 3)) % 11) as f64 / 8.0;
        let values: Vec<f64> = (0..12).flat_map(|i| (0..3).map(move |j| cell(i, j))).collect();
        let x = Tensor::from_slice(&values).view([12, 3]);
        let w = Tensor::from_slice(&[2.0, -0.5, 0.0]);
        let error: Vec<f64> = (0..12).map(|i| if i % 3 == 0 { 0.25 } else { -0.125 }).collect();
        let y = Vec::try_from(x.mv(&w) + Tensor::from_slice(&error)).unwrap();
        (x, w, y)
    }

    fn predicted(x: &Tensor, w: &Tensor) -> Vec<f64> {
        Vec::try_from(x.mv(w)).unwrap()
    }

    // x = numpy.array([[((i * (7 * j + 3)) % 11) / 8 for j in range(3)] for i in range(12)])
    // w = numpy.array([2.0, -0.5, 0.0])
    // y = x @ w + numpy.array([0.25 if i % 3 == 0 else -0.125 for i in range(12)])
    // permutation_importance(model, x, y, n_repeats=5, random_state=seed), model.predict(x) = x @ w, scored by r2_score
    //     and with max_samples=7 and 11
    #[test]
    fn importance_equals_scikit_learns() {
        let (x, w, y) = linear();
        let columns = [vec![0], vec![1], vec![2]];
        let before = x.copy();
        for (seed, rows, mean, std) in [
            (0, 12, [2.126939726939727, 0.18505938505938507, 0.0], [0.5049465084635578, 0.04417070305824964, 0.0]),
            (42, 12, [2.0729492729492733, 0.14279054279054276, 0.0], [0.3683795881400953, 0.03342188089684853, 0.0]),
            (
                42,
                7,
                [1.4211057664802158, 0.14342588395451833, 0.012197298540910895],
                [1.0082656652808528, 0.08353230401020283, 0.0],
            ),
            (
                42,
                11,
                [1.9367502118947204, 0.1493385227489274, 0.00380223501610788],
                [0.31588757859859196, 0.049416577080630505, 0.0],
            ),
        ] {
            let score = |x: &Tensor, rows: Option<&[usize]>| {
                let y = rows.map_or(y.clone(), |rows| rows.iter().map(|&row| y[row]).collect());
                r2(&y, &predicted(x, &w)).context("r2")
            };
            let mut passes = Vec::new();
            let shuffling = Shuffling { columns: &columns, rows, repeats: 5, seed };
            let whole = score(&x, None).unwrap();
            let found = permutation_importance(score, whole, &Features::from(&x), shuffling, &mut |pass| {
                passes.push(pass);
                Ok(())
            });
            let found = found.unwrap();
            assert_eq!(passes, (1..=15).collect::<Vec<_>>());
            for (feature, importance) in found.iter().enumerate() {
                let close = |a: f64, b: f64| (a - b).abs() < 1e-12;
                assert!(
                    close(importance.mean, mean[feature]) && close(importance.std, std[feature]),
                    "seed {seed}, {rows} rows, feature {feature}: {importance:?}, scikit-learn's {} and {}",
                    mean[feature],
                    std[feature]
                );
            }
        }
        assert_eq!(x, before);
    }

    // [sample_without_replacement(n, k, random_state=numpy.random.RandomState(3))[:7].tolist() for n, k in …]
    #[test]
    fn rows_are_drawn_as_scikit_learn_draws_them() {
        let drawn = |population, samples| {
            let mut rng = NumpyRandom::seed(3);
            let rows = sample_without_replacement(population, samples, &mut rng);
            // And numpy.random.RandomState.randint(1000) after them.
            (rows, rng.below(1000))
        };
        assert_eq!(drawn(12, 7), (vec![5, 4, 1, 2, 11, 6, 7], 650));
        assert_eq!(drawn(300, 2), (vec![152, 249], 643));
        let (rows, after) = drawn(300, 299);
        assert_eq!((rows.len(), &rows[..7], after), (299, &[0, 1, 2, 3, 4, 5, 6][..], 249));
    }

    #[test]
    fn the_columns_of_one_feature_move_together() {
        // The score counts the rows whose columns 0 and 1 still sum to zero: apart they would not.
        let column = Tensor::arange(20, (Kind::Double, tch::Device::Cpu));
        let x = Tensor::stack(&[&column, &column.neg()], 1);
        let score = |x: &Tensor, _: Option<&[usize]>| {
            Ok(x.sum_dim_intlist(1, false, Kind::Double).eq(0.0).sum(Kind::Double).double_value(&[]))
        };
        let together = importance(score, &x, &[vec![0, 1]], 3).unwrap();
        assert_eq!(together, [Importance { mean: 0.0, std: 0.0 }]);
        let alone = importance(score, &x, &[vec![0], vec![1]], 3).unwrap();
        assert!(alone.iter().all(|importance| importance.mean > 10.0), "{alone:?}");
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let (x, ..) = linear();
        let zero = |_: &Tensor, _: Option<&[usize]>| Ok(0.0);
        let error = importance(zero, &x, &[vec![3]], 5).unwrap_err().to_string();
        assert!(error.contains("column 3") && error.contains("has 3"), "{error}");
        assert!(importance(zero, &x, &[vec![0]], 0).is_err());
        assert!(importance(zero, &x.view(-1), &[vec![0]], 5).is_err());
        assert!(importance(|_: &Tensor, _: Option<&[usize]>| anyhow::bail!("no score"), &x, &[vec![0]], 5).is_err());
        let shuffling = Shuffling { columns: &[vec![0], vec![1]], rows: 12, repeats: 5, seed: 0 };
        let mut stop = |pass| if pass < 7 { Ok(()) } else { anyhow::bail!("stopped at {pass}") };
        let error =
            permutation_importance(zero, 0.0, &Features::from(&x), shuffling, &mut stop).unwrap_err().to_string();
        assert_eq!(error, "stopped at 7");
    }

    /// Of all rows, from seed 7.
    fn importance(
        score: impl Fn(&Tensor, Option<&[usize]>) -> Result<f64>,
        x: &Tensor,
        columns: &[Vec<i64>],
        repeats: usize,
    ) -> Result<Vec<Importance>> {
        let whole = score(x, None)?;
        let shuffling = Shuffling { columns, rows: usize::MAX, repeats, seed: 7 };
        permutation_importance(score, whole, &Features::from(x), shuffling, &mut |_| Ok(()))
    }
}
