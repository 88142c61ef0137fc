//! The checkpoint of `run moons`: `Net` as TorchScript, what it is, and how to go on from it.

use super::net::{LAYERS, predict};
use crate::checkpoint::{self, FORMAT, Manifest, Provenance, Schema};
use crate::model::mlp::Mlp;
use crate::torch::named::{count, prefixed};
use crate::torch::safetensors::Named;
use crate::torch::script::Module;
use crate::train::snapshot::{OPTIMIZER, Snapshot};
use crate::tutorial::program::Program;
use anyhow::Result;
use serde_json::Value;
use tch::Tensor;

/// Rows of the training data that `check.safetensors` holds.
const CHECK_ROWS: i64 = 8;

/// The methods of the tutorial's `Net`: `predict` is class 0 where its logit is the larger one, else 1.
const NET: &str = "
def forward(self, x):
    return self.fc2.forward(torch.tanh(self.fc1.forward(x)))

def predict(self, x):
    logits = self.forward(x)
    return torch.where(logits[:, 0] > logits[:, 1], 0, 1)
";

/// What a model file says beside the network: `config` is the run's, as JSON; a checkpoint has no accuracy yet.
pub struct Description {
    pub accuracy: Option<f64>,
    pub seed: u32,
    pub config: Value,
    pub provenance: Provenance,
}

/// The bytes of `model.pt`, or of a checkpoint on the way there; `x` are the training rows.
pub fn to_bytes(net: &Mlp, snapshot: &Snapshot, x: &Tensor, description: Description) -> Result<Vec<u8>> {
    let Description { accuracy, seed, config, provenance } = description;
    let loss = snapshot.history.last().map_or(f32::NAN, |epoch| epoch.loss as f32);
    let accuracy = accuracy.map(|accuracy| ("accuracy".to_string(), accuracy));
    let manifest = Manifest {
        format: FORMAT,
        program: Program::Moons.to_string(),
        seed,
        config,
        schema: Schema { features: vec!["x1".into(), "x2".into()], dtype: "float32".into(), target: "y".into() },
        classes: Some(vec![0.into(), 1.into()]),
        metrics: accuracy.into_iter().chain([("loss".to_string(), loss.into())]).collect(),
        versions: checkpoint::versions(),
        table: None,
        provenance,
    };
    checkpoint::to_bytes(&module(net)?, &manifest, &training(snapshot)?, &check(net, x)?)
}

/// `Net` as a TorchScript module with its parameters' own names.
pub fn module(net: &Mlp) -> Result<Module> {
    let module = Module::new("Net")?;
    for (name, pair) in LAYERS.into_iter().zip(net.parameters.views()?.chunks(2)) {
        let linear = module.child(name, "Linear")?;
        linear.parameter("weight", &pair[0])?;
        linear.parameter("bias", &pair[1])?;
        linear.define("def forward(self, x):\n    return torch.linear(x, self.weight, self.bias)\n")?;
    }
    module.define(NET)?;
    Ok(module)
}

/// Adam's state by parameter, as `optimizer.state_dict()["state"]` has it, the number of steps (one an epoch),
/// `torch.get_rng_state()`, and the losses so far, float32. NumPy's generator drew the points and is not needed any more.
fn training(snapshot: &Snapshot) -> Result<Named> {
    let losses: Vec<f32> = snapshot.history.loss().iter().map(|&loss| loss as f32).collect();
    let mut state = prefixed(OPTIMIZER, &snapshot.optimizer);
    state.push(("history.loss".into(), Tensor::f_from_slice(&losses)?));
    state.push(count("epoch", snapshot.epoch())?);
    state.extend(snapshot.generator().transpose()?);
    Ok(state)
}

/// The first rows of `x` with the logits and the classes that belong to them.
fn check(net: &Mlp, x: &Tensor) -> Result<Named> {
    let _no_grad = tch::no_grad_guard();
    let x = x.f_narrow(0, 0, CHECK_ROWS.min(x.size()[0]))?;
    let (forward, predict) = (net.forward(&x, false)?, predict(net, &x)?);
    Ok(vec![("x".into(), x), ("forward".into(), forward), ("predict".into(), predict)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::torch::testing::seeded;
    use tch::{Device, Kind};

    #[test]
    fn the_torchscript_file_answers_as_the_net_does_to_the_bit() {
        let _torch = seeded(0);
        let net = super::super::net::net(7, Device::Cpu).unwrap();
        let x = Tensor::randn([33, 2], (Kind::Float, Device::Cpu));
        let loaded = Module::load(&module(&net).unwrap().save(&[]).unwrap(), Device::Cpu).unwrap();
        assert!(loaded.call("forward", &x).unwrap().equal(&net.forward(&x, false).unwrap()));
        assert!(loaded.call("predict", &x).unwrap().equal(&predict(&net, &x).unwrap()));
    }

    #[test]
    fn bytes_that_are_no_torchscript_are_an_error_without_a_backtrace() {
        let error = Module::load(b"not a zip", Device::Cpu).err().unwrap().to_string();
        assert!(!error.contains("Exception raised from"), "{error}");
    }
}
