//! What a search says of its trials.

use super::Search;
use crate::choices::fixed::fixed;
use crate::tune::results as tables;
use crate::tune::space::show;
use crate::tune::trial::{Status, Trial};

/// Trials that are printed.
const SHOWN: usize = 10;

/// The best trials, and what was chosen.
pub(super) fn table(search: &Search<'_>, trials: &[Trial], kept: usize, tested: bool) -> String {
    let order = tables::ordered(trials, &search.metric);
    let mut lines = Vec::new();
    if kept > 0 {
        lines.push(format!("{kept} of {} trials were there from before", trials.len()));
    }
    let over = match (search.fit.folds, search.tune.seeds) {
        (0, 1) => "the validation part".to_string(),
        (0, seeds) => format!("the validation part, {seeds} seeds"),
        (folds, 1) => format!("{folds} folds"),
        (folds, seeds) => format!("{folds} folds, {seeds} seeds"),
    };
    let way = if search.metric.higher_is_better { "higher" } else { "lower" };
    lines.push(format!("{} over {over}, mean ± standard deviation (ddof 0), {way} is better:", search.metric.name));
    for trial in order.iter().take(SHOWN).map(|&index| &trials[index]) {
        let score =
            trial.score.map_or(String::new(), |score| format!("{} ± {}", fixed(score.mean, 4), fixed(score.std, 4)));
        let settings: Vec<String> =
            trial.params.iter().map(|(name, value)| format!("{name}={}", show(value))).collect();
        lines.push(format!("  {score:<20} trial {:>3}  {}", trial.trial, settings.join("  ")));
    }
    if order.len() > SHOWN {
        lines.push(format!("  and {} more in trials.csv", order.len() - SHOWN));
    }
    for trial in trials.iter().filter(|trial| trial.status == Status::Failed).take(SHOWN) {
        lines.push(format!(
            "  failed               trial {:>3}  {}",
            trial.trial,
            trial.reason.as_deref().unwrap_or("")
        ));
    }
    let best = order.first().map_or(0, |&index| trials[index].trial);
    let test = if tested { "the test part is touched here, once" } else { "there is no test part" };
    lines.push(format!("trained again with the settings of trial {best}; {test}:"));
    lines.join("\n")
}
