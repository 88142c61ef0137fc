//! From a table to tensors, in memory that holds what the network sees, one column, and one batch of rows.

use super::columns::inputs;
use super::config::FitConfig;
use super::divide::Divided;
use crate::data::store::Store;
use crate::device::OneThread;
use crate::preprocess::choices::Impute;
use crate::preprocess::inputs::{Counts, Inputs, number_values};
use crate::preprocess::pipeline::Pipeline;
use crate::preprocess::split::{Parts, take};
use crate::preprocess::target::{Target, Truth};
use crate::preprocess::tensors;
use crate::torchscript::Module;
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
}

/// The rows of one part.
pub struct Rows {
    /// The matrix that the model file's `forward` takes, `[n, inputs]` float64, of the first [`SAMPLE`] rows.
    pub raw: Tensor,
    /// What the network sees: `[n, features]` float32.
    pub x: Tensor,
    /// int64 classes `[n]`, or float32 `[n, 1]` in the scaled units of the target.
    pub y: Tensor,
    /// What each row weighs in the loss, float32 `[n]`.
    pub weight: Option<Tensor>,
    pub truth: Truth,
    pub counts: Counts,
}

/// Rows whose raw matrix is kept, for what looks at single input columns.
pub const SAMPLE: usize = 100_000;

/// What the training rows alone decide, and the rows of each part: training, validation, test.
pub struct Recipe {
    pub pipeline: Pipeline,
    pub target: Target,
    pub parts: [PartRows; 3],
}

/// Fits pipeline and target on the training rows of `parts`, one column at a time.
pub fn recipe(divided: &Divided<'_>, parts: &Parts, config: &FitConfig) -> Result<Recipe> {
    let shown = divided.store.shown.as_str();
    let train = divided.table_rows(&parts.train);
    let inputs = inputs(divided, config, &train)?;
    let dropped = dropped(divided, &inputs)?;
    let part = |indices: &[usize]| PartRows::new(divided.table_rows(indices), &dropped);
    let parts = [PartRows::new(train, &dropped), part(&parts.valid), part(&parts.test)];
    for (part, name) in parts.iter().zip(["training", "validation", "test"]) {
        ensure!(
            !part.rows.is_empty() || part.dropped == 0,
            "{shown}: no {name} row is left after those with missing values were dropped; choose what takes their place \
             with --impute"
        );
    }
    let train = &parts[0].rows;
    let places = slots(&parts[..1], divided.store.height());
    let pipeline = Pipeline::fit(&inputs, |index| raw_column(divided, &inputs, index, &places, train.len()))
        .with_context(|| shown.to_string())?;
    drop(places);
    let target = take(&divided.store.column(&config.target)?, train)?;
    let target = Target::fit(&target, &config.target, divided.classification, divided.store.picked(train))?;
    Ok(Recipe { pipeline, target, parts })
}

/// Everything from the rows of `parts` up to the training; all constants come from the training rows alone.
pub fn prepare(divided: &Divided<'_>, parts: &Parts, config: &FitConfig, device: Device) -> Result<Prepared> {
    let Recipe { pipeline, target, parts } = recipe(divided, parts, config)?;
    let targets = divided.store.column(&config.target)?;
    let [train, valid, test] = transform(divided, &pipeline, parts)?.map(|part| {
        let Transformed { part, raw, x, counts, .. } = part;
        let place = divided.store.picked(&part.rows);
        let (y, truth) = target.code(&take(&targets, &part.rows)?, &config.target, place)?;
        let weight = weights(divided, &part, config)?.map(|weight| weight.f_to_device(device)).transpose()?;
        anyhow::Ok(Rows { raw, x: x.f_to_device(device)?, y: y.f_to_device(device)?, weight, truth, counts })
    });
    let some = |rows: Result<Rows>| rows.map(|rows| (rows.x.size()[0] > 0).then_some(rows));
    let train = some(train)?.context("no training rows")?;
    let without_target = divided.without_target;
    Ok(Prepared { pipeline, target, train, valid: some(valid)?, test: some(test)?, without_target })
}

/// A part's rows of the table in the part's order, those with a missing value under `drop` left out.
pub struct PartRows {
    pub rows: Vec<u32>,
    pub dropped: usize,
}

impl PartRows {
    fn new(mut rows: Vec<u32>, dropped: &[bool]) -> Self {
        let all = rows.len();
        if !dropped.is_empty() {
            rows.retain(|&row| !dropped[row as usize]);
        }
        Self { dropped: all - rows.len(), rows }
    }
}

