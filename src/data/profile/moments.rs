//! Mean, standard deviation, skewness, quantiles and correlation of a stream of numbers.

use super::sampled::mix;

/// Sums of powers of the differences from the mean; batches are merged by the formulas of Pébay (Sandia report
/// SAND2008-6212, 2008), equations 2.1 and 3.1.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moments {
    n: f64,
    mean: f64,
    m2: f64,
    m3: f64,
}

impl Moments {
    pub fn of(values: &[f64]) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let (mut m2, mut m3) = (0.0, 0.0);
        for value in values {
            let delta = value - mean;
            m2 += delta * delta;
            m3 += delta * delta * delta;
        }
        Self { n, mean, m2, m3 }
    }

    pub fn merge(self, other: Self) -> Self {
        if self.n == 0.0 || other.n == 0.0 {
            return if self.n == 0.0 { other } else { self };
        }
        let (a, b, n) = (self.n, other.n, self.n + other.n);
        let delta = other.mean - self.mean;
        Self {
            n,
            mean: self.mean + delta * b / n,
            m2: self.m2 + other.m2 + delta * delta * a * b / n,
            m3: self.m3
                + other.m3
                + delta.powi(3) * a * b * (a - b) / (n * n)
                + 3.0 * delta * (a * other.m2 - b * self.m2) / n,
        }
    }

    pub fn mean(&self) -> Option<f64> {
        finite(self.mean).filter(|_| self.n > 0.0)
    }

    /// With n - 1 below: `series.std()` of pandas and polars. None below two values.
    pub fn std(&self) -> Option<f64> {
        finite((self.m2 / (self.n - 1.0)).sqrt()).filter(|_| self.n > 1.0)
    }

    /// The adjusted Fisher-Pearson coefficient: `series.skew()` of pandas. None below three values, or if all are equal.
    pub fn skew(&self) -> Option<f64> {
        let biased = self.n.sqrt() * self.m3 / self.m2.powf(1.5);
        finite(biased * (self.n * (self.n - 1.0)).sqrt() / (self.n - 2.0)).filter(|_| self.n > 2.0)
    }
}

fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// Pearson's correlation of pairs, merged in the same way.
#[derive(Debug, Clone, Copy, Default)]
pub struct Correlation {
    n: f64,
    mean: [f64; 2],
    m2: [f64; 2],
    product: f64,
}

impl Correlation {
    pub fn of(pairs: &[[f64; 2]]) -> Self {
        if pairs.is_empty() {
            return Self::default();
        }
        let n = pairs.len() as f64;
        let mean = [0, 1].map(|i| pairs.iter().map(|pair| pair[i]).sum::<f64>() / n);
        let m2 = [0, 1].map(|i| pairs.iter().map(|pair| (pair[i] - mean[i]).powi(2)).sum());
        Self { n, mean, m2, product: pairs.iter().map(|pair| (pair[0] - mean[0]) * (pair[1] - mean[1])).sum() }
    }

    pub fn merge(self, other: Self) -> Self {
        if self.n == 0.0 || other.n == 0.0 {
            return if self.n == 0.0 { other } else { self };
        }
        let n = self.n + other.n;
        let weight = self.n * other.n / n;
        let delta = [0, 1].map(|i| other.mean[i] - self.mean[i]);
        Self {
            n,
            mean: [0, 1].map(|i| self.mean[i] + delta[i] * other.n / n),
            m2: [0, 1].map(|i| self.m2[i] + other.m2[i] + delta[i] * delta[i] * weight),
            product: self.product + other.product + delta[0] * delta[1] * weight,
        }
    }

    /// None where either is constant.
    pub fn r(&self) -> Option<f64> {
        finite(self.product / (self.m2[0].sqrt() * self.m2[1].sqrt()))
    }

    pub fn pairs(&self) -> u64 {
        self.n as u64
    }
}

