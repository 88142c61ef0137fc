//! Metrics of predicted numbers `[n]`, in the target's units or without one.

use super::mean;

/// The mean over the rows of `loss(truth, predicted)`; `None` for no rows, slices of different lengths, or where a
/// value is not finite.
fn mean_of(truth: &[f64], predicted: &[f64], loss: impl Fn(f64, f64) -> f64) -> Option<f64> {
    let same = truth.len() == predicted.len();
    same.then(|| mean(truth.iter().zip(predicted).map(|(&t, &p)| loss(t, p)))).flatten()
}

/// mean |t - p|, in the target's unit, `sklearn.metrics.mean_absolute_error`. Undefined for no rows, where scikit-learn
/// raises; so are all the others here.
pub fn mae(truth: &[f64], predicted: &[f64]) -> Option<f64> {
    mean_of(truth, predicted, |t, p| (t - p).abs())
}

/// mean (t - p)², in the target's unit squared, `sklearn.metrics.mean_squared_error`.
pub fn mse(truth: &[f64], predicted: &[f64]) -> Option<f64> {
    mean_of(truth, predicted, |t, p| (t - p).powi(2))
}

/// √mse, in the target's unit, `sklearn.metrics.root_mean_squared_error`.
pub fn rmse(truth: &[f64], predicted: &[f64]) -> Option<f64> {
    mse(truth, predicted).map(f64::sqrt)
}

/// mean |t - p| / max(|t|, 2⁻⁵²), a share and not a percentage, `sklearn.metrics.mean_absolute_percentage_error`: a
/// truth of 0 makes it huge, as it does there.
pub fn mape(truth: &[f64], predicted: &[f64]) -> Option<f64> {
    mean_of(truth, predicted, |t, p| (t - p).abs() / t.abs().max(f64::EPSILON))
}

/// 1 - mean (t - p)² / mean (t - mean t)², `sklearn.metrics.r2_score`. Of a truth that is constant it is 1 where every
/// row is met and else 0, as there. (Scikit-learn sees a constant by its variance being 0, which for a constant such as
/// 0.1 depends on how its mean was rounded.) Undefined for one row: scikit-learn warns and gives NaN.
pub fn r2(truth: &[f64], predicted: &[f64]) -> Option<f64> {
    if truth.len() < 2 {
        return None;
    }
    Some(share_explained(mse(truth, predicted)?, variance(truth)?))
}

/// 1 - variance of (t - p) / variance of t, `sklearn.metrics.explained_variance_score`: unlike [`r2`], a constant error
/// costs nothing. Of a truth that is constant it is 1 where the error is constant too and else 0, as there (and so 1
/// for one row).
pub fn explained_variance(truth: &[f64], predicted: &[f64]) -> Option<f64> {
    if truth.len() != predicted.len() {
        return None;
    }
    let errors: Vec<f64> = truth.iter().zip(predicted).map(|(t, p)| t - p).collect();
    Some(share_explained(variance(&errors)?, variance(truth)?))
}

/// 1 - left / whole; where there is nothing to explain, 1 if nothing is left and else 0.
fn share_explained(left: f64, whole: f64) -> f64 {
    match (left == 0.0, whole == 0.0) {
        (true, _) => 1.0,
        (false, true) => 0.0,
        (false, false) => 1.0 - left / whole,
    }
}

/// mean (v - mean v)²: exactly 0 for values that are all equal, whatever their mean is rounded to.
fn variance(values: &[f64]) -> Option<f64> {
    let center = mean(values.iter().copied())?;
    if values.iter().all(|value| *value == values[0]) {
        return Some(0.0);
    }
    mean(values.iter().map(|value| (value - center).powi(2)))
}
