//! Permutation importance (Breiman, "Random Forests", Machine Learning 45, 2001).

use super::spread::Spread;
use crate::python::random::NumpyRandom;
use anyhow::{Context, Result, ensure};
use serde::Serialize;
use tch::Tensor;

/// How much the score falls when a feature's values are shuffled among the rows: mean and standard deviation (over n,
/// as NumPy's) over the repeats. Near zero or below: the model does without the feature.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Importance {
    pub mean: f64,
    pub std: f64,
}

/// `sklearn.inspection.permutation_importance(n_repeats=repeats, random_state=seed)`, with its very permutations: one
/// [`Importance`] for each feature of `columns`.
///
/// `x` is `[n, d]`; `columns` names the columns of x that belong to each feature, such as all of a one-hot encoding,
/// which are shuffled together; `score` takes such an x, higher being better. x itself is not changed. A column that
/// x does not have, no repeats, or an error of `score` is an error.
pub fn permutation_importance(
    score: impl Fn(&Tensor) -> Result<f64>,
    x: &Tensor,
    columns: &[Vec<i64>],
    repeats: usize,
    seed: u32,
) -> Result<Vec<Importance>> {
    let size = x.size();
    ensure!(size.len() == 2, "permutation importance: x of shape {size:?}, but [n, d] is needed");
    ensure!(repeats > 0, "permutation importance: no repeats");
    for &column in columns.iter().flatten() {
        ensure!((0..size[1]).contains(&column), "permutation importance: column {column} of x, which has {}", size[1]);
    }
    let whole = score(x).context("permutation importance")?;
    let seed = NumpyRandom::seed(seed).int31();
    let mut shuffled = x.f_detach_copy()?;
    let mut importances = Vec::with_capacity(columns.len());
    for feature in columns {
        let index = Tensor::f_from_slice(feature)?.f_to_device(x.device())?;
        let original = x.f_index_select(1, &index)?;
        let mut drops = Vec::with_capacity(repeats);
        let mut values = original.shallow_clone();
        // As in scikit-learn: every feature starts from the same seed, and each repeat shuffles the order and the
        // values that the repeat before left, so that the permutations compose.
        let mut rng = NumpyRandom::seed(seed);
        let mut order: Vec<i64> = (0..size[0]).collect();
        for _ in 0..repeats {
            rng.shuffle(&mut order);
            values = values.f_index_select(0, &Tensor::f_from_slice(&order)?.f_to_device(x.device())?)?;
            let _ = shuffled.f_index_copy_(1, &index, &values)?;
            drops.push(whole - score(&shuffled).context("permutation importance")?);
        }
        let _ = shuffled.f_index_copy_(1, &index, &original)?;
        let Spread { mean, std } = Spread::of(&drops).context("permutation importance: no repeats")?;
        importances.push(Importance { mean, std });
    }
    Ok(importances)
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
    #[test]
    fn importance_equals_scikit_learns() {
        let (x, w, y) = linear();
        let columns = [vec![0], vec![1], vec![2]];
        let before = x.copy();
        for (seed, mean, std) in [
            (0, [2.126939726939727, 0.18505938505938507, 0.0], [0.5049465084635578, 0.04417070305824964, 0.0]),
            (42, [2.0729492729492733, 0.14279054279054276, 0.0], [0.3683795881400953, 0.03342188089684853, 0.0]),
        ] {
            let score = |x: &Tensor| r2(&y, &predicted(x, &w)).context("r2");
            let found = permutation_importance(score, &x, &columns, 5, seed).unwrap();
            for (feature, importance) in found.iter().enumerate() {
                let close = |a: f64, b: f64| (a - b).abs() < 1e-12;
                assert!(
                    close(importance.mean, mean[feature]) && close(importance.std, std[feature]),
                    "seed {seed}, feature {feature}: {importance:?}, scikit-learn's {} and {}",
                    mean[feature],
                    std[feature]
                );
            }
        }
        assert_eq!(x, before);
    }

    #[test]
    fn the_columns_of_one_feature_move_together() {
        // The score counts the rows whose columns 0 and 1 still sum to zero: apart they would not.
        let column = Tensor::arange(20, (Kind::Double, tch::Device::Cpu));
        let x = Tensor::stack(&[&column, &column.neg()], 1);
        let score =
            |x: &Tensor| Ok(x.sum_dim_intlist(1, false, Kind::Double).eq(0.0).sum(Kind::Double).double_value(&[]));
        let together = permutation_importance(score, &x, &[vec![0, 1]], 3, 7).unwrap();
        assert_eq!(together, [Importance { mean: 0.0, std: 0.0 }]);
        let alone = permutation_importance(score, &x, &[vec![0], vec![1]], 3, 7).unwrap();
        assert!(alone.iter().all(|importance| importance.mean > 10.0), "{alone:?}");
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let (x, ..) = linear();
        let zero = |_: &Tensor| Ok(0.0);
        let error = permutation_importance(zero, &x, &[vec![3]], 5, 0).unwrap_err().to_string();
        assert!(error.contains("column 3") && error.contains("has 3"), "{error}");
        assert!(permutation_importance(zero, &x, &[vec![0]], 0, 0).is_err());
        assert!(permutation_importance(zero, &x.view(-1), &[vec![0]], 5, 0).is_err());
        assert!(permutation_importance(|_| anyhow::bail!("no score"), &x, &[vec![0]], 5, 0).is_err());
    }
}
