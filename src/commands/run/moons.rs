//! `lockstep run moons`.

use crate::checkpoint::Resumed;
use crate::checkpoint::resume::{Earlier, Now, Resumption};
use crate::cli::RunMoons;
use crate::commands::job::Job;
use crate::commands::print::{Verdict, note};
use crate::commands::recording::{keep, recorder};
use crate::commands::resume::{open, within};
use crate::commands::training::{CheckpointWriter, Training};
use crate::data::moons::Moons;
use crate::python::pickle::is_torch_save;
use crate::record::Recording;
use crate::report::loss_picture;
use crate::runs::history;
use crate::torch::safetensors;
use crate::tutorial::config::MoonsConfig;
use crate::tutorial::moons::checkpoint::{self, Description};
use crate::tutorial::moons::{self, Outcome, Points, pictures, start};
use crate::tutorial::program::Program;
use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::Path;

pub(super) fn run(args: &RunMoons) -> Result<Verdict> {
    let resumption = args.resuming.resume.as_deref().map(|path| resume(path, args)).transpose()?;
    let (config, seed) = match &resumption {
        Some(resumption) => (resumption.config, resumption.seed),
        None => (MoonsConfig::from(args), args.common.seed),
    };
    let mut job = Job::begin(&args.common, &args.resuming.out(&args.out))?;
    job.seed = seed;
    job.go_on_with(resumption.as_ref().and_then(Resumption::threads));
    job.settle(|| Ok(config.steps()))?;
    let points = Points::draw(&config, seed, job.device)?;
    let data = job.folder.stage_hashed("moons.csv", |out| write_table(&points.moons, out))?;
    if let Some(resumption) = &resumption {
        job.resumed = record(resumption, &job, &data)?;
    }
    job.data_sha256 = Some(data);
    let outcome = train(args, &job, points, &config, resumption.as_ref())?;
    finish(job, outcome, &config)
}

/// Trains, and leaves checkpoints on the way.
fn train(
    args: &RunMoons,
    job: &Job<'_>,
    points: Points,
    config: &MoonsConfig,
    resumption: Option<&Resumption<MoonsConfig>>,
) -> Result<(Outcome, CheckpointWriter)> {
    let from = resumption.and_then(|resumption| within(resumption, job.folder.path()));
    let mut checkpoints = job.checkpoints(&args.resuming, from, "lockstep run moons")?;
    let mut progress = job.epochs(config.epochs)?;
    let x = points.x.shallow_clone();
    let mut observer = Training {
        progress: &mut progress,
        before: 0,
        best: None,
        checkpoints: &mut checkpoints,
        to_bytes: Box::new(|net, snapshot| checkpoint::to_bytes(net, snapshot, &x, description(job, config, None)?)),
        log: None,
        printing: job.printing(),
    };
    let snapshot = resumption.map(|resumption| &resumption.snapshot);
    let recorder = recorder(&args.record, job)?;
    let outcome = moons::run_on(points, config, job.seed, snapshot, Recording::to(recorder.as_ref()), &mut observer);
    keep(recorder, job.printing())?;
    let outcome = outcome?;
    drop(observer);
    progress.finish();
    Ok((outcome, checkpoints))
}

/// What a model file says beside the network.
fn description(job: &Job<'_>, config: &MoonsConfig, accuracy: Option<f64>) -> Result<Description> {
    Ok(Description { accuracy, seed: job.seed, config: serde_json::to_value(config)?, provenance: job.provenance() })
}

/// Writes everything that a complete run leaves.
fn finish(
    mut job: Job<'_>,
    (outcome, mut checkpoints): (Outcome, CheckpointWriter),
    config: &MoonsConfig,
) -> Result<Verdict> {
    let summary = job.summary(Program::Moons.name(), config, results(&outcome, config))?;
    let description = description(&job, config, Some(outcome.accuracy))?;
    let model = checkpoint::to_bytes(&outcome.net, &outcome.trained.snapshot, &outcome.points.x, description)?;
    let (losses, before) = (outcome.losses(), outcome.trained.history().before());
    job.folder.stage("history.csv", history::table(before, &[("loss", losses.as_slice().into())]).as_bytes())?;
    job.folder.stage("model.pt", &model)?;
    job.folder.stage("model.safetensors", &safetensors::to_bytes(&outcome.net.parameters.named()?)?)?;
    job.folder.stage("decision_boundary.png", &pictures::decision_boundary(&outcome)?.png()?)?;
    job.folder.stage("loss.png", &loss_picture("Two moons: training loss", "cross-entropy (nats)", &losses)?)?;
    let (net, snapshot) = (&outcome.net, &outcome.trained.snapshot);
    checkpoints.stop_if_interrupted(snapshot.epoch(), || {
        checkpoint::to_bytes(net, snapshot, &outcome.points.x, self::description(&job, config, None)?)
    })?;
    let verdict = job.finish(summary, &text(&outcome))?;
    checkpoints.finish()?;
    Ok(verdict)
}

