//! The batches of a table, file by file, and the columns at which a file cannot be read.

use super::files::open;
use super::stdin::Stdin;
use super::types::{converted, read_as, wider};
use super::{Give, OnBatch, Source, columnar, delimited, json, text, workbook};
use crate::cpu::{doing, room};
use crate::data::location::{Location, Piece};
use crate::data::table::Format;
use crate::data::zones::wall;
use crate::train::observer::Interrupted;
use anyhow::{Result, anyhow, bail, ensure};
use polars::prelude::*;
use std::path::Path;

/// Batches after which memory that was freed is given back: each of the threads that read keeps some, and more with every batch.
const TRIM: usize = 16;

impl Source {
    /// Gives every batch to `see`, in order; with `columns` only those are read.
    ///
    /// # Errors
    /// A column of those asked for that cannot be read, a cell that is not of its pinned type.
    pub fn batches(&mut self, columns: Option<&[String]>, see: &mut OnBatch<'_>) -> Result<()> {
        self.each(columns, |batch, first| (batch, first), &mut |(batch, first)| see(batch, first))
    }

    /// Gives what `work` makes of every batch, and of the number of rows before it, to `see`, in order. Several batches are worked
    /// on at once.
    ///
    /// # Errors
    /// As [`Source::batches`].
    pub fn each<T: Send>(
        &mut self,
        columns: Option<&[String]>,
        work: impl Fn(DataFrame, usize) -> T + Sync,
        see: &mut dyn FnMut(T) -> Result<()>,
    ) -> Result<()> {
        let broken = self.unreadable();
        let asked = |name: &String| columns.is_some_and(|columns| columns.contains(name));
        if let Some((_, why)) = broken.iter().find(|(name, _)| asked(name)) {
            bail!("{}: {why}", self.display_name);
        }
        let (mut theirs, mut batches) = (false, 0_usize);
        let mut watched = |made: T| {
            batches += 1;
            if batches.is_multiple_of(TRIM) {
                room::give_back();
            }
            Interrupted::check("the table was read").and_then(|()| see(made)).inspect_err(|_| theirs = true)
        };
        let Err(error) = self.read_all(columns, &work, &mut watched) else { return Ok(()) };
        // Whatever became of the reading, it was ended.
        Interrupted::check("the table was read")?;
        let names = columns.map_or_else(|| self.names(), <[String]>::to_vec);
        let why = if theirs { None } else { names.iter().find_map(|name| self.broken_column(name)) };
        Err(why.map_or(error, |why| anyhow!("{}: {why}", self.display_name)))
    }

    fn read_all<T: Send>(
        &mut self,
        columns: Option<&[String]>,
        work: &(impl Fn(DataFrame, usize) -> T + Sync),
        see: &mut dyn FnMut(T) -> Result<()>,
    ) -> Result<()> {
        let readable = |(name, dtype): (&PlSmallStr, &DataType)| read_as(dtype).map(|_| name.to_string());
        let readable: Vec<String> = self.schema.iter().filter_map(readable).collect();
        let columns = columns.or((!self.broken.is_empty()).then_some(readable.as_slice()));
        let mut first = 0;
        doing::begin("rows read");
        self.pieces.clear();
        for index in 0..self.files.len() {
            self.pieces.push(Piece { file: self.name_of(index), first });
            let mut height = 0;
            let (shown, pinned, meaning) = (self.name_of(index), self.pinned.clone(), self.meaning.clone());
            let types = self.schema.clone();
            let finish = |batch: DataFrame, before: usize| {
                let batch = meaning.apply(&plain(batch, &types, &shown)?, before, &shown)?;
                let batch = pinned.typed(&batch, before, &shown)?;
                doing::add(batch.height());
                Ok((before + batch.height(), work(batch, first + before)))
            };
            let mut see = |(rows, made): (usize, T)| {
                height = rows;
                see(made)
            };
            self.read(index, &shown, columns, Give { finish: &finish, see: &mut see })?;
            first += height;
        }
        ensure!(first > 0, "{}: no rows, expected one at least", self.display_name);
        Ok(())
    }

