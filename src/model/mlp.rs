//! A network of linear layers: hidden ones of `Linear → activation → Dropout`, then `Linear` to the outputs.

use super::activation::Activation;
use super::init;
use super::parameters::{FlatTensors, Shape};
use crate::torch::safetensors::{self, Named};
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use tch::{Device, TchError, Tensor};

/// The layers of an [`Mlp`]; no hidden ones is a linear model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MlpConfig {
    pub inputs: i64,
    pub outputs: i64,
    pub hidden: Vec<i64>,
    pub activation: Activation,
    /// Probability that a hidden unit is left out of a training step, in `[0, 1)`.
    pub dropout: f64,
}

impl MlpConfig {
    /// Name and shape of each parameter: `layers.0.weight [hidden, inputs]`, `layers.0.bias [hidden]`, …
    pub fn shapes(&self) -> Vec<Shape> {
        let widths: Vec<i64> = [self.inputs].iter().chain(&self.hidden).chain([&self.outputs]).copied().collect();
        let layers = widths.windows(2).enumerate();
        let shapes = layers.flat_map(|(index, width)| {
            [
                Shape::new(&format!("layers.{index}.weight"), &[width[1], width[0]]),
                Shape::new(&format!("layers.{index}.bias"), &[width[1]]),
            ]
        });
        shapes.collect()
    }

    fn check(&self) -> Result<()> {
        ensure!(self.inputs > 0, "a network needs an input column, and there is none");
        ensure!(self.outputs > 0, "a network needs an output, and there is none");
        ensure!(self.hidden.iter().all(|&units| units > 0), "hidden layers {:?}: each needs a unit", self.hidden);
        ensure!((0.0..1.0).contains(&self.dropout), "dropout {}: expected a probability in [0, 1)", self.dropout);
        Ok(())
    }
}

/// The network with its float32 parameters, all in one buffer.
#[derive(Debug)]
pub struct Mlp {
    pub config: MlpConfig,
    pub parameters: FlatTensors,
    /// Autograd's leaves: the parameters as views that require grad.
    variables: Vec<Tensor>,
}

impl Mlp {
    /// The network under torch's current generator: drawn as Python draws `nn.Linear` after `nn.Linear`, on the CPU,
    /// then moved to `device`.
    pub fn new(config: &MlpConfig, device: Device) -> Result<Self> {
        config.check()?;
        let mut parameters = FlatTensors::zeros(&config.shapes(), Device::Cpu)?;
        for pair in parameters.views()?.chunks(2) {
            init::linear(&pair[0], &pair[1])?;
        }
        parameters.flat = parameters.flat.f_to_device(device)?;
        let leaf = |view: &Tensor| view.f_detach()?.f_set_requires_grad(true);
        let variables: Result<Vec<Tensor>, TchError> = parameters.views()?.iter().map(leaf).collect();
        Ok(Self { config: config.clone(), variables: variables?, parameters })
    }

    /// Outputs `[n, outputs]` of `x [n, inputs]`, float32. `train`: with dropout, and autograd records; else neither.
    pub fn forward(&self, x: &Tensor, train: bool) -> Result<Tensor> {
        self.check_input(x)?;
        Ok(if train { self.layers(x, true)? } else { tch::no_grad(|| self.layers(x, false))? })
    }

    fn layers(&self, x: &Tensor, train: bool) -> Result<Tensor, TchError> {
        let last = self.variables.len() / 2 - 1;
        let mut x = x.shallow_clone();
        for (index, pair) in self.variables.chunks(2).enumerate() {
            x = x.f_linear(&pair[0], Some(&pair[1]))?;
            if index < last {
                x = self.config.activation.apply(&x)?.f_dropout(self.config.dropout, train)?;
            }
        }
        Ok(x)
    }

    fn check_input(&self, x: &Tensor) -> Result<()> {
        let size = x.size();
        ensure!(
            size.len() == 2 && size[1] == self.config.inputs,
            "input of shape {size:?}, the network takes [n, {}]",
            self.config.inputs
        );
        Ok(())
    }

