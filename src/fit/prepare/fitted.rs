//! What is fitted on the training rows, and where each row of the table goes.

use crate::data::store::Store;
use crate::fit::columns::inputs;
use crate::fit::divide::Divided;
use crate::fit::settings::FitPlan;
use crate::preprocess::choices::Impute;
use crate::preprocess::inputs::{Inputs, floats};
use crate::preprocess::pipeline::Pipeline;
use crate::preprocess::split::{Parts, take};
use crate::preprocess::target::Target;
use anyhow::{Result, ensure};
use polars::prelude::DataType;
use std::ops::Range;

/// The preprocessing fitted on the training rows, and the rows of each part: training, validation, test.
pub struct FittedPreprocessing {
    pub pipeline: Pipeline,
    pub target: Target,
    pub parts: [PartRows; 3],
    /// By row of the table, its slot: the training rows have the slots 0, 1, … in their order, then come those of the
    /// validation and of the test rows. A row of no part has the largest `u32`. While the table is read from top to bottom, the
    /// slots tell to which part each row belongs and at which place.
    pub slots: Vec<u32>,
}

/// Fits the preprocessing of the inputs and of the target on the training rows of `parts`, one column at a time.
pub fn fit_preprocessing(divided: &Divided<'_>, parts: &Parts, config: &FitPlan) -> Result<FittedPreprocessing> {
    let shown = divided.store.display_name.as_str();
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
    // Once: a table may have ten thousand columns.
    let names = inputs.names();
    let pipeline = Pipeline::fit(&inputs, |index| raw_column(divided, &inputs, (index, &names), &slots, &parts[0]))
        // A cell is named with its file already.
        .map_err(|error| if error.to_string().starts_with(shown) { error } else { error.context(shown.to_string()) })?;
    let target = take(&divided.store.column(&config.target)?, train)?;
    let scale = (!divided.classification).then_some(config.target_scale);
    let target = Target::fit(&target, &config.target, scale, divided.store.picked(train))?;
    Ok(FittedPreprocessing { pipeline, target, parts, slots })
}

/// The rows of one part in its order, without those that a missing value under `--impute drop` leaves out.
pub struct PartRows {
    /// By their number in the table.
    pub rows: Vec<u32>,
    /// How many were left out.
    pub dropped: usize,
    /// The slots of `rows`.
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

    /// The rows of a batch that belong to this part, and whose slots are in `window`. `slots` are those of the batch's rows, of
    /// which the first is row `first` of the table.
    pub fn rows_of_part(&self, slots: &[u32], first: usize, window: &Range<u32>) -> RowsOfPart {
        let here = self.slots.start.max(window.start)..self.slots.end.min(window.end);
        let (mut in_batch, mut in_part, mut count) = (vec![0; slots.len()], vec![0; slots.len()], 0);
        // The parts are mixed at random: a branch for each row would be guessed wrong half of the time.
        for (row, slot) in (0u32..).zip(slots) {
            (in_batch[count], in_part[count]) = (row, slot.wrapping_sub(self.slots.start));
            count += usize::from(here.contains(slot));
        }
        in_batch.truncate(count);
        in_part.truncate(count);
        let in_table = in_batch.iter().map(|row| row + first as u32).collect();
        RowsOfPart { in_batch, in_table, in_part }
    }
}

/// The rows of a batch that belong to one part, each by its number in the batch, in the table and in the part.
#[derive(Default)]
pub struct RowsOfPart {
    pub in_batch: Vec<u32>,
    pub in_table: Vec<u32>,
    pub in_part: Vec<u32>,
}

impl RowsOfPart {
    /// Some of them.
    pub fn some(&self, range: Range<usize>) -> Self {
        let [in_batch, in_table, in_part] =
            [&self.in_batch, &self.in_table, &self.in_part].map(|rows| rows[range.clone()].to_vec());
        Self { in_batch, in_table, in_part }
    }
}

/// By row of the table, whether a missing value under `--impute drop` leaves it out; empty where no column is so imputed.
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
///
/// # Errors
/// A cell of them that is no finite number.
fn raw_column(
    divided: &Divided<'_>,
    inputs: &Inputs,
    (index, names): (usize, &[String]),
    slots: &[u32],
    train: &PartRows,
) -> Result<Vec<f64>> {
    if divided.store.dtype(&names[index])?.is_primitive_numeric() && index < inputs.numbers.len() {
        let values = numbers(divided.store, &names[index..=index], slots, train)?;
        if values.iter().all(|value| !value.is_infinite()) {
            return Ok(values);
        }
    }
    let mut values = vec![f64::NAN; train.rows.len()];
    divided.store.batches(&names[index..=index], &mut |batch, first| {
        let here = train.rows_of_part(&slots[first..first + batch.height()], first, &(0..u32::MAX));
        let some = take(&batch, &here.in_batch)?;
        let found = inputs.raw_column(index, &some, divided.store.picked(&here.in_table))?;
        here.in_part.iter().zip(found).for_each(|(&place, value)| values[place as usize] = value);
        Ok(())
    })?;
    Ok(values)
}

/// The cells of a column of numbers, each at its place among the training rows.
fn numbers(store: &Store, name: &[String], slots: &[u32], train: &PartRows) -> Result<Vec<f64>> {
    let rows = train.rows.len();
    // Cells of other rows go to a place of their own behind the others, without a branch for each.
    let mut values = vec![f64::NAN; rows + 1];
    store.batches(name, &mut |batch, first| {
        let cells = batch.columns()[0].cast(&DataType::Float64)?;
        let slots = &slots[first..first + batch.height()];
        for (cell, slot) in floats(cells.f64()?).iter().zip(slots) {
            values[(slot.wrapping_sub(train.slots.start) as usize).min(rows)] = *cell;
        }
        Ok(())
    })?;
    values.truncate(rows);
    Ok(values)
}

/// The slot of a row that is in no part.
pub const NOWHERE: u32 = u32::MAX;

/// See [`FittedPreprocessing::slots`].
fn slots(parts: &[PartRows], height: usize) -> Vec<u32> {
    let mut slots = vec![NOWHERE; height];
    let rows = parts.iter().flat_map(|part| &part.rows);
    rows.zip(0u32..).for_each(|(&row, slot)| slots[row as usize] = slot);
    slots
}
