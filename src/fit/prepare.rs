//! From a table to tensors, in memory that holds what the network sees, one column, and one batch of rows.

use super::columns::inputs;
use super::divide::Divided;
use crate::data::store::Store;
use crate::fit::settings::FitConfig;
use crate::preprocess::choices::Impute;
use crate::preprocess::inputs::{Counts, Inputs, number_values};
use crate::preprocess::pipeline::Pipeline;
use crate::preprocess::split::{Parts, take};
use crate::preprocess::target::{Target, Truth};
use crate::preprocess::tensors;
use crate::torch::device::OneThread;
use crate::torch::script::Module;
use anyhow::{Context, Result, bail, ensure};
use polars::prelude::DataFrame;
use std::ops::Range;
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
    /// For each row of the table where it goes: the parts' rows, one part after the other, are counted through.
    pub slots: Vec<u32>,
}

/// Fits pipeline and target on the training rows of `parts`, one column at a time.
pub fn recipe(divided: &Divided<'_>, parts: &Parts, config: &FitConfig) -> Result<Recipe> {
    let shown = divided.store.shown.as_str();
    let train = divided.table_rows(&parts.train);
    let inputs = inputs(divided, config, &train)?;
    let dropped = dropped(divided, &inputs)?;
    let mut next = 0;
    let mut part = |rows| {
        let part = PartRows::new(rows, &dropped, next);
        next = part.slots.end;
        part
    };
    let (valid, test) = (divided.table_rows(&parts.valid), divided.table_rows(&parts.test));
    let parts = [part(train), part(valid), part(test)];
    for (part, name) in parts.iter().zip(["training", "validation", "test"]) {
        ensure!(
            !part.rows.is_empty() || part.dropped == 0,
            "{shown}: no {name} row is left after those with missing values were dropped; choose what takes their place \
             with --impute"
        );
    }
    let train = &parts[0].rows;
    let slots = slots(&parts, divided.store.height());
    let pipeline = Pipeline::fit(&inputs, |index| raw_column(divided, &inputs, index, &slots, &parts[0]))
        .with_context(|| shown.to_string())?;
    let target = take(&divided.store.column(&config.target)?, train)?;
    let target = Target::fit(&target, &config.target, divided.classification, divided.store.picked(train))?;
    Ok(Recipe { pipeline, target, parts, slots })
}

/// Everything from the rows of `parts` up to the training; all constants come from the training rows alone.
pub fn prepare(divided: &Divided<'_>, parts: &Parts, config: &FitConfig, device: Device) -> Result<Prepared> {
    let Recipe { pipeline, target, parts, slots } = recipe(divided, parts, config)?;
    let targets = divided.store.column(&config.target)?;
    let [train, valid, test] = transform(divided, &pipeline, parts, &slots)?.map(|part| {
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
    /// The slots of its rows.
    slots: Range<u32>,
}

impl PartRows {
    fn new(mut rows: Vec<u32>, dropped: &[bool], first: u32) -> Self {
        let all = rows.len();
        if !dropped.is_empty() {
            rows.retain(|&row| !dropped[row as usize]);
        }
        Self { dropped: all - rows.len(), slots: first..first + rows.len() as u32, rows }
    }

    /// Which of a batch's rows are of this part, by the slots of the batch's rows: their places in the batch, in the table,
    /// and in the part.
    pub(super) fn among(&self, slots: &[u32], first: usize) -> Among {
        let mut among = Among::default();
        for (row, slot) in (0u32..).zip(slots).filter(|(_, slot)| self.slots.contains(slot)) {
            among.batch.push(row);
            among.table.push(row + first as u32);
            among.part.push(slot - self.slots.start);
        }
        among
    }
}

/// The rows of a batch that are of one part.
#[derive(Default)]
pub(super) struct Among {
    pub(super) batch: Vec<u32>,
    pub(super) table: Vec<u32>,
    part: Vec<u32>,
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
fn raw_column(
    divided: &Divided<'_>,
    inputs: &Inputs,
    index: usize,
    slots: &[u32],
    train: &PartRows,
) -> Result<Vec<f64>> {
    let mut values = vec![f64::NAN; train.rows.len()];
    divided.store.batches(&inputs.names()[index..=index], &mut |batch, first| {
        let here = train.among(&slots[first..first + batch.height()], first);
        let some = take(&batch, &here.batch)?;
        let found = inputs.raw_column(index, &some, divided.store.picked(&here.table))?;
        here.part.iter().zip(found).for_each(|(&place, value)| values[place as usize] = value);
        Ok(())
    })?;
    Ok(values)
}

/// A part as the network sees it.
struct Transformed {
    part: PartRows,
    raw: Tensor,
    x: Tensor,
    counts: Counts,
}

/// Goes through the table once, and puts each row where its part has it.
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

/// The slot of a row that is in no part.
const NOWHERE: u32 = u32::MAX;

/// For each row of the table where it goes: the parts' rows, one part after the other, are counted through.
fn slots(parts: &[PartRows], height: usize) -> Vec<u32> {
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
        let here = self.part.among(slots, first);
        if here.batch.is_empty() {
            return Ok(());
        }
        let some = if here.batch.len() == batch.height() { batch.clone() } else { take(batch, &here.batch)? };
        let raw = inputs.raw(&some, store.picked(&here.table))?;
        let matrix = tensors::from_columns(&raw.columns, Kind::Double, Device::Cpu)?;
        let index: Vec<i64> = here.part.iter().map(|&place| i64::from(place)).collect();
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
