//! Metrics of predicted classes. As in scikit-learn without its argument `labels`, "the classes" are those that occur
//! in the truth or in the predictions.

use super::mean;
use std::collections::BTreeMap;

/// One class's rows: predicted rightly, in the truth, and predicted.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    hits: usize,
    truth: usize,
    predicted: usize,
}

impl Count {
    fn precision(&self) -> f64 {
        ratio(self.hits, self.predicted)
    }

    fn recall(&self) -> f64 {
        ratio(self.hits, self.truth)
    }

    fn f1(&self) -> f64 {
        ratio(2 * self.hits, self.truth + self.predicted)
    }
}

/// 0 for 0/0: scikit-learn's `zero_division`, which it sets to 0 with a warning.
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// The counts by class; `None` for no rows, or slices of different lengths.
fn counts(truth: &[i64], predicted: &[i64]) -> Option<BTreeMap<i64, Count>> {
    if truth.is_empty() || truth.len() != predicted.len() {
        return None;
    }
    let mut counts: BTreeMap<i64, Count> = BTreeMap::new();
    for (&t, &p) in truth.iter().zip(predicted) {
        counts.entry(t).or_default().truth += 1;
        let predicted = counts.entry(p).or_default();
        predicted.predicted += 1;
        predicted.hits += usize::from(t == p);
    }
    Some(counts)
}

/// The share of rows predicted rightly, `sklearn.metrics.accuracy_score`; undefined for no rows, where scikit-learn
/// raises.
pub fn accuracy(truth: &[i64], predicted: &[i64]) -> Option<f64> {
    let hits = counts(truth, predicted)?.values().map(|count| count.hits).sum();
    Some(ratio(hits, truth.len()))
}

/// The mean recall of the classes in the truth, `sklearn.metrics.balanced_accuracy_score`; undefined for no rows.
pub fn balanced_accuracy(truth: &[i64], predicted: &[i64]) -> Option<f64> {
    let counts = counts(truth, predicted)?;
    mean(counts.values().filter(|count| count.truth > 0).map(Count::recall))
}

/// The mean over the classes of the share of right predictions among those for the class,
/// `sklearn.metrics.precision_score(average="macro")`; 0 for a class never predicted. Undefined for no rows.
pub fn precision_macro(truth: &[i64], predicted: &[i64]) -> Option<f64> {
    mean(counts(truth, predicted)?.values().map(Count::precision))
}

/// The mean over the classes of the share of the class's rows predicted rightly,
/// `sklearn.metrics.recall_score(average="macro")`; 0 for a class that is not in the truth. Undefined for no rows.
pub fn recall_macro(truth: &[i64], predicted: &[i64]) -> Option<f64> {
    mean(counts(truth, predicted)?.values().map(Count::recall))
}

/// The mean over the classes of the harmonic mean of precision and recall, 2 hits / (rows + predictions),
/// `sklearn.metrics.f1_score(average="macro")`. Undefined for no rows.
pub fn f1_macro(truth: &[i64], predicted: &[i64]) -> Option<f64> {
    mean(counts(truth, predicted)?.values().map(Count::f1))
}

/// F1 of the counts summed over the classes, `sklearn.metrics.f1_score(average="micro")`: with one class a row, the
/// accuracy. Undefined for no rows.
pub fn f1_micro(truth: &[i64], predicted: &[i64]) -> Option<f64> {
    let mut all = Count::default();
    for count in counts(truth, predicted)?.values() {
        all.hits += count.hits;
        all.truth += count.truth;
        all.predicted += count.predicted;
    }
    Some(all.f1())
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
