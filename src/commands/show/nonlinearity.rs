//! `lockstep show nonlinearity`.

use super::{begin, line, short};
use crate::cli::ShowNonlinearity;
use crate::commands::print::Verdict;
use crate::plot::{Cells, Figure, Panel, Points, Regions};
use crate::report::curve;
use crate::runs::history;
use crate::train::ReadLoss;
use crate::tutorial::concepts::nonlinearity::{self, Config, Outcome, Trained};
use anyhow::Result;
use serde_json::{Value, json};

/// How each net is called, in the order of [`Outcome::nets`].
const NAMES: [&str; 2] = ["no activation", "tanh"];

pub(super) fn run(args: &ShowNonlinearity) -> Result<Verdict> {
    let config = Config::from(args);
    let mut job = begin(&args.common, &args.out)?;
    let mut progress = job.epochs(2 * config.epochs)?;
    let report = |epoch: usize, loss: ReadLoss<'_>| progress.report(epoch, loss);
    let outcome = nonlinearity::run(&config, args.common.seed, job.device, report)?;
    progress.finish();
    job.folder.stage("history.csv", losses(&outcome).as_bytes())?;
    job.folder.stage("nonlinearity.csv", surface(&outcome).as_bytes())?;
    job.folder.stage("nonlinearity.png", &figure(&outcome, &config).png()?)?;
    let results = json!({"no_activation": results(&outcome.nets[0]), "tanh": results(&outcome.nets[1])});
    let summary = job.summary("nonlinearity", &config, results)?;
    job.finish(summary, &text(&outcome, &config))
}

fn results(net: &Trained) -> Value {
    json!({
        "loss": net.losses.last(),
        "accuracy": net.accuracy,
        "product_weight": net.weight,
        "product_bias": net.bias,
        "largest_difference_from_product": net.difference,
        "largest_logit": net.largest_logit,
        "is_linear": net.is_linear,
    })
}

/// The losses of both nets, epoch by epoch.
fn losses(outcome: &Outcome) -> String {
    let [without, tanh] = &outcome.nets;
    let columns = [("loss_no_activation", without.losses[..].into()), ("loss_tanh", tanh.losses[..].into())];
    history::table(0, &columns)
}

/// The class that each net gives to each point of the grid.
fn surface(outcome: &Outcome) -> String {
    let [without, tanh] = &outcome.nets;
    let points = outcome.grid.points().into_iter().zip(without.surface.iter().zip(&tanh.surface));
    let lines = points.map(|([x1, x2], (a, b))| line(&[&x1, &x2, a, b]));
    std::iter::once("x1,x2,class_no_activation,class_tanh\n".to_string()).chain(lines).collect()
}

fn figure(outcome: &Outcome, config: &Config) -> Figure {
    let title = format!("The same net of {} layers without and with an activation function", config.depth);
    let mut figure = Figure::new(title).columns(3);
    let mut losses = Panel::new("Training", "epoch", "cross-entropy (nats)");
    for (index, (name, net)) in NAMES.into_iter().zip(&outcome.nets).enumerate() {
        let title = format!("{}: accuracy {}", capital(name), short(net.accuracy));
        figure = figure.panel(surface_panel(outcome, net, &title));
        losses = losses.layer(curve(net.losses.iter().copied()).color(index).label(name));
    }
    figure.panel(losses)
}

fn surface_panel(outcome: &Outcome, net: &Trained, title: &str) -> Panel {
    let cells = Cells::Classes(net.surface.clone());
    let panel = Panel::new(title, "x₁", "x₂").layer(Regions { x: outcome.grid.x, y: outcome.grid.y, cells });
    let points: Vec<_> = outcome.moons.points.iter().map(|&[x1, x2]| (x1, x2)).collect();
    let look = |points: Points, class| points.label(format!("class {class}")).outlined();
    panel.class_points(&points, &outcome.moons.labels, 2, look)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn text(outcome: &Outcome, config: &Config) -> String {
    let [without, tanh] = &outcome.nets;
    let told = |net: &Trained| {
        let verb = if net.is_linear { "is" } else { "is not" };
        let (difference, largest) = (short(net.difference), short(net.largest_logit));
        format!("{verb} its layers' product: logits differ by at most {difference}, the largest is {largest}")
    };
    let more = (tanh.accuracy - without.accuracy) * 100.0;
    format!(
        "Without activations the net of {} layers {}.\nWith tanh the same net {}.\nAccuracy on moons: {} without activations, {} with tanh, {more:+.1} points.",
        config.depth,
        told(without),
        told(tanh),
        short(without.accuracy),
        short(tanh.accuracy),
    )
}
