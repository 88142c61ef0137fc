//! `lockstep fit DATA`.

mod cross;
mod resume;

use self::cross::CrossValidation;
use self::resume::{earlier_data, record, resume, same_columns};
use super::job::Job;
use super::print::{Verdict, note, print_out};
use super::recording::{keep, recorder};
use super::resume::within;
use super::settings::{resolve, written};
use super::training::{CheckpointWriter, EpochLog, Training};
use crate::checkpoint::Provenance;
use crate::checkpoint::resume::Resumption;
use crate::cli::Fit;
use crate::data::schema::TableSchema;
use crate::data::store::Store;
use crate::fit::checkpoint::{self, ModelInfo};
use crate::fit::divide::{Divided, divide};
use crate::fit::files::{Finished, SCHEMA};
use crate::fit::folds::{self, Fold};
use crate::fit::log;
use crate::fit::model;
use crate::fit::outcome::{Outcome, Scores};
use crate::fit::prepare::{Prepared, prepare};
use crate::fit::settings::{FitPlan, Log};
use crate::fit::size;
use crate::fit::summary::{judge, results, text};
use crate::fit::suspicious;
use crate::fit::table::{ReadTable, pinned, read};
use crate::fit::train::Network;
use crate::model::mlp::Mlp;
use crate::record::Recording;
use crate::runs::kept;
use crate::train::snapshot::Snapshot;
use anyhow::Result;
use std::collections::BTreeMap;
use std::path::Path;

pub(super) fn run(args: &Fit) -> Result<Verdict> {
    let resumption = args.resuming.resume.as_deref().map(|path| resume(path, args)).transpose()?;
    let config = match &resumption {
        Some(resumption) => resumption.config.clone(),
        None => resolve(args.config.as_deref(), &args.settings)?,
    };
    let seed = resumption.as_ref().map_or(args.common.seed, |resumption| resumption.seed);
    if args.print_config {
        print_out(written(&config, seed, args.common.compute.threads)?.as_bytes())?;
        return Ok(Verdict::Holds);
    }
    let data = match (&args.data, args.resuming.resume.as_deref()) {
        (None, Some(folder)) => earlier_data(folder, resumption.as_ref())?,
        (data, _) => data.clone().unwrap_or_default(),
    };
    let mut job = Job::begin_reading(&args.common, &args.resuming.out(&args.out))?;
    job.reads(&data, args.config.as_deref(), &config);
    job.seed = seed;
    let schema = schema(resumption.as_ref(), &config)?;
    let ReadTable { store, sha256, mut notes } = read(&data, &config, &[], schema.as_ref())?;
    job.load_libtorch()?;
    job.go_on_with(resumption.as_ref().and_then(Resumption::threads));
    if let Some(resumption) = &resumption {
        job.resumed = record(resumption, &job, &store.display_name, &sha256)?;
    }
    job.data_sha256 = Some(sha256);
    // The run folder has its own copy, so that its config.toml is good wherever the folder goes.
    let config = config.with_schema(schema.as_ref().map(|_| SCHEMA.into()));
    let (schema, resumption) = (schema.as_ref(), resumption.as_ref());
    let fit = Fitting { config: &config, data: &data, store: &store, schema, resumption };
    let rows = divide(&store, &config, job.seed)?;
    notes.extend(rows.notes.iter().cloned());
    job.remark(notes)?;
    job.settle(|| Ok(size::steps(&rows, &config)?.into_iter().collect()))?;
    let (folds, outcome, mut checkpoints) = fit.train(args, &mut job, &rows)?;
    let verdict = fit.finish(job, &outcome, &folds, &mut checkpoints)?;
    checkpoints.finish()?;
    Ok(verdict)
}

/// The schema file: the one that was trained with, else the one that the settings name.
fn schema(resumption: Option<&Resumption<FitPlan>>, config: &FitPlan) -> Result<Option<TableSchema>> {
    match resumption {
        Some(resumption) => Ok(resume::schema(resumption)),
        None => config.schema.as_deref().map(TableSchema::read).transpose(),
    }
}

/// What a fit works on.
struct Fitting<'a> {
    config: &'a FitPlan,
    /// The table as the user named it.
    data: &'a Path,
    store: &'a Store,
    schema: Option<&'a TableSchema>,
    resumption: Option<&'a Resumption<FitPlan>>,
}

