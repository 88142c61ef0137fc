//! "Using numpy to complete boston house price prediction based on Neural Network": normalised features, linear, ReLU,
//! linear.

pub mod checkpoint;

use super::two_layer::{parameters, randn};
use crate::data::boston::Boston;
use crate::data::table::names;
use crate::preprocess::scale::{FittedScaler, StandardScaler};
use crate::preprocess::split;
use crate::preprocess::tensors::from_table;
use crate::python::random::NumpyRandom;
use crate::python::trace::{TensorTrace, Trace};
use crate::torch::threads::Steps;
use crate::train::ReadLoss;
use crate::tutorial::config::BostonConfig;
use crate::tutorial::program::Program;
use crate::tutorial::relu::net::ReluNet;
use crate::tutorial::relu::{self, Descent};
use anyhow::Result;
use polars::prelude::DataFrame;
use std::time::Instant;
use tch::{Device, Kind, Tensor};

/// A trained net with everything that led to it.
pub struct Outcome {
    /// Fitted on the training rows; its columns are the features.
    pub scaler: FittedScaler,
    /// The target's name.
    pub target: String,
    /// The features of the training rows as they were, `[n, features]`.
    pub raw: Tensor,
    /// The same, normalised.
    pub x: Tensor,
    /// `[n, 1]`
    pub y: Tensor,
    pub initial: Vec<TensorTrace>,
    pub net: ReluNet,
    pub losses: Vec<f64>,
    pub test: Option<Test>,
    /// Seconds that the training loop took.
    pub seconds: f64,
}

/// The rows kept apart, and the final net's loss on them.
pub struct Test {
    pub rows: usize,
    pub loss: f64,
}

/// Runs the program; `report(epoch, loss)` is called after every epoch and may stop it with an error.
pub fn run(
    config: &BostonConfig,
    seed: u32,
    device: Device,
    report: impl FnMut(usize, ReadLoss<'_>) -> Result<()>,
) -> Result<Outcome> {
    run_on(Boston::load(config.data.as_deref(), &config.exclude)?, config, seed, device, report)
}

/// As [`run`], on a table that was read.
pub fn run_on(
    table: Boston,
    config: &BostonConfig,
    seed: u32,
    device: Device,
    report: impl FnMut(usize, ReadLoss<'_>) -> Result<()>,
) -> Result<Outcome> {
    let (train, test) = parts(table, config.split, seed)?;
    let scaler = StandardScaler.fit(&train.features)?;
    let tensor = |table: &DataFrame| from_table(table, Kind::Double, device);
    let (x, y) = (tensor(&scaler.transform(&train.features)?)?, tensor(&train.target)?);
    let net = initial_net(x.size()[1], config.hidden, seed, device)?;
    let initial = parameters("initial", &net)?;
    let settings = Descent { lr: config.lr, train_bias: config.train_bias, mean_gradient: config.mean_gradient };
    let start = Instant::now();
    let losses = relu::train(&net, &x, &y, settings, config.epochs, report)?;
    let seconds = start.elapsed().as_secs_f64();
    let test = test.map(|test| -> Result<Test> {
        let (x, y) = (tensor(&scaler.transform(&test.features)?)?, tensor(&test.target)?);
        Ok(Test { rows: test.features.height(), loss: net.loss(&x, &y)? })
    });
    let (raw, test) = (tensor(&train.features)?, test.transpose()?);
    let target = names(&train.target).concat();
    Ok(Outcome { scaler, target, raw, x, y, initial, net, losses, test, seconds })
}

/// What the steps of the training multiply.
pub fn steps(table: &Boston, config: &BostonConfig, seed: u32) -> Result<Vec<Steps>> {
    let (train, test) = parts(table.clone(), config.split, seed)?;
    let measured = test.map(|test| test.features.height()).into_iter().collect();
    let widths = vec![train.features.width(), config.hidden as usize, 1];
    Ok(vec![Steps { batches: vec![train.features.height()], measured, widths, anywhere: true, kind: Kind::Double }])
}

/// The training rows, and the test rows where some are asked for.
fn parts(data: Boston, share: Option<f64>, seed: u32) -> Result<(Boston, Option<Boston>)> {
    let Some(share) = share else { return Ok((data, None)) };
    let split = split::train_test(data.features.height(), share, seed)?;
    let part = |rows: &[usize]| -> Result<Boston> {
        let rows: Vec<u32> = rows.iter().map(|&row| row as u32).collect();
        Ok(Boston { features: split::take(&data.features, &rows)?, target: split::take(&data.target, &rows)? })
    };
    Ok((part(&split.train)?, Some(part(&split.test)?)))
}

/// Weights from `np.random.randn` under `np.random.seed(seed)`, w1 before w2; biases 0.
fn initial_net(features: i64, hidden: i64, seed: u32, device: Device) -> Result<ReluNet> {
    let mut rng = NumpyRandom::seed(seed);
    let (w1, w2) = (randn(&mut rng, features, hidden, device)?, randn(&mut rng, hidden, 1, device)?);
    let zeros = |size: i64| Tensor::f_zeros([size], (Kind::Double, device));
    Ok(ReluNet { w1, w2, biases: Some([zeros(hidden)?, zeros(1)?]) })
}

impl Outcome {
    /// The run as a trace, in the form and order of `scripts/original/boston.py --trace`.
    pub fn trace(&self, config: &BostonConfig, seed: u32) -> Result<Trace> {
        let mut tensors = vec![TensorTrace::of("X", &self.x)?, TensorTrace::of("y", &self.y)?];
        // The original keeps the weights alone: its biases start at 0.
        tensors.extend(self.initial.iter().filter(|tensor| tensor.name.contains(".w")).cloned());
        tensors.extend(parameters("final", &self.net)?);
        let loss = self.losses.last().copied().unwrap_or(f64::NAN);
        Ok(Trace {
            scalars: [("parameters".into(), self.net.count() as f64), ("loss".into(), loss)].into(),
            series: [("loss".into(), self.losses.clone())].into(),
            tensors,
            ..Trace::new(Program::Boston.name(), seed, config, self.seconds)?
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // X, y = the table; a, b, _, _ = train_test_split(X, y, test_size=0.2, random_state=7)
    // StandardScaler().fit(a).mean_[[0, 12]], len(b)
    #[test]
    fn the_scaler_is_fitted_on_the_training_rows_alone() {
        let config = BostonConfig { split: Some(0.2), epochs: 1, ..BostonConfig::default() };
        let outcome = run(&config, 7, Device::Cpu, |_, _| Ok(())).unwrap();
        let mean = |index: usize| outcome.scaler.mean[index];
        for (found, expected) in [mean(0), mean(12)].into_iter().zip([3.4030191831683165, 12.762945544554459]) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert_eq!((outcome.test.unwrap().rows, outcome.x.size()), (102, vec![404, 13]));
    }
}
