//! Statistics of a column as NumPy and scikit-learn compute them. All take values without NaN, one at least.

/// `np.mean` along the rows of a table: summed in the order of the rows.
pub fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let mut count = 0usize;
    values.inspect(|_| count += 1).sum::<f64>() / count as f64
}

/// Center and scale of `StandardScaler`: the mean and the population standard deviation, 1 for a constant column. Equal
/// to the bit to `np.mean(axis=0)` and `np.std(axis=0)` of a C-contiguous matrix.
pub fn standard(values: &[f64]) -> (f64, f64) {
    let (mean, variance) = moments(values);
    (mean, if within_rounding(mean, variance, values.len()) { 1.0 } else { variance.sqrt() })
}

/// Whether the variance is within the rounding of a constant's: `_is_constant_feature` in
/// sklearn/preprocessing/_data.py.
pub fn is_constant(values: &[f64]) -> bool {
    let (mean, variance) = moments(values);
    within_rounding(mean, variance, values.len())
}

fn within_rounding(mean: f64, variance: f64, count: usize) -> bool {
    let n = count as f64;
    variance <= n * f64::EPSILON * variance + (n * mean * f64::EPSILON).powi(2)
}

/// Mean and population variance.
fn moments(values: &[f64]) -> (f64, f64) {
    let mean = mean(values.iter().copied());
    let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / values.len() as f64;
    (mean, variance)
}

/// Center and scale of `MinMaxScaler`: the minimum and the range, 1 for a constant column.
pub fn minmax(values: &[f64]) -> (f64, f64) {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (low, not_zero(high - low))
}

/// Center and scale of `RobustScaler`: the median and the interquartile range, 1 where that is 0.
pub fn robust(values: &[f64]) -> (f64, f64) {
    let sorted = sorted(values);
    (quantile(&sorted, 0.5), not_zero(quantile(&sorted, 0.75) - quantile(&sorted, 0.25)))
}

pub fn median(values: &[f64]) -> f64 {
    quantile(&sorted(values), 0.5)
}

/// The value that occurs most often, the smallest of them in a tie: `SimpleImputer(strategy="most_frequent")`.
pub fn most_frequent(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    let runs = sorted.chunk_by(|a, b| a == b);
    // max_by_key keeps the last of equal keys, and the smallest value is to win.
    runs.rev().max_by_key(|run| run.len()).map_or(f64::NAN, |run| run[0])
}

fn not_zero(scale: f64) -> f64 {
    if scale == 0.0 { 1.0 } else { scale }
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// `np.quantile(sorted, q)` with linear interpolation, in NumPy's order of operations (`_lerp`).
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let low = place.floor();
    let (a, b) = (sorted[low as usize], sorted[place.ceil() as usize]);
    let (t, difference) = (place - low, b - a);
    if t >= 0.5 { b - difference * (1.0 - t) } else { a + difference * t }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [f64; 7] = [3.5, -1.25, 0.1, 0.1, 7.75, 2.0, 0.3];

    // X = np.array([[3.5, -1.25, .1, .1, 7.75, 2., .3]]).T
    // s = StandardScaler().fit(X); s.mean_, s.scale_; r = RobustScaler().fit(X); r.center_, r.scale_
    // m = MinMaxScaler().fit(X); m.data_min_, m.data_range_; SimpleImputer(strategy=...).fit(X).statistics_
    #[test]
    fn constants_are_scikit_learns() {
        assert_eq!(standard(&VALUES), (1.7857142857142858, 2.8199182214224234));
        assert_eq!(robust(&VALUES), (0.3, 2.65));
        assert_eq!(minmax(&VALUES), (-1.25, 9.0));
        assert_eq!((median(&VALUES), most_frequent(&VALUES)), (0.3, 0.1));
        assert_eq!(most_frequent(&[2.0, 1.0, 2.0, 1.0, 3.0]), 1.0);
    }

    #[test]
    fn a_constant_column_keeps_its_scale() {
        assert_eq!(standard(&[0.1; 4]), (0.1, 1.0));
        assert_eq!(minmax(&[0.1; 4]), (0.1, 1.0));
        assert_eq!(robust(&[0.1; 4]), (0.1, 1.0));
    }
}
