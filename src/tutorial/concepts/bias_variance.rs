//! "Error, variance and deviation": the expected error = the noise's variance + the predictions' variance + bias².
//!
//! At each capacity many nets are trained, each on its own sample of a known function with known noise, and tested at
//! the same places against fresh noise. With f the truth, ŷᵣ net r's prediction and m the mean over nets:
//! bias² = (m − f)², variance = mean over r of (ŷᵣ − m)², both averaged over the places; their sum is the mean of
//! (ŷᵣ − f)². The measured error is the mean of (ŷᵣ − f − ε)² with ε never seen in training, so it differs from
//! noise + variance + bias² by the mean of ε² − σ² − 2ε(ŷᵣ − f). That difference has mean zero, is independent
//! from net to net, and its standard error is therefore its standard deviation over the nets by √nets.

use super::known::{self, Test, Training, mean_and_error};
use super::replicas::{Replicas, Settings};
use crate::python::random::NumpyRandom;
use crate::train::{ReadLoss, diverged};
use anyhow::{Result, bail};
use serde::Serialize;
use tch::{Device, Tensor};

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Config {
    /// Nets trained per setting, each on its own data.
    pub nets: i64,
    /// Training points of each net, unless the sweep says otherwise.
    pub samples: i64,
    /// Standard deviation of the noise.
    pub noise: f64,
    pub lr: f64,
    pub epochs: usize,
    /// The sweep over hidden units; the other sweeps use the last.
    pub hidden: Vec<i64>,
    /// The sweep over training points: multiples of `samples`.
    pub more: Vec<i64>,
    /// The sweep over weight decay.
    pub weight_decay: Vec<f64>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            nets: 80,
            samples: 24,
            noise: 0.3,
            lr: 0.02,
            epochs: 2000,
            hidden: vec![1, 2, 4, 8, 16],
            more: vec![1, 2, 4],
            weight_decay: vec![0.0, 1e-4, 1e-3, 1e-2, 1e-1],
        }
    }
}

/// Which of a setting's numbers is varied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sweep {
    Hidden,
    Samples,
    Decay,
}

/// One setting and what was measured at it; all are squares of y's unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Row {
    pub sweep: Sweep,
    pub hidden: i64,
    pub samples: i64,
    pub weight_decay: f64,
    pub training_error: f64,
    pub noise: f64,
    pub variance: f64,
    pub bias_squared: f64,
    /// noise + variance + bias²
    pub sum: f64,
    /// Mean square error against targets with fresh noise.
    pub measured_error: f64,
    /// measured error - sum, and its standard error.
    pub gap: f64,
    pub standard_error: f64,
}

/// Some nets' predictions at [`known::places`] and the mean over all nets, at one capacity.
#[derive(Debug, Clone)]
pub struct Fits {
    pub hidden: i64,
    pub nets: Vec<Vec<f64>>,
    pub mean: Vec<f64>,
}

pub struct Outcome {
    pub rows: Vec<Row>,
    pub fits: Vec<Fits>,
}

/// Nets whose curves are kept for the picture.
const SHOWN: i64 = 15;

impl Config {
    /// The settings of each sweep: (sweep, hidden, samples, weight decay).
    fn settings(&self) -> Vec<(Sweep, i64, i64, f64)> {
        let largest = self.hidden.last().copied().unwrap_or(1);
        let hidden = self.hidden.iter().map(|&hidden| (Sweep::Hidden, hidden, self.samples, 0.0));
        let more = self.more.iter().map(|&times| (Sweep::Samples, largest, times * self.samples, 0.0));
        let decay = self.weight_decay.iter().map(|&decay| (Sweep::Decay, largest, self.samples, decay));
        hidden.chain(more).chain(decay).collect()
    }

    /// Epochs of all the nets that are trained; a setting that two sweeps share is trained once.
    pub fn total_epochs(&self) -> usize {
        let mut distinct: Vec<_> =
            self.settings().into_iter().map(|(_, h, n, decay)| (h, n, decay.to_bits())).collect();
        distinct.sort_unstable();
        distinct.dedup();
        distinct.len() * self.epochs
    }
}

