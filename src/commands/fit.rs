//! `lockstep fit DATA`.

use super::fit_on::{Going, Watcher};
use super::resume::{Keeper, within};
use super::run::Job;
use super::{Verdict, folds, print_out};
use crate::cli::{Fit, FitFlags};
use crate::commands::progress::Progress;
use crate::data::schema::{ColumnSchema, Kind, Role, TableSchema};
use crate::data::source::Source;
use crate::data::store::Store;
use crate::evaluate::predictions::Scored;
use crate::evaluate::{Judged, Verdict as Judgement, verdict};
use crate::fit::checkpoint::{self, Told};
use crate::fit::columns::needed;
use crate::fit::divide::divide;
use crate::fit::folds::cross_validate;
use crate::fit::log;
use crate::fit::prepare::{Prepared, Rows};
use crate::fit::report::{page, pictures};
use crate::fit::run::{Outcome, fit_on};
use crate::fit::settings::FitConfig;
use crate::torch::safetensors;
use crate::train::fit::Epoch;
use anyhow::{Context, Result};
use polars::prelude::DataType;
use serde_json::{Map, Value, json};
use std::path::Path;

/// The schema's file in the run folder.
pub(super) const SCHEMA: &str = "schema.toml";

pub(super) fn run(args: &Fit) -> Result<Verdict> {
    let going = args.resuming.resume.as_deref().map(|path| Going::open(path, args)).transpose()?;
    let mut config = match &going {
        Some(going) => going.config.clone(),
        None => resolve(args.config.as_deref(), &args.settings)?,
    };
    if args.print_config {
        print_out(toml::to_string(&config)?.as_bytes())?;
        return Ok(Verdict::Holds);
    }
    let seed = going.as_ref().map_or(args.common.seed, |going| going.seed);
    let mut job = Job::begin(&args.common, &args.resuming.out(&args.out))?;
    job.seed = seed;
    let schema = match &going {
        Some(going) => going.schema.clone(),
        None => config.schema.as_deref().map(TableSchema::read).transpose()?,
    };
    let (store, hash) = read(&args.data, &config, &[], schema.as_ref())?;
    if let Some(going) = &going {
        job.resumed = going.resumed(&job, &store.shown, &hash, args)?;
    }
    job.data_sha256 = Some(hash);
    // The run folder has its own copy, so that its config.toml is good wherever the folder goes.
    config.schema = schema.as_ref().map(|_| SCHEMA.into());
    let rows = divide(&store, &config, seed)?;
    let mut progress = Progress::new(config.epochs * (rows.folds.len() + 1), args.common.printing.quiet)?;
    let mut report = |run: usize, epoch: &Epoch| progress.report(run * config.epochs + epoch.epoch, &|| Ok(epoch.loss));
    let folds = cross_validate(&rows, &config, seed, job.device, &mut report)?;
    let command = format!("lockstep fit {}", args.data.display());
    let from = going.as_ref().and_then(|going| within(&going.path, job.folder.path(), going.epoch));
    let mut keeper = Keeper::begin(job.folder.path(), &args.resuming, from, &command)?;
    let (made, device) = (job.made(), job.device);
    let mut watcher = Watcher {
        job: &mut job,
        progress: &mut progress,
        keeper: &mut keeper,
        config: &config,
        store: &store,
        schema: schema.as_ref(),
        going: going.as_ref(),
        made,
        printing: args.common.printing,
        before: folds.len() * config.epochs,
    };
    let start = going.as_ref().map(|going| &going.start);
    let outcome = fit_on(&rows, &config, seed, device, start, &mut watcher)?;
    progress.finish();
    if let Some(events) = &mut job.events {
        log::metrics(events, &outcome)?;
    }
    let judgement = judge(&outcome);
    let mut results = results(&outcome, &judgement, &store.shown);
    results.extend(folds::results(&folds));
    let summary = job.summary("fit", &config, results.into())?;
    stage(&mut job, &outcome, &config, &judgement, seed, &store, schema.as_ref())?;
    job.folder.stage("config.toml", toml::to_string(&config)?.as_bytes())?;
    let text = [Some(text(&outcome)), folds::text(&folds), Some(judgement.text)];
    let verdict = job.finish(&summary, &text.into_iter().flatten().collect::<Vec<_>>().join("\n"))?;
    keeper.finish()?;
    Ok(verdict)
}

