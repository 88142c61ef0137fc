//! An [`Mlp`] in TorchScript: the same layers, names and bits.

use super::mlp::{Mlp, MlpConfig};
use crate::torch::script::Module;
use anyhow::Result;
use std::fmt::Write;

const LINEAR: &str = "def forward(self, x):\n    return torch.linear(x, self.weight, self.bias)\n";

/// The source of a method `name(self, x)` that is [`Mlp::forward`] without dropout, on a module that has the
/// submodule `layers` of [`add_layers`].
pub fn torchscript_source(config: &MlpConfig, name: &str) -> String {
    let mut source = format!("def {name}(self, x):\n");
    for index in 0..config.modules() {
        // `self.layers.0` is no name in TorchScript's grammar, getattr is its own way round.
        let _ = writeln!(source, "    x = getattr(self.layers, \"{index}\").forward(x)");
        if config.ends_hidden(index) {
            let _ = writeln!(source, "    x = {}", config.activation.torchscript());
        }
    }
    source + "    return x\n"
}

/// Adds the submodule `layers` with `net`'s parameters and buffers, so that `state_dict()` has `layers.0.weight`, ….
pub fn add_layers(module: &Module, net: &Mlp) -> Result<()> {
    let layers = module.child("layers", "Layers")?;
    for (index, pair) in net.parameters.views()?.chunks(2).enumerate() {
        let (class, source) = match net.config.norm {
            norm if net.config.is_norm(index) => (norm.class(), norm.torchscript()),
            _ => ("Linear", LINEAR),
        };
        let module = layers.child(&index.to_string(), class)?;
        module.parameter("weight", &pair[0])?;
        module.parameter("bias", &pair[1])?;
        for (name, buffer) in net.buffers_of(index) {
            module.buffer(name.rsplit('.').next().unwrap_or(name), buffer)?;
        }
        module.define(source)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::activation::Activation;
    use crate::model::norm::Norm;
    use crate::torch::testing::seeded;
    use tch::{Device, Kind, Tensor};

    fn module_of(net: &Mlp) -> Module {
        let module = Module::new("Mlp").unwrap();
        add_layers(&module, net).unwrap();
        module.define(&torchscript_source(&net.config, "forward")).unwrap();
        Module::load(&module.save(&[]).unwrap(), Device::Cpu).unwrap()
    }

    #[test]
    fn the_saved_module_answers_as_the_network_does_to_the_bit() {
        let _torch = seeded(0);
        for (index, activation) in Activation::all().enumerate() {
            for hidden in [vec![], vec![5], vec![17, 9, 4]] {
                let norm = Norm::ALL[index % Norm::ALL.len()];
                let config = MlpConfig { inputs: 3, outputs: 2, hidden, activation, dropout: 0.5, norm };
                let net = Mlp::new(&config, Device::Cpu).unwrap();
                let x = Tensor::randn([33, 3], (Kind::Float, Device::Cpu));
                let answer = module_of(&net).call("forward", &x).unwrap();
                assert!(answer.equal(&net.forward(&x, false).unwrap()), "{config:?}");
            }
        }
    }

    #[test]
    fn the_state_has_pythons_names() {
        let _torch = seeded(0);
        let (hidden, activation) = (vec![4], Activation::Tanh);
        let config = MlpConfig { inputs: 3, outputs: 1, hidden, activation, dropout: 0.0, norm: Norm::None };
        let net = Mlp::new(&config, Device::Cpu).unwrap();
        let state = module_of(&net).state().unwrap();
        let names: Vec<&str> = state.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]);
        for (entry, (name, tensor)) in state.iter().zip(net.parameters.named().unwrap()) {
            assert!(entry.tensor.equal(&tensor), "{name}");
        }
    }
}
