//! From a table to tensors, in memory that holds what the network sees, one column, and one batch of rows.

mod fitted;
mod memory;

pub use fitted::{FittedPreprocessing, PartRows, RowsOfPart, fit_preprocessing};

use super::divide::Divided;
use crate::data::store::Store;
use crate::fit::settings::FitPlan;
use crate::preprocess::inputs::{Counts, Inputs, number_values};
use crate::preprocess::pipeline::Pipeline;
use crate::preprocess::split::{Parts, take};
use crate::preprocess::target::{Labels, Target};
use crate::preprocess::tensors;
use crate::torch::device::OneThread;
use crate::torch::script::Module;
use anyhow::{Context, Result, bail, ensure};
use polars::prelude::DataFrame;
use tch::{Device, Kind, Tensor};

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
}

/// The rows of one part.
pub struct Rows {
    /// The first [`SAMPLE`] rows as the model file's `forward` takes them: `[n, inputs]` float64.
    pub raw: Tensor,
    /// What the network sees: `[n, features]` float32.
    pub x: Tensor,
    /// int64 classes `[n]`, or float32 `[n, 1]` in the scaled units of the target.
    pub y: Tensor,
    /// What each row weighs in the loss, float32 `[n]`.
    pub weight: Option<Tensor>,
    pub labels: Labels,
    pub counts: Counts,
}

/// How many rows keep their raw matrix, from which pictures and permutation importance are made.
pub const SAMPLE: usize = 100_000;

/// Turns the rows of `parts` into the tensors to train on; all constants come from the training rows alone.
pub fn prepare(divided: &Divided<'_>, parts: &Parts, config: &FitPlan, device: Device) -> Result<Prepared> {
    let FittedPreprocessing { pipeline, target, parts, slots } = fit_preprocessing(divided, parts, config)?;
    memory::check(&pipeline, &parts, &divided.store.display_name)?;
    let targets = divided.store.column(&config.target)?;
    let remedy = new_class(config);
    let [train, valid, test] = transform(divided, &pipeline, parts, &slots)?.map(|part| {
        let Transformed { part, raw, x, counts, .. } = part;
        let place = divided.store.picked(&part.rows);
        let (y, labels) = target.code(&take(&targets, &part.rows)?, &config.target, place, remedy)?;
        let weight = weights(divided, &part, config)?.map(|weight| weight.f_to_device(device)).transpose()?;
        anyhow::Ok(Rows { raw, x: x.f_to_device(device)?, y: y.f_to_device(device)?, weight, labels, counts })
    });
    let some = |rows: Result<Rows>| rows.map(|rows| (rows.x.size()[0] > 0).then_some(rows));
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

/// A part as the network sees it, filled batch by batch.
struct Transformed {
    part: PartRows,
    raw: Tensor,
    x: Tensor,
    counts: Counts,
}

/// Reads the table once, batch by batch, and writes each row's features to its place in the tensors of its part.
fn transform(
    divided: &Divided<'_>,
    pipeline: &Pipeline,
    parts: [PartRows; 3],
    slots: &[u32],
) -> Result<[Transformed; 3]> {
    let _one = OneThread::begin();
    let module = module(pipeline)?;
    let (inputs, names) = (&pipeline.inputs, pipeline.inputs.names());
    let (width, features) = (names.len() as i64, pipeline.features().len() as i64);
    let mut made = Vec::new();
    for part in parts {
        let (n, dropped_rows) = (part.rows.len() as i64, part.dropped);
        let raw = Tensor::f_zeros([n.min(SAMPLE as i64), width], (Kind::Double, Device::Cpu))?;
        let x = Tensor::f_zeros([n, features], (Kind::Float, Device::Cpu))?;
        let counts = Counts { dropped_rows, ..Counts::default() };
        made.push(Transformed { part, raw, x, counts });
    }
    divided.store.batches(&names, &mut |batch, first| {
        let slots = &slots[first..first + batch.height()];
        made.iter_mut().try_for_each(|part| part.put(&batch, first, slots, inputs, &module, divided.store))
    })?;
    made.try_into().map_err(|_| anyhow::anyhow!("three parts went in"))
}

/// How many features are computed at once: the rows of a batch, of many categories each, may be larger than the memory.
const AT_ONCE: i64 = 1 << 24;

impl Transformed {
    /// Writes the features of those rows of `batch` that belong to this part; `slots` are those of the batch's rows.
    fn put(
        &mut self,
        batch: &DataFrame,
        first: usize,
        slots: &[u32],
        inputs: &Inputs,
        module: &Module,
        store: &Store,
    ) -> Result<()> {
        let here = self.part.rows_of_part(slots, first);
        if here.in_batch.is_empty() {
            return Ok(());
        }
        let some = if here.in_batch.len() == batch.height() { batch.clone() } else { take(batch, &here.in_batch)? };
        let raw = inputs.raw(&some, store.picked(&here.in_table))?;
        let matrix = tensors::from_columns(&raw.columns, Kind::Double, Device::Cpu)?;
        let index: Vec<i64> = here.in_part.iter().map(|&place| i64::from(place)).collect();
        let index = Tensor::f_from_slice(&index)?;
        let rows = (AT_ONCE / self.x.size()[1].max(1)).max(1);
        for (index, matrix) in index.f_split(rows, 0)?.iter().zip(matrix.f_split(rows, 0)?) {
            let _ = self.x.f_index_copy_(0, index, &module.call("forward", &matrix)?)?;
        }
        let sampled = index.f_lt(SAMPLE as i64)?.f_nonzero()?.f_view(-1)?;
        if sampled.numel() > 0 {
            let (to, from) = (index.f_index_select(0, &sampled)?, matrix.f_index_select(0, &sampled)?);
            let _ = self.raw.f_index_copy_(0, &to, &from)?;
        }
        self.counts.add(raw.counts);
        Ok(())
    }
}

/// The pipeline alone as a TorchScript module.
pub fn module(pipeline: &Pipeline) -> Result<Module> {
    let module = Module::new("Preprocess")?;
    fill(&module, pipeline)?;
    Ok(module)
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
