//! `lockstep preprocess DATA`.

use super::job::Job;
use super::print::Verdict;
use super::settings::{self, resolve};
use crate::cli::Preprocess;
use crate::data::schema::TableSchema;
use crate::data::table::Format;
use crate::fit::divide::divide;
use crate::fit::prepare::fit_preprocessing;
use crate::fit::preprocessed::{PARTS, Written, write};
use crate::fit::table::{ReadTable, read};
use anyhow::{Result, ensure};
use serde_json::{Map, Value, json};

pub(super) fn run(args: &Preprocess) -> Result<Verdict> {
    ensure!(args.to.is_written(), "--to {}: is only read, expected csv, tsv, parquet, ndjson or ipc", args.to);
    let config = resolve(args.config.as_deref(), &args.settings)?;
    let mut job = Job::begin_plain(&args.common, &args.out, i32::MAX)?;
    job.reads(&args.data, args.config.as_deref(), &config);
    let schema = config.schema.as_deref().map(TableSchema::read).transpose()?;
    let ReadTable { store, sha256, mut notes } = read(&args.data, &config, &[], schema.as_ref())?;
    job.data_sha256 = Some(sha256);
    let divided = divide(&store, &config, args.common.seed)?;
    notes.extend(divided.notes.iter().cloned());
    job.remark(notes)?;
    let fitted = fit_preprocessing(&divided, &divided.parts, &config)?;
    let written = write(&divided, &fitted, &config, &args.out, args.to)?;
    for (name, _) in PARTS.into_iter().zip(&written).filter(|(_, part)| part.rows > 0) {
        job.folder.add_written(&format!("{name}.{}", args.to));
    }
    job.folder.stage("preprocess.pt", &fitted.pipeline.archive()?)?;
    job.folder.stage("config.toml", settings::written(&config, job.seed, None)?.as_bytes())?;
    let features: Vec<String> = fitted.pipeline.features().into_iter().map(|feature| feature.name).collect();
    let results = json!({
        "data": store.display_name,
        "rows": by_part(&written, |part| part.rows.into()),
        "without_target": divided.without_target,
        "features": features,
        "counts": by_part(&written, |part| json!(part.counts)),
    });
    let summary = job.summary("preprocess", &config, results)?;
    job.finish(summary, &text(&written, features.len(), divided.without_target, args.to))
}

fn by_part(written: &[Written; 3], of: impl Fn(&Written) -> Value) -> Map<String, Value> {
    PARTS.into_iter().zip(written).map(|(name, part)| (name.into(), of(part))).collect()
}

fn text(written: &[Written; 3], features: usize, without_target: usize, format: Format) -> String {
    let mut lines = Vec::new();
    for (name, part) in PARTS.into_iter().zip(written).filter(|(_, part)| part.rows > 0) {
        let met = part.counts.describe();
        let met = if met.is_empty() { met } else { format!("; {met}") };
        lines.push(format!("{name}.{format}: {} rows, {features} features{met}", part.rows));
    }
    if without_target > 0 {
        lines.push(format!("rows left out, their target is missing: {without_target}"));
    }
    lines.join("\n")
}
