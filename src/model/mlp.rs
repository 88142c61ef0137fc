//! A network of linear layers: hidden ones of `Linear → norm → activation → Dropout`, then `Linear` to the outputs.

pub use super::layout::MlpConfig;

use super::init;
use super::parameters::{FlatTensors, Shape};
use crate::record::Recording;
use crate::torch::named::dtype;
use crate::torch::safetensors::{self, Named};
use anyhow::{Result, ensure};
use tch::nn::VarStore;
use tch::{Device, Tensor};

/// The network with its float32 parameters, held by an `nn::VarStore` whose variables are views into one buffer.
#[derive(Debug)]
pub struct Mlp {
    pub config: MlpConfig,
    pub parameters: FlatTensors,
    pub store: VarStore,
    /// Autograd's leaves, in the order of the parameters.
    variables: Vec<Tensor>,
    /// What a batch norm keeps beside them, in the order of the layers.
    buffers: Named,
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
        ensure!(layers.len() == config.modules(), "{layers:?}: a network of {} layers", config.modules());
        let parameters = FlatTensors::zeros(&config.shapes(layers), Device::Cpu)?;
        let mut buffers = Named::new();
        for (index, pair) in parameters.views()?.chunks(2).enumerate() {
            if config.is_norm(index) {
                let _ = pair[0].shallow_clone().f_fill_(1.0)?;
                buffers.extend(config.norm.buffers(&layers[index], pair[0].size()[0], device)?);
            } else {
                init::linear(&pair[0], &pair[1])?;
            }
        }
        let parameters = parameters.to_device(device)?;
        let store = VarStore::new(device);
        let variables = parameters.register(&store)?;
        Ok(Self { config: config.clone(), parameters, store, variables, buffers })
    }

    /// Outputs `[n, outputs]` of `x [n, inputs]`, float32. `train`: with dropout and a batch norm of the batch, whose buffers move,
    /// and autograd records; else none of it.
    pub fn forward(&self, x: &Tensor, train: bool) -> Result<Tensor> {
        self.forward_recorded(x, train, Recording::default())
    }

    /// The same, with what each module takes and gives written to a record.
    pub fn forward_recorded(&self, x: &Tensor, train: bool, record: Recording<'_>) -> Result<Tensor> {
        self.check_input(x)?;
        record.write(|recorder| recorder.input("", x))?;
        let output =
            if train { self.layers(x, true, record)? } else { tch::no_grad(|| self.layers(x, false, record))? };
        record.write(|recorder| recorder.output("", &output))?;
        Ok(output)
    }

    fn layers(&self, x: &Tensor, train: bool, record: Recording<'_>) -> Result<Tensor> {
        let mut x = x.shallow_clone();
        for index in 0..self.config.modules() {
            x = self.layer(index, &x, train, record)?;
        }
        Ok(x)
    }

    /// The module at `index`, with the activation and the dropout behind it if it ends a hidden layer.
    fn layer(&self, index: usize, x: &Tensor, train: bool, record: Recording<'_>) -> Result<Tensor> {
        let MlpConfig { norm, activation, dropout, .. } = self.config;
        let (weight, bias) = (&self.variables[2 * index], &self.variables[2 * index + 1]);
        let output = if self.config.is_norm(index) {
            norm.apply(x, weight, bias, self.buffers_of(index), train)?
        } else {
            x.f_linear(weight, Some(bias))?
        };
        record.write(|recorder| recorder.module(self.path(index), x, &output))?;
        if !self.config.ends_hidden(index) {
            return Ok(output);
        }
        let hidden = self.config.hidden_layer(index);
        let active = activation.apply(&output)?;
        record.write(|recorder| recorder.module(&MlpConfig::activation_path(hidden), &output, &active))?;
        let left = active.f_dropout(dropout, train)?;
        if dropout > 0.0 {
            record.write(|recorder| recorder.module(&MlpConfig::dropout_path(hidden), &active, &left))?;
        }
        Ok(left)
    }

    /// The name of the module at `index`, of those that have parameters.
    pub fn path(&self, index: usize) -> &str {
        let weight = &self.parameters.shapes()[2 * index].name;
        weight.strip_suffix(".weight").unwrap_or(weight)
    }

    /// Path and PyTorch's class of each module in the order in which they are called, behind the network itself.
    pub fn modules(&self) -> Vec<(String, String)> {
        let mut modules = vec![(String::new(), "Mlp".to_string())];
        for index in 0..self.config.modules() {
            let class = if self.config.is_norm(index) { self.config.norm.class() } else { "Linear" };
            modules.push((self.path(index).into(), class.into()));
            if self.config.ends_hidden(index) {
                let hidden = self.config.hidden_layer(index);
                modules.push((MlpConfig::activation_path(hidden), self.config.activation.class().into()));
                if self.config.dropout > 0.0 {
                    modules.push((MlpConfig::dropout_path(hidden), "Dropout".into()));
                }
            }
        }
        modules
    }

    /// The buffers of the module at `index`.
    pub fn buffers_of(&self, index: usize) -> &[(String, Tensor)] {
        let count = if self.config.is_norm(index) { self.config.norm.buffer_count() } else { 0 };
        let first = index / 2 * count;
        &self.buffers[first..first + count]
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

    /// The weights of the linear layers, without those of norms.
    pub fn linear_weights(&self) -> impl Iterator<Item = &Tensor> {
        let modules = self.variables.chunks(2).enumerate();
        modules.filter(|(index, _)| !self.config.is_norm(*index)).map(|(_, pair)| &pair[0])
    }

    /// What a batch norm keeps beside its parameters: running mean and variance, and the batches that they are of.
    pub fn buffers(&self) -> &[(String, Tensor)] {
        &self.buffers
    }

    /// Parameters and buffers as `state_dict()` lists them, in their own memory.
    pub fn state(&self) -> Result<Named> {
        let mut state = Named::new();
        for (index, pair) in self.parameters.named()?.chunks(2).enumerate() {
            let tensors = pair.iter().chain(self.buffers_of(index));
            state.extend(tensors.map(|(name, tensor)| (name.clone(), tensor.shallow_clone())));
        }
        Ok(state)
    }

    /// Copies of [`Mlp::state`].
    pub fn copies(&self) -> Result<Named> {
        let copy = |(name, tensor): (String, Tensor)| Ok((name, safetensors::copy(&tensor.f_detach()?)?));
        self.state()?.into_iter().map(copy).collect()
    }

    /// Takes over the tensors of these names; each must have its shape and dtype.
    pub fn load(&self, from: &Named) -> Result<()> {
        self.parameters.load(from, "")?;
        for (name, buffer) in &self.buffers {
            let found = safetensors::find(from, name)?;
            ensure!(found.size() == buffer.size(), "{name}: shape {:?}, expected {:?}", found.size(), buffer.size());
            ensure!(found.kind() == buffer.kind(), "{name}: {}, expected {}", dtype(found), dtype(buffer));
            buffer.shallow_clone().f_copy_(found)?;
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
    use crate::model::activation::Activation;
    use crate::model::norm::Norm;
    use crate::torch::testing::seeded;

    fn config(hidden: Vec<i64>, dropout: f64) -> MlpConfig {
        MlpConfig { inputs: 2, outputs: 1, hidden, activation: Activation::Tanh, dropout, norm: Norm::None }
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
    fn a_batch_norm_moves_in_training_alone_and_its_state_is_taken_over() {
        let _torch = seeded(0);
        let config = MlpConfig { norm: Norm::Batch, ..config(vec![3], 0.0) };
        let (net, other) = (Mlp::new(&config, Device::Cpu).unwrap(), Mlp::new(&config, Device::Cpu).unwrap());
        let x = Tensor::randn([5, 2], (tch::Kind::Float, Device::Cpu));
        let count = || net.buffers()[2].1.int64_value(&[]);
        let _ = net.forward(&x, false).unwrap();
        assert_eq!(count(), 0);
        let _ = net.forward(&x, true).unwrap();
        assert_eq!(count(), 1);
        other.load(&net.copies().unwrap()).unwrap();
        assert!(other.forward(&x, false).unwrap().equal(&net.forward(&x, false).unwrap()));
        let names: Vec<String> = net.state().unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(
            names[3..],
            ["bias", "running_mean", "running_var", "num_batches_tracked"]
                .map(|n| format!("layers.1.{n}"))
                .into_iter()
                .chain(["layers.2.weight".into(), "layers.2.bias".into()])
                .collect::<Vec<_>>()[..]
        );
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
