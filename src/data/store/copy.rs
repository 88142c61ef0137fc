//! Where the cells of a table are: in memory, or in a temporary Parquet file.

use super::BATCH;
use crate::data::caught::reason;
use crate::data::table::names;
use anyhow::{Context, Result, anyhow, ensure};
use polars::io::parquet::metadata::FileMetadataRef;
use polars::prelude::*;
use std::fs::File;
use tempfile::NamedTempFile;

/// All cells of a table.
pub(super) enum Cells {
    Memory(DataFrame),
    File(NamedTempFile, FileMetadataRef),
}

impl Cells {
    /// One column, all rows.
    pub(super) fn column(&self, name: &str) -> Result<DataFrame> {
        match self {
            Self::Memory(table) => Ok(table.select([name])?),
            Self::File(file, metadata) => {
                let reader = reader(file, metadata, vec![name.into()])?;
                reader.set_rechunk(true).finish().map_err(|error| lost(&error))
            }
        }
    }

    /// The rows from `first` on, at most `count`, of some columns.
    pub(super) fn rows(&self, columns: &[String], first: usize, count: usize) -> Result<DataFrame> {
        match self {
            Self::Memory(table) => Ok(table.select(columns.iter().map(String::as_str))?.slice(first as i64, count)),
            Self::File(file, metadata) => {
                let reader = reader(file, metadata, columns.to_vec())?;
                reader.with_slice(Some((first, count))).finish().map_err(|error| lost(&error))
            }
        }
    }
}

/// Reads columns of the temporary file, whose footer is known.
fn reader(file: &NamedTempFile, metadata: &FileMetadataRef, columns: Vec<String>) -> Result<ParquetReader<File>> {
    let mut reader = ParquetReader::new(reopen(file)?).with_columns(Some(columns));
    reader.set_metadata(metadata.clone());
    Ok(reader)
}

fn reopen(file: &NamedTempFile) -> Result<File> {
    file.reopen().context("the temporary copy of the table: cannot read")
}

fn lost(error: &PolarsError) -> anyhow::Error {
    anyhow!("the temporary copy of the table: {}", reason(error))
}

/// Collects batches, and moves to a file once they are many.
pub(super) struct Writer {
    waiting: Vec<DataFrame>,
    /// Of all batches so far.
    bytes: usize,
    /// Bytes from which on they go to a file.
    in_memory: usize,
    file: Option<Temporary>,
}

impl Writer {
    pub(super) fn new(in_memory: usize) -> Self {
        Self { waiting: vec![], bytes: 0, in_memory, file: None }
    }

    pub(super) fn take(&mut self, batch: DataFrame) -> Result<()> {
        ensure!(batch.width() > 0, "no column is left");
        self.bytes += batch.estimated_size();
        self.waiting.push(batch);
        if self.bytes > self.in_memory || self.file.is_some() { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<()> {
        for mut batch in std::mem::take(&mut self.waiting) {
            if self.file.is_none() {
                self.file = Some(temporary(batch.schema())?);
            }
            let Some((_, writer)) = &mut self.file else { continue };
            batch.rechunk_mut();
            for first in (0..batch.height()).step_by(BATCH) {
                writer.write_batch(&batch.slice(first as i64, BATCH)).map_err(full)?;
            }
        }
        Ok(())
    }

    /// The types of the columns, and all cells.
    pub(super) fn finish(mut self) -> Result<(Schema, Cells)> {
        Ok(match self.file.take() {
            Some((file, writer)) => {
                writer.finish().map_err(full)?;
                let mut reader = ParquetReader::new(reopen(&file)?);
                let schema = reader.schema().map_err(|error| lost(&error))?;
                let metadata = reader.get_metadata().map_err(|error| lost(&error))?.clone();
                (Schema::from_arrow_schema(&schema), Cells::File(file, metadata))
            }
            None => {
                let table = joined(self.waiting)?;
                ((**table.schema()).clone(), Cells::Memory(table))
            }
        })
    }
}

type Temporary = (NamedTempFile, polars::io::parquet::write::BatchedWriter<File>);

fn temporary(schema: &Schema) -> Result<Temporary> {
    let file = NamedTempFile::new().map_err(full)?;
    let writer = ParquetWriter::new(file.reopen().map_err(full)?)
        .with_compression(ParquetCompression::Uncompressed)
        .with_statistics(StatisticsOptions::empty())
        .batched(schema)
        .map_err(full)?;
    Ok((file, writer))
}

fn full(error: impl Into<PolarsError>) -> anyhow::Error {
    let (folder, error) = (std::env::temp_dir(), reason(&error.into()));
    anyhow!("{}: cannot write a copy of the table: {error}; set TMPDIR to a folder with room", folder.display())
}

fn joined(batches: Vec<DataFrame>) -> Result<DataFrame> {
    let mut batches = batches.into_iter();
    let mut table = batches.next().context("no rows")?;
    for batch in batches {
        table.vstack_mut(&batch)?;
    }
    table.rechunk_mut();
    ensure!(!names(&table).is_empty(), "no column is left");
    Ok(table)
}
