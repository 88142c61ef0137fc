//! The metric that decides.

use crate::choices::names::unknown;
use crate::evaluate::metrics::{self, Metrics};
use anyhow::{Result, anyhow};

/// Metrics of which less is better.
const LOWER: [&str; 7] = ["log_loss", "brier_score", "mae", "mse", "rmse", "mape", "loss"];

/// A metric of the task, or `loss`: the mean of the loss function over the held-out rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    pub name: String,
    pub higher_is_better: bool,
}

impl Metric {
    /// By its name; without one, accuracy or R².
    pub fn choose(name: Option<&str>, classification: bool) -> Result<Self> {
        let name = name.unwrap_or(if classification { "accuracy" } else { "r2" });
        let names = names(classification);
        if !names.contains(&name) {
            return Err(anyhow!("--metric: {}", unknown(name, &names)));
        }
        Ok(Self { name: name.into(), higher_is_better: !LOWER.contains(&name) })
    }

    /// Whether `a` is better than `b`.
    pub fn prefers(&self, a: f64, b: f64) -> bool {
        if self.higher_is_better { a > b } else { a < b }
    }
}

/// The metrics of a task in their order, and `loss`.
pub fn names(classification: bool) -> Vec<&'static str> {
    let all: Metrics =
        if classification { metrics::classification(&[], &[], &[], 2) } else { metrics::regression(&[], &[]) };
    all.iter().map(|(name, _)| name).chain(["loss"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_metric_knows_which_way_is_better() {
        let better = |name, classification| Metric::choose(Some(name), classification).unwrap().higher_is_better;
        assert!(better("roc_auc", true) && better("f1_macro", true) && better("explained_variance", false));
        assert!(!better("brier_score", true) && !better("rmse", false) && !better("loss", true));
        assert_eq!(Metric::choose(None, true).unwrap().name, "accuracy");
        assert_eq!(Metric::choose(None, false).unwrap().name, "r2");
        let error = Metric::choose(Some("acuracy"), true).unwrap_err().to_string();
        assert!(error.contains("--metric: acuracy, did you mean accuracy?"), "{error}");
        assert!(Metric::choose(Some("r2"), true).is_err());
    }
}
