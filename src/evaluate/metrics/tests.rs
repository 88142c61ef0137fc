//! Every metric against scikit-learn's, data/reference/metrics.json (scripts/original/make_metrics.py).

use super::*;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Both sides are float64 sums of the same few hundred terms in different orders.
const TOLERANCE: f64 = 1e-9;

type Expected = BTreeMap<String, Option<f64>>;
type Curves = Vec<Option<Vec<(f64, f64)>>>;

#[derive(Deserialize)]
struct Reference {
    classification: Vec<Classification>,
    regression: Vec<Regression>,
}

#[derive(Deserialize)]
struct Classification {
    name: String,
    classes: usize,
    truth: Vec<i64>,
    predicted: Vec<i64>,
    probabilities: Vec<f64>,
    metrics: Expected,
    roc_curve: Curves,
    precision_recall_curve: Curves,
    confusion_matrix: Vec<Vec<u64>>,
}

#[derive(Deserialize)]
struct Regression {
    name: String,
    truth: Vec<f64>,
    predicted: Vec<f64>,
    metrics: Expected,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("../../../data/reference/metrics.json")).unwrap()
}

/// |ours - theirs| <= TOLERANCE * max(1, |theirs|).
fn close(ours: f64, theirs: f64) -> bool {
    (ours - theirs).abs() <= TOLERANCE * theirs.abs().max(1.0)
}

fn assert_equal(ours: &Metrics, theirs: &Expected, case: &str) {
    assert_eq!(ours.0.len(), theirs.len(), "{case}");
    for (name, value) in ours.iter() {
        let same = match (value, theirs[name]) {
            (Some(ours), Some(theirs)) => close(ours, theirs),
            (ours, theirs) => ours == theirs,
        };
        assert!(same, "{case}: {name} is {value:?}, scikit-learn's {:?}", theirs[name]);
    }
}

#[test]
fn classification_equals_scikit_learn() {
    let cases = reference().classification;
    assert!(cases.len() >= 15);
    for case in cases {
        let ours = classification(&case.truth, &case.predicted, &case.probabilities, case.classes);
        assert_equal(&ours, &case.metrics, &case.name);
        let matrix = confusion_matrix(&case.truth, &case.predicted, case.classes);
        assert_eq!(matrix, case.confusion_matrix, "{}", case.name);
    }
}

#[test]
fn regression_equals_scikit_learn() {
    let cases = reference().regression;
    assert!(cases.len() >= 12);
    for case in cases {
        assert_equal(&regression(&case.truth, &case.predicted), &case.metrics, &case.name);
    }
}

#[test]
fn curves_equal_scikit_learns_point_by_point() {
    let mut compared = 0;
    for case in reference().classification {
        for class in 0..case.classes {
            let positive: Vec<bool> = case.truth.iter().map(|&truth| truth == class as i64).collect();
            let scores: Vec<f64> = case.probabilities.iter().skip(class).step_by(case.classes).copied().collect();
            for (name, ours, theirs) in [
                ("ROC", roc_curve(&positive, &scores), &case.roc_curve[class]),
                ("precision-recall", precision_recall_curve(&positive, &scores), &case.precision_recall_curve[class]),
            ] {
                let at = format!("{}, class {class}, {name}", case.name);
                let (Some(ours), Some(theirs)) = (&ours, theirs) else {
                    assert_eq!(&ours, theirs, "{at}");
                    continue;
                };
                assert_eq!(ours.len(), theirs.len(), "{at}");
                for (index, (a, b)) in ours.iter().zip(theirs).enumerate() {
                    assert!(close(a.0, b.0) && close(a.1, b.1), "{at}, point {index}: {a:?}, scikit-learn's {b:?}");
                }
                compared += ours.len();
            }
        }
    }
    assert!(compared > 1000, "{compared}");
}

#[test]
fn inputs_that_do_not_go_together_leave_everything_undefined() {
    let undefined = |metrics: Metrics| metrics.iter().all(|(_, value)| value.is_none());
    assert!(undefined(classification(&[], &[], &[], 2)));
    assert!(undefined(classification(&[0, 1], &[0], &[0.5; 3], 2)));
    assert!(undefined(regression(&[], &[])));
    assert!(undefined(regression(&[1.0, 2.0], &[1.0])));
    assert!(undefined(regression(&[1.0, 2.0], &[1.0, f64::NAN])));
    assert!(undefined(regression(&[1.0, f64::INFINITY], &[1.0, 2.0])));
}

#[test]
fn a_class_beyond_the_models_counts_as_missed_and_leaves_probabilities_undefined() {
    // accuracy_score([0, 1, 7], [0, 1, 1]); recall_score([0, 1, 7], [0, 1, 1], average="macro")
    let metrics = classification(&[0, 1, 7], &[0, 1, 1], &[0.9, 0.1, 0.2, 0.8, 0.4, 0.6], 2);
    assert_eq!(metrics.get("accuracy"), Some(2.0 / 3.0));
    assert_eq!(metrics.get("recall_macro"), Some(2.0 / 3.0));
    for name in ["roc_auc", "average_precision", "log_loss", "brier_score"] {
        assert_eq!(metrics.get(name), None, "{name}");
    }
    assert_eq!(confusion_matrix(&[0, 1, 7, -1], &[0, 1, 1, 0], 2), [[1, 0], [0, 1]]);
}

#[test]
fn probabilities_that_are_not_numbers_leave_their_metrics_undefined() {
    let metrics = classification(&[0, 1], &[0, 1], &[0.5, 0.5, f64::NAN, 0.5], 2);
    assert_eq!(metrics.get("accuracy"), Some(1.0));
    assert!(["roc_auc", "average_precision", "log_loss", "brier_score"].iter().all(|name| metrics.get(name).is_none()));
}

#[test]
fn metrics_are_a_map_in_their_order_with_null_for_undefined() {
    let metrics = Metrics(vec![("r2", None), ("mae", Some(0.5))]);
    assert_eq!(serde_json::to_string(&metrics).unwrap(), r#"{"r2":null,"mae":0.5}"#);
    assert_eq!((metrics.get("mae"), metrics.get("r2"), metrics.get("none")), (Some(0.5), None, None));
}

// math.fsum([1e16, 1.0, -1e16]) / 3
#[test]
fn the_mean_keeps_what_a_plain_sum_loses() {
    assert_eq!(mean([1e16, 1.0, -1e16].into_iter()), Some(1.0 / 3.0));
    assert_eq!(mean([f64::MAX, f64::MAX].into_iter()), None);
}
