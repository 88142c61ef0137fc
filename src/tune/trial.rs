//! One trial: its settings, trained and scored in every fold with every seed.

use super::kept::Kept;
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
use crate::train::observer::Observer;
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
    /// The rows to train on and those to score by: the folds, or the training and the validation part. The test part is
    /// in none of them.
    divisions: Vec<Parts>,
    kept: Kept,
}

impl<'a> Setup<'a> {
    pub fn new(rows: &'a Divided<'a>, metric: &'a Metric, (seed, repeats): (u32, u32), device: Device) -> Self {
        let Parts { train, valid, .. } = &rows.parts;
        let divisions = match rows.folds.as_slice() {
            [] => vec![Parts { train: train.clone(), valid: valid.clone(), test: Vec::new() }],
            folds => folds.to_vec(),
        };
        Self { rows, metric, seed, repeats, device, divisions, kept: Kept::default() }
    }

    /// How many folds a trial is trained in.
    pub fn folds(&self) -> usize {
        self.divisions.len()
    }

    /// Trains `config` in fold `fold`, counted from 0, and scores it: the metrics of each seed.
    ///
    /// # Errors
    /// The reason why a trial has no score, with fold and seed; or an interrupt.
    pub fn train(&self, config: &FitPlan, fold: usize, observer: &mut dyn Observer) -> Result<Vec<Metrics>> {
        let place = || if self.rows.folds.is_empty() { "validation".into() } else { format!("fold {}", fold + 1) };
        let make = || prepare(self.rows, &self.divisions[fold], config, self.device);
        let prepared = self.kept.get(config, fold, make).with_context(place)?;
        let held: Option<&Rows> = prepared.test.as_ref().or(prepared.valid.as_ref());
        let held = held.context("no rows are held out").with_context(place)?;
        let seeds = (0..self.repeats).map(|repeat| self.seed.wrapping_add(repeat));
        let scored = seeds.map(|seed| {
            held_out(&prepared, held, config, seed, self.device, observer)
                .with_context(|| format!("{}, seed {seed}", place()))
        });
        scored.collect()
    }

    /// Trial `number` of `settings`, from the metrics of its trainings, fold by fold, in each seed by seed; an error is the reason
    /// why it has no score. Its trainings took `seconds` together.
    pub fn trial(
        &self,
        number: usize,
        settings: &Settings,
        measured: Result<Vec<Metrics>>,
        seconds: f64,
    ) -> Result<Trial> {
        let found = measured.and_then(|all| {
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
            seconds,
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
            Err(error) => trial.reason = Some(one_line(&error)),
        }
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
