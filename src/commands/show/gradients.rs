//! `lockstep show gradients`.

use super::{begin, joined, line, short};
use crate::cli::ShowGradients;
use crate::commands::print::Verdict;
use crate::commands::progress::Progress;
use crate::plot::{Figure, Line, Marker, Panel};
use crate::tutorial::concepts::gradients::{self, Config, Finding, Measured, Scenario, Weights};
use anyhow::Result;
use serde_json::json;

pub(super) fn run(args: &ShowGradients) -> Result<Verdict> {
    let config = Config::from(args);
    let mut job = begin(&args.common, &args.out)?;
    // Too short for a bar; the hidden one still lets Ctrl-C end it.
    let mut progress = Progress::new("epoch", config.scenarios.len() as u64, true, job.interrupt.clone())?;
    let measured = gradients::run(&config, args.common.seed, job.device, |done| progress.report(done, &|| Ok(0.0)))?;
    job.folder.stage("gradients.csv", csv(&measured).as_bytes())?;
    job.folder.stage("gradients.png", &figure(&measured, &config).png()?)?;
    let summary = job.summary("gradients", &config, json!({"scenarios": measured}))?;
    job.finish(summary, &text(&measured, &config))
}

/// `sigmoid, U[0, 1)`
fn name(scenario: &Scenario) -> String {
    let weights = match scenario.weights {
        Weights::Uniform { low, high } => format!("U[{low}, {high})"),
        Weights::Normal { scale } => format!("N(0, {}/n)", short(scale * scale)),
    };
    format!("{}, {weights}", scenario.activation.display_name())
}

fn csv(measured: &[Measured]) -> String {
    let mut text = String::from("activation,weights,layer,signal_norm,weight_gradient_norm\n");
    for one in measured {
        let weights = match one.scenario.weights {
            Weights::Uniform { low, high } => format!("uniform {low} {high}"),
            Weights::Normal { scale } => format!("normal {scale}"),
        };
        for (index, (signal, weight)) in one.signal.iter().zip(&one.weight).enumerate() {
            let activation = one.scenario.activation.display_name().to_lowercase();
            text += &line(&[&activation, &weights, &(index + 1), signal, weight]);
        }
    }
    text
}

fn figure(measured: &[Measured], config: &Config) -> Figure {
    let panel = |title: &str, what: &str| Panel::new(title, "layer (1 is next to the input)", what).log_y();
    let mut signals = panel("Error signal", "‖∂L/∂z‖, median over nets");
    let mut weights = panel("Weight gradient", "‖∂L/∂W‖, median over nets");
    for (index, one) in measured.iter().enumerate() {
        let marks = [Marker::Circle, Marker::Square, Marker::Triangle, Marker::Diamond];
        let curve = |norms: &[f64]| {
            let points = norms.iter().enumerate().map(|(layer, &norm)| ((layer + 1) as f64, norm)).collect();
            Line::new(points).color(index).marker(marks[index % marks.len()])
        };
        signals = signals.layer(curve(&one.signal).label(name(&one.scenario)));
        weights = weights.layer(curve(&one.weight));
    }
    let title = format!("Gradients in nets of {} layers of n = {} units", config.depth, config.width);
    Figure::new(title).columns(2).panel(signals).panel(weights)
}

fn text(measured: &[Measured], config: &Config) -> String {
    let found = |finding: Finding| {
        let these = measured.iter().filter(|one| one.finding == finding);
        let told = these.map(|one| {
            let (first, factor) = (short(one.first_to_last), short(one.factor));
            format!("{} ({first} of the last layer's, {factor} a layer)", name(&one.scenario))
        });
        joined(&told.collect::<Vec<_>>())
    };
    let depth = config.depth;
    format!(
        "Weights from U[low, high) or N(0, variance), n = {} units; vanishes on the way from layer {depth} to 1: {}.\nExplodes: {}.\nHolds: {}.",
        config.width,
        found(Finding::Vanishes),
        found(Finding::Explodes),
        found(Finding::Holds)
    )
}
