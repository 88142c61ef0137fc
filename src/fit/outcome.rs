//! What a fit came to: the trained model and its scores.

use super::divide::Divided;
use super::model;
use super::prepare::{Prepared, Rows, prepare};
use super::train::Network;
use crate::evaluate::predictions::{Scored, measure, outputs, score, to_predictions};
use crate::evaluate::{Importance, permutation_importance};
use crate::fit::settings::FitPlan;
use crate::torch::script::Module;
use crate::train::observer::Observer;
use crate::train::session::Trained;
use anyhow::{Context, Result};
use tch::{Device, Tensor};

/// A trained model with everything that led to it.
pub struct Outcome {
    pub prepared: Prepared,
    pub network: Network,
    pub trained: Trained,
    pub module: Module,
    pub train: Scored,
    pub valid: Option<Scored>,
    pub test: Option<Scored>,
    /// How far accuracy or R² falls on the held-out rows with an input column shuffled, in the order of the inputs.
    pub importance: Vec<Importance>,
}

/// The repeats of `sklearn.inspection.permutation_importance`.
const REPEATS: usize = 5;

impl Outcome {
    /// Scores each part by the trained network; the test part is touched here, once.
    pub fn of(prepared: Prepared, network: Network, trained: Trained, seed: u32) -> Result<Self> {
        let module = model::module(&prepared, &network.net)?;
        let scored = |rows: &Rows| {
            let predictions = to_predictions(&outputs(&module, "network", &rows.x)?, &prepared.target)?;
            score(predictions, &rows.labels, &prepared.train.labels, &prepared.target)
        };
        let (train, valid) = (scored(&prepared.train)?, prepared.valid.as_ref().map(scored).transpose()?);
        let test = prepared.test.as_ref().map(scored).transpose()?;
        let importance = Vec::new();
        let mut outcome = Self { prepared, network, trained, module, train, valid, test, importance };
        outcome.importance = outcome.permuted(seed)?;
        Ok(outcome)
    }

    /// The rows that the training did not see, if there are any: the test rows, else the validation rows.
    pub fn held_out(&self) -> (&'static str, &Rows, &Scored) {
        let prepared = &self.prepared;
        match ((&prepared.test, &self.test), (&prepared.valid, &self.valid)) {
            ((Some(rows), Some(scored)), _) => ("test", rows, scored),
            (_, (Some(rows), Some(scored))) => ("validation", rows, scored),
            _ => ("training", &prepared.train, &self.train),
        }
    }

    fn permuted(&self, seed: u32) -> Result<Vec<Importance>> {
        let (_, rows, _) = self.held_out();
        let labels = rows.labels.first(rows.raw.size()[0] as usize);
        let name = self.prepared.target.score();
        let score = |raw: &Tensor| {
            let predictions = to_predictions(&outputs(&self.module, "forward", raw)?, &self.prepared.target)?;
            let metrics = measure(&predictions, &labels, &self.prepared.target)?;
            metrics.get(name).with_context(|| format!("{name} is not defined"))
        };
        let columns: Vec<Vec<i64>> = (0..rows.raw.size()[1]).map(|column| vec![column]).collect();
        // A score that is not defined, such as R² of one row, has no fall.
        if score(&rows.raw).is_err() {
            Ok(vec![])
        } else {
            permutation_importance(score, &rows.raw, &columns, REPEATS, seed)
        }
    }
}

/// Prepares, trains, and scores each part.
pub fn fit(
    rows: &Divided<'_>,
    config: &FitPlan,
    seed: u32,
    device: Device,
    observer: &mut dyn Observer,
) -> Result<Outcome> {
    let prepared = prepare(rows, &rows.parts, config, device)?;
    let network = Network::new(&prepared, config, seed, device)?;
    let trained = network.train(&prepared, config, None, observer)?;
    Outcome::of(prepared, network, trained, seed)
}