/// Which rows of the table have a missing value under `drop`; empty: none has.
fn dropped(divided: &Divided<'_>, inputs: &Inputs) -> Result<Vec<bool>> {
    let mut dropped = Vec::new();
    for (name, choice) in inputs.choices() {
        if choice.impute == Impute::Drop {
            dropped.resize(divided.store.height(), false);
            let column = divided.store.column(name)?;
            let column = column.column(name)?;
            let missing =
                if column.dtype().is_float() { column.is_null() | column.is_nan()? } else { column.is_null() };
            dropped.iter_mut().zip(missing.iter()).for_each(|(row, missing)| *row |= missing.unwrap_or(false));
        }
    }
    Ok(dropped)
}

/// The raw values of one input column, of the training rows in their order.
fn raw_column(divided: &Divided<'_>, inputs: &Inputs, index: usize, slots: &[u32], count: usize) -> Result<Vec<f64>> {
    let mut values = vec![f64::NAN; count];
    divided.store.batches(&inputs.names()[index..=index], &mut |batch, first| {
        let slots = &slots[first..first + batch.height()];
        let rows: Vec<u32> = (0u32..).zip(slots).filter(|(_, slot)| **slot != NOWHERE).map(|(row, _)| row).collect();
        let here: Vec<u32> = rows.iter().map(|&row| row + first as u32).collect();
        let some = take(&batch, &rows)?;
        let found = inputs.raw_column(index, &some, divided.store.picked(&here))?;
        rows.iter().zip(found).for_each(|(&row, value)| values[slots[row as usize] as usize] = value);
        Ok(())
    })?;
    Ok(values)
}

/// A part as the network sees it.
struct Transformed {
    part: PartRows,
    /// The slot of its first row.
    offset: u32,
    raw: Tensor,
    x: Tensor,
    counts: Counts,
}

/// Goes through the table once, and puts each row where its part has it.
fn transform(divided: &Divided<'_>, pipeline: &Pipeline, parts: [PartRows; 3]) -> Result<[Transformed; 3]> {
    let _one = OneThread::begin();
    let module = module(pipeline)?;
    let (inputs, names) = (&pipeline.inputs, pipeline.inputs.names());
    let (width, features) = (names.len() as i64, pipeline.features().len() as i64);
    let slots = slots(&parts, divided.store.height());
    let mut made = Vec::new();
    let mut offset = 0;
    for part in parts {
        let (n, dropped_rows) = (part.rows.len() as i64, part.dropped);
        let raw = Tensor::f_zeros([n.min(SAMPLE as i64), width], (Kind::Double, Device::Cpu))?;
        let x = Tensor::f_zeros([n, features], (Kind::Float, Device::Cpu))?;
        let counts = Counts { dropped_rows, ..Counts::default() };
        made.push(Transformed { part, offset, raw, x, counts });
        offset += n as u32;
    }
    divided.store.batches(&names, &mut |batch, first| {
        let slots = &slots[first..first + batch.height()];
        made.iter_mut().try_for_each(|part| part.put(&batch, first, slots, inputs, &module, divided.store))
    })?;
    made.try_into().map_err(|_| anyhow::anyhow!("three parts went in"))
}

/// The slot of a row that is in no part.
pub(super) const NOWHERE: u32 = u32::MAX;

/// For each row of the table where it goes: the parts' rows, one part after the other, are counted through.
pub(super) fn slots(parts: &[PartRows], height: usize) -> Vec<u32> {
    let mut slots = vec![NOWHERE; height];
    let rows = parts.iter().flat_map(|part| &part.rows);
    rows.zip(0u32..).for_each(|(&row, slot)| slots[row as usize] = slot);
    slots
}

impl Transformed {
    /// Puts those rows of `batch` to their places that belong to this part, by the `slots` of the batch's rows.
    fn put(
        &mut self,
        batch: &DataFrame,
        first: usize,
        slots: &[u32],
        inputs: &Inputs,
        module: &Module,
        store: &Store,
    ) -> Result<()> {
        let range = self.offset..self.offset + self.part.rows.len() as u32;
        let rows: Vec<u32> = (0u32..).zip(slots).filter(|(_, slot)| range.contains(slot)).map(|(row, _)| row).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let some = if rows.len() == batch.height() { batch.clone() } else { take(batch, &rows)? };
        let here: Vec<u32> = rows.iter().map(|&row| row + first as u32).collect();
        let raw = inputs.raw(&some, store.picked(&here))?;
        let matrix = tensors::from_columns(&raw.columns, Kind::Double, Device::Cpu)?;
        let index: Vec<i64> = rows.iter().map(|&row| i64::from(slots[row as usize] - self.offset)).collect();
        let index = Tensor::f_from_slice(&index)?;
        let _ = self.x.f_index_copy_(0, &index, &module.call("forward", &matrix)?)?;
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
fn weights(divided: &Divided<'_>, part: &PartRows, config: &FitConfig) -> Result<Option<Tensor>> {
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