/// The files that show what was trained: model, history, pictures, report.
pub(super) fn stage(
    job: &mut Job<'_>,
    outcome: &Outcome,
    config: &FitConfig,
    judgement: &Judgement,
    seed: u32,
    store: &Store,
    schema: Option<&TableSchema>,
) -> Result<()> {
    let pictures = pictures(outcome, config)?;
    for picture in &pictures {
        job.folder.stage(&format!("{}.png", picture.name), &picture.png)?;
    }
    let pinned = pinned(&outcome.prepared, store, schema);
    let metrics = outcome.valid.as_ref().unwrap_or(&outcome.train).metrics.iter();
    let metrics = metrics.filter_map(|(name, value)| Some((name.to_string(), value?))).collect();
    let told = Told { config, seed, pinned: &pinned, metrics, made: job.made() };
    let model = checkpoint::to_bytes(&outcome.prepared, &outcome.module, &outcome.training, told)?;
    job.folder.stage("history.csv", history(outcome).as_bytes())?;
    job.folder.stage("model.pt", &model)?;
    job.folder.stage("model.safetensors", &safetensors::to_bytes(&outcome.net.parameters.named()?)?)?;
    if let Some(schema) = schema {
        job.folder.stage(SCHEMA, schema.to_toml()?.as_bytes())?;
    }
    job.folder.stage("report.html", page(outcome, config, &judgement.text, &store.shown, &pictures)?.as_bytes())
}

/// The columns that the fit needs, or one of the `trials` of a search, in the types of the schema where there is one, and
/// the SHA-256 of all its tables.
pub(super) fn read(
    data: &Path,
    config: &FitConfig,
    trials: &[FitConfig],
    schema: Option<&TableSchema>,
) -> Result<(Store, String)> {
    let mut sources = open(data, config, schema)?;
    let (names, shown) = (sources[0].names(), sources[0].shown.clone());
    let mut columns = needed(&names, config, &shown)?;
    for (index, trial) in trials.iter().enumerate() {
        columns.extend(needed(&names, trial, &shown).with_context(|| format!("--param: trial {}", index + 1))?);
    }
    let hashes = sources.iter().map(Source::sha256).collect::<Result<Vec<_>>>()?;
    Ok((Store::read(&mut sources, &columns)?, hashes.join(" ")))
}

/// The table, and those of `--valid` and `--test`.
fn open(data: &Path, config: &FitConfig, schema: Option<&TableSchema>) -> Result<Vec<Source>> {
    let places = [Some(data), config.valid.as_deref(), config.test.as_deref()];
    let mut sources = Vec::new();
    for place in places.into_iter().flatten() {
        let mut source = Source::open(place, &config.read())?;
        if let Some(schema) = schema {
            schema.check_names(&source.names(), &source.shown)?;
            source.pin(schema.clone());
        }
        sources.push(source);
    }
    Ok(sources)
}

/// What a model holds a table to that it is asked about: the schema, else that what was text stays as it is written.
pub(super) fn pinned(prepared: &Prepared, store: &Store, schema: Option<&TableSchema>) -> Vec<ColumnSchema> {
    if let Some(schema) = schema {
        return schema.columns.clone();
    }
    let text = |name: &String| store.dtype(name).is_ok_and(|dtype| *dtype == DataType::String);
    let pin = |name| ColumnSchema { name, kind: Kind::Text, role: Role::Feature, categorical: true, nullable: true };
    prepared.pipeline.inputs.names().into_iter().filter(text).map(pin).collect()
}

/// The file's settings under the flags.
pub(super) fn resolve(file: Option<&Path>, flags: &FitFlags) -> Result<FitConfig> {
    let (text, shown) = settings(file)?;
    FitConfig::resolve(&text, &shown, toml::Table::try_from(flags)?)
}

/// The text of `--config`, and its name for errors.
pub(super) fn settings(config: Option<&Path>) -> Result<(String, String)> {
    let Some(file) = config else { return Ok((String::new(), "settings".into())) };
    let shown = file.display().to_string();
    Ok((std::fs::read_to_string(file).with_context(|| format!("{shown}: cannot read"))?, shown))
}

pub(super) fn judge(outcome: &Outcome) -> Judgement {
    let judged = |rows: &Rows, scored| judged(rows, scored);
    let prepared = &outcome.prepared;
    verdict(
        judged(&prepared.train, &outcome.train),
        prepared.valid.as_ref().zip(outcome.valid.as_ref()).map(|(rows, scored)| judged(rows, scored)),
        prepared.test.as_ref().zip(outcome.test.as_ref()).map(|(rows, scored)| judged(rows, scored)),
    )
}

fn judged<'a>(rows: &Rows, scored: &'a Scored) -> Judged<'a> {
    Judged { rows: rows.x.size()[0] as usize, metrics: &scored.metrics, baseline: &scored.baseline }
}

