//! Writes the preprocessed table to files, batch by batch, so that memory does not grow with the rows.

use super::divide::Divided;
use super::prepare::{FittedPreprocessing, RowsOfPart};
use crate::cpu::threads;
use crate::data::sink::Sink;
use crate::data::table::Format;
use crate::fit::settings::FitPlan;
use crate::preprocess::inputs::Counts;
use crate::preprocess::split::take;
use anyhow::{Result, ensure};
use polars::prelude::*;
use std::path::Path;

/// The parts by the names of their files.
pub const PARTS: [&str; 3] = ["train", "valid", "test"];

/// What one part's file holds.
pub struct Written {
    pub rows: usize,
    pub counts: Counts,
}

/// Writes `train`, `valid` and `test` (those that have rows) into `folder`: the features as the network would see them,
/// Float32, and the target as it stands in the table. Rows keep the table's order.
pub fn write(
    divided: &Divided<'_>,
    fitted: &FittedPreprocessing,
    config: &FitPlan,
    folder: &Path,
    format: Format,
) -> Result<[Written; 3]> {
    let (inputs, features) = (&fitted.pipeline.inputs, names(fitted, config, &divided.store.display_name)?);
    let columns = [inputs.names(), vec![config.target.clone()]].concat();
    let (mut sinks, mut written) = (Vec::new(), Vec::new());
    for (part, name) in fitted.parts.iter().zip(PARTS) {
        let path = folder.join(format!("{name}.{format}"));
        sinks.push((!part.rows.is_empty()).then(|| Sink::open(&path, format)).transpose()?);
        written.push(Written {
            rows: part.rows.len(),
            counts: Counts { dropped_rows: part.dropped, ..Counts::default() },
        });
    }
    let transform = |batch: &DataFrame, here: &RowsOfPart| {
        let some = take(batch, &here.in_batch)?;
        let raw = inputs.raw(&some, divided.store.picked(&here.in_table))?;
        let named = features.iter().zip(fitted.pipeline.apply(&raw.columns));
        let mut made: Vec<Column> = named.map(|(name, values)| Column::new(name.as_str().into(), values)).collect();
        made.push(some.column(&config.target)?.clone());
        anyhow::Ok((raw.counts, DataFrame::new(some.height(), made)?))
    };
    let work = |batch: DataFrame, first: usize| {
        let slots = &fitted.slots[first..first + batch.height()];
        let parts = fitted.parts.iter().map(|rows| rows.rows_of_part(slots, first, &(0..u32::MAX)));
        parts.map(|here| (!here.in_batch.is_empty()).then(|| transform(&batch, &here)).transpose()).collect()
    };
    divided.store.each(&columns, work, |parts: Vec<Option<(Counts, DataFrame)>>| {
        let mut rows = Vec::new();
        for ((made, written), sink) in parts.into_iter().zip(&mut written).zip(&mut sinks) {
            if let (Some((counts, made)), Some(sink)) = (made, sink) {
                written.counts.add(counts);
                rows.push((sink, made));
            }
        }
        // One file is compressed on one thread: the others are written beside it.
        threads::all(rows, |(sink, mut rows)| sink.write(&mut rows))
    })?;
    sinks.into_iter().flatten().try_for_each(Sink::finish)?;
    written.try_into().map_err(|_| anyhow::anyhow!("three parts went in"))
}

/// The features' names, of which none may be the target's.
fn names(fitted: &FittedPreprocessing, config: &FitPlan, shown: &str) -> Result<Vec<String>> {
    let names: Vec<String> = fitted.pipeline.features().into_iter().map(|feature| feature.name).collect();
    ensure!(!names.contains(&config.target), "{shown}: a feature would be named {} like the target", config.target);
    Ok(names)
}