/// Runs every sweep; `report(epoch, loss)` counts the epochs of all settings and may stop with an error.
pub fn run(
    config: &Config,
    seed: u32,
    device: Device,
    mut report: impl FnMut(usize, ReadLoss<'_>) -> Result<()>,
) -> Result<Outcome> {
    for (_, hidden, samples, weight_decay) in config.settings() {
        Settings { count: config.nets, hidden, lr: config.lr, weight_decay }.check(samples)?;
    }
    let mut rng = NumpyRandom::seed(seed);
    let most = config.samples * config.more.iter().copied().max().unwrap_or(1).max(1);
    // The same data at every setting: what differs between settings is then not the draw.
    let data = Training::draw(config.nets, most, config.noise, &mut rng, device)?;
    let test = Test::draw(config.nets, config.noise, &mut rng, device)?;
    let mut outcome = Outcome { rows: Vec::new(), fits: Vec::new() };
    let mut done = 0;
    for (sweep, hidden, samples, weight_decay) in config.settings() {
        let same = |row: &&Row| (row.hidden, row.samples, row.weight_decay) == (hidden, samples, weight_decay);
        if let Some(row) = outcome.rows.iter().find(same).copied() {
            outcome.rows.push(Row { sweep, ..row });
            continue;
        }
        tch::manual_seed(i64::from(seed));
        let settings = Settings { count: config.nets, hidden, lr: config.lr, weight_decay };
        let mut nets = Replicas::new(settings, &data.first(samples)?)?;
        for _ in 0..config.epochs {
            let error = nets.step()?;
            done += 1;
            report(done, &|| Ok(error.f_double_value(&[])?))?;
        }
        let predictions = nets.predict(&test.x)?;
        let training_error = nets.errors()?.f_mean(None)?.f_double_value(&[])?;
        if !training_error.is_finite() {
            bail!("{}", diverged(config.epochs, training_error));
        }
        let empty = Row { sweep, hidden, samples, weight_decay, training_error, ..Row::EMPTY };
        outcome.rows.push(decompose(&predictions, &test, config.noise, empty)?);
        if sweep == Sweep::Hidden {
            outcome.fits.push(fits(hidden, &predictions)?);
        }
    }
    Ok(outcome)
}

impl Row {
    const EMPTY: Self = Self {
        sweep: Sweep::Hidden,
        hidden: 0,
        samples: 0,
        weight_decay: 0.0,
        training_error: 0.0,
        noise: 0.0,
        variance: 0.0,
        bias_squared: 0.0,
        sum: 0.0,
        measured_error: 0.0,
        gap: 0.0,
        standard_error: 0.0,
    };

    /// Whether two sweeps share this setting.
    pub fn same_setting(&self, other: &Self) -> bool {
        (self.hidden, self.samples, self.weight_decay) == (other.hidden, other.samples, other.weight_decay)
    }

    /// The gap in standard errors; zero where there is no noise and hence no gap but rounding.
    pub fn deviations(&self) -> f64 {
        if self.standard_error > 0.0 { self.gap / self.standard_error } else { 0.0 }
    }
}

/// Fills in what `predictions [nets, places]` say.
fn decompose(predictions: &Tensor, test: &Test, noise: f64, row: Row) -> Result<Row> {
    let number = |tensor: Tensor| tensor.f_mean(None)?.f_double_value(&[]);
    let mean = predictions.f_mean_dim([0_i64].as_slice(), true, None)?;
    let variance = number((predictions - &mean).f_square()?)?;
    let bias_squared = number((mean - &test.truth).f_square()?)?;
    let errors = test.errors(predictions)?;
    let measured_error = number(errors.shallow_clone())?;
    let noise = noise * noise;
    let expected = (predictions - &test.truth).f_square()?.f_mean_dim(1, false, None)?.f_add_scalar(noise)?;
    let (_, standard_error) = mean_and_error(&(errors - expected))?;
    let sum = noise + variance + bias_squared;
    let gap = measured_error - sum;
    Ok(Row { noise, variance, bias_squared, sum, measured_error, gap, standard_error, ..row })
}

fn fits(hidden: i64, predictions: &Tensor) -> Result<Fits> {
    let curve = |tensor: Tensor| -> Result<Vec<f64>> { Ok(Vec::try_from(tensor.f_to_device(Device::Cpu)?)?) };
    let shown = SHOWN.min(predictions.size()[0]);
    let nets = (0..shown).map(|net| curve(predictions.f_select(0, net)?)).collect::<Result<_>>()?;
    let mean = curve(predictions.f_mean_dim([0_i64].as_slice(), false, None)?)?;
    debug_assert_eq!(mean.len(), known::PLACES);
    Ok(Fits { hidden, nets, mean })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::torch::testing::seeded;
    use tch::Kind;

    // Two nets, both places where the truth is 0: predictions 1 and 3 everywhere: mean 2, bias² 4, variance 1.
    #[test]
    fn the_parts_are_those_of_the_definition() {
        let zeros = |rows: i64| Tensor::zeros([rows, 2], (Kind::Double, Device::Cpu));
        let test =
            Test { x: zeros(2), truth: zeros(1), noise: Tensor::from_slice(&[0.5, -0.5, 0.5, -0.5]).view([2, 2]) };
        let predictions = Tensor::from_slice(&[1.0, 1.0, 3.0, 3.0]).view([2, 2]);
        let row = decompose(&predictions, &test, 0.5, Row::EMPTY).unwrap();
        assert_eq!((row.noise, row.variance, row.bias_squared, row.sum), (0.25, 1.0, 4.0, 5.25));
        // (0.5² + 1.5² + 2.5² + 3.5²) / 4
        assert_eq!((row.measured_error, row.gap), (5.25, 0.0));
    }

    #[test]
    fn a_setting_of_two_sweeps_is_trained_once() {
        let _torch = seeded(0);
        let config = Config { nets: 4, epochs: 3, ..Config::default() };
        let mut epochs = 0;
        let outcome = run(&config, 0, Device::Cpu, |epoch, _| {
            epochs = epoch;
            Ok(())
        });
        assert_eq!(epochs, config.total_epochs());
        assert_eq!(outcome.unwrap().rows.len(), 13);
        assert_eq!(epochs, 3 * 11);
    }
}
