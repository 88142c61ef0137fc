//! A fit's pictures, and the page that holds them.

mod page;

pub use page::{Shown, page};

use super::outcome::Outcome;
use super::surface;
use crate::evaluate::metrics;
use crate::evaluate::predictions::Predictions;
use crate::fit::settings::FitPlan;
use crate::plot::{Figure, StandIns};
use crate::preprocess::target::Labels;
use crate::preprocess::target::Target;
use crate::report;
use anyhow::Result;

/// A picture of the run folder.
pub struct Picture {
    pub name: &'static str,
    /// What it shows, in words.
    pub alt: String,
    pub png: Vec<u8>,
}

/// Classes that a confusion matrix is drawn of: a picture of more has no cell that could be told from the next.
const MOST_DRAWN: usize = 100;

/// What there is no picture of, and why.
pub fn not_drawn(outcome: &Outcome) -> Option<String> {
    let Target::Classes(classes) = &outcome.prepared.target else { return None };
    (classes.len() > MOST_DRAWN)
        .then(|| format!("no confusion matrix is drawn: {} classes, of {MOST_DRAWN} at most it is", classes.len()))
}

/// The pictures of a fit: its learning curves, and those that suit the task, drawn from the test rows if there are any,
/// else from the validation rows, else from the training rows; and what numbers stand in them for names. `go_on` is asked
/// before each; an error of it ends the work.
pub fn pictures(
    outcome: &Outcome,
    config: &FitPlan,
    go_on: &mut dyn FnMut() -> Result<()>,
) -> Result<(Vec<Picture>, StandIns)> {
    let mut figures = vec![("learning_curves", learning_curves(outcome, config))];
    figures.extend(of_predictions(outcome, config));
    go_on()?;
    figures.extend(surface::picture(outcome, config)?);
    figures.extend(importance(outcome).map(|figure| ("importance", figure)));
    let mut numbered = StandIns::default();
    let drawn = |(name, mut figure): (&'static str, Figure)| {
        go_on()?;
        let alt = alt(&figure);
        numbered.replace(&mut figure);
        Ok(Picture { name, alt, png: figure.png()? })
    };
    let pictures = figures.into_iter().map(drawn).collect::<Result<_>>()?;
    Ok((pictures, numbered))
}

fn learning_curves(outcome: &Outcome, config: &FitPlan) -> Figure {
    let history = outcome.trained.history();
    let best = (config.early_stop > 0).then_some(outcome.trained.best_epoch);
    let label = match outcome.prepared.target {
        Target::Classes(_) => outcome.network.loss.kind.to_string(),
        Target::Number { .. } => format!("{} of the standardised target", outcome.network.loss.kind),
    };
    report::learning_curves(&label, history.loss(), history.valid_loss(), best)
}

/// Those that show the predictions for the held-out rows.
fn of_predictions(outcome: &Outcome, config: &FitPlan) -> Vec<(&'static str, Figure)> {
    let (part, rows, scored) = outcome.held_out();
    let mut figures = Vec::new();
    match (&scored.predictions, &rows.labels, &outcome.prepared.target) {
        (Predictions::Classes { predicted, probabilities }, Labels::Classes(labels), Target::Classes(names)) => {
            if names.len() <= MOST_DRAWN {
                let matrix = metrics::confusion_matrix(labels, predicted, names.len());
                figures.push(("confusion_matrix", report::confusion_matrix(&matrix, names, part)));
            }
            figures.extend(report::roc(labels, probabilities, names, part).map(|figure| ("roc", figure)));
            let curve = report::precision_recall(labels, probabilities, names, part);
            figures.extend(curve.map(|figure| ("precision_recall", figure)));
        }
        (Predictions::Numbers(predicted), Labels::Numbers(labels), _) => {
            let actual = report::predicted_against_actual(labels, predicted, &config.target, part);
            figures.push(("predicted_against_actual", actual));
            figures.push(("residuals", report::residuals(labels, predicted, &config.target, part)));
        }
        _ => {}
    }
    figures
}

fn importance(outcome: &Outcome) -> Option<Figure> {
    let importance = &outcome.scores.importance;
    if importance.columns.is_empty() {
        return None;
    }
    let names = importance.names(&outcome.prepared.pipeline.inputs.names());
    let of = if importance.rows == importance.of { String::new() } else { format!(" of {}", importance.of) };
    let rows = format!("{}{of} {} rows", importance.rows, importance.part);
    Some(report::importance(&names, &importance.columns, outcome.prepared.target.score(), &rows))
}

/// Title and axes, such as `ROC, test rows: true positive rate by false positive rate`.
fn alt(figure: &Figure) -> String {
    let axes = figure.panels.iter().map(|panel| match (&panel.x.label, &panel.y.label) {
        (x, y) if y.is_empty() => x.clone(),
        (x, y) => format!("{y} by {x}"),
    });
    format!("{}: {}", figure.title, axes.collect::<Vec<_>>().join("; "))
}
