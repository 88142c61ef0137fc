//! The model file of a fit: what it takes, what it was trained with, how to go on from it.

use super::config::FitConfig;
use super::run::Outcome;
use crate::checkpoint::{self, About, FORMAT, Schema, TableModel};
use crate::data::schema::ColumnSchema;
use crate::preprocess::target::Target;
use crate::torchscript::Module;
use crate::train::fit::Trained;
use crate::weights::Named;
use anyhow::Result;
use serde_json::Value;
use tch::{Device, Tensor};

/// Rows of the training data that `check.safetensors` holds.
const CHECK_ROWS: i64 = 8;

/// The bytes of `model.pt`. `pinned` are the columns of the schema, if there is one.
pub fn to_bytes(outcome: &Outcome, config: &FitConfig, pinned: &[ColumnSchema], seed: u32) -> Result<Vec<u8>> {
    let prepared = &outcome.prepared;
    let inputs = prepared.pipeline.inputs.names();
    let known = |column: &&ColumnSchema| column.name == config.target || inputs.contains(&column.name);
    let metrics = outcome.valid.as_ref().unwrap_or(&outcome.train).metrics.iter();
    let about = About {
        format: FORMAT,
        program: "fit".into(),
        seed,
        config: serde_json::to_value(config)?,
        schema: Schema {
            features: prepared.pipeline.inputs.names(),
            dtype: "float64".into(),
            target: config.target.clone(),
        },
        classes: match &prepared.target {
            Target::Classes(classes) => Some(classes.iter().map(|class| label(class)).collect()),
            Target::Number { .. } => None,
        },
        metrics: metrics.filter_map(|(name, value)| Some((name.to_string(), value?))).collect(),
        versions: checkpoint::versions(),
        table: Some(TableModel {
            inputs: prepared.pipeline.inputs.clone(),
            target: prepared.target.clone(),
            na: config.na.clone(),
            id: config.id.clone(),
            pinned: pinned.iter().filter(known).cloned().collect(),
        }),
    };
    checkpoint::to_bytes(&outcome.module, &about, &outcome.training, &check(&outcome.module, &prepared.train.raw)?)
}

/// A class as it stands in JSON: a whole number where it is one.
fn label(class: &str) -> Value {
    class.parse::<i64>().map_or_else(|_| class.into(), Value::from)
}

/// The optimizer's state, the epochs, and the generator's state.
pub fn training(trained: &Trained, generator: Vec<u8>) -> Result<Named> {
    let named = trained.optimizer.iter().map(|(name, tensor)| (format!("optimizer.{name}"), tensor.shallow_clone()));
    let mut state: Named = named.collect();
    state.push(("epoch".into(), Tensor::f_from_slice(&[trained.history.len() as i64])?));
    state.push(("generator".into(), Tensor::f_from_slice(&generator)?));
    Ok(state)
}

fn check(module: &Module, raw: &Tensor) -> Result<Named> {
    let x = raw.f_narrow(0, 0, CHECK_ROWS.min(raw.size()[0]))?.f_to_device(Device::Cpu)?;
    let (forward, predict) = (module.call("forward", &x)?, module.call("predict", &x)?);
    Ok(vec![("x".into(), x), ("forward".into(), forward), ("predict".into(), predict)])
}
