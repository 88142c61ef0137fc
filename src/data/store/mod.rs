//! A table at hand, read once and typed: in memory while it is small, else in a temporary Parquet file, from which one
//! column at a time or one batch of rows at a time comes back.

use super::caught::reason;
use super::place::{Piece, Place};
use super::source::{See, Source, widen};
use super::table::names;
use crate::choices::names::unknown;
use crate::cpu::threads;
use anyhow::{Context, Result, anyhow, bail, ensure};
use polars::io::parquet::metadata::FileMetadataRef;
use polars::prelude::*;
use std::fs::File;
use std::ops::Range;
use tempfile::NamedTempFile;

/// Bytes of cells above which a table goes to the temporary file.
const IN_MEMORY: usize = 128 << 20;
/// Rows of a batch.
pub const BATCH: usize = 1 << 16;

/// The columns that were kept, all rows.
pub struct Store {
    /// The table's name for errors.
    pub shown: String,
    /// Its files.
    pieces: Vec<Piece>,
    /// The first row of each source.
    starts: Vec<usize>,
    schema: Schema,
    height: usize,
    cells: Cells,
}

enum Cells {
    Memory(DataFrame),
    File(NamedTempFile, FileMetadataRef),
}

impl Store {
    /// Reads `columns` of the `sources`, one after the other, into one table.
    ///
    /// # Errors
    /// Those of the sources, a source without one of the columns, or with text where the first has none; a temporary
    /// folder (`TMPDIR`) without room for a table that is larger than memory.
    pub fn read(sources: &mut [Source], columns: &[String]) -> Result<Self> {
        Self::read_with(sources, columns, IN_MEMORY)
    }

    fn read_with(sources: &mut [Source], columns: &[String], in_memory: usize) -> Result<Self> {
        let (first, others) = sources.split_first_mut().context("no table to read")?;
        // The columns' order is the first table's own.
        let kept: Vec<String> = first.names().into_iter().filter(|name| columns.contains(name)).collect();
        for other in others.iter_mut() {
            let names = other.names();
            if let Some(missing) = kept.iter().find(|name| !names.contains(name)) {
                bail!("{}: no column {}, which {} has", other.shown, unknown(missing, &names), first.shown);
            }
            other.check_types(first.schema(), &first.shown, &kept)?;
        }
        loop {
            let joint = joint(sources, &kept);
            let mut writer = Writer { waiting: vec![], bytes: 0, in_memory, file: None };
            let (mut pieces, mut starts, mut height) = (Vec::new(), Vec::new(), 0);
            let read = |give: &mut dyn FnMut(DataFrame) -> Result<()>| {
                for source in sources.iter_mut() {
                    source.widen_to(&joint);
                    starts.push(height);
                    let before = height;
                    source.batches(Some(&kept), &mut |batch, _| {
                        height += batch.height();
                        give(batch.select(kept.iter().map(String::as_str))?)
                    })?;
                    let of = |piece: &Piece| Piece { file: piece.file.clone(), first: before + piece.first };
                    pieces.extend(source.pieces.iter().map(of));
                }
                Ok(())
            };
            threads::behind(|batch| writer.take(batch), read)?;
            // A cell late in the table may have widened its column; what was read before it has the narrower type.
            if self::joint(sources, &kept) == joint {
                return writer.finish(Self {
                    shown: sources[0].shown.clone(),
                    pieces,
                    starts,
                    height,
                    ..Self::empty()
                });
            }
        }
    }

    fn empty() -> Self {
        let (schema, cells) = (Schema::default(), Cells::Memory(DataFrame::empty()));
        Self { shown: String::new(), pieces: vec![], starts: vec![], schema, height: 0, cells }
    }

    /// A table that is in memory already.
    pub fn of(table: DataFrame, shown: &str) -> Self {
        let (schema, height) = ((**table.schema()).clone(), table.height());
        Self { shown: shown.into(), starts: vec![0], schema, height, cells: Cells::Memory(table), ..Self::empty() }
    }

    /// The rows that came from source `index`.
    pub fn rows_of(&self, index: usize) -> Range<usize> {
        let start = |index: usize| self.starts.get(index).copied().unwrap_or(self.height);
        start(index)..start(index + 1)
    }

