//! One trial: its settings, trained and scored in every fold with every seed.

use super::metric::Metric;
use super::search::Settings;
use super::space::json;
use crate::choices::names::named;
use crate::evaluate::Spread;
use crate::evaluate::metrics::Metrics;
use crate::fit::divide::Divided;
use crate::fit::folds::{held_out, over};
use crate::fit::prepare::{Rows, prepare};
use crate::fit::settings::FitPlan;
use crate::preprocess::split::Parts;
use crate::torch::error::one_line;
use crate::train::observer::{Interrupted, Observer};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tch::Device;

named! {
    pub enum Status {
        Done = "done",
        /// The trial could not be scored; it has a reason.
        Failed = "failed",
    }
}

/// A finished trial, as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// From 1.
    pub trial: usize,
    pub params: Map<String, Value>,
    pub status: Status,
    /// Mean and deviation (over n) of the metric that decides, over folds and seeds.
    pub score: Option<Spread>,
    /// The same of every metric; null where it is not defined in one of them.
    pub metrics: Map<String, Value>,
    /// The score of each training: fold by fold, in each seed by seed.
    pub scores: Vec<f64>,
    pub seconds: f64,
    pub reason: Option<String>,
}

/// What every trial of a search has in common.
pub struct Setup<'a> {
    pub rows: &'a Divided<'a>,
    pub metric: &'a Metric,
    /// The first seed; repeat r has `seed + r`. It drives initial weights, batches and dropout, not the division of the rows.
    pub seed: u32,
    pub repeats: u32,
    pub device: Device,
}

impl Setup<'_> {
    /// The rows to train on and those to score by: the folds, or the training and the validation part. The test part is
    /// in none of them.
    fn divisions(&self) -> Vec<Parts> {
        if !self.rows.folds.is_empty() {
            return self.rows.folds.clone();
        }
        let Parts { train, valid, .. } = &self.rows.parts;
        vec![Parts { train: train.clone(), valid: valid.clone(), test: Vec::new() }]
    }

    /// Trains and scores `config`: the metrics of each fold, in it of each seed.
    fn measure(&self, config: &FitPlan, observer: &mut dyn Observer) -> Result<Vec<Metrics>> {
        let mut all = Vec::new();
        for (fold, parts) in self.divisions().iter().enumerate() {
            let place = || if self.rows.folds.is_empty() { "validation".into() } else { format!("fold {}", fold + 1) };
            let prepared = prepare(self.rows, parts, config, self.device).with_context(place)?;
            let held: Option<&Rows> = prepared.test.as_ref().or(prepared.valid.as_ref());
            let held = held.context("no rows are held out").with_context(place)?;
            for repeat in 0..self.repeats {
                let seed = self.seed.wrapping_add(repeat);
                let metrics = held_out(&prepared, held, config, seed, self.device, observer);
                all.push(metrics.with_context(|| format!("{}, seed {seed}", place()))?);
            }
        }
        Ok(all)
    }

    /// Runs trial `number` of `settings`, which come to `config`; the observer sees its trainings one after the other: fold by
    /// fold, in each seed by seed. An error is the reason why it has no score; only an interrupt ends the search.
    pub fn run(
        &self,
        number: usize,
        settings: &Settings,
        config: &FitPlan,
        observer: &mut dyn Observer,
    ) -> Result<Trial> {
        let start = std::time::Instant::now();
        let found = self.measure(config, observer).and_then(|all| {
            let scores = all.iter().map(|metrics| metrics.get(&self.metric.name)).collect::<Option<Vec<f64>>>();
            Ok((scores.with_context(|| format!("{} is not defined for the held-out rows", self.metric.name))?, all))
        });
        let mut trial = Trial {
            trial: number,
            params: params(settings),
            status: Status::Failed,
            score: None,
            metrics: Map::new(),
            scores: Vec::new(),
            seconds: 0.0,
            reason: None,
        };
        match found {
            Ok((scores, all)) => {
                trial.status = Status::Done;
                trial.score = Spread::of(&scores);
                trial.scores = scores;
                for (name, spread) in over(&all) {
                    trial.metrics.insert(name.into(), serde_json::to_value(spread)?);
                }
            }
            Err(error) if error.is::<Interrupted>() => return Err(error),
            Err(error) => trial.reason = Some(one_line(&error)),
        }
        trial.seconds = start.elapsed().as_secs_f64();
        Ok(trial)
    }
}

/// The settings as JSON.
pub fn params(settings: &Settings) -> Map<String, Value> {
    settings.iter().map(|(name, value)| (name.clone(), json(value))).collect()
}

/// The trial with the best mean, the first of equals.
pub fn best<'a>(trials: &'a [Trial], metric: &Metric) -> Option<&'a Trial> {
    let mut best: Option<(&Trial, f64)> = None;
    for trial in trials {
        let Some(score) = trial.score else { continue };
        if best.is_none_or(|(_, mean)| metric.prefers(score.mean, mean)) {
            best = Some((trial, score.mean));
        }
    }
    best.map(|(trial, _)| trial)
}
