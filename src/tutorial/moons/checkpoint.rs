//! The checkpoint of `run moons`: `Net` as TorchScript, what it is, and how to go on from it.

use super::State;
use crate::checkpoint::{self, About, FORMAT, Made, Schema};
use crate::model::net::Net;
use crate::torch::safetensors::Named;
use crate::torch::script::{self, Module};
use crate::train::optim::{Adam, Optimizer};
use crate::train::state::{OPTIMIZER, prefixed};
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

/// The bytes of `model.pt`, or of a checkpoint on the way there, which has no accuracy yet; `config` is the run's, as JSON.
pub fn to_bytes(state: &State<'_>, accuracy: Option<f64>, seed: u32, config: Value, made: Made) -> Result<Vec<u8>> {
    let loss = state.losses.last().copied().unwrap_or(f32::NAN);
    let accuracy = accuracy.map(|accuracy| ("accuracy".to_string(), accuracy));
    let about = About {
        format: FORMAT,
        program: "moons".into(),
        seed,
        config,
        schema: Schema { features: vec!["x1".into(), "x2".into()], dtype: "float32".into(), target: "y".into() },
        classes: Some(vec![0.into(), 1.into()]),
        metrics: accuracy.into_iter().chain([("loss".to_string(), loss.into())]).collect(),
        versions: checkpoint::versions(),
        table: None,
        made,
    };
    checkpoint::to_bytes(&module(state.net)?, &about, &state.training, &check(state.net, state.x)?)
}

/// `Net` as a TorchScript module with its parameters' own names.
pub fn module(net: &Net) -> Result<Module> {
    let module = Module::new("Net")?;
    for (name, pair) in ["fc1", "fc2"].into_iter().zip(net.parameters.views()?.chunks(2)) {
        let linear = module.child(name, "Linear")?;
        linear.parameter("weight", &pair[0])?;
        linear.parameter("bias", &pair[1])?;
        linear.define("def forward(self, x):\n    return torch.linear(x, self.weight, self.bias)\n")?;
    }
    module.define(NET)?;
    Ok(module)
}

/// Adam's state by parameter, as `optimizer.state_dict()["state"]` has it, the number of steps (one an epoch),
/// `torch.get_rng_state()`, and the losses so far. NumPy's generator drew the points and is not needed any more.
pub fn training(optimizer: &Adam, losses: &[f32]) -> Result<Named> {
    let mut state = prefixed(OPTIMIZER, optimizer.state()?);
    state.push(("history.loss".into(), Tensor::f_from_slice(losses)?));
    state.push(("epoch".into(), Tensor::f_from_slice(&[optimizer.step])?));
    state.push(("generator".into(), Tensor::f_from_slice(&script::generator_state()?)?));
    Ok(state)
}

/// The first rows of `x` with the logits and the classes that belong to them.
fn check(net: &Net, x: &Tensor) -> Result<Named> {
    let _no_grad = tch::no_grad_guard();
    let x = x.f_narrow(0, 0, CHECK_ROWS.min(x.size()[0]))?;
    let (forward, predict) = (net.forward(&x)?, net.predict(&x)?);
    Ok(vec![("x".into(), x), ("forward".into(), forward), ("predict".into(), predict)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::{Device, Kind};

    #[test]
    fn the_torchscript_file_answers_as_the_net_does_to_the_bit() {
        let net = Net::new(7, Device::Cpu).unwrap();
        let x = Tensor::randn([33, 2], (Kind::Float, Device::Cpu));
        let loaded = Module::load(&module(&net).unwrap().save(&[]).unwrap(), Device::Cpu).unwrap();
        assert!(loaded.call("forward", &x).unwrap().equal(&tch::no_grad(|| net.forward(&x)).unwrap()));
        assert!(loaded.call("predict", &x).unwrap().equal(&net.predict(&x).unwrap()));
    }

    #[test]
    fn bytes_that_are_no_torchscript_are_an_error_without_a_backtrace() {
        let error = Module::load(b"not a zip", Device::Cpu).err().unwrap().to_string();
        assert!(!error.contains("Exception raised from"), "{error}");
    }
}
