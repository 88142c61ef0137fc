//! The model file of a fit: what it takes, what it was trained with, how to go on from it.

use super::prepare::Prepared;
use crate::checkpoint::{self, FORMAT, Manifest, Provenance, Schema, TableModel, Written};
use crate::data::schema::ColumnSchema;
use crate::fit::settings::FitPlan;
use crate::torch::safetensors::Named;
use crate::torch::script::Module;
use anyhow::Result;
use std::collections::{BTreeMap, HashSet};
use tch::{Device, Tensor};

/// Rows of the training data that `check.safetensors` holds.
const CHECK_ROWS: i64 = 8;

/// What a model file says, beside the model.
pub struct ModelInfo<'a> {
    pub config: &'a FitPlan,
    pub seed: u32,
    /// The columns of the schema, if there is one.
    pub pinned: &'a [ColumnSchema],
    /// Of the validation rows, else of the training rows; none before the end.
    pub metrics: BTreeMap<String, f64>,
    pub provenance: Provenance,
}

/// What a table becomes.
pub fn table(prepared: &Prepared, config: &FitPlan, pinned: &[ColumnSchema]) -> TableModel {
    let inputs = prepared.pipeline.inputs.names();
    let inputs: HashSet<String> = inputs.into_iter().collect();
    let known = |column: &&ColumnSchema| column.name == config.target || inputs.contains(&column.name);
    TableModel {
        inputs: prepared.pipeline.inputs.clone(),
        target: prepared.target.clone(),
        na: config.na.clone(),
        written: Written::of(&config.read()),
        id: config.id.clone(),
        pinned: pinned.iter().filter(known).cloned().collect(),
        file: config.schema.as_ref().map(|_| pinned.to_vec()),
    }
}

/// The bytes of `model.pt`, or of a checkpoint on the way there; `training` is that of [`crate::train::snapshot::Snapshot::tensors`].
pub fn to_bytes(prepared: &Prepared, module: &Module, training: &Named, info: ModelInfo<'_>) -> Result<Vec<u8>> {
    let ModelInfo { config, seed, pinned, metrics, provenance } = info;
    let manifest = Manifest {
        format: FORMAT,
        program: "fit".into(),
        seed,
        config: serde_json::to_value(config)?,
        schema: Schema {
            features: prepared.pipeline.inputs.names(),
            dtype: "float64".into(),
            target: config.target.clone(),
        },
        classes: prepared.target.class_labels(),
        metrics,
        versions: checkpoint::versions(),
        table: Some(table(prepared, config, pinned)),
        provenance,
    };
    checkpoint::to_bytes(module, &manifest, training, &check(module, &prepared.train.raw)?)
}

fn check(module: &Module, raw: &Tensor) -> Result<Named> {
    let x = raw.f_narrow(0, 0, CHECK_ROWS.min(raw.size()[0]))?.f_to_device(Device::Cpu)?;
    let (forward, predict) = (module.call("forward", &x)?, module.call("predict", &x)?);
    Ok(vec![("x".into(), x), ("forward".into(), forward), ("predict".into(), predict)])
}
