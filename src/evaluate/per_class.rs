//! What a classifier makes of each class, in the words of `sklearn.metrics.classification_report`.

use crate::choices::fixed::fixed;
use crate::evaluate::metrics::{Count, confusion_matrix};
use crate::evaluate::predictions::Predictions;
use crate::preprocess::target::{Labels, Target};
use serde_json::{Map, Value, json};

/// Classes that a terminal shows; `summary.json` has them all.
const SHOWN: usize = 20;
/// Classes of which a matrix is written: it has a number for each pair.
const MATRIX: usize = 100;
/// Characters of a class's name.
const NAME: usize = 20;

/// Of some rows, by class.
pub struct PerClass<'a> {
    names: &'a [String],
    /// Rows by their class (first index) and the predicted one.
    confusion: Vec<Vec<u64>>,
    counts: Vec<Count>,
}

impl<'a> PerClass<'a> {
    /// Of the classes `names` by their codes.
    pub fn of(truth: &[i64], predicted: &[i64], names: &'a [String]) -> Self {
        let confusion = confusion_matrix(truth, predicted, names.len());
        let class = |class: usize| {
            let of_class = |sum: u64| usize::try_from(sum).unwrap_or(usize::MAX);
            Count {
                hits: of_class(confusion[class][class]),
                truth: of_class(confusion[class].iter().sum()),
                predicted: of_class(confusion.iter().map(|row| row[class]).sum()),
            }
        };
        Self { names, counts: (0..names.len()).map(class).collect(), confusion }
    }

    /// Of what a model of `target` says of some rows; none of one that is no classifier.
    pub fn of_answers(truth: &Labels, said: &Predictions, target: &'a Target) -> Option<Self> {
        match (truth, said, target) {
            (Labels::Classes(truth), Predictions::Classes { predicted, .. }, Target::Classes(names)) => {
                Some(Self::of(truth, predicted, names))
            }
            _ => None,
        }
    }

    /// By class: `{"precision": …, "recall": …, "f1-score": …, "support": …}`, as `classification_report(output_dict=True)`.
    pub fn json(&self) -> Value {
        let score = |count: &Count| json!({"precision": count.precision(), "recall": count.recall(), "f1-score": count.f1(), "support": count.truth});
        let classes = self.names.iter().cloned().zip(self.counts.iter().map(score));
        Value::Object(classes.collect::<Map<_, _>>())
    }

    /// The classes and the rows by true and predicted class; none of too many classes.
    pub fn matrix(&self) -> Value {
        let few = self.names.len() <= MATRIX;
        if few { json!({"classes": self.names, "true_by_predicted": self.confusion}) } else { Value::Null }
    }

    /// What the columns of [`Self::rows`] hold.
    pub const COLUMNS: [&'static str; 4] = ["precision", "recall", "f1-score", "support"];

    /// A row a class, its name first.
    pub fn rows(&self) -> Vec<[String; 5]> {
        let row = |(name, count): (&String, &Count)| {
            let [precision, recall, f1] = [count.precision(), count.recall(), count.f1()].map(|value| fixed(value, 4));
            [name.clone(), precision, recall, f1, count.truth.to_string()]
        };
        self.names.iter().zip(&self.counts).map(row).collect()
    }

    /// The table for a terminal, with the part's name over the classes; none where there are too many of them.
    pub fn text(&self, part: &str) -> Option<String> {
        if self.names.len() > SHOWN {
            return None;
        }
        let line = |name: &str, cells: [&str; 4]| {
            let name: String = name.chars().take(NAME).collect();
            let [precision, recall, f1, support] = cells;
            format!("{name:<20} {precision:>10} {recall:>10} {f1:>10} {support:>9}")
        };
        let rows = self.rows().into_iter().map(|row| {
            let [name, precision, recall, f1, support] = &row;
            line(name, [precision, recall, f1, support])
        });
        Some([line(part, Self::COLUMNS)].into_iter().chain(rows).collect::<Vec<_>>().join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // sklearn.metrics.classification_report([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 0, 1], labels=[0, 1, 2, 3], output_dict=True,
    // zero_division=0)
    #[test]
    fn they_are_those_of_scikit_learn() {
        let names: Vec<String> = ["a", "b", "c", "d"].map(String::from).to_vec();
        let found = PerClass::of(&[0, 0, 0, 1, 1, 2], &[0, 0, 1, 1, 0, 1], &names);
        let json = found.json();
        let of = |class: &str| PerClass::COLUMNS.map(|name| json[class][name].as_f64().unwrap());
        assert_eq!(of("a"), [2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0, 3.0]);
        assert_eq!(of("b"), [1.0 / 3.0, 0.5, 0.4, 2.0]);
        assert_eq!((of("c"), of("d")), ([0.0, 0.0, 0.0, 1.0], [0.0; 4]));
        assert_eq!(found.matrix()["true_by_predicted"][0], json!([2, 1, 0, 0]));
        let text = found.text("test rows").unwrap();
        assert!(text.starts_with("test rows") && text.lines().count() == 5, "{text}");
        assert!(text.contains("\nb                        0.3333     0.5000     0.4000         2"), "{text}");
    }
}
