//! ROC and precision-recall curves of one class against the rest, and the areas under them.

/// A number that orders as the score does; -0 has that of 0, as scikit-learn takes them for equal.
fn order(score: f64) -> u64 {
    let bits = (score + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// Rows counted as positive at each distinct score, from the highest down: (false, true) positives. `None` for no rows,
/// slices of different lengths, or a score that is not finite.
fn counts_at_thresholds(positive: &[bool], scores: &[f64]) -> Option<Vec<(u64, u64)>> {
    if positive.is_empty() || positive.len() != scores.len() || scores.iter().any(|score| !score.is_finite()) {
        return None;
    }
    // Whole numbers are sorted several times as fast as pairs.
    let of = |wanted: bool| {
        let picked = scores.iter().zip(positive).filter(|(_, positive)| **positive == wanted);
        let mut sorted: Vec<u64> = picked.map(|(score, _)| order(*score)).collect();
        sorted.sort_unstable();
        sorted
    };
    let (negatives, positives) = (of(false), of(true));
    let (mut wrong, mut right) = (negatives.len(), positives.len());
    let mut counts = Vec::new();
    while let Some(&threshold) = negatives[..wrong].last().max(positives[..right].last()) {
        // Equal scores stand or fall together.
        let at = |sorted: &[u64]| sorted.iter().rev().position(|&score| score < threshold).unwrap_or(sorted.len());
        wrong -= at(&negatives[..wrong]);
        right -= at(&positives[..right]);
        counts.push(((negatives.len() - wrong) as u64, (positives.len() - right) as u64));
    }
    Some(counts)
}

/// Points (false positive rate, true positive rate) from (0, 0) to (1, 1), `sklearn.metrics.roc_curve`, without the
/// points that lie on a straight line between others, as is its default. Undefined where the truth has one class only:
/// scikit-learn warns and gives NaN for the rate that has no rows.
pub fn roc_curve(positive: &[bool], scores: &[f64]) -> Option<Vec<(f64, f64)>> {
    Some(rates(&counts_at_thresholds(positive, scores)?)?.collect())
}

fn rates(counts: &[(u64, u64)]) -> Option<impl Iterator<Item = (f64, f64)> + '_> {
    let &(negatives, positives) = counts.last()?;
    if negatives == 0 || positives == 0 {
        return None;
    }
    let corner = move |index: &usize| {
        let index = *index;
        let (Some(before), Some(after)) = (index.checked_sub(1), counts.get(index + 1)) else { return true };
        let (before, here) = (counts[before], counts[index]);
        before.0 + after.0 != 2 * here.0 || before.1 + after.1 != 2 * here.1
    };
    let kept = (0..counts.len()).filter(corner).map(|index| counts[index]);
    let rates = move |(wrong, right): (u64, u64)| (wrong as f64 / negatives as f64, right as f64 / positives as f64);
    Some(std::iter::once((0, 0)).chain(kept).map(rates))
}

/// The areas of [`binary_roc_auc`] and [`binary_average_precision`].
pub fn binary_areas(positive: &[bool], scores: &[f64]) -> [Option<f64>; 2] {
    match counts_at_thresholds(positive, scores) {
        Some(counts) => [under_rates(&counts), under_steps(&counts)],
        None => [None; 2],
    }
}

/// The area under [`roc_curve`] by the trapezoidal rule, `sklearn.metrics.roc_auc_score` of two classes; undefined with
/// it, where scikit-learn warns and gives NaN.
pub fn binary_roc_auc(positive: &[bool], scores: &[f64]) -> Option<f64> {
    under_rates(&counts_at_thresholds(positive, scores)?)
}

fn under_rates(counts: &[(u64, u64)]) -> Option<f64> {
    Some(pairs(rates(counts)?).map(|(a, b)| (b.0 - a.0) * (a.1 + b.1) / 2.0).sum())
}

/// Points (recall, precision), recall falling from 1 to 0, `sklearn.metrics.precision_recall_curve`; the last point is
/// (0, 1). Undefined without a positive row: scikit-learn warns and sets every recall to 1.
pub fn precision_recall_curve(positive: &[bool], scores: &[f64]) -> Option<Vec<(f64, f64)>> {
    Some(precisions(&counts_at_thresholds(positive, scores)?)?.collect())
}

fn precisions(counts: &[(u64, u64)]) -> Option<impl Iterator<Item = (f64, f64)> + '_> {
    let positives = counts.last()?.1;
    if positives == 0 {
        return None;
    }
    let point =
        move |&(wrong, right): &(u64, u64)| (right as f64 / positives as f64, right as f64 / (wrong + right) as f64);
    Some(counts.iter().rev().map(point).chain([(0.0, 1.0)]))
}

/// The sum over the thresholds of (gain of recall) × precision, `sklearn.metrics.average_precision_score` of two
/// classes: no trapezoids, which would be too hopeful. Undefined without a positive row, where scikit-learn warns and
/// gives 0.
pub fn binary_average_precision(positive: &[bool], scores: &[f64]) -> Option<f64> {
    under_steps(&counts_at_thresholds(positive, scores)?)
}

fn under_steps(counts: &[(u64, u64)]) -> Option<f64> {
    let area: f64 = pairs(precisions(counts)?).map(|(a, b)| (a.0 - b.0) * a.1).sum();
    Some(area.max(0.0))
}

/// Each point with the next one. A curve of millions of points is not kept.
fn pairs<T: Copy>(mut points: impl Iterator<Item = T>) -> impl Iterator<Item = (T, T)> {
    let mut last = points.next();
    points.filter_map(move |point| last.replace(point).map(|before| (before, point)))
}
