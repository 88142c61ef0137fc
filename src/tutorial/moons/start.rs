//! The state that `run moons` goes on from: a checkpoint of ours, or one that Python saved.

use super::net::{CLASSES, INPUTS};
use crate::checkpoint::Checkpoint;
use crate::python::pickle::{Item, Saved};
use crate::python::state_dict;
use crate::torch::named::{dtype, has, read_count, under};
use crate::torch::safetensors::{self, Named};
use crate::train::history::History;
use crate::train::snapshot::{OPTIMIZER, Snapshot};
use anyhow::{Context, Result, bail, ensure};
use tch::{Kind, Tensor};

/// What a checkpoint of Python says of its settings.
pub struct PythonSettings {
    pub hidden: i64,
    pub lr: f64,
}

/// From a `model.pt` or `checkpoint-<epoch>.pt` of `run moons`, which was trained with the learning rate `lr`.
pub fn of_checkpoint(checkpoint: &Checkpoint, lr: f64) -> Result<Snapshot> {
    let training = &checkpoint.training;
    let epoch = read_count(training, "epoch")?;
    let mut losses = Vec::new();
    if has(training, "history.loss") {
        losses = Vec::<f32>::try_from(safetensors::find(training, "history.loss")?)?;
    }
    let snapshot = Snapshot {
        history: history(epoch, &losses, lr)?,
        weights: checkpoint.module.state()?.into_iter().map(|entry| (entry.name, entry.tensor)).collect(),
        best: None,
        averaged: None,
        optimizer: under(training, OPTIMIZER),
        scheduler: None,
        generator: Some(Vec::<u8>::try_from(safetensors::find(training, "generator")?)?),
        loader: None,
    };
    checked(snapshot)
}

/// From `torch.save({"model": net.state_dict(), "optimizer": Adam(…).state_dict(), "generator":
/// torch.get_rng_state(), "epoch": …, "losses": […]}, file)`; generator, epoch and losses may be left out.
pub fn of_python(bytes: &[u8]) -> Result<(Snapshot, PythonSettings)> {
    let saved = Saved::read(bytes)?;
    let root = saved.root();
    let part = |name: &str| root.get(name).with_context(|| format!("no {name:?} in it, expected {EXPECTED}"));
    let model = state_dict::tensors(part("model")?).context("\"model\" is no state_dict()")?;
    let weights = model.context("\"model\"")?;
    let (optimizer, step, lr) = adam(part("optimizer")?, &weights).context("\"optimizer\"")?;
    let epoch = match root.get("epoch") {
        None => step,
        Some(epoch) => epoch.int().and_then(|epoch| usize::try_from(epoch).ok()).context("\"epoch\" is no count")?,
    };
    let generator = root.get("generator").map(|state| -> Result<_> { Ok(Vec::<u8>::try_from(state.tensor()?)?) });
    let generator = generator.transpose().context("\"generator\"")?;
    let losses = root.get("losses").map(losses).transpose().context("\"losses\"")?.unwrap_or_default();
    let size = safetensors::find(&weights, "fc1.bias").context("\"model\"")?.size();
    let hidden = size.first().copied().context("\"model\": fc1.bias has no size")?;
    let history = history(epoch, &losses, lr)?;
    let (best, averaged, scheduler, loader) = (None, None, None, None);
    let snapshot = checked(Snapshot { history, weights, best, averaged, optimizer, scheduler, generator, loader })?;
    Ok((snapshot, PythonSettings { hidden, lr }))
}

/// The losses of the last of `epoch` epochs; whoever saved them may have kept fewer.
fn history(epoch: usize, losses: &[f32], lr: f64) -> Result<History> {
    ensure!(losses.len() <= epoch, "\"losses\": {} of them, but {epoch} epochs are done", losses.len());
    let mut history = History::after(epoch - losses.len());
    losses.iter().for_each(|&loss| history.push(loss.into(), None, lr));
    Ok(history)
}

fn checked(snapshot: Snapshot) -> Result<Snapshot> {
    let epoch = snapshot.epoch();
    let step = safetensors::find(&snapshot.optimizer, "step")?.f_view(-1)?.f_int64_value(&[0])?;
    ensure!(epoch > 0 && step == epoch as i64, "epoch {epoch} after {step} steps of Adam: expected one step an epoch");
    for (what, tensors) in [("", &snapshot.weights), ("the optimizer's ", &snapshot.optimizer)] {
        for (name, tensor) in tensors.iter().filter(|(_, tensor)| tensor.is_floating_point()) {
            let finite = tensor.f_isfinite()?.f_all()?.f_int64_value(&[])? != 0;
            ensure!(
                finite,
                "{what}{name}: holds NaN or infinity, from which no training goes on; take an earlier state"
            );
        }
    }
    shapes(&snapshot.weights)?;
    Ok(snapshot)
}

