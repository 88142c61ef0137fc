//! "Activation function": sigmoid, tanh and ReLU, their derivatives, and what can be measured of them.
//!
//! Derivatives are autograd's, so that nothing here is typed in from a formula.

use crate::choices::names::named;
use crate::python::random::NumpyRandom;
use anyhow::Result;
use serde::Serialize;
use tch::{Device, TchError, Tensor};

/// An input so large that a function which levels off has done so to the last bit of a float64.
const FAR: f64 = 1e3;

/// Normal inputs whose mean output tells whether a function is zero-mean.
const DRAWS: usize = 100_000;

/// Within so many standard errors of zero a mean counts as zero.
const STANDARD_ERRORS: f64 = 4.0;

named! {
    pub enum Activation {
        Sigmoid = "sigmoid",
        Tanh = "tanh",
        Relu = "relu",
        Identity = "identity",
    }
}

impl Activation {
    /// The function itself, element by element.
    pub fn apply(self, z: &Tensor) -> Result<Tensor, TchError> {
        match self {
            Self::Sigmoid => z.f_sigmoid(),
            Self::Tanh => z.f_tanh(),
            Self::Relu => z.f_relu(),
            Self::Identity => Ok(z.shallow_clone()),
        }
    }

    /// As the tutorial writes it, for pictures and text.
    pub fn display_name(self) -> &'static str {
        match self {
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
            Self::Relu => "ReLU",
            Self::Identity => "identity",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Config {
    /// Inputs are shown from `-range` to `range`.
    pub range: f64,
    /// Inputs on each side of zero.
    pub points: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { range: 6.0, points: 600 }
    }
}

/// One function: its curve and what was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    pub activation: Activation,
    /// Over the inputs shown and ±1000.
    pub lowest: f64,
    pub highest: f64,
    /// Whether the output still grows from input 500 to 1000.
    pub unbounded: bool,
    /// Mean output for standard normal inputs, its standard error, and whether zero lies within 4 of these.
    pub mean: f64,
    pub mean_standard_error: f64,
    pub zero_mean: bool,
    pub largest_gradient: f64,
    /// The gradient at the ends of the range shown.
    pub gradient_at_ends: [f64; 2],
    #[serde(skip)]
    pub values: Vec<f64>,
    #[serde(skip)]
    pub gradients: Vec<f64>,
}

pub struct Outcome {
    pub inputs: Vec<f64>,
    pub functions: Vec<Measured>,
}

pub fn run(config: &Config, seed: u32, device: Device) -> Result<Outcome> {
    let count = config.points as i64;
    let inputs: Vec<f64> = (-count..=count).map(|i| config.range * (i as f64 / count as f64)).collect();
    let mut rng = NumpyRandom::seed(seed);
    let draws: Vec<f64> = (0..DRAWS).map(|_| rng.randn()).collect();
    let functions = [Activation::Sigmoid, Activation::Tanh, Activation::Relu]
        .map(|activation| measure(activation, &inputs, &draws, device));
    Ok(Outcome { inputs, functions: functions.into_iter().collect::<Result<_>>()? })
}

fn measure(activation: Activation, inputs: &[f64], draws: &[f64], device: Device) -> Result<Measured> {
    let evaluate = |inputs: &[f64]| -> Result<Vec<f64>> {
        let outputs = activation.apply(&Tensor::f_from_slice(inputs)?.f_to_device(device)?)?;
        Ok(Vec::try_from(outputs.f_to_device(Device::Cpu)?)?)
    };
    let x = Tensor::f_from_slice(inputs)?.f_to_device(device)?.f_set_requires_grad(true)?;
    let total = activation.apply(&x)?.f_sum(tch::Kind::Double)?;
    let gradient = Tensor::f_run_backward(&[total], &[x], false, false)?.remove(0);
    let gradients = Vec::<f64>::try_from(gradient.f_to_device(Device::Cpu)?)?;
    let values = evaluate(inputs)?;
    let far = evaluate(&[-FAR, FAR / 2.0, FAR])?;
    let outputs = evaluate(draws)?;
    let mean = outputs.iter().sum::<f64>() / outputs.len() as f64;
    let variance = outputs.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / (outputs.len() - 1) as f64;
    let mean_standard_error = (variance / outputs.len() as f64).sqrt();
    let all = || values.iter().chain(&far).copied();
    Ok(Measured {
        activation,
        lowest: all().fold(f64::INFINITY, f64::min),
        highest: all().fold(f64::NEG_INFINITY, f64::max),
        unbounded: far[2] > far[1],
        mean,
        mean_standard_error,
        zero_mean: mean.abs() <= STANDARD_ERRORS * mean_standard_error,
        largest_gradient: gradients.iter().copied().fold(0.0, f64::max),
        gradient_at_ends: [gradients[0], gradients[gradients.len() - 1]],
        values,
        gradients,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // By hand: s' = s(1 - s) has its maximum 1/4 at 0; tanh' = 1 - tanh² has 1 there; E[max(0, N(0, 1))] = 1/√(2π).
    #[test]
    fn what_is_measured_is_what_calculus_says() {
        let functions = run(&Config::default(), 0, Device::Cpu).unwrap().functions;
        assert_eq!(functions.iter().map(|f| f.largest_gradient).collect::<Vec<_>>(), [0.25, 1.0, 1.0]);
        assert_eq!(functions.iter().map(|f| f.zero_mean).collect::<Vec<_>>(), [false, true, false]);
        assert_eq!(functions.iter().map(|f| f.unbounded).collect::<Vec<_>>(), [false, false, true]);
        let relu = &functions[2];
        let expected = 1.0 / (2.0 * std::f64::consts::PI).sqrt();
        assert!((relu.mean - expected).abs() < 4.0 * relu.mean_standard_error, "{}", relu.mean);
        assert_eq!((functions[0].lowest, functions[0].highest), (0.0, 1.0));
    }
}
