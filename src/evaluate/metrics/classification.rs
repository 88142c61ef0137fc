//! Metrics of predicted classes. As in scikit-learn without its argument `labels`, "the classes" are those that occur
//! in the truth or in the predictions.

use super::mean;
use std::collections::BTreeMap;

/// One class's rows: predicted rightly, in the truth, and predicted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Count {
    pub hits: usize,
    pub truth: usize,
    pub predicted: usize,
}

impl Count {
    pub fn precision(&self) -> f64 {
        ratio(self.hits, self.predicted)
    }

    pub fn recall(&self) -> f64 {
        ratio(self.hits, self.truth)
    }

    pub fn f1(&self) -> f64 {
        ratio(2 * self.hits, self.truth + self.predicted)
    }
}

/// 0 for 0/0: scikit-learn's `zero_division`, which it sets to 0 with a warning.
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// Classes up to this one are counted by their number.
const DENSE: i64 = 1 << 16;

/// The counts by class, of which every metric of labels is made.
pub struct Counts(Vec<Count>);

impl Counts {
    /// `None` for no rows, or slices of different lengths.
    pub fn of(truth: &[i64], predicted: &[i64]) -> Option<Self> {
        if truth.is_empty() || truth.len() != predicted.len() {
            return None;
        }
        let all = || truth.iter().chain(predicted);
        let (least, most) = (*all().min()?, *all().max()?);
        if least < 0 || most >= DENSE {
            let mut counts: BTreeMap<i64, Count> = BTreeMap::new();
            for (&t, &p) in truth.iter().zip(predicted) {
                counts.entry(t).or_default().truth += 1;
                let predicted = counts.entry(p).or_default();
                predicted.predicted += 1;
                predicted.hits += usize::from(t == p);
            }
            return Some(Self(counts.into_values().collect()));
        }
        let mut counts = vec![Count::default(); most as usize + 1];
        for (&t, &p) in truth.iter().zip(predicted) {
            counts[t as usize].truth += 1;
            counts[p as usize].predicted += 1;
            counts[p as usize].hits += usize::from(t == p);
        }
        counts.retain(|count| count.truth + count.predicted > 0);
        Some(Self(counts))
    }

    fn sum(&self) -> Count {
        self.0.iter().fold(Count::default(), |all, count| Count {
            hits: all.hits + count.hits,
            truth: all.truth + count.truth,
            predicted: all.predicted + count.predicted,
        })
    }

    /// The share of rows predicted rightly, `sklearn.metrics.accuracy_score`.
    pub fn accuracy(&self) -> Option<f64> {
        Some(self.sum().recall())
    }

    /// The mean recall of the classes in the truth, `sklearn.metrics.balanced_accuracy_score`.
    pub fn balanced_accuracy(&self) -> Option<f64> {
        mean(self.0.iter().filter(|count| count.truth > 0).map(Count::recall))
    }

    /// The standard error of [`Self::balanced_accuracy`]: a recall r of n rows has the variance r (1 - r) / n.
    pub fn balanced_accuracy_error(&self) -> f64 {
        let of = |count: &Count| count.recall() * (1.0 - count.recall()) / count.truth as f64;
        let (classes, sum) =
            self.0.iter().filter(|count| count.truth > 0).map(of).fold((0, 0.0), |(n, sum), of| (n + 1, sum + of));
        sum.sqrt() / f64::from(classes.max(1))
    }

    /// The mean over the classes of the share of right predictions among those for the class,
    /// `sklearn.metrics.precision_score(average="macro")`; 0 for a class never predicted.
    pub fn precision_macro(&self) -> Option<f64> {
        mean(self.0.iter().map(Count::precision))
    }

    /// The mean over the classes of the share of the class's rows predicted rightly,
    /// `sklearn.metrics.recall_score(average="macro")`; 0 for a class that is not in the truth.
    pub fn recall_macro(&self) -> Option<f64> {
        mean(self.0.iter().map(Count::recall))
    }

    /// The mean over the classes of the harmonic mean of precision and recall, 2 hits / (rows + predictions),
    /// `sklearn.metrics.f1_score(average="macro")`.
    pub fn f1_macro(&self) -> Option<f64> {
        mean(self.0.iter().map(Count::f1))
    }

    /// F1 of the counts summed over the classes, `sklearn.metrics.f1_score(average="micro")`: with one class a row, the
    /// accuracy.
    pub fn f1_micro(&self) -> Option<f64> {
        Some(self.sum().f1())
    }
}

/// The share of rows predicted rightly, `sklearn.metrics.accuracy_score`; undefined for no rows, where scikit-learn
/// raises.
pub fn accuracy(truth: &[i64], predicted: &[i64]) -> Option<f64> {
    Counts::of(truth, predicted)?.accuracy()
}

/// Rows by class in the truth (first index) and predicted class (second), `[classes, classes]`,
/// `sklearn.metrics.confusion_matrix(labels=range(classes))`. As there, a row with a class beyond these is not counted.
pub fn confusion_matrix(truth: &[i64], predicted: &[i64], classes: usize) -> Vec<Vec<u64>> {
    let mut matrix = vec![vec![0; classes]; classes];
    for (&t, &p) in truth.iter().zip(predicted) {
        let row = usize::try_from(t).ok().and_then(|t| matrix.get_mut(t));
        if let Some(cell) = row.and_then(|row| row.get_mut(usize::try_from(p).ok()?)) {
            *cell += 1;
        }
    }
    matrix
}
