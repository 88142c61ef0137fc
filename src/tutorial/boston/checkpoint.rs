//! The checkpoint of `run boston`: it takes raw features, normalises them itself, and answers in the target's units.

use super::Outcome;
use crate::checkpoint::{self, FORMAT, Manifest, Provenance, Schema};
use crate::torch::safetensors::Named;
use crate::torch::script::Module;
use crate::tutorial::program::Program;
use anyhow::{Context, Result};
use serde_json::Value;
use tch::Tensor;

/// Rows of the training data that `check.safetensors` holds.
const CHECK_ROWS: i64 = 8;

/// The scaler, whose constants are buffers.
const PREPROCESS: &str = "
def forward(self, x):
    return (x - self.mean) / self.scale
";

/// The tutorial's net: `forward` gives `[n, 1]`, `predict` the same as `[n]`.
const NET: &str = "
def forward(self, x):
    hidden = torch.relu(self.preprocess.forward(x).mm(self.w1) + self.b1)
    return hidden.mm(self.w2) + self.b2

def predict(self, x):
    return self.forward(x)[:, 0]
";

/// The bytes of `model.pt`; `config` is the run's, as JSON.
pub fn to_bytes(outcome: &Outcome, seed: u32, config: Value, provenance: Provenance) -> Result<Vec<u8>> {
    let module = module(outcome)?;
    let epochs = outcome.losses.len() as i64;
    let training: Named = vec![("epoch".into(), Tensor::f_from_slice(&[epochs])?)];
    let manifest = Manifest {
        format: FORMAT,
        program: Program::Boston.to_string(),
        seed,
        config,
        schema: Schema {
            features: outcome.scaler.columns.clone(),
            dtype: "float64".into(),
            target: outcome.target.clone(),
        },
        classes: None,
        metrics: metrics(outcome)?,
        versions: checkpoint::versions(),
        table: None,
        provenance,
    };
    checkpoint::to_bytes(&module, &manifest, &training, &check(outcome)?)
}

fn metrics(outcome: &Outcome) -> Result<std::collections::BTreeMap<String, f64>> {
    let loss = outcome.losses.last().copied().context("no epoch was run")?;
    let test = outcome.test.as_ref().map(|test| ("test_loss".to_string(), test.loss));
    Ok([("loss".to_string(), loss)].into_iter().chain(test).collect())
}

/// Scaler and net as a TorchScript module; the parameters have the tutorial's names.
pub fn module(outcome: &Outcome) -> Result<Module> {
    let module = Module::new("Boston")?;
    let preprocess = module.child("preprocess", "StandardScaler")?;
    preprocess.buffer("mean", &Tensor::f_from_slice(&outcome.scaler.mean)?)?;
    preprocess.buffer("scale", &Tensor::f_from_slice(&outcome.scaler.scale)?)?;
    preprocess.define(PREPROCESS)?;
    for (name, tensor) in outcome.net.named() {
        module.parameter(&name, &tensor)?;
    }
    module.define(NET)?;
    Ok(module)
}

/// The first rows of the training data as they were, with the answers of net and scaler outside of TorchScript.
fn check(outcome: &Outcome) -> Result<Named> {
    let _no_grad = tch::no_grad_guard();
    let rows = CHECK_ROWS.min(outcome.x.size()[0]);
    let forward = outcome.net.forward(&outcome.x.f_narrow(0, 0, rows)?)?;
    let predict = forward.f_select(1, 0)?;
    Ok(vec![("x".into(), outcome.raw.f_narrow(0, 0, rows)?), ("forward".into(), forward), ("predict".into(), predict)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tutorial::config::BostonConfig;
    use tch::{Device, Kind};

    #[test]
    fn the_torchscript_file_takes_raw_features_and_answers_in_the_targets_units() {
        let config = BostonConfig { split: Some(0.2), epochs: 300, train_bias: true, ..BostonConfig::default() };
        let outcome = super::super::run(&config, 1, Device::Cpu, |_, _| Ok(())).unwrap();
        let bytes = module(&outcome).unwrap().save(&[]).unwrap();
        let loaded = Module::load(&bytes, Device::Cpu).unwrap();
        let expected = outcome.net.forward(&outcome.x).unwrap();
        let difference = |found: Tensor, expected: &Tensor| (found - expected).abs().max().double_value(&[]);
        assert!(difference(loaded.call("forward", &outcome.raw).unwrap(), &expected) < 1e-9);
        let predicted = loaded.call("predict", &outcome.raw).unwrap();
        assert!(difference(predicted.shallow_clone(), &expected.select(1, 0)) < 1e-9);
        // MEDV is in $1000, 22.5 on average.
        let mean = predicted.mean(Kind::Double).double_value(&[]);
        assert!((10.0..35.0).contains(&mean), "{mean}");
    }
}
