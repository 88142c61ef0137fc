//! `lockstep run moons`.

use super::{Job, Verdict, loss_picture};
use crate::cli::RunMoons;
use crate::config::MoonsConfig;
use crate::data::moons::Moons;
use crate::history;
use crate::progress::Progress;
use crate::tutorial::moons::{self, Outcome, checkpoint, pictures};
use crate::weights;
use anyhow::Result;
use serde_json::{Value, json};
use std::fmt::Write;

pub(super) fn run(args: &RunMoons) -> Result<Verdict> {
    let config = MoonsConfig::from(&args.moons);
    let mut job = Job::begin(&args.common, &args.out)?;
    let mut progress = Progress::new(config.epochs, args.common.printing.quiet)?;
    let outcome = moons::run(&config, args.common.seed, job.device, |epoch, loss| progress.report(epoch, loss))?;
    progress.finish();
    let summary = job.summary("moons", &config, results(&outcome, &config))?;
    let model = checkpoint::to_bytes(&outcome, args.common.seed, serde_json::to_value(config)?)?;
    job.folder.stage("history.csv", history::csv(&outcome.losses).as_bytes())?;
    job.folder.stage("moons.csv", table(&outcome.moons)?.as_bytes())?;
    job.folder.stage("model.pt", &model)?;
    job.folder.stage("model.safetensors", &weights::to_bytes(&outcome.net.parameters.named()?)?)?;
    job.folder.stage("decision_boundary.png", &pictures::decision_boundary(&outcome)?.png()?)?;
    job.folder
        .stage("loss.png", &loss_picture("Two moons: training loss", "cross-entropy (nats)", &outcome.losses)?)?;
    job.finish(&summary, &text(&outcome))
}

fn results(outcome: &Outcome, config: &MoonsConfig) -> Value {
    json!({
        "parameters": outcome.net.count(),
        "epochs": config.epochs,
        "loss": outcome.losses.last(),
        "accuracy": outcome.accuracy,
        "training_seconds": outcome.seconds,
    })
}

/// The points in float64 under the header `x1,x2,y`.
fn table(moons: &Moons) -> Result<String> {
    let mut text = String::from("x1,x2,y\n");
    for ([x1, x2], label) in moons.points.iter().zip(&moons.labels) {
        writeln!(text, "{x1},{x2},{label}")?;
    }
    Ok(text)
}

fn text(outcome: &Outcome) -> String {
    let loss = outcome.losses.last().copied().unwrap_or(f32::NAN);
    let (parameters, accuracy, seconds) = (outcome.net.count(), outcome.accuracy, outcome.seconds);
    format!("Parameters: {parameters}\nloss {loss}\naccuracy {accuracy}\ntrained in {seconds:.3} s")
}
