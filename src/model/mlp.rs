//! A network of linear layers: hidden ones of `Linear → activation → Dropout`, then `Linear` to the outputs.

use super::activation::Activation;
use super::init;
use super::parameters::{FlatTensors, Shape};
use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use tch::nn::VarStore;
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
    /// Names of the layers as `nn.Sequential` under the name `layers` has them: `layers.0`, `layers.1`, …
    fn layers(&self) -> Vec<String> {
        (0..=self.hidden.len()).map(|index| format!("layers.{index}")).collect()
    }

    /// Name and shape of each parameter of the `layers`: `layers.0.weight [hidden, inputs]`, `layers.0.bias [hidden]`, …
    fn shapes(&self, layers: &[String]) -> Vec<Shape> {
        let widths: Vec<i64> = [self.inputs].iter().chain(&self.hidden).chain([&self.outputs]).copied().collect();
        let shapes = layers.iter().zip(widths.windows(2)).flat_map(|(layer, width)| {
            [
                Shape::new(&format!("{layer}.weight"), &[width[1], width[0]]),
                Shape::new(&format!("{layer}.bias"), &[width[1]]),
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

/// The network with its float32 parameters, held by an `nn::VarStore` whose variables are views into one buffer.
#[derive(Debug)]
pub struct Mlp {
    pub config: MlpConfig,
    pub parameters: FlatTensors,
    pub store: VarStore,
    /// Autograd's leaves, in the order of the parameters.
    variables: Vec<Tensor>,
}

impl Mlp {
    /// The network with layers `layers.0`, `layers.1`, … under torch's current generator: drawn as Python draws `nn.Linear`
    /// after `nn.Linear`, on the CPU, then moved to `device`.
    pub fn new(config: &MlpConfig, device: Device) -> Result<Self> {
        Self::named(config, &config.layers(), device)
    }

    /// As [`Mlp::new`], with names of its own for the layers, the first of them first.
    pub fn named(config: &MlpConfig, layers: &[String], device: Device) -> Result<Self> {
        config.check()?;
        ensure!(layers.len() == config.hidden.len() + 1, "{layers:?}: a network of {} layers", config.hidden.len() + 1);
        let parameters = FlatTensors::zeros(&config.shapes(layers), Device::Cpu)?;
        for pair in parameters.views()?.chunks(2) {
            init::linear(&pair[0], &pair[1])?;
        }
        let parameters = parameters.to_device(device)?;
        let store = VarStore::new(device);
        let variables = parameters.register(&store)?;
        Ok(Self { config: config.clone(), parameters, store, variables })
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
    use crate::torch::testing::seeded;

    fn config(hidden: Vec<i64>, dropout: f64) -> MlpConfig {
        MlpConfig { inputs: 2, outputs: 1, hidden, activation: Activation::Tanh, dropout }
    }

    // torch.manual_seed(0); net = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))
    // [p.tolist() for p in net.parameters()]; net(torch.tensor([[1., 2.]]))
    #[test]
    fn parameters_are_drawn_as_python_draws_them() {
        let _torch = seeded(0);
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
        let _torch = seeded(0);
        let net = Mlp::new(&config(vec![64], 0.5), Device::Cpu).unwrap();
        let x = Tensor::ones([1, 2], (tch::Kind::Float, Device::Cpu));
        let forward = |train| net.forward(&x, train).unwrap();
        assert!(forward(false).equal(&forward(false)) && !forward(false).requires_grad());
        assert!(!forward(true).equal(&forward(true)) && forward(true).requires_grad());
    }

    #[test]
    fn weights_are_taken_over_by_name_and_shape() {
        let _torch = seeded(0);
        let source = Mlp::new(&config(vec![3], 0.0), Device::Cpu).unwrap();
        let net = Mlp::new(&config(vec![3], 0.0), Device::Cpu).unwrap();
        assert!(!net.parameters.flat.equal(&source.parameters.flat));
        net.parameters.load(&source.parameters.named().unwrap(), "").unwrap();
        assert!(net.parameters.flat.equal(&source.parameters.flat));
        let other = Mlp::new(&config(vec![4], 0.0), Device::Cpu).unwrap();
        let error = net.parameters.load(&other.parameters.named().unwrap(), "").unwrap_err().to_string();
        assert!(error.contains("[4, 2]") && error.contains("[3, 2]"), "{error}");
    }

    #[test]
    fn the_var_store_has_the_parameters_by_their_names() {
        let net = Mlp::new(&config(vec![3], 0.0), Device::Cpu).unwrap();
        let variables = net.store.variables();
        assert_eq!(variables.len(), 4);
        assert_eq!(variables["layers.0.weight"].data_ptr(), net.parameters.views().unwrap()[0].data_ptr());
        let named = ["fc1".to_string(), "fc2".to_string()];
        let net = Mlp::named(&config(vec![3], 0.0), &named, Device::Cpu).unwrap();
        assert_eq!(net.parameters.named().unwrap()[3].0, "fc2.bias");
        assert!(Mlp::named(&config(vec![], 0.0), &named, Device::Cpu).unwrap_err().to_string().contains("1 layers"));
    }

    #[test]
    fn a_network_that_cannot_be_is_refused() {
        let _torch = seeded(0);
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
