//! `lockstep run exhaustive`.

use crate::choices::fixed::fixed;
use crate::cli::{ExhaustiveArgs, RunProgram};
use crate::commands::job::Job;
use crate::commands::print::Verdict;
use crate::data;
use crate::plot::{Figure, Line, Panel, Points};
use crate::python::numpy::repr;
use crate::tutorial::config::{ExhaustiveConfig, LineLoss};
use crate::tutorial::exhaustive::{self, Outcome};
use crate::tutorial::program::Program;
use anyhow::Result;
use serde_json::json;

pub(super) fn run(args: &RunProgram<ExhaustiveArgs>) -> Result<Verdict> {
    let config = ExhaustiveConfig::from(&args.settings);
    let points = exhaustive::points(&config)?;
    let mut job = Job::begin_plain(&args.common, &args.folder(Program::Exhaustive.name()), i32::MAX)?;
    let progress = job.progress("point", points)?;
    let outcome = exhaustive::run(&config, job.threads as usize, &|done| progress.advance(done))?;
    progress.finish();
    let results = json!({
        "k": outcome.k,
        "b": outcome.b,
        "loss": outcome.loss,
        "points": points,
        "search_seconds": outcome.seconds,
    });
    job.data(config.data.as_deref(), data::houses::CSV)?;
    let summary = job.summary(Program::Exhaustive.name(), &config, results)?;
    job.folder.stage("fit.png", &picture(&outcome, config.loss)?)?;
    job.finish(summary, &text(&outcome))
}

/// The points and the line, as the original draws them.
fn picture(outcome: &Outcome, loss: LineLoss) -> Result<Vec<u8>> {
    let (k, b) = (outcome.k, outcome.b);
    let houses = &outcome.houses;
    let points = houses.x.iter().copied().zip(houses.y.iter().copied()).collect();
    let name = match loss {
        LineLoss::Mae => "mean absolute error",
        LineLoss::Mse => "mean square error",
    };
    let line = Line::new(houses.ends().map(|x| (x, k * x + b)).into()).color(1);
    let panel = Panel::new("", "area (unit not stated)", "price (unit not stated)")
        .layer(line.label(format!("{} · area {} {}", fixed(k, 4), if b < 0.0 { '−' } else { '+' }, fixed(b.abs(), 4))))
        .layer(Points::new(points).label("houses").color(0));
    let title = format!("Exhaustive search over {} lines: {name} {}", outcome.points, fixed(outcome.loss, 6));
    Figure::new(title).panel(panel).png()
}

/// What the original prints, and how many points it took.
fn text(outcome: &Outcome) -> String {
    let (k, b, loss) = (repr(outcome.k), repr(outcome.b), repr(outcome.loss));
    let Outcome { points, seconds, .. } = outcome;
    format!("best k:{k},best b:{b}\nloss:{loss}\n{points} points in {seconds:.3} s")
}
