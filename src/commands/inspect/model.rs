//! `lockstep inspect MODEL`.

use crate::checkpoint::Manifest;
use crate::checkpoint::contents::{Contents, Stored};
use crate::cli::Printing;
use crate::commands::print::{Verdict, report};
use anyhow::Result;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

pub(super) fn run(file: &Path, printing: Printing) -> Result<Verdict> {
    let Contents { manifest, epoch, state } = Contents::read(file)?;
    let shown = file.display().to_string();
    report(printing, &text(&shown, &manifest, &state, epoch)?, &object(&manifest, &state, epoch)?)?;
    Ok(Verdict::Holds)
}

/// Number of parameters, buffers not counted.
fn parameters(state: &[Stored]) -> i64 {
    state.iter().filter(|entry| entry.parameter).map(Stored::numel).sum()
}

fn object(manifest: &Manifest, state: &[Stored], epoch: i64) -> Result<Value> {
    let mut object = serde_json::to_value(manifest)?;
    let layers: Vec<Value> = state
        .iter()
        .map(|entry| {
            json!({"name": entry.name, "shape": entry.shape, "dtype": entry.dtype, "parameter": entry.parameter})
        })
        .collect();
    object["epoch"] = epoch.into();
    object["parameters"] = parameters(state).into();
    object["state"] = layers.into();
    Ok(object)
}

fn text(shown: &str, manifest: &Manifest, state: &[Stored], epoch: i64) -> Result<String> {
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
    writeln!(text, "features   {} ({})", schema.features.join(", ").replace('\n', "\\n"), schema.dtype)?;
    writeln!(text, "target     {}, {answer}", schema.target)?;
    writeln!(text, "metrics    {}", pairs(manifest.metrics.iter().map(|(k, v)| (k.clone(), v.to_string())).collect()))?;
    if let Value::Object(config) = &manifest.config {
        writeln!(text, "config     {}", pairs(config.iter().map(|(k, v)| (k.clone(), v.to_string())).collect()))?;
    }
    writeln!(text, "versions   {}", pairs(manifest.versions.iter().map(|(k, v)| (k.clone(), v.clone())).collect()))?;
    writeln!(text, "\n{:<22} {:<14} {:<8} {:>10}", "tensor", "shape", "dtype", "elements")?;
    for entry in state {
        let kind = if entry.parameter { "" } else { "  buffer" };
        let (shape, count) = (format!("{:?}", entry.shape), entry.numel());
        writeln!(text, "{:<22} {shape:<14} {:<8} {count:>10}{kind}", entry.name, entry.dtype)?;
    }
    write!(text, "{:<22} {:<14} {:<8} {:>10}", "parameters", "", "", parameters(state))?;
    Ok(text)
}