/// Values of a stream that are kept for the quantiles: all of them up to [`SAMPLE`], then a uniform sample.
#[derive(Debug, Default)]
pub struct Quantiles {
    level: u32,
    seen: u64,
    kept: Vec<(u64, f64)>,
}

/// Values that are kept at most.
pub const SAMPLE: usize = 65_536;

impl Quantiles {
    pub fn see(&mut self, value: f64) {
        let draw = mix(self.seen ^ 0x51ab_c0de);
        self.seen += 1;
        if draw.leading_zeros() < self.level {
            return;
        }
        self.kept.push((draw, value));
        if self.kept.len() > SAMPLE {
            self.level += 1;
            self.kept.retain(|(draw, _)| draw.leading_zeros() >= self.level);
        }
    }

    pub fn exact(&self) -> bool {
        self.level == 0
    }

    /// `np.quantile(values, shares)`.
    pub fn at<const N: usize>(&self, shares: [f64; N]) -> Option<[f64; N]> {
        let mut values: Vec<f64> = self.kept.iter().map(|(_, value)| *value).collect();
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        Some(shares.map(|share| {
            let place = share * last as f64;
            let (low, high) = (values[place.floor() as usize], values[place.ceil() as usize]);
            low + (high - low) * place.fract()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: [f64; 9] = [1.0, 2.5, -3.0, 4.0, 100.0, 7.25, 0.0, 2.5, 1e-3];

    fn near(found: Option<f64>, expected: f64) {
        let found = found.unwrap();
        assert!((found / expected - 1.0).abs() < 1e-13, "{found} {expected}");
    }

    // s = pd.Series([1, 2.5, -3, 4, 100, 7.25, 0, 2.5, 1e-3]); s.mean(), s.std(), s.skew()
    #[test]
    fn moments_are_those_of_pandas_wherever_the_batches_end() {
        for cut in 0..=VALUES.len() {
            let moments = Moments::of(&VALUES[..cut]).merge(Moments::of(&VALUES[cut..]));
            near(moments.mean(), 12.694555555555556);
            near(moments.std(), 32.86467867297318);
            near(moments.skew(), 2.956371335304116);
        }
        assert_eq!(Moments::of(&[2.0]).std(), None);
        assert_eq!(Moments::of(&[2.0; 5]).skew(), None);
    }

    // np.corrcoef(s, [3, 1, 4, 1, 5, 9, 2, 6, 5])[0, 1]
    #[test]
    fn correlation_is_numpys_wherever_the_batches_end() {
        let other = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0];
        let pairs: Vec<[f64; 2]> = VALUES.iter().zip(other).map(|(&a, b)| [a, b]).collect();
        for cut in 0..=pairs.len() {
            near(Correlation::of(&pairs[..cut]).merge(Correlation::of(&pairs[cut..])).r(), 0.1767744408534471);
        }
    }

    // np.quantile(s, [0.25, 0.5, 0.9])
    #[test]
    fn quantiles_are_numpys() {
        let mut quantiles = Quantiles::default();
        VALUES.iter().for_each(|&value| quantiles.see(value));
        let [low, middle, high] = quantiles.at([0.25, 0.5, 0.9]).unwrap();
        assert_eq!((low, middle), (0.001, 2.5));
        near(Some(high), 25.800000000000015);
    }

    // 0..1e6 uniformly: five standard errors of sqrt(p(1-p)/32768) are 1.4 %.
    #[test]
    fn quantiles_of_a_long_stream_are_those_of_a_uniform_sample() {
        let mut quantiles = Quantiles::default();
        (0..1_000_000).for_each(|value| quantiles.see(f64::from(value)));
        assert!(!quantiles.exact() && quantiles.kept.len() <= SAMPLE);
        let [low, middle] = quantiles.at([0.25, 0.5]).unwrap();
        assert!((low / 1e6 - 0.25).abs() < 0.014 && (middle / 1e6 - 0.5).abs() < 0.014, "{low} {middle}");
    }
}
