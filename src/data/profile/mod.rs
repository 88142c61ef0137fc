//! The profile of a table: what its columns are, what they hold, what is wrong with them.
//!
//! It is gathered batch by batch in bounded memory. Kept are, of each column, up to 65,536 hashes of different values
//! (three times that with a target), 20,000 values with their counts and 65,536 numbers for the quartiles, and of the
//! table 1,048,576 hashes of rows. Up to these limits all numbers are exact; beyond them some are estimates, and are
//! marked as such.

mod cells;
mod column;
mod moments;
mod notes;
mod repeated;
mod sampled;
mod stats;
mod top;

use super::schema::{ColumnSchema, Kind, Role, TableSchema};
use super::table::names;
use crate::choices::names::absent;
use crate::cpu::threads;
use anyhow::{Result, bail, ensure};
use cells::{Cells, Present};
use column::Column;
pub use notes::{MOST_CLASSES, Note, NoteKind, ROWS_A_CLASS, are_classes};
use polars::prelude::DataFrame;
use sampled::{Sampled, mix, pair};
use serde::Serialize;
pub use stats::ColumnProfile;
use stats::Stats;
use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Different rows that are counted exactly.
const ROWS: usize = 1 << 20;

/// One column of one batch.
struct Batch {
    hashes: Vec<u64>,
    present: Present,
    /// NaN where there is none.
    numbers: Option<Vec<f64>>,
    cells: Cells,
}

/// A profile that is still being gathered.
pub struct Profile {
    display_name: String,
    target: Option<String>,
    columns: Vec<Column>,
    rows: u64,
    bytes: u64,
    distinct_rows: Sampled,
}

/// The profile of a whole table.
#[derive(Debug, Serialize)]
pub struct TableProfile {
    pub rows: u64,
    /// Estimated size of the table in memory.
    pub memory_bytes: u64,
    pub duplicate_rows: u64,
    pub duplicate_rows_exact: bool,
    pub target: Option<String>,
    pub columns: Vec<ColumnProfile>,
    pub notes: Vec<Note>,
}

impl Profile {
    /// `shown` is the table's name for errors.
    pub fn new(target: Option<&str>, shown: &str) -> Self {
        Self {
            display_name: shown.into(),
            target: target.map(Into::into),
            columns: vec![],
            rows: 0,
            bytes: 0,
            distinct_rows: Sampled::new(ROWS),
        }
    }

    /// Takes the next rows; every batch has the columns of the first.
    pub fn see(&mut self, batch: &DataFrame) -> Result<()> {
        let found = names(batch);
        if self.columns.is_empty() {
            self.columns = found.iter().map(|name| Column::new(name)).collect();
        }
        let same = self.columns.iter().map(|column| &column.name).eq(&found);
        ensure!(same, "{}: its columns change to {}", self.display_name, found.join(", "));
        let columns = batch.columns();
        let of = |at: usize| Batch::of(columns[at].as_materialized_series(), &self.display_name);
        let batches = threads::map(columns.len(), usize::MAX, of)?;
        let target = match &self.target {
            None => None,
            Some(name) => match found.iter().position(|other| other == name) {
                Some(at) => Some(at),
                None => bail!("{}: --target: no column {}", self.display_name, absent(name, &found)),
            },
        };
        self.see_columns(&batches, target)?;
        self.rows += batch.height() as u64;
        self.bytes += batch.estimated_size() as u64;
        Ok(())
    }

    /// Each column and the rows as a whole are seen by themselves, and so at the same time.
    fn see_columns(&mut self, batches: &[Batch], target: Option<usize>) -> Result<()> {
        let height = batches.first().map_or(0, |batch| batch.hashes.len()) as u64;
        let places: Vec<u64> = (self.rows..self.rows + height).map(mix).collect();
        let (rows, columns) = (Mutex::new(&mut self.distinct_rows), self.columns.iter_mut().map(Mutex::new));
        let columns: Vec<Mutex<&mut Column>> = columns.collect();
        // The rows take longest, and so come first.
        threads::map(batches.len() + 1, usize::MAX, |task| {
            let Some(at) = task.checked_sub(1) else {
                see_rows(&mut locked(&rows), batches);
                return Ok(());
            };
            let target = target.filter(|&target| target != at).map(|target| &batches[target]);
            locked(&columns[at]).see(&batches[at], target, &places);
            Ok(())
        })?;
        Ok(())
    }

    /// The profile; `unreadable` are columns that were not read, each with the reason, `indexes` those that pandas or R wrote
    /// beside the others.
    pub fn finish(self, unreadable: &[(String, String)], indexes: &[String]) -> TableProfile {
        let mut columns: Vec<Stats> = self.columns.into_iter().map(Column::finish).collect();
        columns.iter_mut().for_each(|column| column.is_index = indexes.contains(&column.name));
        let target = self.target.as_deref();
        let duplicates = (self.distinct_rows.repeats(), self.distinct_rows.exact());
        let mut notes = notes::of(&columns, target, self.rows, duplicates);
        notes.extend(unreadable.iter().map(|(name, why)| notes::unreadable(name, why, self.rows)));
        TableProfile {
            rows: self.rows,
            memory_bytes: self.bytes,
            duplicate_rows: duplicates.0,
            duplicate_rows_exact: duplicates.1,
            columns: columns.into_iter().map(|column| column.profile(target)).collect(),
            target: self.target,
            notes,
        }
    }
}

impl Batch {
    fn of(series: &polars::prelude::Series, shown: &str) -> Result<Self> {
        let cells = Cells::of(series, shown)?;
        let present = cells.present();
        Ok(Self { hashes: cells.hashes(&present), numbers: cells.numbers(&present), present, cells })
    }
}

/// Rows whose hashes are made at once: they stay in the processor's cache from column to column.
const CHUNK: usize = 4096;

fn see_rows(distinct: &mut Sampled, batches: &[Batch]) {
    let height = batches.first().map_or(0, |batch| batch.hashes.len());
    for first in (0..height).step_by(CHUNK) {
        let mut rows = vec![0; CHUNK.min(height - first)];
        for batch in batches {
            for (row, hash) in rows.iter_mut().zip(&batch.hashes[first..]) {
                *row = pair(*row, *hash);
            }
        }
        rows.into_iter().for_each(|row| distinct.see(row, 1));
    }
}

/// What only one of the threads asks for.
fn locked<T>(seat: &Mutex<T>) -> MutexGuard<'_, T> {
    seat.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TableProfile {
    /// The types and roles that were found, for a schema file. Numbers that are written as text are meant to be
    /// numbers: the schema will find the cells to mend.
    pub fn schema(&self) -> TableSchema {
        let slips = self.notes.iter().filter(|note| note.kind == NoteKind::NumbersAsText);
        let slips: HashSet<&String> = slips.flat_map(|note| &note.columns).collect();
        let meant = |column: &ColumnProfile| if slips.contains(&column.name) { Kind::Number } else { column.kind };
        let column = |column: &ColumnProfile| ColumnSchema {
            name: column.name.clone(),
            kind: meant(column),
            role: column.role,
            categorical: false,
            nullable: true,
        };
        // A column that is not read stands there too: the table has it.
        let unreadable =
            self.notes.iter().filter(|note| note.kind == NoteKind::Unreadable).flat_map(|note| &note.columns);
        let ignored = unreadable.map(|name| ColumnSchema {
            name: name.clone(),
            kind: Kind::Text,
            role: Role::Ignored,
            categorical: false,
            nullable: true,
        });
        TableSchema { columns: self.columns.iter().map(column).chain(ignored).collect() }
    }
}

#[cfg(test)]
mod tests;
