//! "Gradient descent optimization method": a line, by batch, stochastic or mini-batch gradient descent.

use crate::data::houses::Houses;
use crate::python::numpy::{mean, repr};
use crate::python::random::NumpyRandom;
use crate::python::trace::{TensorTrace, Trace};
use crate::train::{ReadLoss, diverged};
use crate::tutorial::config::{DescentConfig, Method};
use crate::tutorial::program::Program;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Number;
use std::time::Instant;

/// A line `k x + b` and its mean square error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    pub k: f64,
    pub b: f64,
    pub loss: f64,
}

/// A run with all its steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub houses: Houses,
    /// `x / max(x)`.
    pub x: Vec<f64>,
    pub max_x: f64,
    /// The line of each epoch, before that epoch's update.
    pub lines: Vec<Line>,
    /// Indices of the epochs that improved on all before them; the last is the best.
    pub improvements: Vec<usize>,
    pub best: Line,
    /// The best line for x as it was: `k / max(x)`, and b as the tutorial has it or mended.
    pub k: f64,
    pub b: f64,
    /// Seconds that the training loop took.
    pub seconds: f64,
}

/// Runs the program; `report(epoch, loss)` is called after every epoch and may stop it with an error.
pub fn run(
    config: &DescentConfig,
    seed: u32,
    mut report: impl FnMut(usize, ReadLoss<'_>) -> Result<()>,
) -> Result<Outcome> {
    let houses = Houses::load(config.data.as_deref())?;
    let [_, max_x] = houses.ends();
    ensure!(max_x != 0.0, "column area: its largest value is 0, by which the tutorial divides");
    let x: Vec<f64> = houses.x.iter().map(|x| x / max_x).collect();
    let mut points: Vec<(f64, f64)> = x.iter().copied().zip(houses.y.iter().copied()).collect();
    let mut batches = Batches::new(config, seed, points.len())?;
    let (mut k, mut b) = (value(&config.start_k)?, value(&config.start_b)?);
    let mut lines: Vec<Line> = Vec::new();
    let mut improvements = Vec::new();
    let mut min_loss = f64::INFINITY;
    let start = Instant::now();
    for epoch in 0..config.epochs {
        let loss = mean(points.len(), |i| square(k * x[i] + b - houses.y[i]));
        if !loss.is_finite() {
            bail!("{}", diverged(epoch + 1, loss));
        }
        let no_memory = || format!("--epochs {}: no memory for the lines after {epoch}", config.epochs);
        lines.try_reserve(1).with_context(no_memory)?;
        lines.push(Line { k, b, loss });
        if loss < min_loss {
            min_loss = loss;
            improvements.push(epoch);
        }
        for batch in batches.epoch(&x, &houses.y, &mut points) {
            let (k_gradient, b_gradient) = gradients(batch, k, b);
            k -= config.lr * k_gradient;
            b -= config.lr * b_gradient;
        }
        report(epoch + 1, &|| Ok(loss))?;
    }
    let seconds = start.elapsed().as_secs_f64();
    let best = improvements.last().map(|&epoch| lines[epoch]).context("no epoch was run")?;
    let b = if config.mend { best.b } else { best.b / max_x };
    Ok(Outcome { k: best.k / max_x, b, houses, x, max_x, lines, improvements, best, seconds })
}

fn value(start: &Number) -> Result<f64> {
    start.as_f64().with_context(|| format!("start {start}: expected a number"))
}

fn square(value: f64) -> f64 {
    value * value
}

/// `gradient_k` and `gradient_b`: those of half the mean square error, summed in the order of the points.
fn gradients(points: &[(f64, f64)], k: f64, b: f64) -> (f64, f64) {
    let (mut of_k, mut of_b) = (0.0, 0.0);
    for &(x, y) in points {
        let error = k * x + b - y;
        of_k += error * x;
        of_b += error;
    }
    let n = points.len() as f64;
    (of_k / n, of_b / n)
}

/// How the samples of an epoch are divided into updates.
struct Batches {
    size: usize,
    /// `np.random.RandomState(seed)`; none where the samples stay in their order.
    shuffle: Option<NumpyRandom>,
}

impl Batches {
    fn new(config: &DescentConfig, seed: u32, samples: usize) -> Result<Self> {
        let size = match (config.method, config.batch_size) {
            (Method::Batch, None) => samples,
            (Method::Stochastic, None) => 1,
            (Method::MiniBatch, Some(size)) => size,
            (Method::MiniBatch, None) => bail!("--method mini-batch: give the samples of one update with --batch-size"),
            (_, Some(_)) => bail!("--batch-size: it belongs to --method mini-batch"),
        };
        let shuffle = (config.method != Method::Batch).then(|| NumpyRandom::seed(seed));
        Ok(Self { size, shuffle })
    }

    /// The updates of one epoch, each sample in one of them; the last may be smaller. The samples are visited in the
    /// order of `np.random.permutation(n)`, drawn anew every epoch.
    fn epoch<'a>(&mut self, x: &[f64], y: &[f64], points: &'a mut [(f64, f64)]) -> std::slice::Chunks<'a, (f64, f64)> {
        if let Some(rng) = &mut self.shuffle {
            for (point, i) in points.iter_mut().zip(rng.permutation(x.len())) {
                *point = (x[i], y[i]);
            }
        }
        points.chunks(self.size)
    }
}

