//! What a session writes to its record, in the order in which `scripts/record.py` sees a Python loop do it.

use super::engine::Batch;
use super::optim::{Optimizer, OptimizerKind};
use super::task::Task;
use crate::model::parameters::FlatTensors;
use crate::record::Recorder;
use crate::torch::safetensors::Named;
use anyhow::Result;
use serde_json::{Map, Value, json};
use tch::{Kind, Tensor};

/// The network and the optimizer before the first step of this session, of which `steps` updates are done already.
pub(super) fn start(task: &Task<'_>, steps: usize, recorder: &mut Recorder) -> Result<()> {
    let net = task.net;
    recorder.go_on(steps as u64);
    recorder.start_with("Mlp", &net.modules(), &net.parameters.named()?, net.buffers())?;
    let (class, settings) = optimizer(task);
    recorder.optimizer(class, settings)
}

/// Class and settings as `torch.optim` names them.
fn optimizer(task: &Task<'_>) -> (&'static str, Map<String, Value>) {
    let config = task.config;
    let weight_decay = config.weight_decay.unwrap_or(config.optimizer.default_weight_decay());
    let adam = json!({"betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": weight_decay});
    let (class, settings) = match config.optimizer {
        OptimizerKind::Adam => ("Adam", adam),
        OptimizerKind::AdamW => ("AdamW", adam),
        OptimizerKind::Sgd => (
            "SGD",
            json!({"momentum": config.momentum, "dampening": 0.0, "weight_decay": weight_decay, "nesterov": config.nesterov}),
        ),
    };
    (class, if let Value::Object(settings) = settings { settings } else { Map::new() })
}

/// The rows of a batch, and where it `opens` a step, the generator before the network sees them.
pub(super) fn batch(task: &Task<'_>, batch: Batch<'_>, opens: bool, recorder: &mut Recorder) -> Result<()> {
    let all = task.train.rows();
    let places = |first: i64, rows: i64| Tensor::f_arange_start(first, first + rows, (Kind::Int64, tch::Device::Cpu));
    match batch {
        Batch::All => recorder.rows(&places(0, all)?, all)?,
        Batch::Slice { first, rows } => recorder.rows(&places(first, rows)?, all)?,
        Batch::Rows { order, first, rows } => recorder.rows(&order.f_narrow(0, first, rows)?, all)?,
    }
    if opens { recorder.generator() } else { Ok(()) }
}

/// Gradients as backward leaves them, the last parameter's first.
pub(super) fn gradients(gradients: &FlatTensors, recorder: &mut Recorder) -> Result<()> {
    let reversed: Named = gradients.named()?.into_iter().rev().collect();
    recorder.gradients(&reversed)
}

/// Gradients as the optimizer gets them.
pub(super) fn clipped(gradients: &FlatTensors, recorder: &mut Recorder) -> Result<()> {
    recorder.clipped(&gradients.named()?)
}

/// What an update came to.
pub(super) fn updated(task: &Task<'_>, lr: f64, optimizer: &dyn Optimizer, recorder: &mut Recorder) -> Result<()> {
    let mut state = optimizer.state()?;
    // Python keeps a count with each parameter.
    state.retain(|(name, _)| name != "step");
    recorder.updated_with(lr, &state, &task.net.parameters.named()?, task.net.buffers())
}
