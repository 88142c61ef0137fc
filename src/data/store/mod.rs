//! A table at hand, read once and typed: in memory while it is small, else in a temporary Arrow file, from which one
//! column at a time or one batch of rows at a time comes back.

mod copy;

use super::location::{Location, Piece};
use super::source::{OnBatch, Source, widen};
use crate::choices::names::absent;
use crate::cpu::doing;
use crate::cpu::threads::{self, AT_ONCE};
use crate::train::observer::Interrupted;
use anyhow::{Context, Result, bail};
use copy::{Cells, Writer};
use polars::prelude::*;
use std::collections::HashSet;
use std::ops::Range;

/// Bytes of cells above which a table goes to the temporary file.
const IN_MEMORY: usize = 48 << 20;
/// Cells of a batch, and the rows that it has at most and at least.
const BATCH: usize = 1 << 23;
const MOST_ROWS: usize = 1 << 16;
const FEWEST_ROWS: usize = 256;

/// Rows of a batch of a table of so many columns.
fn rows_of_batch(columns: usize) -> usize {
    (BATCH / columns.max(1)).clamp(FEWEST_ROWS, MOST_ROWS)
}

/// A table that has been read: all rows of the columns that were asked for.
pub struct Store {
    /// The table's name for errors.
    pub display_name: String,
    /// The files that it was read from.
    pieces: Vec<Piece>,
    /// The first row of each source.
    starts: Vec<usize>,
    schema: Schema,
    height: usize,
    cells: Cells,
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
        let wanted: HashSet<&String> = columns.iter().collect();
        let kept: Vec<String> = first.names().into_iter().filter(|name| wanted.contains(name)).collect();
        for other in others.iter_mut() {
            let names = other.names();
            let there: HashSet<&String> = names.iter().collect();
            if let Some(missing) = kept.iter().find(|name| !there.contains(name)) {
                bail!(
                    "{}: no column {}, which {} has",
                    other.display_name,
                    absent(missing, &names),
                    first.display_name
                );
            }
            other.check_types(first.schema(), &first.display_name, &kept)?;
        }
        loop {
            let joint = joint(sources, &kept);
            let mut writer = Writer::new(in_memory);
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
            // A cell late in the table may have widened its column; what was read before it has the narrower type. What came after
            // it was not kept.
            if self::joint(sources, &kept) == joint {
                let (schema, cells) = writer.finish()?;
                return Ok(Self {
                    display_name: sources[0].display_name.clone(),
                    pieces,
                    starts,
                    schema,
                    height,
                    cells,
                });
            }
        }
    }

    /// A table that is in memory already.
    #[cfg(test)]
    pub fn of(table: DataFrame, shown: &str) -> Self {
        let (schema, height) = ((**table.schema()).clone(), table.height());
        Self {
            display_name: shown.into(),
            pieces: vec![],
            starts: vec![0],
            schema,
            height,
            cells: Cells::Memory(table),
        }
    }

    /// The rows that came from source `index`.
    pub fn rows_of(&self, index: usize) -> Range<usize> {
        let start = |index: usize| self.starts.get(index).copied().unwrap_or(self.height);
        start(index)..start(index + 1)
    }

    /// Where a batch stands that comes after `first` rows, for errors.
    pub fn after(&self, first: usize) -> Location<'_> {
        Location::after(&self.display_name, first).of(&self.pieces)
    }

    /// Where single rows stand, for errors.
    pub fn picked<'a>(&'a self, rows: &'a [u32]) -> Location<'a> {
        Location::picked(&self.display_name, rows).of(&self.pieces)
    }

    pub fn height(&self) -> usize {
        self.height
    }

    pub fn names(&self) -> Vec<String> {
        self.schema.iter_names().map(|name| name.to_string()).collect()
    }

    /// The type of a column.
    pub fn dtype(&self, name: &str) -> Result<&DataType> {
        self.schema.get(name).with_context(|| format!("{}: no column {name}", self.display_name))
    }

    /// Rows of a batch.
    fn batch(&self) -> usize {
        rows_of_batch(self.schema.len())
    }

    /// One column, all rows, as a table of its own.
    pub fn column(&self, name: &str) -> Result<DataFrame> {
        self.cells.column(name)
    }

    /// Calls `see` with each batch of some ten thousand rows, in order, and with the number of rows before it.
    pub fn batches(&self, columns: &[String], see: &mut OnBatch<'_>) -> Result<()> {
        doing::begin(READY);
        for first in (0..self.height).step_by(self.batch()) {
            Interrupted::check("the rows were made ready")?;
            see(self.cells.batch(columns, first, self.batch())?, first)?;
            doing::add(self.batch());
        }
        Ok(())
    }

    /// Gives what `work` makes of each batch, and of the number of rows before it, to `see`, in order. Several batches are worked on
    /// at once.
    pub fn each<T: Send>(
        &self,
        columns: &[String],
        work: impl Fn(DataFrame, usize) -> Result<T> + Sync,
        mut see: impl FnMut(T) -> Result<()>,
    ) -> Result<()> {
        doing::begin(READY);
        let firsts = (0..self.height).step_by(self.batch());
        let work = |first: usize| work(self.cells.batch(columns, first, self.batch())?, first);
        threads::ordered(firsts, AT_ONCE, work, |made: Result<T>| {
            Interrupted::check("the rows were made ready")?;
            doing::add(self.batch());
            see(made?)
        })
    }
}

/// What is shown while a table that has been read is gone through.
const READY: &str = "rows made ready";

/// For each column in `kept` the type that fits its cells in every source.
fn joint(sources: &[Source], kept: &[String]) -> Schema {
    let mut joint = Schema::default();
    let kept: HashSet<&str> = kept.iter().map(String::as_str).collect();
    for source in sources {
        let of = source.schema().iter().filter(|(name, _)| kept.contains(name.as_str()));
        let of: Schema = of.map(|(name, dtype)| Field::new(name.clone(), dtype.clone())).collect();
        if joint.is_empty() {
            joint = of
        } else {
            widen(&mut joint, &of);
        }
    }
    joint
}

#[cfg(test)]
mod tests {
    use super::super::source::ReadOptions;
    use super::*;

    #[test]
    fn a_table_on_disk_is_the_same_as_in_memory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        let rows: String = (0..3 * MOST_ROWS / 2).map(|row| format!("{row},{}.5,word{}\n", row % 7, row % 3)).collect();
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