pub(super) fn results(outcome: &Outcome, judgement: &Judgement, shown: &str) -> Map<String, Value> {
    let prepared = &outcome.prepared;
    let rows = |rows: &Option<Rows>| rows.as_ref().map_or(0, |rows| rows.x.size()[0]);
    let metrics = |scored: &Option<Scored>| scored.as_ref().map(|scored| json!(scored.metrics));
    let baseline = |scored: &Option<Scored>| scored.as_ref().map(|scored| json!(scored.baseline));
    let results = json!({
        "data": shown,
        "task": if prepared.target.is_classification() { "classification" } else { "regression" },
        "loss_function": outcome.loss.to_string(),
        "rows": {"train": prepared.train.x.size()[0], "valid": rows(&prepared.valid), "test": rows(&prepared.test),
                 "without_target": prepared.without_target},
        "features": prepared.pipeline.features().len(),
        "parameters": outcome.net.count(),
        "epochs": outcome.trained.history.len(),
        "best_epoch": outcome.trained.best_epoch,
        "stopped_early": outcome.trained.stopped_early,
        "engine": outcome.trained.engine,
        "training_seconds": outcome.trained.seconds,
        "loss": outcome.trained.history.last().map(|epoch| epoch.loss),
        "metrics": {"train": outcome.train.metrics, "valid": metrics(&outcome.valid), "test": metrics(&outcome.test)},
        "baseline": {"train": outcome.train.baseline, "valid": baseline(&outcome.valid), "test": baseline(&outcome.test)},
        "counts": {"train": prepared.train.counts, "valid": prepared.valid.as_ref().map(|rows| &rows.counts),
                   "test": prepared.test.as_ref().map(|rows| &rows.counts)},
        "importance": importance(outcome),
        "verdict": judgement,
    });
    let Value::Object(results) = results else { return Map::new() };
    results
}

/// By input column: `{"mean": …, "std": …}`.
fn importance(outcome: &Outcome) -> Value {
    let names = outcome.prepared.pipeline.inputs.names();
    names.into_iter().zip(&outcome.importance).map(|(name, importance)| (name, json!(importance))).collect()
}

/// `epoch,loss,valid_loss,lr`, each number in the shortest form that reads back to the same float64.
fn history(outcome: &Outcome) -> String {
    let line = |epoch: &Epoch| {
        let valid = epoch.valid_loss.map_or(String::new(), |loss| loss.to_string());
        format!("{},{},{valid},{}\n", epoch.epoch, epoch.loss, epoch.lr)
    };
    let lines = outcome.trained.history.iter().map(line);
    std::iter::once("epoch,loss,valid_loss,lr\n".to_string()).chain(lines).collect()
}

pub(super) fn text(outcome: &Outcome) -> String {
    let prepared = &outcome.prepared;
    let mut lines =
        vec![format!("{:<18} {:>12} {:>12} {:>12} {:>12}", "", "training", "validation", "test", "baseline")];
    let of = |scored: Option<&Scored>, name: &str, base: bool| {
        let value = scored.and_then(|scored| if base { scored.baseline.get(name) } else { scored.metrics.get(name) });
        value.map_or("-".into(), |value| format!("{value:.4}"))
    };
    let held = outcome.test.as_ref().or(outcome.valid.as_ref()).unwrap_or(&outcome.train);
    for (name, _) in outcome.train.metrics.iter() {
        lines.push(format!(
            "{name:<18} {:>12} {:>12} {:>12} {:>12}",
            of(Some(&outcome.train), name, false),
            of(outcome.valid.as_ref(), name, false),
            of(outcome.test.as_ref(), name, false),
            of(Some(held), name, true)
        ));
    }
    for (part, rows) in
        [("training", Some(&prepared.train)), ("validation", prepared.valid.as_ref()), ("test", prepared.test.as_ref())]
    {
        let met = rows.map_or(String::new(), |rows| rows.counts.describe());
        if !met.is_empty() {
            lines.push(format!("{part} rows: {met}"));
        }
    }
    if prepared.without_target > 0 {
        lines.push(format!("rows left out, their target is missing: {}", prepared.without_target));
    }
    let trained = &outcome.trained;
    let stopped = if trained.stopped_early { ", stopped early" } else { "" };
    lines.push(format!(
        "{} parameters, {} epochs{stopped}, weights of epoch {}",
        outcome.net.count(),
        trained.history.len(),
        trained.best_epoch
    ));
    lines.join("\n")
}
