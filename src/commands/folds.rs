//! What `fit --folds` says of its cross validation.

use crate::fit::folds::{Fold, over};
use serde_json::{Map, Value, json};

/// `folds`, one object each, and `cross_validation`, the mean and the standard deviation (over n) of each metric.
pub(super) fn results(folds: &[Fold]) -> Map<String, Value> {
    if folds.is_empty() {
        return Map::new();
    }
    let spreads = over(folds.iter().map(|fold| &fold.metrics)).into_iter();
    let spreads: Map<String, Value> = spreads.map(|(name, spread)| (name.into(), json!(spread))).collect();
    Map::from_iter([("folds".into(), json!(folds)), ("cross_validation".into(), spreads.into())])
}

/// The same for people.
pub(super) fn text(folds: &[Fold]) -> Option<String> {
    if folds.is_empty() {
        return None;
    }
    let line = |(name, spread): (&str, Option<crate::evaluate::Spread>)| match spread {
        Some(spread) => format!("  {name:<18} {:.4} ± {:.4}", spread.mean, spread.std),
        None => format!("  {name:<18} not defined in every fold"),
    };
    let lines: Vec<String> = over(folds.iter().map(|fold| &fold.metrics)).into_iter().map(line).collect();
    let head = format!("cross validation, {} folds, mean ± standard deviation over the folds (ddof 0):", folds.len());
    Some(format!("{head}\n{}", lines.join("\n")))
}