    /// The parameters as autograd's leaves, in the order of their shapes; they share the buffer.
    pub fn variables(&self) -> &[Tensor] {
        &self.variables
    }

    /// Copies the tensors of these names into the parameters.
    pub fn load(&mut self, state: &Named) -> Result<()> {
        let _no_grad = tch::no_grad_guard();
        for (name, mut view) in self.parameters.named()? {
            let found = safetensors::find(state, &name).context("the network's weights")?;
            ensure!(found.size() == view.size(), "{name}: shape {:?}, expected {:?}", found.size(), view.size());
            view.f_copy_(found)?;
        }
        Ok(())
    }

    /// Number of parameters.
    pub fn count(&self) -> i64 {
        self.parameters.shapes().iter().map(Shape::numel).sum()
    }

    pub fn device(&self) -> Device {
        self.parameters.flat.device()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(hidden: Vec<i64>, dropout: f64) -> MlpConfig {
        MlpConfig { inputs: 2, outputs: 1, hidden, activation: Activation::Tanh, dropout }
    }

    // torch.manual_seed(0); net = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))
    // [p.tolist() for p in net.parameters()]; net(torch.tensor([[1., 2.]]))
    #[test]
    fn parameters_are_drawn_as_python_draws_them() {
        tch::manual_seed(0);
        let net = Mlp::new(&config(vec![2], 0.0), Device::Cpu).unwrap();
        let expected: [&[f32]; 4] = [
            &[-0.005_293_981, 0.379_322_9, -0.581_980_76, -0.520_387_5],
            &[-0.272_345_24, 0.189_615_89],
            &[-0.014_010_034, 0.560_657_5],
            &[-0.062_751_52],
        ];
        for (view, expected) in net.parameters.views().unwrap().iter().zip(expected) {
            assert_eq!(Vec::<f32>::try_from(view.flatten(0, -1)).unwrap(), expected);
        }
        assert_eq!(net.count(), 9);
        let output = net.forward(&Tensor::from_slice(&[1.0_f32, 2.0]).view([1, 2]), false).unwrap();
        assert!((output.double_value(&[0, 0]) - -0.5693).abs() < 1e-4, "{output:?}");
    }

    #[test]
    fn dropout_and_gradients_belong_to_training() {
        let net = Mlp::new(&config(vec![64], 0.5), Device::Cpu).unwrap();
        let x = Tensor::ones([1, 2], (tch::Kind::Float, Device::Cpu));
        let forward = |train| net.forward(&x, train).unwrap();
        assert!(forward(false).equal(&forward(false)) && !forward(false).requires_grad());
        assert!(!forward(true).equal(&forward(true)) && forward(true).requires_grad());
    }

    #[test]
    fn weights_are_taken_over_by_name_and_shape() {
        let source = Mlp::new(&config(vec![3], 0.0), Device::Cpu).unwrap();
        let mut net = Mlp::new(&config(vec![3], 0.0), Device::Cpu).unwrap();
        assert!(!net.parameters.flat.equal(&source.parameters.flat));
        net.load(&source.parameters.named().unwrap()).unwrap();
        assert!(net.parameters.flat.equal(&source.parameters.flat));
        let other = Mlp::new(&config(vec![4], 0.0), Device::Cpu).unwrap();
        let error = net.load(&other.parameters.named().unwrap()).unwrap_err().to_string();
        assert!(error.contains("[4, 2]") && error.contains("[3, 2]"), "{error}");
    }

    #[test]
    fn a_network_that_cannot_be_is_refused() {
        for (config, word) in [
            (MlpConfig { inputs: 0, ..config(vec![], 0.0) }, "input column"),
            (config(vec![3, 0], 0.0), "[3, 0]"),
            (config(vec![3], 1.0), "dropout 1"),
        ] {
            assert!(Mlp::new(&config, Device::Cpu).unwrap_err().to_string().contains(word), "{word}");
        }
        let net = Mlp::new(&config(vec![], 0.0), Device::Cpu).unwrap();
        let x = Tensor::zeros([4, 3], (tch::Kind::Float, Device::Cpu));
        assert!(net.forward(&x, false).unwrap_err().to_string().contains("[4, 3]"));
    }
}
