//! scikit-learn's `make_moons`, drawn from NumPy's legacy generator.

use crate::python::random::NumpyRandom;
use polars::prelude::{DataFrame, PolarsResult, df};
use std::f64::consts::PI;

/// Two interleaving half circles: `points` is n × 2, `labels` is 0 (outer moon) or 1 (inner moon).
#[derive(Debug, Clone, PartialEq)]
pub struct Moons {
    pub points: Vec<[f64; 2]>,
    pub labels: Vec<i64>,
}

impl Moons {
    /// The points as a table with the columns `x1`, `x2` (Float64) and `y` (Int64).
    pub fn table(&self) -> PolarsResult<DataFrame> {
        let coordinate = |i: usize| self.points.iter().map(|point| point[i]).collect::<Vec<_>>();
        df!("x1" => coordinate(0), "x2" => coordinate(1), "y" => self.labels.as_slice())
    }
}

/// `sklearn.datasets.make_moons(samples, noise=noise)` under `np.random.seed(...)`: the points in order along each
/// moon, then shuffled, then normal noise of standard deviation `noise` on every coordinate, row by row.
pub fn make_moons(samples: usize, noise: f64, rng: &mut NumpyRandom) -> Moons {
    let outer = samples / 2;
    let inner = samples - outer;
    let (on_outer, on_inner) = (linspace(PI, outer), linspace(PI, inner));
    // Each point is made where it is wanted: nothing but the result and the order has the size of the data.
    let point = |i: usize| match i < outer {
        true => [on_outer(i).cos(), on_outer(i).sin()],
        false => [1.0 - on_inner(i - outer).cos(), 1.0 - on_inner(i - outer).sin() - 0.5],
    };
    let order = rng.permutation(samples);
    let labels = order.iter().map(|&i| i64::from(i >= outer)).collect();
    let points = order.iter().map(|&i| point(i).map(|coordinate| coordinate + rng.normal(0.0, noise))).collect();
    Moons { points, labels }
}

/// `np.linspace(0, stop, count)[i]`: multiples of the step, the last one exactly `stop`.
fn linspace(stop: f64, count: usize) -> impl Fn(usize) -> f64 {
    let step = stop / (count.saturating_sub(1)).max(1) as f64;
    move |i| if i > 0 && i == count - 1 { stop } else { i as f64 * step }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_the_points_rounded_down_lie_on_the_outer_moon() {
        let moons = make_moons(7, 0.0, &mut NumpyRandom::seed(0));
        assert_eq!(moons.labels.iter().filter(|&&label| label == 0).count(), 3);
    }

    // The outer moon is the unit half circle; the inner one is centred on (1, 0.5).
    #[test]
    fn without_noise_every_point_lies_on_its_moon() {
        let moons = make_moons(50, 0.0, &mut NumpyRandom::seed(3));
        for ([x, y], label) in moons.points.iter().zip(&moons.labels) {
            let (cx, cy) = if *label == 0 { (0.0, 0.0) } else { (1.0, 0.5) };
            let radius = ((x - cx).powi(2) + (y - cy).powi(2)).sqrt();
            assert!((radius - 1.0).abs() < 1e-12, "({x}, {y}) of moon {label}: radius {radius}");
        }
    }
}
