//! `lockstep inspect MODEL`.

use crate::checkpoint::{Checkpoint, Manifest};
use crate::cli::Printing;
use crate::commands::print::{Verdict, report};
use crate::torch::named::dtype;
use crate::torch::safetensors;
use crate::torch::script::State;
use anyhow::Result;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;
use tch::Device;

pub(super) fn run(file: &Path, printing: Printing) -> Result<Verdict> {
    let checkpoint = Checkpoint::read(file, Device::Cpu)?;
    let state = checkpoint.module.state()?;
    let epoch = safetensors::find(&checkpoint.training, "epoch")?.f_int64_value(&[0])?;
    let shown = file.display().to_string();
    report(
        printing,
        &text(&shown, &checkpoint.manifest, &state, epoch)?,
        &object(&checkpoint.manifest, &state, epoch)?,
    )?;
    Ok(Verdict::Holds)
}

/// Number of parameters, buffers not counted.
fn parameters(state: &[State]) -> usize {
    state.iter().filter(|entry| entry.parameter).map(|entry| entry.tensor.numel()).sum()
}

fn object(manifest: &Manifest, state: &[State], epoch: i64) -> Result<Value> {
    let mut object = serde_json::to_value(manifest)?;
    let layers: Vec<Value> = state
        .iter()
        .map(|entry| {
            json!({"name": entry.name, "shape": entry.tensor.size(), "dtype": dtype(&entry.tensor), "parameter": entry.parameter})
        })
        .collect();
    object["epoch"] = epoch.into();
    object["parameters"] = parameters(state).into();
    object["state"] = layers.into();
    Ok(object)
}

fn text(shown: &str, manifest: &Manifest, state: &[State], epoch: i64) -> Result<String> {
    let pairs = |pairs: Vec<(String, String)>| {
        pairs.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
    };
    let mut text = format!("{shown}: checkpoint of lockstep, format {}\n", manifest.format);
    let answer = match &manifest.classes {
        Some(classes) => {
            format!("one of the classes {}", classes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
        }
        None => "a number".into(),
    };
    let schema = &manifest.schema;
    writeln!(text, "program    {}, seed {}, {epoch} epochs", manifest.program, manifest.seed)?;
    writeln!(text, "features   {} ({})", schema.features.join(", "), schema.dtype)?;
    writeln!(text, "target     {}, {answer}", schema.target)?;
    writeln!(text, "metrics    {}", pairs(manifest.metrics.iter().map(|(k, v)| (k.clone(), v.to_string())).collect()))?;
    if let Value::Object(config) = &manifest.config {
        writeln!(text, "config     {}", pairs(config.iter().map(|(k, v)| (k.clone(), v.to_string())).collect()))?;
    }
    writeln!(text, "versions   {}", pairs(manifest.versions.iter().map(|(k, v)| (k.clone(), v.clone())).collect()))?;
    writeln!(text, "\n{:<22} {:<14} {:<8} {:>10}", "tensor", "shape", "dtype", "elements")?;
    for entry in state {
        let kind = if entry.parameter { "" } else { "  buffer" };
        let (shape, count) = (format!("{:?}", entry.tensor.size()), entry.tensor.numel());
        writeln!(text, "{:<22} {shape:<14} {:<8} {count:>10}{kind}", entry.name, dtype(&entry.tensor))?;
    }
    write!(text, "{:<22} {:<14} {:<8} {:>10}", "parameters", "", "", parameters(state))?;
    Ok(text)
}
