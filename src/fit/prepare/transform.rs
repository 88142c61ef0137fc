//! The rows of the parts as the network sees them, batch by batch, several batches at once.

use super::{PartRows, RowsOfPart, SAMPLE};
use crate::data::store::Store;
use crate::preprocess::inputs::{Counts, Raw};
use crate::preprocess::pipeline::Pipeline;
use crate::preprocess::split::take;
use crate::torch::memory::{Doubles, Floats};
use anyhow::Result;
use polars::prelude::DataFrame;
use std::sync::{Mutex, PoisonError};
use tch::{Device, Kind, Tensor};

/// A part as the network sees it.
pub(super) struct Transformed {
    pub part: PartRows,
    pub raw: Tensor,
    pub x: Tensor,
    pub counts: Counts,
}

/// Features that a batch is made into at once: 64 MiB of them.
const AT_ONCE: usize = 1 << 24;

/// Where the rows of a part go. Threads take turns at it.
struct Places<'a> {
    part: &'a PartRows,
    memory: Mutex<(Doubles, Floats)>,
    inputs: usize,
    features: usize,
}

/// Reads the table once, and writes each row's features to its place in the tensors of its part. They are computed as the model
/// file's `forward` computes them, to the bit ([`Pipeline::apply`]).
pub(super) fn transform(
    store: &Store,
    pipeline: &Pipeline,
    parts: [PartRows; 3],
    slots: &[u32],
) -> Result<[Transformed; 3]> {
    let (names, features) = (pipeline.inputs.names(), pipeline.features().len());
    let mut made = Vec::new();
    for part in parts {
        let (n, dropped_rows) = (part.rows.len(), part.dropped);
        let raw = Tensor::f_zeros([n.min(SAMPLE) as i64, names.len() as i64], (Kind::Double, Device::Cpu))?;
        let x = Tensor::f_zeros([n as i64, features as i64], (Kind::Float, Device::Cpu))?;
        made.push(Transformed { part, raw, x, counts: Counts { dropped_rows, ..Counts::default() } });
    }
    let mut counts: Vec<Counts> = made.iter().map(|made: &Transformed| made.counts.clone()).collect();
    let places = made.iter().map(|made| {
        let memory = Mutex::new((Doubles::of(&made.raw)?, Floats::of(&made.x)?));
        anyhow::Ok(Places { part: &made.part, memory, inputs: names.len(), features })
    });
    let places = places.collect::<Result<Vec<_>>>()?;
    let put = |batch: DataFrame, first: usize| {
        let slots = &slots[first..first + batch.height()];
        places.iter().map(|places| places.put(&batch, first, slots, pipeline, store)).collect::<Result<Vec<_>>>()
    };
    store.each(&names, put, |met| {
        counts.iter_mut().zip(met).for_each(|(all, met)| all.add(met));
        Ok(())
    })?;
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
        pipeline: &Pipeline,
        store: &Store,
    ) -> Result<Counts> {
        let here = self.part.rows_of_part(slots, first);
        let mut counts = Counts::default();
        let rows = (AT_ONCE / self.features.max(1)).max(1);
        for start in (0..here.in_batch.len()).step_by(rows) {
            let here = here.some(start..here.in_batch.len().min(start + rows));
            let all = here.in_batch.len() == batch.height();
            let some = if all { batch.clone() } else { take(batch, &here.in_batch)? };
            let raw = pipeline.inputs.raw(&some, store.picked(&here.in_table))?;
            self.write(&here, &raw, &pipeline.apply(&raw.columns));
            counts.add(raw.counts);
        }
        Ok(counts)
    }

    fn write(&self, here: &RowsOfPart, raw: &Raw, features: &[Vec<f32>]) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let (sample, x) = &mut *memory;
        x.write(|x| {
            for (row, &place) in here.in_part.iter().enumerate() {
                let cells = &mut x[place as usize * self.features..][..self.features];
                cells.iter_mut().zip(features).for_each(|(cell, column)| *cell = column[row]);
            }
        });
        sample.write(|sample| {
            let sampled = here.in_part.iter().enumerate().filter(|(_, place)| (**place as usize) < SAMPLE);
            for (row, &place) in sampled {
                let cells = &mut sample[place as usize * self.inputs..][..self.inputs];
                cells.iter_mut().zip(&raw.columns).for_each(|(cell, column)| *cell = column[row]);
            }
        });
    }
}
