//! `lockstep run <program>`.

use super::{Verdict, prepare};
use crate::cli::{Run, RunMoons};
use crate::config::MoonsConfig;
use crate::data::moons::Moons;
use crate::progress::{Progress, catch_interrupts};
use crate::run_folder::RunFolder;
use crate::torchscript::ExtraFile;
use crate::tutorial::moons::{self, Outcome};
use crate::{device, tutorial};
use anyhow::Result;
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::Instant;

pub(super) fn run(args: &Run) -> Result<Verdict> {
    match args {
        Run::Moons(args) => run_moons(args),
    }
}

fn run_moons(args: &RunMoons) -> Result<Verdict> {
    let start = Instant::now();
    let config = MoonsConfig::from(&args.moons);
    let device = prepare(&args.common)?;
    let mut folder = RunFolder::open(&args.out)?;
    catch_interrupts()?;
    let mut progress = Progress::new(config.epochs, args.common.quiet)?;
    let outcome = tutorial::moons::run(&config, args.common.seed, device, |epoch, loss| progress.report(epoch, loss))?;
    progress.finish();
    let seconds = start.elapsed().as_secs_f64();
    let summary = summary(&outcome, &config, args, &device::name(device), seconds);
    let description = ExtraFile { name: "lockstep.json".into(), bytes: describe(&summary).to_string().into_bytes() };
    folder.stage("history.csv", history(&outcome.losses)?.as_bytes())?;
    folder.stage("moons.csv", table(&outcome.moons)?.as_bytes())?;
    folder.stage("model.pt", &moons::torchscript(&outcome.net)?.save(&[description])?)?;
    folder.stage("model.safetensors", &moons::safetensors(&outcome)?)?;
    folder.stage("summary.json", format!("{summary:#}\n").as_bytes())?;
    let shown = folder.path().display().to_string();
    folder.commit()?;
    announce(&outcome, args, &shown);
    if args.common.json {
        println!("{summary}");
    }
    Ok(Verdict::Holds)
}

fn summary(outcome: &Outcome, config: &MoonsConfig, args: &RunMoons, device: &str, seconds: f64) -> Value {
    json!({
        "program": "moons",
        "seed": args.common.seed,
        "parameters": outcome.net.count(),
        "epochs": config.epochs,
        "loss": outcome.losses.last(),
        "accuracy": outcome.accuracy,
        "seconds": seconds,
        "training_seconds": outcome.seconds,
        "device": device,
        "threads": tch::get_num_threads(),
        "libtorch": env!("LOCKSTEP_LIBTORCH_VERSION"),
        "lockstep": env!("CARGO_PKG_VERSION"),
        "config": config,
    })
}

/// What `model.pt` says of itself, as its extra file `lockstep.json`.
fn describe(summary: &Value) -> Value {
    json!({
        "format": 1,
        "program": summary["program"],
        "seed": summary["seed"],
        "config": summary["config"],
        "schema": {"features": ["x1", "x2"], "target": "y"},
        "classes": [0, 1],
        "metrics": {"loss": summary["loss"], "accuracy": summary["accuracy"]},
        "versions": {"lockstep": summary["lockstep"], "libtorch": summary["libtorch"]},
    })
}

/// `epoch,loss`, each loss in the shortest form that reads back to the same float32.
fn history(losses: &[f32]) -> Result<String> {
    let mut text = String::from("epoch,loss\n");
    for (index, loss) in losses.iter().enumerate() {
        writeln!(text, "{},{loss}", index + 1)?;
    }
    Ok(text)
}

/// The points in float64 under the header `x1,x2,y`.
fn table(moons: &Moons) -> Result<String> {
    let mut text = String::from("x1,x2,y\n");
    for ([x1, x2], label) in moons.points.iter().zip(&moons.labels) {
        writeln!(text, "{x1},{x2},{label}")?;
    }
    Ok(text)
}

fn announce(outcome: &Outcome, args: &RunMoons, folder: &str) {
    if args.common.quiet {
        return;
    }
    let loss = outcome.losses.last().copied().unwrap_or(f32::NAN);
    let (parameters, accuracy, seconds) = (outcome.net.count(), outcome.accuracy, outcome.seconds);
    let text =
        format!("Parameters: {parameters}\nloss {loss}\naccuracy {accuracy}\ntrained in {seconds:.3} s -> {folder}");
    if args.common.json { eprintln!("{text}") } else { println!("{text}") }
}
