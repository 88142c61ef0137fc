//! What the engine computes: layers, activation, loss, and where the parameters lie.

use super::activation::is_known_by_value;
use super::cuda;
use crate::model::activation::Activation;
use crate::model::loss::{Loss, LossKind};
use crate::model::mlp::MlpConfig;
use crate::model::norm::Norm;
use crate::model::parameters::Shape;
use crate::train::features::Layout;
use std::ops::Range;
use std::sync::Arc;
use tch::Device;

/// One linear layer, `weight [outputs, inputs]` and `bias [outputs]` in the flat buffer.
#[derive(Debug, Clone)]
pub struct Layer {
    pub inputs: usize,
    pub outputs: usize,
    /// Where the weight begins.
    pub weight: usize,
    /// Where the bias begins.
    pub bias: usize,
    /// Behind a hidden layer with a layer norm: where its weight and its bias begin, `[outputs]` both.
    pub norm: Option<[usize; 2]>,
}

impl Layer {
    /// Where the weight stands.
    pub fn place(&self) -> Range<usize> {
        self.weight..self.weight + self.inputs * self.outputs
    }
}

/// A dense network with its loss.
#[derive(Debug, Clone)]
pub struct Plan {
    pub layers: Vec<Layer>,
    /// Behind each layer but the last.
    pub activation: Activation,
    pub loss: LossKind,
    /// The probability that a hidden unit is left out of a batch.
    pub dropout: f64,
    /// Which columns of x are codes, if some are.
    pub coded: Option<Arc<Layout>>,
    /// Length of the flat buffer of [`crate::model::parameters::FlatTensors`].
    pub length: usize,
}

impl Plan {
    /// A network of these layer widths, inputs first.
    #[cfg(test)]
    pub fn new(widths: &[i64], activation: Activation, loss: LossKind) -> Self {
        Self::placed(widths, Norm::None, activation, loss)
    }

    /// The same with a norm of each hidden layer.
    fn placed(widths: &[i64], norm: Norm, activation: Activation, loss: LossKind) -> Self {
        let mut length = 0;
        let mut place = |size: &[i64]| {
            let begin = length;
            length += Shape::new("", size).padded() as usize;
            begin
        };
        let last = widths.len().saturating_sub(2);
        let layers = widths.windows(2).enumerate().map(|(index, width)| Layer {
            inputs: width[0] as usize,
            outputs: width[1] as usize,
            weight: place(&[width[1], width[0]]),
            bias: place(&[width[1]]),
            norm: (index < last && !norm.is_none()).then(|| [place(&[width[1]]), place(&[width[1]])]),
        });
        let layers = layers.collect();
        Self { layers, activation, loss, dropout: 0.0, coded: None, length }
    }

    /// The plan of a network under a loss; the error is what the engine does not have.
    pub fn of(net: &MlpConfig, loss: &Loss, device: Device) -> Result<Self, String> {
        match device {
            Device::Cpu => able(net)?,
            Device::Cuda(_) => cuda::able(net, loss.kind)?,
            _ => return Err("it works on the CPU and on CUDA only".into()),
        }
        let activation = if net.hidden.is_empty() { Activation::Identity } else { net.activation };
        let widths: Vec<i64> = [net.inputs].iter().chain(&net.hidden).chain([&net.outputs]).copied().collect();
        let dropout = if net.hidden.is_empty() { 0.0 } else { net.dropout };
        Ok(Self { dropout, ..Self::placed(&widths, net.norm, activation, loss.kind) })
    }

    /// Whether the loss is a cross-entropy that spreads a part of each label over all classes.
    pub fn smooths_labels(&self) -> bool {
        matches!(self.loss, LossKind::CrossEntropy { label_smoothing } if label_smoothing != 0.0)
    }

    /// Columns of x.
    pub fn inputs(&self) -> usize {
        self.layers.first().map_or(0, |layer| layer.inputs)
    }

    /// Columns of x that are numbers by themselves.
    pub fn columns(&self) -> usize {
        self.coded.as_ref().map_or_else(|| self.inputs(), |layout| layout.rest.len())
    }

    /// Columns of the last layer.
    pub fn outputs(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.outputs)
    }

    /// Widths of what is a matrix of x, and of each layer's output.
    pub fn widths(&self) -> impl Iterator<Item = usize> {
        std::iter::once(self.columns()).chain(self.layers.iter().map(|layer| layer.outputs))
    }

    /// Units of the layers before the last.
    pub fn hidden(&self) -> impl Iterator<Item = usize> {
        self.layers.split_last().map_or(&[][..], |(_, hidden)| hidden).iter().map(|layer| layer.outputs)
    }

    /// Whether the slopes of the activation are kept from the forward to the backward pass.
    pub fn keeps_slopes(&self) -> bool {
        self.dropout > 0.0 || self.has_norm() || !is_known_by_value(self.activation)
    }

    /// Whether the hidden layers have a layer norm.
    pub fn has_norm(&self) -> bool {
        self.layers.iter().any(|layer| layer.norm.is_some())
    }

    /// Numbers a row that a tile keeps for the backward pass beside [`Plan::widths`].
    pub fn kept(&self) -> usize {
        let kinds = usize::from(self.keeps_slopes()) + usize::from(self.has_norm());
        kinds * self.hidden().sum::<usize>()
    }

    /// Roughly the products that a row costs, forward and backward; an activation counts as twenty.
    pub fn cost(&self) -> usize {
        let inputs = std::iter::once(self.columns() + self.blocks().len())
            .chain(self.layers.iter().skip(1).map(|layer| layer.inputs));
        self.layers.iter().zip(inputs).map(|(layer, inputs)| 3 * inputs * layer.outputs + 20 * layer.outputs).sum()
    }
}

/// Whether the processor's engine has all of it; the error is what it does not have.
fn able(net: &MlpConfig) -> Result<(), String> {
    match net.norm {
        Norm::Batch if !net.hidden.is_empty() => Err(format!("it has no {} norm", net.norm)),
        _ => Ok(()),
    }
}
