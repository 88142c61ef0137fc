//! ROC and precision-recall curves of one class against the rest, and the areas under them.

/// Rows counted as positive at each distinct score, from the highest down: (false, true) positives. `None` for no rows,
/// slices of different lengths, or a score that is not finite.
fn counts_at_thresholds(positive: &[bool], scores: &[f64]) -> Option<Vec<(u64, u64)>> {
    if positive.is_empty() || positive.len() != scores.len() || scores.iter().any(|score| !score.is_finite()) {
        return None;
    }
    let mut rows: Vec<(f64, bool)> = scores.iter().copied().zip(positive.iter().copied()).collect();
    rows.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let mut counts = Vec::new();
    let (mut wrong, mut right) = (0, 0);
    // Equal scores stand or fall together: `chunk_by` takes -0 and 0 for equal, as scikit-learn does.
    for tied in rows.chunk_by(|a, b| a.0 == b.0) {
        let hits = tied.iter().filter(|row| row.1).count() as u64;
        right += hits;
        wrong += tied.len() as u64 - hits;
        counts.push((wrong, right));
    }
    Some(counts)
}

/// Points (false positive rate, true positive rate) from (0, 0) to (1, 1), `sklearn.metrics.roc_curve`, without the
/// points that lie on a straight line between others, as is its default. Undefined where the truth has one class only:
/// scikit-learn warns and gives NaN for the rate that has no rows.
pub fn roc_curve(positive: &[bool], scores: &[f64]) -> Option<Vec<(f64, f64)>> {
    let counts = counts_at_thresholds(positive, scores)?;
    let &(negatives, positives) = counts.last()?;
    if negatives == 0 || positives == 0 {
        return None;
    }
    let corner = |index: usize| {
        let (Some(before), Some(after)) = (index.checked_sub(1), counts.get(index + 1)) else { return true };
        let (before, here) = (counts[before], counts[index]);
        before.0 + after.0 != 2 * here.0 || before.1 + after.1 != 2 * here.1
    };
    let kept = (0..counts.len()).filter(|&index| corner(index)).map(|index| counts[index]);
    let rates = |(wrong, right): (u64, u64)| (wrong as f64 / negatives as f64, right as f64 / positives as f64);
    Some(std::iter::once((0, 0)).chain(kept).map(rates).collect())
}

/// The area under [`roc_curve`] by the trapezoidal rule, `sklearn.metrics.roc_auc_score` of two classes; undefined with
/// it, where scikit-learn warns and gives NaN.
pub fn binary_roc_auc(positive: &[bool], scores: &[f64]) -> Option<f64> {
    let curve = roc_curve(positive, scores)?;
    Some(curve.windows(2).map(|pair| (pair[1].0 - pair[0].0) * (pair[0].1 + pair[1].1) / 2.0).sum())
}

/// Points (recall, precision), recall falling from 1 to 0, `sklearn.metrics.precision_recall_curve`; the last point is
/// (0, 1). Undefined without a positive row: scikit-learn warns and sets every recall to 1.
pub fn precision_recall_curve(positive: &[bool], scores: &[f64]) -> Option<Vec<(f64, f64)>> {
    let counts = counts_at_thresholds(positive, scores)?;
    let positives = counts.last()?.1;
    if positives == 0 {
        return None;
    }
    let point = |&(wrong, right): &(u64, u64)| (right as f64 / positives as f64, right as f64 / (wrong + right) as f64);
    Some(counts.iter().rev().map(point).chain([(0.0, 1.0)]).collect())
}

/// The sum over the thresholds of (gain of recall) × precision, `sklearn.metrics.average_precision_score` of two
/// classes: no trapezoids, which would be too hopeful. Undefined without a positive row, where scikit-learn warns and
/// gives 0.
pub fn binary_average_precision(positive: &[bool], scores: &[f64]) -> Option<f64> {
    let curve = precision_recall_curve(positive, scores)?;
    let area: f64 = curve.windows(2).map(|pair| (pair[0].0 - pair[1].0) * pair[0].1).sum();
    Some(area.max(0.0))
}
