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
mod sampled;
mod stats;
mod top;

use super::schema::{ColumnSchema, Kind, Role, TableSchema};
use super::table::names;
use crate::choices::names::absent;
use anyhow::{Result, bail, ensure};
use cells::Cells;
use column::Column;
pub use notes::{MOST_CLASSES, Note, NoteKind, ROWS_A_CLASS, are_classes};
use polars::prelude::DataFrame;
use sampled::{Sampled, pair};
use serde::Serialize;
pub use stats::ColumnProfile;
use stats::Stats;

/// Different rows that are counted exactly.
const ROWS: usize = 1 << 20;

/// One column of one batch.
struct Batch {
    hashes: Vec<u64>,
    present: Vec<bool>,
    numbers: Option<Vec<Option<f64>>>,
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
        let batches =
            batch.columns().iter().map(|column| Batch::of(column.as_materialized_series(), &self.display_name));
        let batches: Vec<Batch> = batches.collect::<Result<_>>()?;
        let target = match &self.target {
            None => None,
            Some(name) => match found.iter().position(|other| other == name) {
                Some(at) => Some(at),
                None => bail!("{}: --target: no column {}", self.display_name, absent(name, &found)),
            },
        };
        for (at, column) in self.columns.iter_mut().enumerate() {
            column.see(&batches[at], target.filter(|&target| target != at).map(|target| &batches[target]));
        }
        for row in 0..batch.height() {
            let hash = batches.iter().fold(0, |hash, column| pair(hash, column.hashes[row]));
            self.distinct_rows.see(hash);
        }
        self.rows += batch.height() as u64;
        self.bytes += batch.estimated_size() as u64;
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
        Ok(Self { hashes: cells.hashes(), present: cells.present(), numbers: cells.numbers(), cells })
    }
}

impl TableProfile {
    /// The types and roles that were found, for a schema file. Numbers that are written as text are meant to be
    /// numbers: the schema will find the cells to mend.
    pub fn schema(&self) -> TableSchema {
        let meant = |column: &ColumnProfile| {
            let mut slips = self.notes.iter().filter(|note| note.kind == NoteKind::NumbersAsText);
            if slips.any(|note| note.columns.contains(&column.name)) { Kind::Number } else { column.kind }
        };
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