impl Fitting<'_> {
    /// Cross validation, if there are folds, then the training itself.
    fn train(
        &self,
        args: &Fit,
        job: &mut Job<'_>,
        rows: &Divided<'_>,
    ) -> Result<(Vec<Fold>, Outcome, CheckpointWriter)> {
        let (config, seed, device) = (self.config, job.seed, job.device);
        let mut progress = job.epochs(config.epochs * (rows.folds.len() + 1))?;
        let command = format!("lockstep fit {}", self.data.display());
        let from = self.resumption.and_then(|resumption| within(resumption, job.folder.path()));
        let mut checkpoints = job.checkpoints(&args.resuming, from, &command)?;
        let often = args.resuming.checkpoint_every.is_some();
        let recorder = recorder(&args.record, job)?;
        let folds = CrossValidation { fit: self, job, rows, often }.run(&mut progress, &mut checkpoints)?;
        let prepared = prepare(rows, &rows.parts, config, device)?;
        prepared.in_file.iter().for_each(|why| note(job.printing(), why));
        job.warn(suspicious::notes(&prepared, self.store, job.remarks())?);
        let network = match self.resumption {
            None => Network::new(&prepared, config, seed, device)?,
            Some(_) => Network::drawn(&prepared, config, seed, device)?,
        };
        let earlier = self.resumption.and_then(|resumption| resumption.manifest.as_ref());
        let initial = earlier.and_then(|manifest| manifest.provenance.init_from.as_ref());
        job.init_from = network.initial.as_ref().or(initial).cloned();
        let (provenance, printing) = (job.provenance(), job.printing());
        let mut observer = Training {
            progress: &mut progress,
            before: rows.folds.len() * config.epochs,
            best: None,
            checkpoints: &mut checkpoints,
            to_bytes: Box::new(|net, snapshot| self.checkpoint(&prepared, net, snapshot, &folds, (seed, &provenance))),
            log: self.log(job, &prepared)?,
            printing,
        };
        let snapshot = self.resumption.map(|resumption| &resumption.snapshot);
        let trained = network.train(&prepared, config, snapshot, Recording::to(recorder.as_ref()), &mut observer);
        keep(recorder, printing)?;
        let trained = trained?;
        let scores = Scores::of(&prepared, &network, &trained, config, seed, &mut observer)?;
        drop(observer);
        progress.finish();
        Ok((folds, Outcome { prepared, network, trained, scores }, checkpoints))
    }

    /// The bytes of a checkpoint, with the folds that are done.
    fn checkpoint(
        &self,
        prepared: &Prepared,
        net: &Mlp,
        snapshot: &Snapshot,
        folds: &[Fold],
        (seed, provenance): (u32, &Provenance),
    ) -> Result<Vec<u8>> {
        let pinned = pinned(prepared, self.store, self.schema);
        let mut provenance = provenance.clone();
        provenance.data = Some(self.data.display().to_string());
        provenance.folds = folds.iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
        let info = ModelInfo { config: self.config, seed, pinned: &pinned, metrics: BTreeMap::new(), provenance };
        checkpoint::to_bytes(prepared, &model::module(prepared, net)?, &snapshot.tensors()?, info)
    }

    /// Logs epochs, if they are to be logged: first those that are behind the state to go on from, so that the event file is
    /// that of the whole run. Refuses rows that are not those of that state.
    fn log<'b>(&'b self, job: &'b mut Job<'_>, prepared: &Prepared) -> Result<Option<EpochLog<'b>>> {
        let (config, folder, events) = (self.config, job.folder.path(), &mut job.events);
        if let Some(resumption) = self.resumption {
            same_columns(resumption, prepared, config, &pinned(prepared, self.store, self.schema))?;
            for epoch in resumption.snapshot.history.iter() {
                log::epoch(events, folder, config, &epoch)?;
            }
        }
        let logs = config.log == Log::Tensorboard;
        Ok(logs.then(|| -> EpochLog<'b> { Box::new(move |epoch| log::epoch(events, folder, config, epoch)) }))
    }

    /// Writes everything that a complete fit leaves. An interrupt on the way leaves a last checkpoint.
    fn finish(
        &self,
        mut job: Job<'_>,
        outcome: &Outcome,
        folds: &[Fold],
        checkpoints: &mut CheckpointWriter,
    ) -> Result<Verdict> {
        if let Some(events) = &mut job.events {
            log::metrics(events, outcome)?;
        }
        let verdict = judge(outcome, self.config);
        let mut results = results(outcome, &verdict, &self.store.display_name);
        results.extend(folds::results(folds));
        let summary = job.summary("fit", self.config, results.into())?;
        let (config, seed, provenance, store, schema) =
            (self.config, job.seed, job.provenance(), self.store, self.schema);
        let (prepared, net, snapshot) = (&outcome.prepared, &outcome.network.net, &outcome.trained.snapshot);
        let kept = provenance.clone();
        let mut go_on = || {
            let bytes = || self.checkpoint(prepared, net, snapshot, folds, (seed, &kept));
            checkpoints.stop_if_interrupted(snapshot.epoch(), bytes)
        };
        let finished = Finished { outcome, config, seed, provenance, store, schema, verdict: &verdict };
        let numbered = finished.stage(&mut job.folder, &mut go_on)?;
        job.folder.stage("config.toml", written(config, seed, Some(job.threads))?.as_bytes())?;
        let text = [Some(text(outcome)), folds::text(folds), numbered.text(), Some(verdict.text)];
        go_on()?;
        // Whoever named a folder meant that one.
        let default = job.folder.path() == Path::new("runs/fit");
        if let Some(kept) = default.then(|| kept::keep(job.folder.path(), &summary)).transpose()?.flatten() {
            note(job.printing(), &format!("the run before is kept in {}; lockstep runs lists them", kept.display()));
        }
        job.finish(summary, &text.into_iter().flatten().collect::<Vec<_>>().join("\n"))
    }
}
