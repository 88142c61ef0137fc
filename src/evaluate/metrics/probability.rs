//! Metrics of predicted probabilities `[n, classes]`, row by row.
//!
//! With two classes, the score of a row is the probability of class 1. A truth beyond 0..classes leaves them undefined:
//! scikit-learn raises.

use super::curves::binary_areas;
use super::mean;

/// Whether there is a row for each of the truth's, all numbers are finite, and the truth names only classes among
/// `classes`, of which there are two at least.
fn fits(truth: &[i64], probabilities: &[f64], classes: usize) -> bool {
    let known = |&class: &i64| usize::try_from(class).is_ok_and(|class| class < classes);
    let rows = !truth.is_empty() && truth.len().checked_mul(classes) == Some(probabilities.len());
    classes > 1 && rows && truth.iter().all(known) && probabilities.iter().all(|p| p.is_finite())
}

/// Each row's class and probabilities.
fn rows<'a>(
    truth: &'a [i64],
    probabilities: &'a [f64],
    classes: usize,
) -> Option<impl Iterator<Item = (usize, &'a [f64])>> {
    fits(truth, probabilities, classes)
        .then(|| truth.iter().map(|&class| class as usize).zip(probabilities.chunks_exact(classes)))
}

/// Which rows have the class, and their probabilities of it.
fn one_against_rest(truth: &[i64], probabilities: &[f64], classes: usize, class: usize) -> (Vec<bool>, Vec<f64>) {
    let positive = truth.iter().map(|&t| t == class as i64).collect();
    (positive, probabilities.iter().skip(class).step_by(classes).copied().collect())
}

/// The areas under the ROC curve and under the precision-recall curve. For two classes those of class 1:
/// `sklearn.metrics.roc_auc_score(truth, p[:, 1])` and `average_precision_score(truth, p[:, 1])`; else the means of each class
/// against the rest: `roc_auc_score(truth, p, multi_class="ovr", labels=range(classes))`, `average_precision_score(truth, p)`.
///
/// The first is undefined where a class has no row, or has all of them: scikit-learn warns and gives NaN. The second is where class 1
/// (of two) or any class (of more) has no row: scikit-learn gives 0 with a warning for two classes, and raises for more.
pub fn areas(truth: &[i64], probabilities: &[f64], classes: usize) -> [Option<f64>; 2] {
    if !fits(truth, probabilities, classes) {
        return [None; 2];
    }
    let of_class = |class| {
        let (positive, scores) = one_against_rest(truth, probabilities, classes, class);
        binary_areas(&positive, &scores)
    };
    if classes == 2 {
        return of_class(1);
    }
    let all: Vec<[Option<f64>; 2]> = (0..classes).map(of_class).collect();
    [0, 1].map(|kind| mean(all.iter().map(|areas| areas[kind]).collect::<Option<Vec<_>>>()?.into_iter()))
}

/// The mean of -ln p over the rows, p the probability of the row's class, in nats:
/// `sklearn.metrics.log_loss(truth, p, labels=range(classes))`. As there, p is kept within [ε, 1 - ε] with ε = 2⁻⁵²,
/// float64's (scikit-learn takes float32's where it is given float32). Undefined for no rows or one class:
/// scikit-learn raises.
pub fn log_loss(truth: &[i64], probabilities: &[f64], classes: usize) -> Option<f64> {
    mean(log_losses(truth, probabilities, classes)?)
}

/// Of each row.
fn log_losses<'a>(
    truth: &'a [i64],
    probabilities: &'a [f64],
    classes: usize,
) -> Option<impl Iterator<Item = f64> + 'a> {
    let rows = rows(truth, probabilities, classes)?;
    Some(rows.map(|(class, row)| -row[class].clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()))
}

/// The standard error of [`log_loss`]: the rows' standard deviation over the root of their number.
pub fn log_loss_error(truth: &[i64], probabilities: &[f64], classes: usize) -> Option<f64> {
    let center = log_loss(truth, probabilities, classes)?;
    let variance = mean(log_losses(truth, probabilities, classes)?.map(|loss| (loss - center).powi(2)))?;
    Some((variance / truth.len() as f64).sqrt())
}

/// The mean squared distance between the probabilities and the truth (Brier, Monthly Weather Review 78, 1950). For two
/// classes mean((p₁ - y)²) within [0, 1], `sklearn.metrics.brier_score_loss(truth, p[:, 1])`; for more the sum over the
/// classes, within [0, 2], `brier_score_loss(truth, p, labels=range(classes))`. Undefined for no rows or one class.
pub fn brier_score(truth: &[i64], probabilities: &[f64], classes: usize) -> Option<f64> {
    let rows = rows(truth, probabilities, classes)?;
    let distance = |class: usize, of: usize, p: f64| (p - f64::from(u8::from(class == of))).powi(2);
    mean(rows.map(|(class, row)| match classes {
        2 => distance(class, 1, row[1]),
        _ => row.iter().enumerate().map(|(of, &p)| distance(class, of, p)).sum(),
    }))
}
