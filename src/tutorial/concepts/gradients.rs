//! "Gradient disappearance": how large the gradient still is at each layer of a deep net.
//!
//! Nets of `depth` square layers without bias, `aₗ = f(aₗ₋₁ Wₗ)` and a linear last layer, under the mean square error
//! against random targets, inputs standard normal; many nets at once as one batch, gradients by autograd, float64.

use super::activations::Activation;
use super::memory::check_memory;
use anyhow::{Result, bail};
use serde::Serialize;
use tch::{Device, Kind, TchError, Tensor};

/// Samples that each net sees.
const BATCH: i64 = 64;

/// Outside these bounds a mean factor per layer counts as vanishing or exploding: over 20 layers they make 1/1000
/// and 1000.
const HOLDS: [f64; 2] = [0.7, 1.0 / 0.7];

/// What the weights are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Weights {
    /// U[low, high)
    Uniform { low: f64, high: f64 },
    /// N(0, scale² / width); scale 1 keeps the size of a linear net's signal, √2 a ReLU net's (He et al., 2015).
    Normal { scale: f64 },
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Scenario {
    pub activation: Activation,
    pub weights: Weights,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Config {
    /// Weight layers.
    pub depth: usize,
    /// Units of each layer.
    pub width: i64,
    /// Nets over which the median is taken.
    pub nets: i64,
    pub scenarios: Vec<Scenario>,
}

impl Default for Config {
    fn default() -> Self {
        let uniform = |activation, low, high| Scenario { activation, weights: Weights::Uniform { low, high } };
        let normal = |activation, scale| Scenario { activation, weights: Weights::Normal { scale } };
        Self {
            depth: 20,
            width: 10,
            nets: 50,
            scenarios: vec![
                uniform(Activation::Sigmoid, 0.0, 1.0),
                normal(Activation::Sigmoid, 1.0),
                uniform(Activation::Sigmoid, 1.0, 2.0),
                uniform(Activation::Relu, 1.0, 2.0),
                normal(Activation::Tanh, 1.0),
                normal(Activation::Relu, 2_f64.sqrt()),
            ],
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Finding {
    Vanishes,
    Explodes,
    Holds,
}

/// One scenario's gradient norms, layer 1 first: medians over the nets.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    pub scenario: Scenario,
    /// ‖∂L/∂zₗ‖, the error signal that arrives at layer l's outputs before their activation.
    pub signal: Vec<f64>,
    /// ‖∂L/∂Wₗ‖.
    pub weight: Vec<f64>,
    /// The signal's mean factor per layer on its way back, and the whole way's.
    pub factor: f64,
    pub first_to_last: f64,
    pub finding: Finding,
}

/// Measures every scenario; `report(scenario)` is called after each, from 1, and may stop with an error.
pub fn run(
    config: &Config,
    seed: u32,
    device: Device,
    mut report: impl FnMut(usize) -> Result<()>,
) -> Result<Vec<Measured>> {
    let (depth, width, nets) = (config.depth as f64, config.width as f64, config.nets as f64);
    // Weights and their gradients, and about four tensors of the outputs' size a layer.
    let needed = 8.0 * depth * nets * (2.0 * width * width + 4.0 * BATCH as f64 * width);
    check_memory(needed, &format!("--depth {depth} --width {width} --nets {nets}"))?;
    let mut measured = Vec::new();
    for (index, &scenario) in config.scenarios.iter().enumerate() {
        measured.push(measure(config, scenario, seed, device)?);
        report(index + 1)?;
    }
    let shown = |norms: &[f64]| norms.iter().any(|norm| norm.is_finite() && *norm > 0.0);
    if !measured.iter().any(|one| shown(&one.signal) && shown(&one.weight)) {
        bail!("the gradients overflow or vanish in float64 at every layer: try a smaller --depth or --weight-scale");
    }
    Ok(measured)
}

fn measure(config: &Config, scenario: Scenario, seed: u32, device: Device) -> Result<Measured> {
    // Every scenario sees the same inputs, targets and underlying draws.
    tch::manual_seed(i64::from(seed));
    let normal =
        || Tensor::f_randn([config.nets, BATCH, config.width], (Kind::Double, Device::Cpu))?.f_to_device(device);
    let (inputs, targets) = (normal()?, normal()?);
    let mut layers = Vec::new();
    let mut signals = Vec::new();
    let mut a = inputs;
    for layer in 1..=config.depth {
        let w = draw(scenario.weights, config.nets, config.width)?.f_to_device(device)?.f_set_requires_grad(true)?;
        let z = a.f_bmm(&w)?;
        a = if layer < config.depth { scenario.activation.apply(&z)? } else { z.shallow_clone() };
        layers.push(w);
        signals.push(z);
    }
    // The mean over each net's own samples; the sum over nets keeps them apart.
    let loss = (&a - targets).f_square()?.f_sum(Kind::Double)?.f_div_scalar((BATCH * config.width) as f64)?;
    let inputs: Vec<&Tensor> = signals.iter().chain(&layers).collect();
    let gradients = Tensor::f_run_backward(&[loss], &inputs, false, false)?;
    let norms = gradients.iter().map(median_norm).collect::<Result<Vec<_>, _>>()?;
    let (signal, weight) = norms.split_at(config.depth);
    let first_to_last = signal[0] / signal[config.depth - 1];
    let factor = first_to_last.powf(1.0 / (config.depth - 1) as f64);
    let finding = match factor {
        factor if factor < HOLDS[0] => Finding::Vanishes,
        factor if factor <= HOLDS[1] => Finding::Holds,
        _ => Finding::Explodes,
    };
    Ok(Measured { scenario, signal: signal.into(), weight: weight.into(), factor, first_to_last, finding })
}

fn draw(weights: Weights, nets: i64, width: i64) -> Result<Tensor, TchError> {
    let options = (Kind::Double, Device::Cpu);
    match weights {
        Weights::Uniform { low, high } => {
            Tensor::f_rand([nets, width, width], options)?.f_mul_scalar(high - low)?.f_add_scalar(low)
        }
        Weights::Normal { scale } => {
            Tensor::f_randn([nets, width, width], options)?.f_mul_scalar(scale / (width as f64).sqrt())
        }
    }
}

/// The median over the nets of each net's Euclidean norm, taken over the largest entry so that squares neither
/// overflow nor vanish.
fn median_norm(gradient: &Tensor) -> Result<f64, TchError> {
    let rows = gradient.f_flatten(1, -1)?;
    let largest = rows.f_abs()?.f_amax([1_i64].as_slice(), true)?;
    let unit = largest.f_where_self(&largest.f_gt(0.0)?, &largest.f_ones_like()?)?;
    let norms = rows.f_div(&unit)?.f_square()?.f_sum_dim_intlist(1, true, None)?.f_sqrt()?.f_mul(&largest)?;
    norms.f_median()?.f_double_value(&[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::torch::testing::seeded;

    fn config(activation: Activation, weights: Weights, width: i64) -> Config {
        Config { depth: 12, width, nets: 1, scenarios: vec![Scenario { activation, weights }] }
    }

    // One unit, identity, every weight 3 (U[3, 3)): the signal grows by exactly 3 a layer on its way back.
    #[test]
    fn a_linear_chain_multiplies_the_signal_by_its_weight() {
        let _torch = seeded(0);
        let config = config(Activation::Identity, Weights::Uniform { low: 3.0, high: 3.0 }, 1);
        let measured = &run(&config, 0, Device::Cpu, |_| Ok(())).unwrap()[0];
        for pair in measured.signal.windows(2) {
            assert!((pair[0] / pair[1] - 3.0).abs() < 1e-12, "{pair:?}");
        }
        assert_eq!(measured.finding, Finding::Explodes);
    }

    // sigmoid' <= 1/4 and weights below 1: a chain of single units loses at least three quarters at every layer.
    #[test]
    fn a_sigmoid_chain_with_weights_below_one_loses_three_quarters_a_layer() {
        let _torch = seeded(0);
        let config = config(Activation::Sigmoid, Weights::Uniform { low: 0.0, high: 1.0 }, 1);
        let measured = &run(&config, 3, Device::Cpu, |_| Ok(())).unwrap()[0];
        // The last layer is linear: the bound holds for the step below it too, with its weight below 1.
        assert!(measured.signal.windows(2).all(|pair| pair[0] <= 0.25 * pair[1]), "{:?}", measured.signal);
    }

    // torch.set_default_dtype(torch.float64); torch.manual_seed(0)
    // a, t = torch.randn(5, 64, 10), torch.randn(5, 64, 10)
    // for layer in range(20): w = torch.rand(5, 10, 10); z = a @ w; a = torch.sigmoid(z) if layer < 19 else z
    // ((a - t)**2).mean((1, 2)).sum().backward(); z.grad.flatten(1).norm(dim=1).median() at layers 1, 11, 20; w.grad too
    #[test]
    fn norms_equal_pythons() {
        let _torch = seeded(0);
        let scenarios = vec![Config::default().scenarios[0]];
        let config = Config { nets: 5, scenarios, ..Config::default() };
        let measured = &run(&config, 0, Device::Cpu, |_| Ok(())).unwrap()[0];
        let signal = [1.106280139070997e-24, 1.8560264278631492e-13, 0.41948982385435707];
        let weight = [6.0823626049704514e-24, 4.6545544247551056e-12, 10.330322339329726];
        for (norms, expected) in [(&measured.signal, signal), (&measured.weight, weight)] {
            for (layer, expected) in [0, 10, 19].into_iter().zip(expected) {
                // Twenty products of float64 matrices of ten columns: rounding stays far below this.
                assert!((norms[layer] / expected - 1.0).abs() < 1e-10, "{layer}: {} {expected}", norms[layer]);
            }
        }
    }

    #[test]
    fn a_gradient_too_small_to_be_squared_still_has_a_norm() {
        let tiny = Tensor::from_slice(&[3e-200_f64, 4e-200]).view([1, 2]);
        let norm = median_norm(&tiny).unwrap();
        assert!((norm / 5e-200 - 1.0).abs() < 1e-12, "{norm}");
        assert_eq!(median_norm(&Tensor::zeros([1, 2], (Kind::Double, Device::Cpu))).unwrap(), 0.0);
    }

    #[test]
    fn nets_that_do_not_fit_into_memory_are_refused() {
        let _torch = seeded(0);
        let config = Config { depth: 1000, width: 1000, ..Config::default() };
        assert!(run(&config, 0, Device::Cpu, |_| Ok(())).unwrap_err().to_string().contains("--width"));
    }
}
