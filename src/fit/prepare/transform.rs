//! The rows of the parts as the network sees them, batch by batch, several batches at once.

use super::{PartRows, RowsOfPart, SAMPLE, mapped};
use crate::data::store::Store;
use crate::preprocess::inputs::{Counts, Raw};
use crate::preprocess::pipeline::Pipeline;
use crate::preprocess::split::take;
use crate::torch::memory::{Doubles, Floats, Integers};
use crate::train::features::{Coded, Features, Layout};
use anyhow::Result;
use polars::prelude::DataFrame;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use tch::{Device, Kind, Tensor};

/// A part as the network sees it.
pub(super) struct Transformed {
    pub part: PartRows,
    pub raw: Tensor,
    pub x: Features,
    pub counts: Counts,
}

/// Features that a batch is made into at once: 64 MiB of them.
const AT_ONCE: usize = 1 << 24;

/// Where the rows of a part go. Threads take turns at it.
struct Places<'a> {
    part: &'a PartRows,
    memory: Mutex<Memory>,
    /// One-hot features of a column from which on they are codes.
    least: usize,
    /// Columns of the matrix of features.
    width: usize,
}

/// The memory of a part's tensors.
struct Memory {
    sample: Doubles,
    x: Floats,
    /// Where there are codes.
    codes: Option<Integers>,
}

impl Memory {
    fn of(made: &Transformed) -> Result<Self> {
        let sample = Doubles::of(&made.raw)?;
        Ok(match &made.x {
            Features::Dense(x) => Self { sample, x: Floats::of(x)?, codes: None },
            Features::Coded(Coded { rest, codes, .. }) => {
                Self { sample, x: Floats::of(rest)?, codes: Some(Integers::of(codes)?) }
            }
        })
    }
}

/// Zeros for the features of `rows` rows.
fn zeros(rows: usize, width: usize, layout: Option<&Arc<Layout>>, in_file: bool) -> Result<Features> {
    let Some(layout) = layout else { return Ok(Features::Dense(mapped::zeros([rows, width], in_file)?)) };
    Ok(Features::Coded(Coded {
        rest: mapped::zeros([rows, layout.rest.len()], in_file)?,
        codes: Tensor::f_zeros([rows as i64, layout.blocks.len() as i64], (Kind::Int64, Device::Cpu))?,
        layout: layout.clone(),
    }))
}

/// How features are kept.
pub(super) struct Keeping {
    /// One-hot features of a column from which on they are codes.
    pub least: usize,
    /// Which those are.
    pub layout: Option<Arc<Layout>>,
    /// Of features in a file, the rows that are written at once.
    pub window: Option<usize>,
}

/// Reads the table once, or for features in a file as often as its windows take, and writes each row's features to its place in the
/// tensors of its part. They are computed as the model file's `forward` computes them, to the bit ([`Pipeline::apply`]).
pub(super) fn transform(
    store: &Store,
    pipeline: &Pipeline,
    parts: [PartRows; 3],
    slots: &[u32],
    kept: &Keeping,
) -> Result<[Transformed; 3]> {
    let (names, layout, least) = (pipeline.inputs.names(), kept.layout.as_ref(), kept.least);
    let width = layout.map_or_else(|| pipeline.features().len(), |layout| layout.rest.len());
    let mut made = Vec::new();
    for part in parts {
        let (n, dropped_rows) = (part.rows.len(), part.dropped);
        let raw = Tensor::f_zeros([n.min(SAMPLE) as i64, names.len() as i64], (Kind::Double, Device::Cpu))?;
        let x = zeros(n, width, layout, kept.window.is_some())?;
        made.push(Transformed { part, raw, x, counts: Counts { dropped_rows, ..Counts::default() } });
    }
    let mut counts: Vec<Counts> = made.iter().map(|made: &Transformed| made.counts.clone()).collect();
    let places = made.iter().map(|made| {
        let memory = Mutex::new(Memory::of(made)?);
        anyhow::Ok(Places { part: &made.part, memory, least, width })
    });
    let places = places.collect::<Result<Vec<_>>>()?;
    let all: usize = made.iter().map(|made| made.part.rows.len()).sum();
    let rows = kept.window.unwrap_or(all).max(1);
    for start in (0..all).step_by(rows) {
        let window = start as u32..(start + rows).min(all) as u32;
        let put = |batch: DataFrame, first: usize| {
            let slots = &slots[first..first + batch.height()];
            let put = |places: &Places<'_>| places.put(&batch, first, slots, &window, (pipeline, store));
            places.iter().map(put).collect::<Result<Vec<_>>>()
        };
        store.each(&names, put, |met| {
            counts.iter_mut().zip(met).for_each(|(all, met)| all.add(met));
            Ok(())
        })?;
    }
    made.iter_mut().zip(counts).for_each(|(made, counts)| made.counts = counts);
    made.try_into().map_err(|_| anyhow::anyhow!("three parts went in"))
}

impl Places<'_> {
    /// Writes the features of those rows of `batch` that belong to this part; `slots` are those of the batch's rows.
    fn put(
        &self,
        batch: &DataFrame,
        first: usize,
        slots: &[u32],
        window: &Range<u32>,
        (pipeline, store): (&Pipeline, &Store),
    ) -> Result<Counts> {
        let here = self.part.rows_of_part(slots, first, window);
        let mut counts = Counts::default();
        let rows = (AT_ONCE / self.width.max(1)).max(1);
        for start in (0..here.in_batch.len()).step_by(rows) {
            let here = here.some(start..here.in_batch.len().min(start + rows));
            let all = here.in_batch.len() == batch.height();
            let some = if all { batch.clone() } else { take(batch, &here.in_batch)? };
            let raw = pipeline.inputs.raw(&some, store.picked(&here.in_table))?;
            let (features, codes) = pipeline.apply_coded(&raw.columns, self.least);
            self.write(&here, &raw, &features, &codes);
            counts.add(raw.counts);
        }
        Ok(counts)
    }

    fn write(&self, here: &RowsOfPart, raw: &Raw, features: &[Vec<f32>], codes: &[Vec<i64>]) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let Memory { sample, x, codes: of_codes } = &mut *memory;
        x.write(|x| put(x, &here.in_part, features));
        if let Some(of_codes) = of_codes {
            of_codes.write(|all| put(all, &here.in_part, codes));
        }
        sample.write(|sample| put(sample, &here.in_part, &raw.columns));
    }
}

/// Writes columns to the rows of a matrix that `places` names, but for those that it does not have.
fn put<T: Copy>(matrix: &mut [T], places: &[u32], columns: &[Vec<T>]) {
    let width = columns.len();
    for (row, &place) in places.iter().enumerate() {
        let Some(cells) = matrix.get_mut(place as usize * width..).and_then(|cells| cells.get_mut(..width)) else {
            continue;
        };
        cells.iter_mut().zip(columns).for_each(|(cell, column)| *cell = column[row]);
    }
}
