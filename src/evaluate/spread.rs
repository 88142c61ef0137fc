//! Mean and standard deviation of repeated measurements.

use serde::{Deserialize, Serialize};

/// `np.mean(values)` and `np.std(values)`, whose `ddof` is 0: the squares are divided by n, not n - 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    pub mean: f64,
    pub std: f64,
}

impl Spread {
    /// None for no values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let std = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
        (!values.is_empty()).then_some(Self { mean, std })
    }
}

#[cfg(test)]
mod tests {
    use super::Spread;

    // numpy.mean([1, 2, 4.5]), numpy.std([1, 2, 4.5])
    #[test]
    fn mean_and_deviation_are_numpys() {
        let spread = Spread::of(&[1.0, 2.0, 4.5]).unwrap();
        assert_eq!(spread.mean, 2.5);
        assert!((spread.std - 1.4719601443879744).abs() < 1e-15, "{}", spread.std);
        assert_eq!((Spread::of(&[3.0]), Spread::of(&[])), (Some(Spread { mean: 3.0, std: 0.0 }), None));
    }
}
