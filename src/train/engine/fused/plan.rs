//! What the engine computes: layers, activation, loss, and where the parameters lie.

use crate::model::activation;
use crate::model::loss::{Loss, LossKind};
use crate::model::mlp::MlpConfig;
use crate::model::parameters::Shape;
use tch::Device;

/// An activation that the engine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    Identity,
    Relu,
    Tanh,
    Sigmoid,
}

/// A loss that the engine has; each is the mean over the rows, and `Mse` over the outputs too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Criterion {
    CrossEntropy,
    Bce,
    Mse,
}

/// One linear layer, `weight [outputs, inputs]` and `bias [outputs]` in the flat buffer.
#[derive(Debug, Clone)]
pub struct Layer {
    pub inputs: usize,
    pub outputs: usize,
    /// Where the weight begins.
    pub weight: usize,
    /// Where the bias begins.
    pub bias: usize,
}

/// A dense network with its loss.
#[derive(Debug, Clone)]
pub struct Plan {
    pub layers: Vec<Layer>,
    pub activation: Activation,
    pub criterion: Criterion,
    /// Length of the flat buffer of [`crate::model::parameters::FlatTensors`].
    pub length: usize,
}

impl Plan {
    /// A network of these layer widths, inputs first.
    pub fn new(widths: &[i64], activation: Activation, criterion: Criterion) -> Self {
        let mut length = 0;
        let mut place = |size: &[i64]| {
            let begin = length;
            length += Shape::new("", size).padded() as usize;
            begin
        };
        let layers = widths.windows(2).map(|width| Layer {
            inputs: width[0] as usize,
            outputs: width[1] as usize,
            weight: place(&[width[1], width[0]]),
            bias: place(&[width[1]]),
        });
        let layers = layers.collect();
        Self { layers, activation, criterion, length }
    }

    /// The plan of a network under a loss; the error is what the engine does not have.
    pub fn of(net: &MlpConfig, loss: &Loss, device: Device) -> Result<Self, String> {
        if !net.norm.is_none() {
            return Err(format!("it has no {} norm", net.norm));
        }
        let (activation, criterion) = able(net.activation, net.dropout, loss.kind, device)?;
        let activation = if net.hidden.is_empty() { Activation::Identity } else { activation };
        let widths: Vec<i64> = [net.inputs].iter().chain(&net.hidden).chain([&net.outputs]).copied().collect();
        Ok(Self::new(&widths, activation, criterion))
    }

    /// Columns of x.
    pub fn inputs(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.inputs)
    }

    /// Columns of the last layer.
    pub fn outputs(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.outputs)
    }

    /// Widths of x and of each layer's output.
    pub fn widths(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.inputs()).chain(self.layers.iter().map(|layer| layer.outputs))
    }

    /// Roughly the products that a row costs, forward and backward; an activation counts as twenty.
    pub fn cost(&self) -> usize {
        self.layers.iter().map(|layer| 3 * layer.inputs * layer.outputs + 20 * layer.outputs).sum()
    }
}

/// What the engine calls this activation and this loss; the error is what it does not have.
fn able(
    activation: activation::Activation,
    dropout: f64,
    loss: LossKind,
    device: Device,
) -> Result<(Activation, Criterion), String> {
    if !matches!(device, Device::Cpu | Device::Cuda(_)) {
        return Err("it works on the CPU and on CUDA only".into());
    }
    if dropout > 0.0 {
        return Err("it has no dropout".into());
    }
    let activation = match activation {
        activation::Activation::Identity => Activation::Identity,
        activation::Activation::Relu => Activation::Relu,
        activation::Activation::Tanh => Activation::Tanh,
        activation::Activation::Sigmoid => Activation::Sigmoid,
        other => return Err(format!("it has relu, tanh and sigmoid, not the activation {}", other.name())),
    };
    let criterion = match loss {
        LossKind::CrossEntropy { label_smoothing: 0.0 } => Criterion::CrossEntropy,
        LossKind::Bce => Criterion::Bce,
        LossKind::Mse => Criterion::Mse,
        other => return Err(format!("it has cross-entropy, bce and mse, not the loss {other}")),
    };
    Ok((activation, criterion))
}
