//! Cross validation: as many networks as folds, each scored by the rows that it did not see.

use super::divide::Divided;
use super::prepare::{Prepared, Rows, prepare};
use super::train::Network;
use crate::choices::fixed::fixed;
use crate::evaluate::Spread;
use crate::evaluate::metrics::Metrics;
use crate::evaluate::predictions::{measure, outputs_of, to_predictions};
use crate::fit::settings::FitPlan;
use crate::record::Recording;
use crate::train::observer::Observer;
use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tch::Device;

/// One fold: how many rows were trained on and held out, and the scores of those held out.
#[derive(Debug, Clone, Serialize)]
pub struct Fold {
    pub train: i64,
    pub held_out: i64,
    pub metrics: Metrics,
}

impl Fold {
    /// What was written of a fold; `None` if it is of no fold.
    pub fn read(written: &Value) -> Option<Self> {
        let rows = |name: &str| written[name].as_i64();
        let metrics = Metrics::read(written["metrics"].as_object()?)?;
        Some(Self { train: rows("train")?, held_out: rows("held_out")?, metrics })
    }
}

/// Trains and scores fold `index`. Preprocessing is fitted on the fold's training rows alone; each network starts from
/// `seed`.
pub fn fold(
    rows: &Divided<'_>,
    index: usize,
    config: &FitPlan,
    seed: u32,
    device: Device,
    observer: &mut dyn Observer,
) -> Result<Fold> {
    let prepared = prepare(rows, &rows.folds[index], config, device)?;
    let held = prepared.test.as_ref().context("no rows are held out")?;
    let metrics = held_out(&prepared, held, config, seed, device, observer)?;
    Ok(Fold { train: prepared.train.x.rows(), held_out: held.x.rows(), metrics })
}

/// Trains on the training rows and scores `held`: every metric, and under `loss` the mean of the loss function.
pub fn held_out(
    prepared: &Prepared,
    held: &Rows,
    config: &FitPlan,
    seed: u32,
    device: Device,
    observer: &mut dyn Observer,
) -> Result<Metrics> {
    let network = Network::new(prepared, config, seed, device)?;
    network.train(prepared, config, None, Recording::default(), observer)?;
    let Network { net, loss, .. } = network;
    let mut metrics = {
        let outputs = outputs_of(&net, &held.x)?;
        measure(&to_predictions(&outputs, &prepared.target)?, &held.labels, &prepared.target)?
    };
    let _no_grad = tch::no_grad_guard();
    let loss = loss.mean(&held.x.through(&net)?, &held.y, held.weight.as_ref())?.f_double_value(&[])?;
    metrics.0.push(("loss", loss.is_finite().then_some(loss)));
    Ok(metrics)
}

/// Every metric's mean and deviation, in the metrics' order; none where one of them is not defined.
pub fn over<'a>(all: impl IntoIterator<Item = &'a Metrics>) -> Vec<(&'static str, Option<Spread>)> {
    let all: Vec<&Metrics> = all.into_iter().collect();
    let of = |name: &str| all.iter().map(|metrics| metrics.get(name)).collect::<Option<Vec<f64>>>();
    let names = all.first().map(|first| first.iter().map(|(name, _)| name).collect::<Vec<_>>());
    names.unwrap_or_default().into_iter().map(|name| (name, of(name).and_then(|values| Spread::of(&values)))).collect()
}

/// `folds`, one object each, and `cross_validation`, the mean and the standard deviation (over n) of each metric.
pub fn results(folds: &[Fold]) -> Map<String, Value> {
    if folds.is_empty() {
        return Map::new();
    }
    let spreads = over(folds.iter().map(|fold| &fold.metrics)).into_iter();
    let spreads: Map<String, Value> = spreads.map(|(name, spread)| (name.into(), json!(spread))).collect();
    Map::from_iter([("folds".into(), json!(folds)), ("cross_validation".into(), spreads.into())])
}

/// The same for people.
pub fn text(folds: &[Fold]) -> Option<String> {
    if folds.is_empty() {
        return None;
    }
    let line = |(name, spread): (&str, Option<Spread>)| match spread {
        Some(spread) => format!("  {name:<18} {} ± {}", fixed(spread.mean, 4), fixed(spread.std, 4)),
        None => format!("  {name:<18} not defined in every fold"),
    };
    let lines: Vec<String> = over(folds.iter().map(|fold| &fold.metrics)).into_iter().map(line).collect();
    let head = format!("cross validation, {} folds, mean ± standard deviation over the folds (ddof 0):", folds.len());
    Some(format!("{head}\n{}", lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fold_is_read_as_it_was_written() {
        let metrics = Metrics(vec![("r2", Some(0.1 + 0.2)), ("mape", None), ("loss", Some(5e-324))]);
        let fold = Fold { train: 7, held_out: 3, metrics };
        let text = serde_json::to_string(&fold).unwrap();
        let read = Fold::read(&serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!((read.train, read.held_out, &read.metrics), (7, 3, &fold.metrics));
        for wrong in [json!({}), json!({"train": 1, "held_out": 1, "metrics": {"speed": 1.0}})] {
            assert!(Fold::read(&wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_metric_that_one_fold_lacks_has_no_mean() {
        let fold = |r2| Metrics(vec![("mae", Some(2.0)), ("r2", r2)]);
        let found = over(&[fold(Some(0.5)), fold(None)]);
        assert_eq!(found, [("mae", Some(Spread { mean: 2.0, std: 0.0 })), ("r2", None)]);
    }
}