    /// Gives the batches of one file.
    fn read<T: Send>(
        &mut self,
        index: usize,
        shown: &str,
        columns: Option<&[String]>,
        give: Give<'_, T>,
    ) -> Result<()> {
        let (path, options) = (&self.files[index], &self.options);
        let live = self.stdin.take_if(|stdin| matches!(stdin, Stdin::Live(_)));
        let text = || match live {
            Some(Stdin::Live(live)) => text::text(live.bytes(), &options.encoding, shown),
            _ => text::text(open(path, shown)?, &options.encoding, shown),
        };
        match self.format {
            Format::Csv | Format::Tsv => {
                let reader = delimited::Reader::new(options, Location::start(shown));
                reader.read(text()?, &mut self.schema, columns, give)
            }
            Format::Ndjson | Format::Json => {
                json::Reader::new(options, Location::start(shown)).read(text()?, &self.schema, columns, give)
            }
            Format::Parquet => columnar::parquet(path, shown, columns, give),
            Format::Ipc => columnar::ipc(path, shown, columns, give),
            Format::Xlsx => {
                let table = self.workbook(path, shown)?;
                let picked = columns.map(|columns| table.select(columns.iter().map(String::as_str))).transpose()?;
                (give.see)((give.finish)(picked.unwrap_or(table), 0)?)
            }
        }
    }

    pub(super) fn workbook(&self, path: &Path, shown: &str) -> Result<DataFrame> {
        workbook::read(path, shown, &self.options)
    }

    /// Looks for columns at which the reading fails and leaves them out from now on, so that the others can be read. False
    /// if there are none.
    pub fn leave_out_broken(&mut self) -> bool {
        let mut found = false;
        for name in self.names() {
            let readable = self.schema.get(name.as_str()).is_some_and(|dtype| read_as(dtype).is_some());
            if let Some(why) = self.broken_column(&name).filter(|_| readable) {
                self.schema.set_dtype(&name, DataType::Unknown(UnknownKind::Any));
                self.broken.push((name, why));
                found = true;
            }
        }
        found
    }

    /// Why a column of Parquet or Arrow cannot be read, if it cannot.
    fn broken_column(&mut self, name: &str) -> Option<String> {
        if !matches!(self.format, Format::Parquet | Format::Ipc) {
            return None;
        }
        let error = self.read_all(Some(&[name.to_string()]), &|_, _| (), &mut |()| Ok(())).err()?.to_string();
        let why = error.strip_prefix(&format!("{}: ", self.display_name)).unwrap_or(&error);
        // pandas leaves -1 below a gap, which polars' reader of Arrow files takes for a key.
        let gaps = why.contains("dictionary key");
        let why = if gaps {
            "categories with gaps, as pandas writes them to Arrow streams; write Parquet instead"
        } else {
            why
        };
        let named = why.contains(&format!("column {name} "));
        Some(if named { why.into() } else { format!("column {name}: {why}; leave it out with --drop {name}") })
    }
}

/// The columns in the types that all files of the table have in common.
fn plain(batch: DataFrame, types: &Schema, shown: &str) -> Result<DataFrame> {
    let column = |column: &Column| {
        let mut column = converted(column, shown)?;
        if let Some(DataType::Datetime(_, None)) = types.get(column.name()) {
            column = wall(column.as_materialized_series(), shown)?.into_column();
        }
        // Never to a narrower type: a batch may have been widened since the types were found.
        let wide = types.get(column.name()).map(|dtype| wider(dtype, column.dtype()));
        match wide {
            Some(dtype) if dtype != *column.dtype() => Ok(column.cast(&dtype)?),
            _ => Ok(column),
        }
    };
    let columns = batch.columns().iter().map(column).collect::<Result<Vec<_>>>()?;
    Ok(DataFrame::new(batch.height(), columns)?)
}
