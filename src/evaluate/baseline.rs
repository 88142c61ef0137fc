//! Predictions that look at no feature: what every model has to beat.

use crate::evaluate::metrics::{self, Metrics, mean};
use serde::Serialize;

/// The most frequent class of the training rows for every row, with the shares of the classes as probabilities:
/// `sklearn.dummy.DummyClassifier(strategy="prior")`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PriorBaseline {
    pub class: i64,
    /// By class, summing to 1.
    pub probabilities: Vec<f64>,
}

impl PriorBaseline {
    /// From the training rows' classes, 0..classes; `None` if there is none. Of equally frequent classes it is the
    /// first, as in scikit-learn.
    pub fn fit(truth: &[i64], classes: usize) -> Option<Self> {
        let mut counts = vec![0_usize; classes];
        for &class in truth {
            *counts.get_mut(usize::try_from(class).ok()?)? += 1;
        }
        let most = *counts.iter().max().filter(|&&most| most > 0)?;
        let class = counts.iter().position(|&count| count == most)? as i64;
        let probabilities = counts.iter().map(|&count| count as f64 / truth.len() as f64).collect();
        Some(Self { class, probabilities })
    }

    /// Its metrics on some rows.
    pub fn metrics(&self, truth: &[i64]) -> Metrics {
        let predicted = vec![self.class; truth.len()];
        metrics::classification(truth, &predicted, &self.probabilities.repeat(truth.len()), self.probabilities.len())
    }
}

/// The mean of the training target for every row: `sklearn.dummy.DummyRegressor(strategy="mean")`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MeanBaseline {
    pub mean: f64,
}

impl MeanBaseline {
    /// From the training rows' target; `None` if there is none.
    pub fn fit(truth: &[f64]) -> Option<Self> {
        mean(truth.iter().copied()).map(|mean| Self { mean })
    }

    /// Its metrics on some rows.
    pub fn metrics(&self, truth: &[f64]) -> Metrics {
        metrics::regression(truth, &vec![self.mean; truth.len()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // model = DummyClassifier(strategy="prior").fit(numpy.zeros((7, 1)), [2, 0, 2, 1, 1, 2, 1])
    // model.predict([[0]]), model.predict_proba([[0]]) == [1], [[1/7, 3/7, 3/7]]
    #[test]
    fn the_prior_equals_scikit_learns_dummy() {
        let baseline = PriorBaseline::fit(&[2, 0, 2, 1, 1, 2, 1], 3).unwrap();
        assert_eq!(baseline, PriorBaseline { class: 1, probabilities: vec![1.0 / 7.0, 3.0 / 7.0, 3.0 / 7.0] });
        let metrics = baseline.metrics(&[1, 1, 0, 2]);
        assert_eq!((metrics.get("accuracy"), metrics.get("roc_auc")), (Some(0.5), Some(0.5)));
        assert_eq!(PriorBaseline::fit(&[], 3), None);
        assert_eq!(PriorBaseline::fit(&[3], 3), None);
    }

    // DummyRegressor().fit(numpy.zeros((3, 1)), [1, 2, 6]).predict([[0]]) == [3]; r2_score([2, 4], [3, 3]) == 0
    #[test]
    fn the_mean_equals_scikit_learns_dummy() {
        let baseline = MeanBaseline::fit(&[1.0, 2.0, 6.0]).unwrap();
        assert_eq!(baseline.mean, 3.0);
        assert_eq!(baseline.metrics(&[2.0, 4.0]).get("r2"), Some(0.0));
        assert_eq!(MeanBaseline::fit(&[]), None);
    }
}
