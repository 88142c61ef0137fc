//! "Why do we need to use nonlinear activation functions": a deep net without them is one linear map.
//!
//! The same net twice on moons, from the same initial weights: once without activations, once with tanh, each trained
//! by autograd and Adam. Then the layers are multiplied out, `W = W₄W₃W₂W₁`, `b = W₄(W₃(W₂b₁ + b₂) + b₃) + b₄`, and the
//! product is compared with the net itself on a grid.

use super::activations::Activation;
use super::memory::check_memory;
use crate::data::moons::{Moons, make_moons};
use crate::evaluate::metrics;
use crate::model::parameters::{FlatTensors, Shape};
use crate::plot::GridAxis;
use crate::python::random::NumpyRandom;
use crate::train::optim::Adam;
use crate::train::{ReadLoss, diverged};
use anyhow::{Context, Result, bail};
use serde::Serialize;
use tch::{Device, Kind, Reduction, TchError, Tensor};

/// A net equals its product where logits differ by no more than this share of the largest logit: float64 rounding
/// over a few layers of up to a thousand terms.
pub const SAME: f64 = 1e-12;

/// Features and classes of moons.
const ENDS: i64 = 2;
/// Distance of the surface's points, and how far it goes beyond the data.
const STEP: f64 = 0.02;
const ROOM: f64 = 0.5;

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Config {
    pub samples: usize,
    pub noise: f64,
    /// Weight layers, two at least.
    pub depth: usize,
    /// Units of each hidden layer.
    pub hidden: i64,
    pub lr: f64,
    pub epochs: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { samples: 200, noise: 0.2, depth: 4, hidden: 16, lr: 0.01, epochs: 500 }
    }
}

/// The grid on which both nets are shown.
pub struct Grid {
    pub x: GridAxis,
    pub y: GridAxis,
}

/// One trained net.
pub struct Trained {
    pub losses: Vec<f64>,
    pub accuracy: f64,
    /// Class of each grid point, rows from the lowest x2, x1 fastest.
    pub surface: Vec<u8>,
    /// Largest difference between the net's logits and its product's on the grid, and the net's largest logit.
    pub difference: f64,
    pub largest_logit: f64,
    /// Whether the net is its product, to [`SAME`].
    pub is_linear: bool,
    /// The product: `W [2, 2]` row by row, `b [2]`.
    pub weight: Vec<f64>,
    pub bias: Vec<f64>,
}

pub struct Outcome {
    pub moons: Moons,
    pub grid: Grid,
    /// Without activations, and with tanh.
    pub nets: [Trained; 2],
}

