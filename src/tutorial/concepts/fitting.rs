//! "Challenges of machine learning": training against test error, across capacity and across epochs.
//!
//! The function, the nets and their training are those of `bias_variance`; errors are mean squares, averaged over
//! nets that each have their own data, and tests are against fresh noise.

use super::known::{Test, Training, mean_and_error};
use super::replicas::{Replicas, Settings};
use crate::python::random::NumpyRandom;
use crate::train::{ReadLoss, diverged};
use anyhow::{Result, bail};
use serde::Serialize;
use tch::Device;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Config {
    /// Nets trained per capacity, each on its own data.
    pub nets: i64,
    /// Training points of each net.
    pub samples: i64,
    /// Standard deviation of the noise.
    pub noise: f64,
    pub lr: f64,
    pub epochs: usize,
    /// Capacities; the curve across epochs is the last one's.
    pub hidden: Vec<i64>,
}

impl Default for Config {
    fn default() -> Self {
        Self { nets: 80, samples: 24, noise: 0.3, lr: 0.02, epochs: 4000, hidden: vec![1, 2, 3, 4, 6, 8, 16, 32] }
    }
}

/// Errors of one capacity after so many epochs, with the standard errors of their means over nets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Row {
    pub hidden: i64,
    pub epoch: usize,
    pub training_error: f64,
    pub training_standard_error: f64,
    pub test_error: f64,
    pub test_standard_error: f64,
}

/// The first net's curve at [`super::known::places`], at the end.
#[derive(Debug, Clone)]
pub struct Fit {
    pub hidden: i64,
    pub curve: Vec<f64>,
}

pub struct Outcome {
    pub rows: Vec<Row>,
    pub fits: Vec<Fit>,
    /// The first net's training points.
    pub points: Vec<(f64, f64)>,
}

/// Trains every capacity; `report(epoch, loss)` counts the epochs of all and may stop with an error.
pub fn run(
    config: &Config,
    seed: u32,
    device: Device,
    mut report: impl FnMut(usize, ReadLoss<'_>) -> Result<()>,
) -> Result<Outcome> {
    for &hidden in &config.hidden {
        Settings { count: config.nets, hidden, lr: config.lr, weight_decay: 0.0 }.check(config.samples)?;
    }
    let mut rng = NumpyRandom::seed(seed);
    let data = Training::draw(config.nets, config.samples, config.noise, &mut rng, device)?;
    let test = Test::draw(config.nets, config.noise, &mut rng, device)?;
    let moments = moments(config.epochs);
    let (mut rows, mut fits, mut done) = (Vec::new(), Vec::new(), 0);
    for &hidden in &config.hidden {
        tch::manual_seed(i64::from(seed));
        let settings = Settings { count: config.nets, hidden, lr: config.lr, weight_decay: 0.0 };
        let mut nets = Replicas::new(settings, &data)?;
        for epoch in 1..=config.epochs {
            let error = nets.step()?;
            if moments.contains(&epoch) {
                rows.push(measure(&nets, &test, hidden, epoch)?);
            }
            done += 1;
            report(done, &|| Ok(error.f_double_value(&[])?))?;
        }
        let curve = nets.predict(&test.x)?.f_select(0, 0)?.f_to_device(Device::Cpu)?;
        fits.push(Fit { hidden, curve: Vec::try_from(curve)? });
    }
    Ok(Outcome { rows, fits, points: data.points(0)? })
}

/// The epochs at which errors are measured: 1, then each a tenth more than the one before, and the last.
fn moments(epochs: usize) -> Vec<usize> {
    let next = |&epoch: &usize| Some((epoch + epoch.div_ceil(10)).min(epochs)).filter(|&later| later > epoch);
    std::iter::successors(Some(1), next).collect()
}

fn measure(nets: &Replicas, test: &Test, hidden: i64, epoch: usize) -> Result<Row> {
    let (training_error, training_standard_error) = mean_and_error(&nets.errors()?)?;
    let (test_error, test_standard_error) = mean_and_error(&test.errors(&nets.predict(&test.x)?)?)?;
    if !training_error.is_finite() {
        bail!("{}", diverged(epoch, training_error));
    }
    Ok(Row { hidden, epoch, training_error, training_standard_error, test_error, test_standard_error })
}

impl Outcome {
    /// Each capacity at the end of its training.
    pub fn last(&self) -> Vec<Row> {
        let last = self.rows.iter().map(|row| row.epoch).max().unwrap_or(0);
        self.rows.iter().filter(|row| row.epoch == last).copied().collect()
    }

    /// One capacity across epochs.
    pub fn across_epochs(&self, hidden: i64) -> Vec<Row> {
        self.rows.iter().filter(|row| row.hidden == hidden).copied().collect()
    }
}

/// The row with the least test error.
pub fn best(rows: &[Row]) -> Option<Row> {
    rows.iter().copied().min_by(|a, b| a.test_error.total_cmp(&b.test_error))
}

#[cfg(test)]
mod tests {
    use super::moments;

    #[test]
    fn the_first_and_the_last_epoch_are_measured() {
        assert_eq!(moments(1), [1]);
        assert_eq!(moments(5), [1, 2, 3, 4, 5]);
        let many = moments(4000);
        assert_eq!((many[0], many[many.len() - 1]), (1, 4000));
        assert!(many.len() < 100 && many.is_sorted());
    }
}
