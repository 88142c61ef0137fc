//! What a fit came to, for `summary.json` and for people.

use super::outcome::Outcome;
use super::prepare::Rows;
use super::report::not_drawn;
use crate::checkpoint::InitialWeights;
use crate::choices::fixed::fixed;
use crate::evaluate::metrics::{Counts, log_loss_error};
use crate::evaluate::predictions::{Predictions, Scored};
use crate::evaluate::{OfClasses, PartScore, Told, Verdict, verdict};
use crate::fit::settings::{ClassWeight, FitPlan};
use crate::preprocess::target::Labels;
use serde_json::{Map, Value, json};

/// What the scores say of the fit.
pub fn judge(outcome: &Outcome, config: &FitPlan) -> Verdict {
    let prepared = &outcome.prepared;
    let told = Told {
        weighted: config.class_weight != ClassWeight::None,
        dropout: config.dropout > 0.0,
        weight_decay: config.weight_decay.is_some_and(|decay| decay > 0.0),
        early_stop: config.early_stop > 0,
        stopped_early: outcome.trained.stopped_early,
        clip_grad: config.clip_grad.is_some(),
        lr: config.lr,
    };
    verdict(
        &told,
        judged(&prepared.train, &outcome.scores.train),
        prepared.valid.as_ref().zip(outcome.scores.valid.as_ref()).map(|(rows, scored)| judged(rows, scored)),
        prepared.test.as_ref().zip(outcome.scores.test.as_ref()).map(|(rows, scored)| judged(rows, scored)),
    )
}

fn judged<'a>(rows: &Rows, scored: &'a Scored) -> PartScore<'a> {
    let classes = match (&rows.labels, &scored.predictions) {
        (Labels::Classes(truth), Predictions::Classes { predicted, probabilities }) => {
            let count = probabilities.len() / predicted.len().max(1);
            Some(OfClasses {
                count,
                balanced_accuracy: Counts::of(truth, predicted).map_or(0.0, |counts| counts.balanced_accuracy_error()),
                log_loss: log_loss_error(truth, probabilities, count).unwrap_or_default(),
            })
        }
        _ => None,
    };
    PartScore { rows: rows.x.rows() as usize, metrics: &scored.metrics, baseline: &scored.baseline, classes }
}

/// The results as `summary.json` has them; `shown` is the table's name.
pub fn results(outcome: &Outcome, verdict: &Verdict, shown: &str) -> Map<String, Value> {
    let prepared = &outcome.prepared;
    let rows = |rows: &Option<Rows>| rows.as_ref().map_or(0, |rows| rows.x.rows());
    let metrics = |scored: &Option<Scored>| scored.as_ref().map(|scored| json!(scored.metrics));
    let baseline = |scored: &Option<Scored>| scored.as_ref().map(|scored| json!(scored.baseline));
    let results = json!({
        "data": shown,
        "task": if prepared.target.is_classification() { "classification" } else { "regression" },
        "loss_function": outcome.network.loss.kind.to_string(),
        "rows": {"train": prepared.train.x.rows(), "valid": rows(&prepared.valid), "test": rows(&prepared.test),
                 "without_target": prepared.without_target},
        "features": prepared.pipeline.features().len(),
        "parameters": outcome.network.net.count(),
        "epochs": outcome.trained.history().epochs(),
        "best_epoch": outcome.trained.best_epoch,
        "stopped_early": outcome.trained.stopped_early,
        "engine": outcome.trained.engine,
        "training_seconds": outcome.trained.seconds,
        "loss": outcome.trained.history().last().map(|epoch| epoch.loss),
        "metrics": {"train": outcome.scores.train.metrics, "valid": metrics(&outcome.scores.valid), "test": metrics(&outcome.scores.test)},
        "baseline": {"train": outcome.scores.train.baseline, "valid": baseline(&outcome.scores.valid), "test": baseline(&outcome.scores.test)},
        "counts": {"train": prepared.train.counts, "valid": prepared.valid.as_ref().map(|rows| &rows.counts),
                   "test": prepared.test.as_ref().map(|rows| &rows.counts)},
        "classes": outcome.per_class().map(|(part, classes)| {
            json!({"rows": part, "scores": classes.json(), "confusion": classes.matrix()})
        }),
        "importance": importance(outcome),
        "importance_from": outcome.scores.importance.summary(),
        "verdict": verdict,
    });
    let Value::Object(results) = results else { return Map::new() };
    results
}

/// By input column: `{"mean": …, "std": …}`.
fn importance(outcome: &Outcome) -> Value {
    let importance = &outcome.scores.importance;
    let names = importance.names(&outcome.prepared.pipeline.inputs.names());
    names.into_iter().zip(&importance.columns).map(|(name, importance)| (name, json!(importance))).collect()
}

/// The results for people: a table of the metrics, then what was altered, then the size of the network.
pub fn text(outcome: &Outcome) -> String {
    let prepared = &outcome.prepared;
    let held = outcome.scores.test.as_ref().or(outcome.scores.valid.as_ref()).unwrap_or(&outcome.scores.train);
    let cell = |value: Option<f64>| value.map_or("-".into(), |value| fixed(value, 4));
    let of = |scored: Option<&Scored>, name: &str| cell(scored.and_then(|scored| scored.metrics.get(name)));
    let line = |name: &str, cells: [&str; 4]| {
        let [test, baseline, valid, train] = cells;
        format!("{name:<18} {test:>12} {baseline:>12} {valid:>12} {train:>12}")
    };
    let mut lines = vec![line("", ["test", "baseline", "validation", "training"])];
    for (name, _) in outcome.scores.train.metrics.iter() {
        let scores = &outcome.scores;
        let baseline = cell(held.baseline.get(name));
        let [test, valid] = [&scores.test, &scores.valid].map(|scored| of(scored.as_ref(), name));
        lines.push(line(name, [&test, &baseline, &valid, &of(Some(&scores.train), name)]));
    }
    lines.extend(outcome.per_class().and_then(|(part, classes)| classes.text(&format!("{part} rows"))));
    for (part, rows) in
        [("training", Some(&prepared.train)), ("validation", prepared.valid.as_ref()), ("test", prepared.test.as_ref())]
    {
        let met = rows.map_or(String::new(), |rows| rows.counts.describe());
        if !met.is_empty() {
            lines.push(format!("{part} rows: {met}"));
        }
    }
    if prepared.without_target > 0 {
        lines.push(format!("rows left out, their target is missing: {}", prepared.without_target));
    }
    lines.extend([outcome.scores.importance.text(), not_drawn(outcome)].into_iter().flatten());
    lines.extend(outcome.network.initial.as_ref().map(InitialWeights::text));
    let trained = &outcome.trained;
    let stopped = if trained.stopped_early { ", stopped early" } else { "" };
    lines.push(format!(
        "{} parameters, {} epochs{stopped}, weights of epoch {}",
        outcome.network.net.count(),
        trained.history().epochs(),
        trained.best_epoch
    ));
    lines.join("\n")
}