/// Trains both nets; `report(epoch, loss)` counts the epochs of both and may stop with an error.
pub fn run(
    config: &Config,
    seed: u32,
    device: Device,
    mut report: impl FnMut(usize, ReadLoss<'_>) -> Result<()>,
) -> Result<Outcome> {
    // Per layer the outputs and their gradients, twice for the copies that autograd makes on the way.
    let needed = 16.0 * config.samples as f64 * config.hidden as f64 * config.depth as f64;
    check_memory(needed, &format!("--samples {} --hidden {} --depth {}", config.samples, config.hidden, config.depth))?;
    let moons = make_moons(config.samples, config.noise, &mut NumpyRandom::seed(seed));
    let grid = grid(&moons)?;
    let mut train = |activation, before: usize| -> Result<Trained> {
        tch::manual_seed(i64::from(seed));
        let mut net = Deep::new(config, activation, device)?;
        let losses = net.train(config, &moons, |epoch, loss| report(before + epoch, loss))?;
        net.examine(losses, &moons, &grid)
    };
    let nets = [train(Activation::Identity, 0)?, train(Activation::Tanh, config.epochs)?];
    Ok(Outcome { moons, grid, nets })
}

/// `Linear → activation → … → Linear`, float32.
struct Deep {
    activation: Activation,
    parameters: FlatTensors,
    device: Device,
}

impl Deep {
    /// PyTorch's initialisation of each layer: weight and bias from `U(-1/√n, 1/√n)` for n inputs.
    fn new(config: &Config, activation: Activation, device: Device) -> Result<Self> {
        let size = |layer: usize| if layer == 0 || layer == config.depth { ENDS } else { config.hidden };
        let mut shapes = Vec::new();
        for layer in 0..config.depth {
            shapes.push(Shape::new(&format!("fc{}.weight", layer + 1), &[size(layer + 1), size(layer)]));
            shapes.push(Shape::new(&format!("fc{}.bias", layer + 1), &[size(layer + 1)]));
        }
        let parameters = FlatTensors::zeros(&shapes, Device::Cpu)?;
        for (index, mut view) in parameters.views()?.into_iter().enumerate() {
            let bound = 1.0 / (size(index / 2) as f64).sqrt();
            let _ = view.f_uniform_(-bound, bound)?;
        }
        Ok(Self { activation, parameters: parameters.to_device(device)?, device })
    }

    fn train(
        &mut self,
        config: &Config,
        moons: &Moons,
        mut report: impl FnMut(usize, ReadLoss<'_>) -> Result<()>,
    ) -> Result<Vec<f64>> {
        let x = points(&moons.points, self.device)?.f_to_kind(Kind::Float)?;
        let y = Tensor::f_from_slice(&moons.labels)?.f_to_device(self.device)?;
        let mut optimizer = Adam::new(self.parameters.shapes(), config.lr, self.device)?;
        let mut losses = Vec::new();
        for epoch in 1..=config.epochs {
            self.parameters.flat = self.parameters.flat.f_set_requires_grad(true)?;
            let logits = forward(&self.parameters.views()?, self.activation, &x)?;
            let loss = logits.f_cross_entropy_loss(&y, None::<&Tensor>, Reduction::Mean, -100, 0.0)?;
            let grad = Tensor::f_run_backward(&[&loss], &[&self.parameters.flat], false, false)?.remove(0);
            self.parameters.flat = self.parameters.flat.f_detach()?;
            optimizer.step(&mut self.parameters.flat, &grad)?;
            losses.push(loss.f_double_value(&[])?);
            report(epoch, &|| Ok(losses[epoch - 1]))?;
        }
        if let Some(epoch) = losses.iter().position(|loss| !loss.is_finite()) {
            bail!("{}", diverged(epoch + 1, losses[epoch]));
        }
        Ok(losses)
    }

    /// The net against its product, in float64: there only rounding separates what is equal.
    fn examine(&self, losses: Vec<f64>, moons: &Moons, grid: &Grid) -> Result<Trained> {
        let layers =
            self.parameters.views()?.iter().map(|p| p.f_to_kind(Kind::Double)).collect::<Result<Vec<_>, _>>()?;
        let logits = |x: &Tensor| forward(&layers, self.activation, x);
        let predicted = logits(&points(&moons.points, self.device)?)?.f_argmax(1, false)?.f_to_device(Device::Cpu)?;
        let x = points(&grid.points(), self.device)?;
        let (weight, bias) = product(&layers)?;
        let own = logits(&x)?;
        let largest = |tensor: &Tensor| tensor.f_abs()?.f_max()?.f_double_value(&[]);
        let difference = largest(&(&own - x.f_linear(&weight, Some(&bias))?))?;
        let largest_logit = largest(&own)?;
        let classes = Vec::<i64>::try_from(own.f_argmax(1, false)?.f_to_device(Device::Cpu)?)?;
        Ok(Trained {
            losses,
            accuracy: metrics::accuracy(&moons.labels, &Vec::<i64>::try_from(predicted)?)
                .context("accuracy of no rows")?,
            surface: classes.into_iter().map(|class| class as u8).collect(),
            difference,
            largest_logit,
            is_linear: difference <= SAME * largest_logit,
            weight: Vec::try_from(weight.f_to_device(Device::Cpu)?.f_contiguous()?.f_view(-1)?)?,
            bias: Vec::try_from(bias.f_to_device(Device::Cpu)?)?,
        })
    }
}

/// Logits `[n, 2]`; `layers` are weight, bias, weight, bias, …
fn forward(layers: &[Tensor], activation: Activation, x: &Tensor) -> Result<Tensor, TchError> {
    let mut a = x.shallow_clone();
    for (index, layer) in layers.chunks_exact(2).enumerate() {
        if index > 0 {
            a = activation.apply(&a)?;
        }
        a = a.f_linear(&layer[0], Some(&layer[1]))?;
    }
    Ok(a)
}

/// All layers as one: the product of the weights, and the biases carried through.
fn product(layers: &[Tensor]) -> Result<(Tensor, Tensor), TchError> {
    let (mut weight, mut bias) = (layers[0].shallow_clone(), layers[1].shallow_clone());
    for layer in layers[2..].chunks_exact(2) {
        weight = layer[0].f_mm(&weight)?;
        bias = layer[0].f_mv(&bias)?.f_add(&layer[1])?;
    }
    Ok((weight, bias))
}

fn points(points: &[[f64; 2]], device: Device) -> Result<Tensor, TchError> {
    Tensor::f_from_slice(points.as_flattened())?.f_view([-1, ENDS])?.f_to_device(device)
}

/// The data's range and a little more.
fn grid(moons: &Moons) -> Result<Grid> {
    let range = |axis: usize| {
        let values = || moons.points.iter().map(|point| point[axis]);
        let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        (low - ROOM, high - low + 2.0 * ROOM)
    };
    let ((x0, wide), (y0, high)) = (range(0), range(1));
    // About the same number of points whatever the noise: a coarser step where it spreads the data far.
    let step = STEP.max(wide.max(high) / 400.0);
    if !step.is_finite() {
        bail!("--noise: the points have no finite range");
    }
    let axis = |start: f64, length: f64| GridAxis { start, step, count: (length / step).ceil() as usize };
    Ok(Grid { x: axis(x0, wide), y: axis(y0, high) })
}

impl Grid {
    /// Row by row from the lowest y, x fastest.
    pub fn points(&self) -> Vec<[f64; 2]> {
        self.y.points().flat_map(|y| self.x.points().map(move |x| [x, y])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // W2 W1 = [[0, 1], [2, 0]] · [[1, 2], [3, 4]] = [[3, 4], [2, 4]]; W2 b1 + b2 = [6, 10] + [1, 1]
    #[test]
    fn the_product_is_the_one_on_paper() {
        let matrix = |values: [f64; 4]| Tensor::from_slice(&values).view([2, 2]);
        let vector = |values: [f64; 2]| Tensor::from_slice(&values);
        let layers =
            [matrix([1.0, 2.0, 3.0, 4.0]), vector([5.0, 6.0]), matrix([0.0, 1.0, 2.0, 0.0]), vector([1.0, 1.0])];
        let (weight, bias) = product(&layers).unwrap();
        assert_eq!(Vec::<f64>::try_from(weight.view(-1)).unwrap(), [3.0, 4.0, 2.0, 4.0]);
        assert_eq!(Vec::<f64>::try_from(bias).unwrap(), [7.0, 11.0]);
    }
}