/// The run that `--resume` names, a checkpoint of ours or one that Python saved.
fn resume(path: &Path, args: &RunMoons) -> Result<Resumption<MoonsConfig>> {
    let shown = path.display();
    if path.is_file() {
        let bytes = std::fs::read(path).with_context(|| format!("--resume {shown}: cannot read"))?;
        if is_torch_save(&bytes) {
            return resume_python(path, &bytes, args).with_context(|| format!("--resume {shown}"));
        }
    }
    let found = open(path, args.common.printing)?;
    let shown = found.path.display().to_string();
    let what = || format!("--resume {shown}");
    let manifest = found.checkpoint.manifest.clone();
    let earlier = Earlier { from: &shown, manifest: &manifest };
    earlier.check_program(Program::Moons.name(), "run moons")?;
    let saved: MoonsConfig = serde_json::from_value(manifest.config.clone()).with_context(what)?;
    let snapshot = start::of_checkpoint(&found.checkpoint, saved.lr).with_context(what)?;
    let seed = earlier.seed(args.resuming.given.has("seed").then_some(args.common.seed))?;
    let settings = earlier.settings(&manifest.config, given(args)?, &["epochs", "engine"])?;
    let config: MoonsConfig = serde_json::from_value(settings).with_context(what)?;
    let finished = manifest.metrics.contains_key("accuracy");
    earlier.check_epochs((snapshot.epoch(), finished), saved.epochs, config.epochs, None)?;
    Ok(Resumption { path: found.path, snapshot, config, seed, manifest: Some(manifest), planned_epochs: saved.epochs })
}

/// Python says what its network and its learning rate are, not its points: those are the flags'.
fn resume_python(path: &Path, bytes: &[u8], args: &RunMoons) -> Result<Resumption<MoonsConfig>> {
    let (snapshot, python) = start::of_python(bytes)?;
    let mut config = MoonsConfig::from(args);
    for (flag, now, was) in [
        ("hidden", config.hidden.to_string(), python.hidden.to_string()),
        ("lr", config.lr.to_string(), python.lr.to_string()),
    ] {
        let wrong = args.resuming.given.has(flag) && now != was;
        ensure!(!wrong, "--{flag} {now}: it was trained with {was}; leave --{flag} out");
    }
    (config.hidden, config.lr) = (python.hidden, python.lr);
    let (done, epochs) = (snapshot.epoch(), config.epochs);
    ensure!(done < epochs, "its {done} epochs are done and {epochs} were asked for; go on with a larger --epochs");
    Ok(Resumption {
        path: path.into(),
        snapshot,
        config,
        seed: args.common.seed,
        manifest: None,
        planned_epochs: epochs,
    })
}

/// Checks the points, and says on stderr how the run goes on; each time that it did so.
fn record(resumption: &Resumption<MoonsConfig>, job: &Job<'_>, data: &str) -> Result<Vec<Resumed>> {
    let MoonsConfig { epochs, engine, .. } = resumption.config;
    let now = Now { epochs, engine, conditions: job.conditions() };
    let resumed = resumption.record(&["the points"], data, &now)?;
    let by_python = if resumption.manifest.is_none() { ", which Python saved" } else { "" };
    if let Some(last) = resumed.last() {
        note(job.printing(), &format!("{}{by_python}", last.text()));
    }
    Ok(resumed)
}

/// The settings that stand on the command line.
fn given(args: &RunMoons) -> Result<Map<String, Value>> {
    let Value::Object(mut all) = serde_json::to_value(MoonsConfig::from(args))? else { return Ok(Map::new()) };
    all.insert("engine".into(), json!(args.engine));
    all.retain(|key, _| args.resuming.given.has(key));
    Ok(all)
}

fn results(outcome: &Outcome, config: &MoonsConfig) -> Value {
    json!({
        "parameters": outcome.net.count(),
        "epochs": config.epochs,
        "loss": outcome.loss(),
        "accuracy": outcome.accuracy,
        "engine": outcome.trained.engine,
        "training_seconds": outcome.trained.seconds,
    })
}

/// The points in float64 under the header `x1,x2,y`.
fn write_table(moons: &Moons, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "x1,x2,y")?;
    for ([x1, x2], label) in moons.points.iter().zip(&moons.labels) {
        writeln!(out, "{x1},{x2},{label}")?;
    }
    Ok(())
}

fn text(outcome: &Outcome) -> String {
    let loss = outcome.loss().unwrap_or(f32::NAN);
    let (parameters, accuracy, seconds) = (outcome.net.count(), outcome.accuracy, outcome.trained.seconds);
    format!("Parameters: {parameters}\nloss {loss}\naccuracy {accuracy}\ntrained in {seconds:.3} s")
}