impl Outcome {
    /// What the original prints at each improvement: `best_k :10,best_b :10`.
    pub fn improvement(&self, epoch: usize, config: &DescentConfig) -> String {
        let Line { k, b, .. } = self.lines[epoch];
        let text = |start: &Number, value: f64| match start.as_i64() {
            Some(start) if epoch == 0 => start.to_string(),
            _ => repr(value),
        };
        format!("best_k :{},best_b :{}", text(&config.start_k, k), text(&config.start_b, b))
    }

    /// The run as a trace, in the form and order of `scripts/original/descent.py --trace`.
    pub fn trace(&self, config: &DescentConfig, seed: u32) -> Result<Trace> {
        let Line { k, b, loss } = self.best;
        let scalars = [("normalised_k", k), ("normalised_b", b), ("k", self.k), ("b", self.b), ("loss", loss)];
        let series = |of: fn(&Line) -> f64| self.lines.iter().map(of).collect();
        let series = [("loss", series(|line| line.loss)), ("k", series(|line| line.k)), ("b", series(|line| line.b))];
        Ok(Trace {
            scalars: scalars.map(|(name, value)| (name.into(), value)).into(),
            series: series.map(|(name, values)| (name.into(), values)).into(),
            tensors: vec![TensorTrace::vector("x", &self.x), TensorTrace::vector("y", &self.houses.y)],
            ..Trace::new(Program::Descent.name(), seed, config, self.seconds)?
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descent(config: &DescentConfig, seed: u32) -> Outcome {
        run(config, seed, |_, _| Ok(())).unwrap()
    }

    // python scripts/original/descent.py: the first, second and last line that it prints, and the trace's results
    #[test]
    fn batch_is_pythons_to_the_bit_and_prints_what_it_prints() {
        let config = DescentConfig::default();
        let outcome = descent(&config, 0);
        let lines: Vec<String> =
            outcome.improvements.iter().map(|&epoch| outcome.improvement(epoch, &config)).collect();
        assert_eq!(lines.len(), 1000);
        assert_eq!(lines[0], "best_k :10,best_b :10");
        assert_eq!(lines[1], "best_k :20.496875000000003,best_b :25.3375");
        assert_eq!(lines[999], "best_k :293.9042247003746,best_b :10.793610721731095");
        assert_eq!((outcome.k, outcome.b), (1.469521123501873, 0.053968053608655475));
        assert_eq!(outcome.best.loss, 75.78394097032607);
    }

    // The least-squares line of the four points: np.polyfit([50, 80, 100, 200], [82, 119, 172, 302], 1)
    #[test]
    fn mended_the_intercept_is_that_of_least_squares() {
        let config = DescentConfig { mend: true, epochs: 5000, ..DescentConfig::default() };
        let outcome = descent(&config, 0);
        assert!(
            (outcome.k - 1.4719921104536489).abs() < 1e-9 && (outcome.b - 10.510848126232656).abs() < 1e-7,
            "{:?}",
            outcome.best
        );
    }

    // import numpy as np
    // def descent(size, seed, epochs=8, lr=0.1):
    //     rng = np.random.RandomState(seed)
    //     x, y = np.array([50, 80, 100, 200]) / 200, np.array([82, 119, 172, 302])
    //     k = b = 10
    //     for epoch in range(epochs):
    //         line = k, b
    //         order = rng.permutation(4)
    //         for i in range(0, 4, size):
    //             part = order[i:i + size]
    //             error = [(k * xi + b) - yi for xi, yi in zip(x[part], y[part])]
    //             gk = sum(e * xi for e, xi in zip(error, x[part])) / len(part)
    //             gb = sum(error) / len(part)
    //             k, b = k - lr * gk, b - lr * gb
    //     return line
    // for size, seed in ((1, 0), (1, 7), (2, 0), (3, 4294967295)):
    //     print(size, seed, descent(size, seed))
    #[test]
    fn stochastic_and_mini_batch_visit_the_samples_as_numpy_shuffles_them() {
        for (batch_size, seed, expected) in SHUFFLED {
            let method = if batch_size == 1 { Method::Stochastic } else { Method::MiniBatch };
            let batch_size = (batch_size != 1).then_some(batch_size);
            let config = DescentConfig { method, batch_size, epochs: 8, ..DescentConfig::default() };
            let line = descent(&config, seed).lines[7];
            assert_eq!((line.k, line.b), expected, "batch size {batch_size:?}, seed {seed}");
        }
    }

    const SHUFFLED: [(usize, u32, (f64, f64)); 4] = [
        (1, 0, (116.93670426853348, 113.49641294059425)),
        (1, 7, (116.95369292890682, 113.0568576066942)),
        (2, 0, (89.1729109659631, 106.44662715106796)),
        (3, 4294967295, (104.48639000308135, 112.64683886543784)),
    ];

    #[test]
    fn a_batch_size_belongs_to_mini_batch_alone() {
        for (method, batch_size) in [(Method::Batch, Some(2)), (Method::Stochastic, Some(1)), (Method::MiniBatch, None)]
        {
            let config = DescentConfig { method, batch_size, ..DescentConfig::default() };
            assert!(run(&config, 0, |_, _| Ok(())).unwrap_err().to_string().contains("--batch-size"));
        }
    }

    #[test]
    fn a_divergent_run_stops_with_its_epoch_and_advice() {
        let config = DescentConfig { lr: 10.0, ..DescentConfig::default() };
        let error = run(&config, 0, |_, _| Ok(())).unwrap_err().to_string();
        assert!(error.contains("epoch") && error.contains("--lr"), "{error}");
    }
}
