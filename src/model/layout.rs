//! Which modules a network has: of each hidden layer a linear one and perhaps a norm, and a linear one to the outputs.

use super::activation::Activation;
use super::norm::Norm;
use super::parameters::Shape;
use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

/// The layers of an [`Mlp`](super::mlp::Mlp); no hidden ones is a linear model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MlpConfig {
    pub inputs: i64,
    pub outputs: i64,
    pub hidden: Vec<i64>,
    pub activation: Activation,
    /// Probability that a hidden unit is left out of a training step, in `[0, 1)`.
    pub dropout: f64,
    /// Of each hidden layer, before the activation.
    #[serde(default, skip_serializing_if = "Norm::is_none")]
    pub norm: Norm,
}

impl MlpConfig {
    /// Modules of a hidden layer that have a weight and a bias: the linear one, and the norm if there is one.
    fn in_hidden(&self) -> usize {
        1 + usize::from(!self.norm.is_none())
    }

    /// Modules that have a weight and a bias.
    pub fn modules(&self) -> usize {
        self.hidden.len() * self.in_hidden() + 1
    }

    /// Whether the module at `index` is a norm, and not a linear layer.
    pub fn is_norm(&self, index: usize) -> bool {
        !self.norm.is_none() && index % 2 == 1
    }

    /// Whether the module at `index` is the last before the activation of a hidden layer.
    pub fn ends_hidden(&self, index: usize) -> bool {
        index + 1 < self.modules() && (self.norm.is_none() || self.is_norm(index))
    }

    /// Which hidden layer the module at `index` belongs to, from 0.
    pub fn hidden_layer(&self, index: usize) -> usize {
        index / self.in_hidden()
    }

    /// What the activation of a hidden layer is called in a record.
    pub fn activation_path(hidden: usize) -> String {
        format!("activations.{hidden}")
    }

    /// What its dropout is called in a record.
    pub fn dropout_path(hidden: usize) -> String {
        format!("dropouts.{hidden}")
    }

    /// Names of the modules as `nn.Sequential` under the name `layers` has them: `layers.0`, `layers.1`, …
    pub(super) fn layers(&self) -> Vec<String> {
        (0..self.modules()).map(|index| format!("layers.{index}")).collect()
    }

    /// Name and shape of each parameter of the `layers`: `layers.0.weight [hidden, inputs]`, `layers.0.bias [hidden]`, …
    pub(super) fn shapes(&self, layers: &[String]) -> Vec<Shape> {
        let widths: Vec<i64> = [self.inputs].iter().chain(&self.hidden).chain([&self.outputs]).copied().collect();
        let shapes = layers.iter().enumerate().flat_map(|(index, layer)| {
            let at = index / self.in_hidden();
            let (inputs, units) = (widths[at], widths[at + 1]);
            let weight = if self.is_norm(index) { vec![units] } else { vec![units, inputs] };
            [Shape::new(&format!("{layer}.weight"), &weight), Shape::new(&format!("{layer}.bias"), &[units])]
        });
        shapes.collect()
    }

    pub(super) fn check(&self) -> Result<()> {
        ensure!(self.inputs > 0, "a network needs an input column, and there is none");
        ensure!(self.outputs > 0, "a network needs an output, and there is none");
        ensure!(self.hidden.iter().all(|&units| units > 0), "hidden layers {:?}: each needs a unit", self.hidden);
        ensure!((0.0..1.0).contains(&self.dropout), "dropout {}: expected a probability in [0, 1)", self.dropout);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // net = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
    // [(name, list(p.shape)) for name, p in net.named_parameters()]
    #[test]
    fn the_parameters_stand_in_the_order_of_the_modules() {
        let config = MlpConfig {
            inputs: 2,
            outputs: 1,
            hidden: vec![4, 3],
            activation: Activation::Relu,
            dropout: 0.0,
            norm: Norm::Batch,
        };
        let expected = [
            ("0.weight", vec![4, 2]),
            ("0.bias", vec![4]),
            ("1.weight", vec![4]),
            ("1.bias", vec![4]),
            ("2.weight", vec![3, 4]),
            ("2.bias", vec![3]),
            ("3.weight", vec![3]),
            ("3.bias", vec![3]),
            ("4.weight", vec![1, 3]),
            ("4.bias", vec![1]),
        ];
        let expected = expected.map(|(name, size)| Shape { name: format!("layers.{name}"), size });
        assert_eq!(config.shapes(&config.layers()), expected);
        let ends: Vec<usize> = (0..config.modules()).filter(|&index| config.ends_hidden(index)).collect();
        assert_eq!(ends, [1, 3]);
    }
}