    /// Where a batch after `first` rows stands.
    pub fn after(&self, first: usize) -> Place<'_> {
        Place::after(&self.shown, first).of(&self.pieces)
    }

    /// Where picked rows stand.
    pub fn picked<'a>(&'a self, rows: &'a [u32]) -> Place<'a> {
        Place::picked(&self.shown, rows).of(&self.pieces)
    }

    pub fn height(&self) -> usize {
        self.height
    }

    pub fn names(&self) -> Vec<String> {
        self.schema.iter_names().map(|name| name.to_string()).collect()
    }

    /// The type of a column.
    pub fn dtype(&self, name: &str) -> Result<&DataType> {
        self.schema.get(name).with_context(|| format!("{}: no column {name}", self.shown))
    }

    /// One column, all rows, as a table of its own.
    pub fn column(&self, name: &str) -> Result<DataFrame> {
        match &self.cells {
            Cells::Memory(table) => Ok(table.select([name])?),
            Cells::File(file, metadata) => {
                let reader = reader(file, metadata, vec![name.into()])?;
                Ok(reader.set_rechunk(true).finish().map_err(|error| lost(&error))?)
            }
        }
    }

    /// Gives batches of [`BATCH`] rows to `see`, in order, with the number of rows before each.
    pub fn batches(&self, columns: &[String], see: &mut See<'_>) -> Result<()> {
        for first in (0..self.height).step_by(BATCH) {
            let batch = match &self.cells {
                Cells::Memory(table) => table.select(columns.iter().map(String::as_str))?.slice(first as i64, BATCH),
                Cells::File(file, metadata) => {
                    let reader = reader(file, metadata, columns.to_vec())?;
                    reader.with_slice(Some((first, BATCH))).finish().map_err(|error| lost(&error))?
                }
            };
            see(batch, first)?;
        }
        Ok(())
    }
}

/// The types that hold the columns `kept` of every source.
fn joint(sources: &[Source], kept: &[String]) -> Schema {
    let mut joint = Schema::default();
    for source in sources {
        let of = source.schema().iter().filter(|(name, _)| kept.iter().any(|kept| *name == kept.as_str()));
        let of: Schema = of.map(|(name, dtype)| Field::new(name.clone(), dtype.clone())).collect();
        if joint.is_empty() {
            joint = of
        } else {
            widen(&mut joint, &of);
        }
    }
    joint
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
struct Writer {
    waiting: Vec<DataFrame>,
    bytes: usize,
    in_memory: usize,
    file: Option<Temporary>,
}

impl Writer {
    fn take(&mut self, batch: DataFrame) -> Result<()> {
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

    fn finish(mut self, store: Store) -> Result<Store> {
        let (schema, cells) = match self.file.take() {
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
        };
        Ok(Store { schema, cells, ..store })
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

#[cfg(test)]
mod tests {
    use super::super::source::ReadOptions;
    use super::*;

    #[test]
    fn a_table_on_disk_is_the_same_as_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        let rows: String = (0..3 * BATCH / 2).map(|row| format!("{row},{}.5,word{}\n", row % 7, row % 3)).collect();
        std::fs::write(&path, format!("n,x,s\n{rows}")).unwrap();
        let columns = ["s".to_string(), "n".to_string()];
        let read = |in_memory| {
            let source = Source::open(&path, &ReadOptions::default()).unwrap();
            Store::read_with(&mut [source], &columns, in_memory).unwrap()
        };
        let (memory, file) = (read(IN_MEMORY), read(0));
        assert!(matches!((&memory.cells, &file.cells), (Cells::Memory(_), Cells::File(..))));
        assert_eq!((memory.names(), memory.height()), (file.names(), file.height()));
        assert_eq!(memory.names(), ["n", "s"], "in the order of the table");
        for name in &columns {
            assert!(memory.column(name).unwrap().equals(&file.column(name).unwrap()), "{name}");
        }
        let batches = |store: &Store| {
            let mut all = Vec::new();
            store
                .batches(&columns, &mut |batch, first| {
                    all.push((batch, first));
                    Ok(())
                })
                .unwrap();
            all
        };
        let (ours, theirs) = (batches(&memory), batches(&file));
        assert_eq!(ours.len(), 2);
        for ((batch, first), (other, place)) in ours.iter().zip(&theirs) {
            assert!(batch.equals(other) && first == place);
        }
    }
}
