//! Metrics: pure functions under scikit-learn's names.

/// `sklearn.metrics.accuracy_score`: the share of equal entries; both slices have the same length.
pub fn accuracy(truth: &[i64], predicted: &[i64]) -> f64 {
    let hits = truth.iter().zip(predicted).filter(|(t, p)| t == p).count();
    hits as f64 / truth.len() as f64
}

#[cfg(test)]
mod tests {
    // accuracy_score([0, 1, 1, 0], [0, 1, 0, 0])
    #[test]
    fn accuracy_is_the_share_of_hits() {
        assert_eq!(super::accuracy(&[0, 1, 1, 0], &[0, 1, 0, 0]), 0.75);
    }
}
