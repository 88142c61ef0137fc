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

    /// Its metrics on some rows: those of [`metrics::classification`], without the same probabilities again for each row.
    pub fn metrics(&self, truth: &[i64]) -> Metrics {
        let classes = self.probabilities.len();
        let mut counts = vec![0_usize; classes];
        let known = |&class: &i64| usize::try_from(class).is_ok_and(|class| class < classes);
        truth.iter().filter(|class| known(class)).for_each(|&class| counts[class as usize] += 1);
        // Those that are made of probabilities need two classes, and no row of another.
        let fits = classes > 1 && !truth.is_empty() && truth.iter().all(known);
        let predicted = vec![self.class; truth.len()];
        let of_labels = metrics::of_labels(truth, &predicted).into_iter();
        let of_probabilities = [
            ("roc_auc", self.roc_auc(&counts)),
            ("average_precision", self.average_precision(&counts)),
            ("log_loss", self.log_loss(truth)),
            ("brier_score", self.brier_score(truth)),
        ];
        Metrics(of_labels.chain(of_probabilities.map(|(name, value)| (name, value.filter(|_| fits)))).collect())
    }

    /// Each class is told from the others by one score for all rows, a diagonal.
    fn roc_auc(&self, counts: &[usize]) -> Option<f64> {
        let rows: usize = counts.iter().sum();
        scored(counts).iter().all(|&count| count > 0 && count < rows).then_some(0.5)
    }

    /// All rows at one score: the precision is the class's share of them.
    fn average_precision(&self, counts: &[usize]) -> Option<f64> {
        let rows: usize = counts.iter().sum();
        let share = |&count: &usize| (count > 0).then_some(count as f64 / rows as f64);
        mean(scored(counts).iter().map(share).collect::<Option<Vec<_>>>()?.into_iter())
    }

    fn log_loss(&self, truth: &[i64]) -> Option<f64> {
        let losses: Vec<f64> =
            self.probabilities.iter().map(|p| -p.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()).collect();
        mean(truth.iter().map(|&class| losses.get(class as usize).copied().unwrap_or(f64::NAN)))
    }

    fn brier_score(&self, truth: &[i64]) -> Option<f64> {
        let mut distances = vec![None; self.probabilities.len()];
        mean(truth.iter().map(|&class| match distances.get_mut(class as usize) {
            Some(distance) => *distance.get_or_insert_with(|| brier_of(class as usize, &self.probabilities)),
            None => f64::NAN,
        }))
    }
}

/// The classes that a one-against-rest metric is the mean of: of two, the second.
fn scored(counts: &[usize]) -> &[usize] {
    if counts.len() == 2 { &counts[1..] } else { counts }
}

/// The squared distance between the probabilities and the class of a row.
fn brier_of(class: usize, probabilities: &[f64]) -> f64 {
    let distance = |of: usize, p: f64| (p - f64::from(u8::from(class == of))).powi(2);
    match probabilities.len() {
        2 => distance(1, probabilities[1]),
        _ => probabilities.iter().enumerate().map(|(of, &p)| distance(of, p)).sum(),
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

    #[test]
    fn its_metrics_are_those_of_as_many_rows_of_probabilities() {
        let classes = |text: &str| text.bytes().map(|digit| i64::from(digit - b'0')).collect::<Vec<_>>();
        for (train, known, held) in [
            ("0110100", 2, "0101111"),
            ("0110100", 2, "111"),
            ("0110100", 2, "000"),
            ("012210122", 3, "0122201"),
            ("012210122", 3, "01101"),
            ("01221012", 4, "0123"),
            ("01221012", 4, "30"),
            ("0120", 3, "0125"),
            ("000", 1, "00"),
            ("01", 2, ""),
        ] {
            let (train, held) = (classes(train), classes(held));
            let baseline = PriorBaseline::fit(&train, known).unwrap();
            let (predicted, all) = (vec![baseline.class; held.len()], baseline.probabilities.repeat(held.len()));
            let expected = metrics::classification(&held, &predicted, &all, known);
            assert_eq!(baseline.metrics(&held), expected, "{train:?} {held:?}");
        }
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
