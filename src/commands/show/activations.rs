//! `lockstep show activations`.

use super::{begin, line, listed, short};
use crate::cli::ShowActivations;
use crate::commands::print::Verdict;
use crate::plot::{Figure, Line, Panel};
use crate::tutorial::concepts::activations::{self, Config, Measured, Outcome};
use anyhow::Result;
use serde_json::json;

pub(super) fn run(args: &ShowActivations) -> Result<Verdict> {
    let config = Config::from(args);
    let mut job = begin(&args.common, &args.out)?;
    let outcome = activations::run(&config, args.common.seed, job.device)?;
    job.folder.stage("activations.csv", csv(&outcome).as_bytes())?;
    job.folder.stage("activations.png", &figure(&outcome).png()?)?;
    let summary = job.summary("activations", &config, json!({"functions": outcome.functions}))?;
    job.finish(summary, &text(&outcome.functions, &config))
}

fn csv(outcome: &Outcome) -> String {
    let names = outcome.functions.iter().map(|function| function.activation.display_name().to_lowercase());
    let header = names.map(|name| format!(",{name},{name}_gradient")).collect::<String>();
    let mut text = format!("x{header}\n");
    for (index, x) in outcome.inputs.iter().enumerate() {
        let [a, b, c] = [0, 1, 2].map(|function| &outcome.functions[function]);
        let cells = [a, b, c].map(|f| format!("{},{}", f.values[index], f.gradients[index]));
        text += &line(&[x, &cells[0], &cells[1], &cells[2]]);
    }
    text
}

fn figure(outcome: &Outcome) -> Figure {
    let mut functions = Panel::new("The functions", "input z", "output f(z)");
    let mut gradients = Panel::new("Their derivatives", "input z", "gradient df/dz");
    let last = outcome.inputs.len() - 1;
    let (low, high) = (outcome.inputs[0], outcome.inputs[last]);
    for (index, function) in outcome.functions.iter().enumerate() {
        let pairs = |values: &[f64]| outcome.inputs.iter().copied().zip(values.iter().copied()).collect();
        let name = function.activation.display_name();
        let peak = format!("{name}: at most {}", short(function.largest_gradient));
        let curve = |values: &[f64], label: String| Line::new(pairs(values)).color(index).label(label);
        functions = functions.layer(curve(&function.values, name.into()));
        gradients = gradients.layer(curve(&function.gradients, peak));
    }
    // ReLU goes on upwards: what the others do shows only if it is cut off.
    functions = functions.x_range(low, high).y_range(-1.5, 3.0);
    gradients = gradients.x_range(low, high).y_range(-0.08, 1.3);
    Figure::new("Activation functions").columns(2).panel(functions).panel(gradients)
}

fn text(functions: &[Measured], config: &Config) -> String {
    let each = |what: &dyn Fn(&Measured) -> String| {
        let parts: Vec<String> =
            functions.iter().map(|f| format!("{} {}", f.activation.display_name(), what(f))).collect();
        listed(&parts)
    };
    let range = |f: &Measured| match f.unbounded {
        true => format!("from {} without upper bound", short(f.lowest)),
        false => format!("from {} to {}", short(f.lowest), short(f.highest)),
    };
    let mean = |f: &Measured| format!("{:.3} ({})", f.mean, if f.zero_mean { "zero-mean" } else { "not zero-mean" });
    let gradient = |f: &Measured| {
        let [low, high] = f.gradient_at_ends.map(short);
        format!("{} ({low} and {high} at the ends)", short(f.largest_gradient))
    };
    let (ranges, means, gradients, end) = (each(&range), each(&mean), each(&gradient), config.range);
    format!(
        "Outputs: {ranges}.\n\
         Mean output for standard normal inputs: {means}.\n\
         Largest gradient for inputs from -{end} to {end}: {gradients}."
    )
}
