//! Where the cells of a table are: in memory, or in a temporary Arrow file.

use super::rows_of_batch;
use crate::data::caught::reason;
use crate::data::table::names;
use anyhow::{Context, Result, anyhow, ensure};
use polars::prelude::*;
use polars_arrow::io::ipc::read::{FileMetadata, prepare_projection, read_batch, read_file_metadata};
use polars_arrow::io::ipc::write::default_ipc_fields;
use std::collections::VecDeque;
use std::fs::File;
use tempfile::NamedTempFile;

/// All cells of a table.
pub(super) enum Cells {
    Memory(DataFrame),
    /// Every record batch but the last has the rows of [`rows_of_batch`].
    File(NamedTempFile, FileMetadata),
}

impl Cells {
    /// One column, all rows.
    pub(super) fn column(&self, name: &str) -> Result<DataFrame> {
        match self {
            Self::Memory(table) => Ok(table.select([name])?),
            Self::File(file, metadata) => {
                let columns = [name.to_string()];
                joined((0..metadata.blocks.len()).map(|index| stored(file, metadata, &columns, index)))
            }
        }
    }

    /// The `count` rows from `first` on, or as many as there are, of some columns: one batch.
    pub(super) fn batch(&self, columns: &[String], first: usize, count: usize) -> Result<DataFrame> {
        let picked = columns.iter().map(String::as_str);
        match self {
            Self::Memory(table) => Ok(table.select(picked)?.slice(first as i64, count)),
            Self::File(file, metadata) => Ok(stored(file, metadata, columns, first / count)?.select(picked)?),
        }
    }
}

/// Columns of one record batch, in the order of the file.
fn stored(file: &NamedTempFile, metadata: &FileMetadata, columns: &[String], index: usize) -> Result<DataFrame> {
    let places = columns.iter().map(|name| metadata.schema.index_of(name));
    let places = places.collect::<Option<Vec<_>>>().context("a column is not in the temporary copy of the table")?;
    let places = prepare_projection(&metadata.schema, places).columns;
    let (mut message, mut data) = (Vec::new(), Vec::new());
    let batch = read_batch(
        &mut reopen(file)?,
        &Default::default(),
        metadata,
        Some(&places),
        None,
        index,
        false,
        &mut message,
        &mut data,
        Default::default(),
    );
    Ok(DataFrame::from(batch.map_err(|error| lost(&error))?))
}

fn reopen(file: &NamedTempFile) -> Result<File> {
    file.reopen().context("the temporary copy of the table: cannot read")
}

fn lost(error: &PolarsError) -> anyhow::Error {
    anyhow!("the temporary copy of the table: {}", reason(error))
}

/// Collects batches, and moves to a file once they are many.
pub(super) struct Writer {
    waiting: VecDeque<DataFrame>,
    /// Rows of `waiting`.
    rows: usize,
    /// Of all batches so far.
    bytes: usize,
    /// Bytes from which on they go to a file.
    in_memory: usize,
    file: Option<Temporary>,
    /// Types of the first batch.
    types: Option<SchemaRef>,
    /// Whether a batch had other types, so that the table is to be read again.
    stale: bool,
}

impl Writer {
    pub(super) fn new(in_memory: usize) -> Self {
        Self { waiting: VecDeque::new(), rows: 0, bytes: 0, in_memory, file: None, types: None, stale: false }
    }

    pub(super) fn take(&mut self, batch: DataFrame) -> Result<()> {
        ensure!(batch.width() > 0, "no column is left");
        self.stale |= self.types.get_or_insert_with(|| batch.schema().clone()) != batch.schema();
        if self.stale {
            self.waiting.clear();
            return Ok(());
        }
        self.bytes += batch.estimated_size();
        self.rows += batch.height();
        self.waiting.push_back(batch);
        if self.bytes > self.in_memory || self.file.is_some() { self.spill(self.batch()) } else { Ok(()) }
    }

    fn batch(&self) -> usize {
        rows_of_batch(self.types.as_ref().map_or(1, |types| types.len()))
    }

    /// Writes the rows that wait, in batches, while there are `least` of them.
    fn spill(&mut self, least: usize) -> Result<()> {
        let batch = self.batch();
        while self.rows >= least.max(1) {
            let rows = self.first(batch)?;
            let writer = match &mut self.file {
                Some((_, writer)) => writer,
                None => &mut self.file.insert(temporary(rows.schema())?).1,
            };
            writer.write_batch(&rows).map_err(full)?;
        }
        Ok(())
    }

    /// Takes out the first `count` of the rows that wait, or all. Those of one batch are not copied.
    fn first(&mut self, count: usize) -> Result<DataFrame> {
        let (mut taken, mut pieces) = (0, Vec::new());
        while taken < count {
            let Some(rows) = self.waiting.pop_front() else { break };
            let here = rows.height().min(count - taken);
            if here < rows.height() {
                self.waiting.push_front(rows.slice(here as i64, rows.height() - here));
            }
            pieces.push(rows.slice(0, here));
            taken += here;
        }
        self.rows -= taken;
        joined(pieces.into_iter().map(Ok))
    }

    /// The types of the columns, and all cells.
    pub(super) fn finish(mut self) -> Result<(Schema, Cells)> {
        ensure!(!self.stale, "the types of its columns change from row to row");
        if self.file.is_some() {
            self.spill(1)?;
        }
        Ok(match self.file.take() {
            Some((file, mut writer)) => {
                writer.finish().map_err(full)?;
                let metadata = read_file_metadata(&mut reopen(&file)?).map_err(|error| lost(&error))?;
                (Schema::from_arrow_schema(&metadata.schema), Cells::File(file, metadata))
            }
            None => {
                let table = joined(self.waiting.into_iter().map(Ok))?;
                ((**table.schema()).clone(), Cells::Memory(table))
            }
        })
    }
}

type Temporary = (NamedTempFile, polars::io::ipc::BatchedWriter<File>);

fn temporary(schema: &Schema) -> Result<Temporary> {
    let file = NamedTempFile::new().map_err(full)?;
    let fields = default_ipc_fields(schema.to_arrow(CompatLevel::newest()).iter_values());
    let writer = IpcWriter::new(file.reopen().map_err(full)?)
        .with_compat_level(CompatLevel::newest())
        .batched(schema, fields)
        .map_err(full)?;
    Ok((file, writer))
}

fn full(error: impl Into<PolarsError>) -> anyhow::Error {
    let (folder, error) = (std::env::temp_dir(), reason(&error.into()));
    anyhow!("{}: cannot write a copy of the table: {error}; set TMPDIR to a folder with room", folder.display())
}

fn joined(batches: impl Iterator<Item = Result<DataFrame>>) -> Result<DataFrame> {
    let mut batches = batches;
    let mut table = batches.next().context("no rows")??;
    for batch in batches {
        table.vstack_mut(&batch?)?;
    }
    table.rechunk_mut();
    ensure!(!names(&table).is_empty(), "no column is left");
    Ok(table)
}
