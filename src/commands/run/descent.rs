//! `lockstep run descent`.

use crate::choices::fixed::fixed;
use crate::cli::{RunDescentArgs, RunProgram};
use crate::commands::job::Job;
use crate::commands::print::Verdict;
use crate::data;
use crate::plot::{Figure, Line, Panel, Points};
use crate::python::numpy::repr;
use crate::report::curve;
use crate::runs::history;
use crate::tutorial::config::{DescentConfig, Method};
use crate::tutorial::descent::{self, Outcome};
use crate::tutorial::program::Program;
use anyhow::Result;
use serde_json::json;

pub(super) fn run(args: &RunProgram<RunDescentArgs>) -> Result<Verdict> {
    let config = DescentConfig::from(&args.settings);
    let seed = args.common.seed;
    let mut job = Job::begin_plain(&args.common, &args.folder(Program::Descent.name()), 1)?;
    let mut progress = job.epochs(config.epochs)?;
    let outcome = descent::run(&config, seed, |epoch, loss| progress.report(epoch, loss))?;
    progress.finish();
    let results = json!({
        "epochs": config.epochs,
        "normalised_k": outcome.best.k,
        "normalised_b": outcome.best.b,
        "k": outcome.k,
        "b": outcome.b,
        "loss": outcome.best.loss,
        "training_seconds": outcome.seconds,
    });
    job.data(config.data.as_deref(), data::houses::CSV)?;
    let summary = job.summary(Program::Descent.name(), &config, results)?;
    let losses: Vec<f64> = outcome.lines.iter().map(|line| line.loss).collect();
    job.folder.stage("history.csv", history::csv(&losses).as_bytes())?;
    job.folder.stage("fit.png", &picture(&outcome, &config)?)?;
    job.finish(summary, &text(&outcome, &config))
}

/// The points with the line, and the loss of every epoch.
fn picture(outcome: &Outcome, config: &DescentConfig) -> Result<Vec<u8>> {
    let houses = &outcome.houses;
    let points = houses.x.iter().copied().zip(houses.y.iter().copied()).collect();
    let line = |b: f64| Line::new(houses.ends().map(|x| (x, outcome.k * x + b)).into());
    let legend =
        |b: f64| format!("{} · area {} {}", fixed(outcome.k, 4), if b < 0.0 { '−' } else { '+' }, fixed(b.abs(), 4));
    let slip = if config.mend { "" } else { " (b as in the tutorial)" };
    let mut fit = Panel::new("Fit", "area (unit not stated)", "price (unit not stated)")
        .layer(line(outcome.b).color(1).label(legend(outcome.b) + slip));
    if !config.mend {
        fit = fit.layer(line(outcome.best.b).color(2).dashed().label(legend(outcome.best.b) + " (b mended)"));
    }
    let losses = curve(outcome.lines.iter().map(|line| line.loss));
    let method = match config.method {
        Method::Batch => "Batch",
        Method::Stochastic => "Stochastic",
        Method::MiniBatch => "Mini-batch",
    };
    Figure::new(format!("{method} gradient descent, {} epochs", config.epochs))
        .columns(2)
        .panel(fit.layer(Points::new(points).label("houses").color(0)))
        .panel(Panel::new("Loss", "epoch", "mean square error").log_y().layer(losses))
        .png()
}

/// What the original prints, then what came out of it.
fn text(outcome: &Outcome, config: &DescentConfig) -> String {
    let printed = outcome.improvements.iter().map(|&epoch| outcome.improvement(epoch, config) + "\n");
    let (k, b, loss) = (repr(outcome.k), repr(outcome.b), repr(outcome.best.loss));
    let mut text: String = printed.collect();
    text += &format!("k {k}\nb {b}\nloss {loss}\n");
    if !config.mend {
        let (max_x, right) = (outcome.max_x, outcome.best.b);
        text += &format!(
            "as in the tutorial, b was divided by the largest area {max_x} though only k needs it: {right:.4} became \
             {:.4}; --mend leaves it as it is\n",
            outcome.b
        );
    }
    text + &format!("{} epochs in {:.3} s", config.epochs, outcome.seconds)
}
