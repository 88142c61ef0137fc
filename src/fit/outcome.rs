//! What a fit came to: the trained model and its scores.

use super::divide::Divided;
use super::importance::{ColumnImportance, HeldOut};
use super::model;
use super::prepare::{Prepared, Rows, prepare};
use super::train::Network;
use crate::evaluate::per_class::PerClass;
use crate::evaluate::predictions::{Scored, predictions_in_steps, score};
use crate::fit::settings::FitPlan;
use crate::record::Recording;
use crate::torch::script::Module;
use crate::train::observer::{After, Observer};
use crate::train::session::Trained;
use anyhow::Result;
use tch::Device;

/// A trained model with everything that led to it.
pub struct Outcome {
    pub prepared: Prepared,
    pub network: Network,
    pub trained: Trained,
    pub scores: Scores,
}

/// What a trained network is worth.
pub struct Scores {
    pub module: Module,
    pub train: Scored,
    pub valid: Option<Scored>,
    pub test: Option<Scored>,
    pub importance: ColumnImportance,
}

impl Scores {
    /// Scores each part by the trained network; the test part is touched here, once. The observer may end it between two
    /// steps.
    pub fn of(
        prepared: &Prepared,
        network: &Network,
        trained: &Trained,
        config: &FitPlan,
        seed: u32,
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        let module = model::module(prepared, &network.net)?;
        let mut step =
            |what, done, of| observer.after(&After { net: &network.net, snapshot: &trained.snapshot, what, done, of });
        let mut scored = |rows: &Rows| {
            let mut step = |done, of| step("scores", done, of);
            let predictions = predictions_in_steps(&module, &rows.x, &prepared.target, &mut step)?;
            score(predictions, &rows.labels, &prepared.train.labels, &prepared.target)
        };
        let (train, valid) = (scored(&prepared.train)?, prepared.valid.as_ref().map(&mut scored).transpose()?);
        let test = prepared.test.as_ref().map(&mut scored).transpose()?;
        let (part, rows, scored) = match ((&prepared.test, &test), (&prepared.valid, &valid)) {
            ((Some(rows), Some(scored)), _) => ("test", rows, scored),
            (_, (Some(rows), Some(scored))) => ("validation", rows, scored),
            _ => ("training", &prepared.train, &train),
        };
        let whole = scored.metrics.get(prepared.target.score());
        let held_out = HeldOut { prepared, network, module: &module, part, rows, whole };
        let mut passed = |done, of| step("importance", done, of);
        let importance = held_out.importance(config.importance, seed, &mut passed)?;
        Ok(Self { module, train, valid, test, importance })
    }
}

impl Outcome {
    /// The rows that the training did not see, if there are any: the test rows, else the validation rows.
    pub fn held_out(&self) -> (&'static str, &Rows, &Scored) {
        let prepared = &self.prepared;
        match ((&prepared.test, &self.scores.test), (&prepared.valid, &self.scores.valid)) {
            ((Some(rows), Some(scored)), _) => ("test", rows, scored),
            (_, (Some(rows), Some(scored))) => ("validation", rows, scored),
            _ => ("training", &prepared.train, &self.scores.train),
        }
    }
}

impl Outcome {
    /// What a classifier makes of each class of the rows that were held out, and which those are.
    pub fn per_class(&self) -> Option<(&'static str, PerClass<'_>)> {
        let (part, rows, scored) = self.held_out();
        Some((part, PerClass::of_answers(&rows.labels, &scored.predictions, &self.prepared.target)?))
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
    let trained = network.train(&prepared, config, None, Recording::default(), observer)?;
    let scores = Scores::of(&prepared, &network, &trained, config, seed, observer)?;
    Ok(Outcome { prepared, network, trained, scores })
}
