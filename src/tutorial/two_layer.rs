//! "Using numpy to implement a neural network": linear, ReLU, linear on random numbers.

use crate::python::random::NumpyRandom;
use crate::python::trace::{TensorTrace, Trace};
use crate::train::ReadLoss;
use crate::tutorial::config::TwoLayerConfig;
use crate::tutorial::program::Program;
use crate::tutorial::relu::net::ReluNet;
use crate::tutorial::relu::{self, Descent};
use anyhow::Result;
use std::time::Instant;
use tch::{Device, TchError, Tensor};

/// A trained net with everything that led to it.
pub struct Outcome {
    /// `[samples, inputs]`
    pub x: Tensor,
    /// `[samples, outputs]`
    pub y: Tensor,
    pub initial: Vec<TensorTrace>,
    pub net: ReluNet,
    pub losses: Vec<f64>,
    /// Seconds that the training loop took.
    pub seconds: f64,
}

/// Runs the program; `report(epoch, loss)` is called after every epoch and may stop it with an error.
pub fn run(
    config: &TwoLayerConfig,
    seed: u32,
    device: Device,
    report: impl FnMut(usize, ReadLoss<'_>) -> Result<()>,
) -> Result<Outcome> {
    let mut rng = NumpyRandom::seed(seed);
    let mut randn = |rows, columns| randn(&mut rng, rows, columns, device);
    let TwoLayerConfig { samples, inputs, hidden, outputs, lr, epochs } = *config;
    let (x, y) = (randn(samples, inputs)?, randn(samples, outputs)?);
    let net = ReluNet { w1: randn(inputs, hidden)?, w2: randn(hidden, outputs)?, biases: None };
    let initial = parameters("initial", &net)?;
    let settings = Descent { lr, train_bias: false, mean_gradient: false };
    let start = Instant::now();
    let losses = relu::train(&net, &x, &y, settings, epochs, report)?;
    let seconds = start.elapsed().as_secs_f64();
    Ok(Outcome { x, y, initial, net, losses, seconds })
}

/// `np.random.randn(rows, columns)`.
pub fn randn(rng: &mut NumpyRandom, rows: i64, columns: i64, device: Device) -> Result<Tensor, TchError> {
    let values: Vec<f64> = (0..rows * columns).map(|_| rng.randn()).collect();
    Tensor::f_from_slice(&values)?.f_view([rows, columns])?.f_to_device(device)
}

/// The parameters under the names `<prefix>.w1` and so on.
pub fn parameters(prefix: &str, net: &ReluNet) -> Result<Vec<TensorTrace>> {
    net.named().iter().map(|(name, tensor)| TensorTrace::of(&format!("{prefix}.{name}"), tensor)).collect()
}

impl Outcome {
    /// The run as a trace, in the form and order of `scripts/original/two_layer.py --trace`.
    pub fn trace(&self, config: &TwoLayerConfig, seed: u32) -> Result<Trace> {
        let mut tensors = vec![TensorTrace::of("x", &self.x)?, TensorTrace::of("y", &self.y)?];
        tensors.extend(self.initial.iter().cloned());
        tensors.extend(parameters("final", &self.net)?);
        let loss = self.losses.last().copied().unwrap_or(f64::NAN);
        Ok(Trace {
            scalars: [("parameters".into(), self.net.count() as f64), ("loss".into(), loss)].into(),
            series: [("loss".into(), self.losses.clone())].into(),
            tensors,
            ..Trace::new(Program::TwoLayer.name(), seed, config, self.seconds)?
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // np.random.seed(3); x, y, w1, w2 = (np.random.randn(*s) for s in ((2, 3), (2, 1), (3, 2), (2, 1)))
    // y[0, 0], w1[2, 1], w2[1, 0]
    #[test]
    fn numbers_are_drawn_in_the_tutorials_order() {
        let config = TwoLayerConfig { samples: 2, inputs: 3, hidden: 2, outputs: 1, lr: 1e-12, epochs: 1 };
        let outcome = run(&config, 3, Device::Cpu, |_, _| Ok(())).unwrap();
        let drawn = |index: usize, place: usize| match &outcome.trace(&config, 3).unwrap().tensors[index].data {
            crate::python::trace::Data::Float64(values) => values[place],
            other => panic!("float64 expected, found {other:?}"),
        };
        assert_eq!(
            [drawn(1, 0), drawn(2, 5), drawn(3, 1)],
            [-0.08274148148245977, 1.7095730636529485, -0.40467741460089085]
        );
    }
}
