//! Cross validation: as many networks as folds, each scored by the rows that it did not see.

use super::divide::Divided;
use super::prepare::{Prepared, Rows, prepare};
use super::run::{Learnt, learn};
use crate::evaluate::Spread;
use crate::evaluate::metrics::Metrics;
use crate::evaluate::predictions::{answers, measure, outputs};
use crate::fit::settings::FitConfig;
use crate::preprocess::split::Parts;
use crate::train::fit::Epoch;
use anyhow::{Context, Result};
use serde::Serialize;
use tch::Device;

/// One fold: how many rows were trained on and held out, and the scores of those held out.
#[derive(Debug, Clone, Serialize)]
pub struct Fold {
    pub train: i64,
    pub held_out: i64,
    pub metrics: Metrics,
}

/// Trains and scores every fold. Preprocessing is fitted on the fold's training rows alone; each network starts from
/// `seed`. `report` is told the fold, from 0, and the epoch.
pub fn cross_validate(
    rows: &Divided<'_>,
    config: &FitConfig,
    seed: u32,
    device: Device,
    mut report: impl FnMut(usize, &Epoch) -> Result<()>,
) -> Result<Vec<Fold>> {
    let mut fold = |index: usize, parts: &Parts| -> Result<Fold> {
        let prepared = prepare(rows, parts, config, device)?;
        let held = prepared.test.as_ref().context("no rows are held out")?;
        let metrics = held_out(&prepared, held, config, seed, device, |epoch| report(index, epoch))?;
        Ok(Fold { train: prepared.train.x.size()[0], held_out: held.x.size()[0], metrics })
    };
    let folds = rows.folds.iter().enumerate();
    folds.map(|(index, parts)| fold(index, parts).with_context(|| format!("fold {}", index + 1))).collect()
}

/// Trains on the training rows and scores `held`: every metric, and under `loss` the mean of the loss function.
pub fn held_out(
    prepared: &Prepared,
    held: &Rows,
    config: &FitConfig,
    seed: u32,
    device: Device,
    report: impl FnMut(&Epoch) -> Result<()>,
) -> Result<Metrics> {
    let Learnt { net, criterion, module, .. } = learn(prepared, config, seed, device, report)?;
    let mut metrics = {
        let outputs = outputs(&module, "network", &held.x)?;
        measure(&answers(&outputs, &prepared.target)?, &held.truth, &prepared.target)?
    };
    let _no_grad = tch::no_grad_guard();
    let loss = criterion.mean(&net.forward(&held.x, false)?, &held.y, held.weight.as_ref())?.f_double_value(&[])?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_that_one_fold_lacks_has_no_mean() {
        let fold = |r2| Metrics(vec![("mae", Some(2.0)), ("r2", r2)]);
        let found = over(&[fold(Some(0.5)), fold(None)]);
        assert_eq!(found, [("mae", Some(Spread { mean: 2.0, std: 0.0 })), ("r2", None)]);
    }
}
