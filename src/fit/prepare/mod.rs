//! From a table to tensors, in memory that holds what the network sees, one column, and one batch of rows; what the network sees is
//! in a file where memory does not hold it.

mod fitted;
mod mapped;
mod memory;
mod transform;

pub use fitted::{FittedPreprocessing, PartRows, RowsOfPart, fit_preprocessing};

use super::divide::Divided;
use crate::cpu::room;
use crate::fit::settings::FitPlan;
use crate::preprocess::inputs::{Counts, number_values};
use crate::preprocess::pipeline::Pipeline;
use crate::preprocess::split::{Parts, take};
use crate::preprocess::target::{Labels, Target};
use crate::torch::script::Module;
use crate::train::features::Features;
use anyhow::{Context, Result, bail, ensure};
use memory::Room;
use std::sync::Arc;
use tch::{Device, Kind, Tensor};
use transform::{Keeping, Transformed, transform};

/// A table made ready for training.
pub struct Prepared {
    pub pipeline: Pipeline,
    pub target: Target,
    pub train: Rows,
    pub valid: Option<Rows>,
    pub test: Option<Rows>,
    /// Rows left out since their target was missing.
    pub without_target: usize,
    /// Cells that mean "missing".
    pub na: Vec<String>,
    /// Where the features are in a file, why.
    pub in_file: Option<String>,
}

impl Prepared {
    /// Another handle to the same tensors, which nobody writes to.
    pub fn share(&self) -> Self {
        let rows = |rows: &Option<Rows>| rows.as_ref().map(Rows::share);
        Self {
            pipeline: self.pipeline.clone(),
            target: self.target.clone(),
            train: self.train.share(),
            valid: rows(&self.valid),
            test: rows(&self.test),
            without_target: self.without_target,
            na: self.na.clone(),
            in_file: self.in_file.clone(),
        }
    }

    /// What its rows hold in memory.
    pub fn bytes(&self) -> usize {
        let parts = [Some(&self.train), self.valid.as_ref(), self.test.as_ref()];
        let of = |tensor: &Tensor| tensor.numel() * tensor.kind().elt_size_in_bytes();
        parts.into_iter().flatten().map(|rows| of(&rows.raw) + rows.x.bytes() + of(&rows.y)).sum()
    }
}

/// The rows of one part.
pub struct Rows {
    /// The first [`SAMPLE`] rows as the model file's `forward` takes them: `[n, inputs]` float64.
    pub raw: Tensor,
    /// What the network sees: `[n, features]`.
    pub x: Features,
    /// int64 classes `[n]`, or float32 `[n, 1]` in the scaled units of the target.
    pub y: Tensor,
    /// What each row weighs in the loss, float32 `[n]`.
    pub weight: Option<Tensor>,
    pub labels: Labels,
    pub counts: Counts,
}

impl Rows {
    fn share(&self) -> Self {
        Self {
            raw: self.raw.shallow_clone(),
            x: self.x.share(),
            y: self.y.shallow_clone(),
            weight: self.weight.as_ref().map(Tensor::shallow_clone),
            labels: self.labels.clone(),
            counts: self.counts.clone(),
        }
    }
}

/// How many rows keep their raw matrix, from which pictures and permutation importance are made.
pub const SAMPLE: usize = 100_000;

/// One-hot features of a column from which on the processor gets them as numbers of categories.
const CODED: usize = 1000;

/// Turns the rows of `parts` into the tensors to train on; all constants come from the training rows alone.
pub fn prepare(divided: &Divided<'_>, parts: &Parts, config: &FitPlan, device: Device) -> Result<Prepared> {
    let FittedPreprocessing { pipeline, target, parts, slots } = fit_preprocessing(divided, parts, config)?;
    let least = if device == Device::Cpu { CODED } else { usize::MAX };
    let layout = pipeline.layout(least).map(Arc::new);
    let room = Room { pipeline: &pipeline, layout: layout.as_deref(), parts: &parts, config };
    let in_file = room.check(&divided.store.display_name)?;
    let kept = Keeping { least, layout, window: in_file.as_ref().map(|file| file.rows) };
    let transformed = transform(divided.store, &pipeline, parts, &slots, &kept)?;
    drop(slots);
    let targets = divided.store.column(&config.target)?;
    let remedy = new_class(config);
    let [train, valid, test] = transformed.map(|part| {
        let Transformed { part, raw, x, counts } = part;
        let place = divided.store.picked(&part.rows);
        let (y, labels) = target.code(&take(&targets, &part.rows)?, &config.target, place, remedy)?;
        let weight = weights(divided, &part, config)?.map(|weight| weight.f_to_device(device)).transpose()?;
        anyhow::Ok(Rows { raw, x: x.to_device(device)?, y: y.f_to_device(device)?, weight, labels, counts })
    });
    drop(targets);
    room::give_back();
    let some = |rows: Result<Rows>| rows.map(|rows| (rows.x.rows() > 0).then_some(rows));
    let train = some(train)?.context("no training rows")?;
    let without_target = divided.without_target;
    Ok(Prepared {
        pipeline,
        target,
        train,
        valid: some(valid)?,
        test: some(test)?,
        without_target,
        na: config.na.clone(),
        in_file: in_file.map(|file| file.why),
    })
}

/// What to do about a class that validation or test rows have and no training row: only a random division can be another.
fn new_class(config: &FitPlan) -> &'static str {
    let files = config.valid.is_some() || config.test.is_some();
    if files || config.split_column.is_some() || config.group.is_some() || config.split_time.is_some() {
        "leave such rows out, or give the training rows some of that class"
    } else {
        "--stratify spreads every class over the parts"
    }
}

/// Gives `module` the pipeline's buffers and its `forward`.
pub fn fill(module: &Module, pipeline: &Pipeline) -> Result<()> {
    for (name, buffer) in pipeline.buffers()? {
        module.buffer(&name, &buffer)?;
    }
    module.define(&pipeline.source()?)
}

/// The rows' weights, if there is a column of them.
fn weights(divided: &Divided<'_>, part: &PartRows, config: &FitPlan) -> Result<Option<Tensor>> {
    let Some(name) = &config.sample_weight else { return Ok(None) };
    let place = divided.store.picked(&part.rows);
    let weights = number_values(&take(&divided.store.column(name)?, &part.rows)?, name, place)?;
    if let Some(wrong) = weights.iter().position(|weight| weight.is_nan() || *weight < 0.0) {
        bail!("{}, --sample-weight {name}: {}, expected a number from 0 up", place.row(wrong), weights[wrong]);
    }
    ensure!(
        weights.is_empty() || weights.iter().sum::<f64>() > 0.0,
        "{}: --sample-weight {name}: every weight is 0",
        place.file
    );
    Ok(Some(Tensor::f_from_slice(&weights)?.f_to_kind(Kind::Float)?))
}
