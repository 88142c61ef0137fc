//! What `summary.json` says of a run, and the command line that repeats it.

use crate::torch::conditions::Conditions;
use crate::tutorial::program::Program;
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};
use std::path::Path;

/// What `summary.json` says of a run.
pub struct Record {
    pub summary: Map<String, Value>,
    pub program: String,
}

impl Record {
    /// Reads the summary of a run folder.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join("summary.json");
        let shown = path.display();
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("{shown}: cannot read; expected the folder of a run that ended"))?;
        let summary: Map<String, Value> =
            serde_json::from_str(&text).with_context(|| format!("{shown}: no summary"))?;
        let program = summary.get("program").and_then(Value::as_str).with_context(|| format!("{shown}: no program"))?;
        let program = program.to_string();
        ensure!(
            program == "fit" || Program::NAMES.contains(&program.as_str()),
            "{shown}: a run of {program}; rerun repeats fit and the programs of run"
        );
        Ok(Self { summary, program })
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        self.summary.get(key)?.as_str()
    }

    /// What the run's bits depended on, as far as the summary says it.
    pub fn conditions(&self) -> Result<Conditions> {
        serde_json::from_value(self.summary.clone().into()).context("summary.json: how it was made")
    }

    /// The table that was read; none: a program's own data.
    pub fn data(&self) -> Option<&str> {
        if self.program == "fit" { self.text("data") } else { self.summary.get("config")?.get("data")?.as_str() }
    }

    /// The arguments that repeat the run into the folder `out`, on the table `data`. `fit` reads its settings from
    /// `config.toml` in `folder`.
    pub fn arguments(&self, folder: &Path, data: Option<&Path>, out: &Path) -> Result<Vec<String>> {
        let mut arguments = match self.program.as_str() {
            "fit" => {
                let data = data.context("summary.json: fit without its data")?.display().to_string();
                vec!["fit".into(), data, format!("--config={}", folder.join("config.toml").display())]
            }
            program => {
                let mut arguments = vec!["run".into(), program.to_string()];
                let config = self.summary.get("config").and_then(Value::as_object);
                arguments.extend(flags(config.context("summary.json: no config")?, data)?);
                arguments
            }
        };
        let number = |key: &str| {
            self.summary.get(key).and_then(Value::as_u64).with_context(|| format!("summary.json: no {key}"))
        };
        arguments.push(format!("--seed={}", number("seed")?));
        arguments.push(format!("--threads={}", number("threads")?));
        arguments.push(format!("--device={}", self.text("device").context("summary.json: no device")?));
        arguments.extend([format!("--out={}", out.display()), "--quiet".into()]);
        Ok(arguments)
    }
}

/// A config's keys as flags. What is none, false or empty is a flag's absence; a whole number at `start_k` is the default,
/// which Python prints without a point.
fn flags(config: &Map<String, Value>, data: Option<&Path>) -> Result<Vec<String>> {
    let mut flags = Vec::new();
    for (key, value) in config {
        let flag = format!("--{}", key.replace('_', "-"));
        match (key.as_str(), value) {
            ("data", Value::String(_)) => {
                flags.push(format!("{flag}={}", data.context("summary.json: data without a file")?.display()));
            }
            ("start_k" | "start_b", Value::Number(number)) if number.is_i64() => {}
            (_, Value::Null | Value::Bool(false)) => {}
            (_, Value::Bool(true)) => flags.push(flag),
            (_, Value::Array(values)) if values.is_empty() => {}
            (_, Value::Array(values)) => {
                let texts: Option<Vec<&str>> = values.iter().map(Value::as_str).collect();
                flags.push(format!("{flag}={}", texts.with_context(|| format!("summary.json: {key}"))?.join(",")));
            }
            (_, Value::String(text)) => flags.push(format!("{flag}={text}")),
            (_, Value::Number(number)) => flags.push(format!("{flag}={number}")),
            (_, Value::Object(_)) => bail!("summary.json: {key} is no setting"),
        }
    }
    Ok(flags)
}