/// Refuses a network that is not the tutorial's `Net`.
fn shapes(weights: &Named) -> Result<()> {
    let hidden = safetensors::find(weights, "fc1.bias")?.size().first().copied().unwrap_or_default();
    let net = [
        ("fc1.weight", vec![hidden, INPUTS]),
        ("fc1.bias", vec![hidden]),
        ("fc2.weight", vec![CLASSES, hidden]),
        ("fc2.bias", vec![CLASSES]),
    ];
    for (name, size) in &net {
        let found = safetensors::find(weights, name)?;
        ensure!(found.size() == *size, "{name}: of shape {:?}, in the tutorial's Net it has {size:?}", found.size());
        ensure!(found.kind() == Kind::Float, "{name}: {}, expected float32, as of net.float()", dtype(found));
    }
    let other = weights.iter().find(|(name, _)| net.iter().all(|(known, _)| known != name));
    ensure!(other.is_none(), "{}: the tutorial's Net has fc1 and fc2 alone", other.map_or("", |(name, _)| name));
    Ok(())
}

const EXPECTED: &str = "torch.save({\"model\": net.state_dict(), \"optimizer\": optimizer.state_dict(), \"generator\": torch.get_rng_state(), \
     \"epoch\": n}, file)";

/// Adam's moments by the parameters' names, its steps and its learning rate.
fn adam(optimizer: Item<'_>, parameters: &Named) -> Result<(Named, usize, f64)> {
    let group = optimizer.get("param_groups").and_then(|groups| groups.values()).context("no param_groups in it")?;
    let [group] = group.collect::<Vec<_>>()[..] else { bail!("several param_groups, expected one") };
    let lr = plain_adam(group)?;
    let all =
        optimizer.get("state").and_then(|state| state.entries()).context("no state in it: nothing was trained")?;
    let all: Vec<_> = all.collect();
    ensure!(all.len() == parameters.len(), "state of {} parameters, the model has {}", all.len(), parameters.len());
    let mut named = Named::new();
    let mut steps = Vec::new();
    for (index, (name, parameter)) in parameters.iter().enumerate() {
        let found = all.iter().find(|(key, _)| key.int() == Some(index as i64));
        let (_, of) = found.with_context(|| format!("no state of parameter {index}"))?;
        for moment in ["exp_avg", "exp_avg_sq"] {
            let tensor = of.get(moment).with_context(|| format!("no {moment}: not Adam's state"))?.tensor()?;
            ensure!(tensor.size() == parameter.size(), "{moment} of {name}: {:?}", tensor.size());
            named.push((format!("{moment}.{name}"), tensor));
        }
        let step = of.get("step").context("no step: not Adam's state")?;
        steps.push(match step.number() {
            Some(step) => step,
            None => step.tensor()?.f_to_kind(Kind::Double)?.f_view(-1)?.f_double_value(&[0])?,
        });
    }
    let step = steps.first().copied().unwrap_or_default();
    ensure!(steps.iter().all(|&other| other == step) && step.fract() == 0.0, "the parameters' steps differ: {steps:?}");
    named.push(("step".into(), Tensor::f_from_slice(&[step as i64])?));
    Ok((named, step as usize, lr))
}

/// The learning rate of `torch.optim.Adam(…, lr)` with its defaults, which is what `run moons` goes on with.
fn plain_adam(group: Item<'_>) -> Result<f64> {
    let number = |name: &str| group.get(name).and_then(Item::number);
    let betas = group.get("betas").and_then(Item::values).context("no betas: not Adam's state")?;
    let betas: Vec<f64> = betas.filter_map(Item::number).collect();
    ensure!(betas == [0.9, 0.999], "betas={betas:?}: run moons goes on with betas=[0.9, 0.999] only");
    for (name, expected) in [("eps", 1e-8), ("weight_decay", 0.0)] {
        let found = number(name).with_context(|| format!("no {name}: not Adam's state"))?;
        let hint = if name == "weight_decay" { " (AdamW's default is 0.01: run moons trains with Adam)" } else { "" };
        ensure!(found == expected, "{name}={found}: run moons goes on with {name}={expected} only{hint}");
    }
    for name in ["amsgrad", "maximize"] {
        let set = group.get(name).and_then(Item::boolean) == Some(true);
        ensure!(!set, "{name}: run moons goes on without it only");
    }
    number("lr").context("lr is no number, expected one, as of float(lr)")
}

fn losses(item: Item<'_>) -> Result<Vec<f32>> {
    if let Some(values) = item.values() {
        let number = |value: Item<'_>| value.number().map(|value| value as f32).context("a loss is no number");
        return values.map(number).collect();
    }
    let tensor = item.tensor()?;
    ensure!(tensor.kind() == Kind::Float, "{}, expected float32", dtype(&tensor));
    Ok(Vec::<f32>::try_from(tensor.f_view(-1)?)?)
}
