//! Metrics: pure functions under scikit-learn's names, equal to scikit-learn 1.9's values.
//!
//! Classes are numbered 0..k; probabilities lie row by row, one column a class. What a definition leaves undefined is
//! `None`, never NaN: each function says when that is and what scikit-learn does there. A value that is not finite
//! among the inputs, for which scikit-learn raises, leaves the metrics that need it undefined too, as do slices whose
//! lengths do not go together.

mod classification;
mod curves;
mod probability;
mod regression;
#[cfg(test)]
mod tests;

pub use classification::{Count, Counts, accuracy, confusion_matrix};
pub use curves::{binary_average_precision, binary_roc_auc, precision_recall_curve, roc_curve};
pub use probability::{areas, brier_score, log_loss, log_loss_error};
pub use regression::{explained_variance, mae, mape, mse, r2, rmse};

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// Named values in a fixed order; serialised as a map in that order, null where a value is undefined.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metrics(pub Vec<(&'static str, Option<f64>)>);

impl Metrics {
    /// The value of a metric; `None` where it is undefined or not among these.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.iter().find(|(known, _)| *known == name).and_then(|(_, value)| value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'static str, Option<f64>)> + '_ {
        self.0.iter().copied()
    }
}

/// Every name that is written; `loss` is the mean of the loss function that was trained by.
const NAMES: [&str; 17] = [
    "accuracy",
    "balanced_accuracy",
    "precision_macro",
    "recall_macro",
    "f1_macro",
    "f1_micro",
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier_score",
    "r2",
    "mae",
    "mse",
    "rmse",
    "mape",
    "explained_variance",
    "loss",
];

impl Metrics {
    /// What was written of some metrics; `None` if it has another name or value among them.
    pub fn read(written: &Map<String, Value>) -> Option<Self> {
        let name = |written: &str| NAMES.into_iter().find(|name| *name == written);
        let value = |value: &Value| if value.is_null() { Some(None) } else { value.as_f64().map(Some) };
        written.iter().map(|(key, found)| Some((name(key)?, value(found)?))).collect::<Option<_>>().map(Self)
    }
}

impl Serialize for Metrics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// Every metric of a classifier: `truth` and `predicted` `[n]`, `probabilities` `[n, classes]` row by row.
pub fn classification(truth: &[i64], predicted: &[i64], probabilities: &[f64], classes: usize) -> Metrics {
    let [roc_auc, average_precision] = areas(truth, probabilities, classes);
    let of_probabilities = [
        ("roc_auc", roc_auc),
        ("average_precision", average_precision),
        ("log_loss", log_loss(truth, probabilities, classes)),
        ("brier_score", brier_score(truth, probabilities, classes)),
    ];
    Metrics(of_labels(truth, predicted).into_iter().chain(of_probabilities).collect())
}

/// Those metrics of a classifier that its probabilities do not enter.
pub fn of_labels(truth: &[i64], predicted: &[i64]) -> [(&'static str, Option<f64>); 6] {
    let counts = Counts::of(truth, predicted);
    let of = |metric: fn(&Counts) -> Option<f64>| counts.as_ref().and_then(metric);
    [
        ("accuracy", of(Counts::accuracy)),
        ("balanced_accuracy", of(Counts::balanced_accuracy)),
        ("precision_macro", of(Counts::precision_macro)),
        ("recall_macro", of(Counts::recall_macro)),
        ("f1_macro", of(Counts::f1_macro)),
        ("f1_micro", of(Counts::f1_micro)),
    ]
}

/// Every metric of a regressor: `truth` and `predicted` `[n]`, both in the target's units.
pub fn regression(truth: &[f64], predicted: &[f64]) -> Metrics {
    Metrics(vec![
        ("r2", r2(truth, predicted)),
        ("mae", mae(truth, predicted)),
        ("mse", mse(truth, predicted)),
        ("rmse", rmse(truth, predicted)),
        ("mape", mape(truth, predicted)),
        ("explained_variance", explained_variance(truth, predicted)),
    ])
}

/// The mean, summed with Neumaier's compensation ("Rundungsfehleranalyse einiger Verfahren zur Summation endlicher
/// Summen", ZAMM 54, 1974), so that millions of rows cost no digits; `None` for no value, or where it is not finite.
pub(crate) fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut lost, mut count) = (0.0_f64, 0.0, 0_usize);
    for value in values {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
        count += 1;
    }
    let mean = (sum + lost) / count as f64;
    mean.is_finite().then_some(mean)
}
