//! `lockstep script`: a run of `fit`, or what a settings file asks for, as a plain PyTorch program.

use super::print::{Verdict, print_out};
use super::settings::resolve;
use crate::cli::Script;
use crate::data::schema::TableSchema;
use crate::fit::divide::divide;
use crate::fit::prepare::fit_preprocessing;
use crate::fit::script::{Training, program};
use crate::fit::settings::FitPlan;
use crate::fit::table::{ReadTable, read};
use crate::runs::earlier::SUMMARY;
use crate::runs::files;
use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};
use std::path::Path;

/// What records a training of the user's own.
const RECORDER: &str = include_str!("../../scripts/record.py");

pub(super) fn run(args: &Script) -> Result<Verdict> {
    let name = args.output.as_deref().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or("train.py".into());
    let text = match (&args.folder, args.recorder) {
        (_, true) => RECORDER.into(),
        (Some(folder), _) => of_run(folder, args.data.as_deref(), &name)?,
        (None, _) => of_settings(args, &name)?,
    };
    match &args.output {
        Some(file) => files::write(file, text.as_bytes())?,
        None => print_out(text.as_bytes())?,
    }
    Ok(Verdict::Holds)
}

fn of_settings(args: &Script, file: &str) -> Result<String> {
    let plan = resolve(args.config.as_deref(), &toml::Table::new())?;
    let data = args.data.as_deref().context("--config: expected --data with the table")?;
    let engine = plan.engine.to_string();
    let (seed, threads) = (args.seed.unwrap_or(0), args.threads.unwrap_or(1));
    let training = Training { file, data, seed, threads, engine: &engine, run: None };
    script(&plan, &training, None)
}

fn of_run(folder: &Path, data: Option<&Path>, file: &str) -> Result<String> {
    let path = folder.join(SUMMARY);
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("{shown}: cannot read; expected the folder of a run of fit that ended"))?;
    let summary: Map<String, Value> = serde_json::from_str(&text).with_context(|| format!("{shown}: no summary"))?;
    let text = |key: &str| summary.get(key).and_then(Value::as_str);
    let word = |key: &str| text(key).with_context(|| format!("{shown}: no {key}"));
    let number = |key: &str| summary.get(key).and_then(Value::as_u64).with_context(|| format!("{shown}: no {key}"));
    let program = word("program")?;
    ensure!(program == "fit", "{shown}: a run of {program}; a script is written of a run of fit");
    let device = word("device")?;
    ensure!(
        device == "cpu",
        "--device {device}: a GPU has other bits; run fit with --device cpu, and write the script of that"
    );
    let data = data.map_or_else(|| word("data").map(Path::new), Ok)?;
    let plan = resolve(Some(&folder.join("config.toml")), &toml::Table::new())?;
    let training = Training {
        file,
        data,
        seed: u32::try_from(number("seed")?)?,
        threads: i32::try_from(number("threads")?)?,
        engine: word("engine")?,
        run: Some((&folder.display().to_string(), text("libtorch").unwrap_or_default())),
    };
    script(&plan, &training, text("data_sha256"))
}

/// The script; `sha256`: what the table must be.
fn script(plan: &FitPlan, training: &Training<'_>, sha256: Option<&str>) -> Result<String> {
    let schema = plan.schema.as_deref().map(TableSchema::read).transpose()?;
    let data = training.data;
    ensure!(data.is_file(), "{}: a script reads its table from one file; name it with --data FILE", data.display());
    let ReadTable { store, sha256: found, .. } = read(data, plan, &[], schema.as_ref())?;
    ensure!(
        sha256.is_none_or(|expected| expected == found),
        "{}: is not the table of the run any more, its SHA-256 is another; name that table with --data FILE",
        data.display()
    );
    let divided = divide(&store, plan, training.seed)?;
    let fitted = fit_preprocessing(&divided, &divided.parts, plan)?;
    program(plan, training, &divided, &fitted)
}
