//! A user's table as a stream of typed batches: one file, several (`*`, a folder), or standard input, in bounded memory.
//!
//! Types are inferred from the cells. Those of a CSV's first block hold until a later cell does not fit; its column is then
//! widened, from whole numbers to numbers, from anything to text, and [`Source::schema`] gives the wider type.

mod array_lines;
pub mod blocks;
mod columnar;
mod delimited;
mod files;
mod header;
mod json;
mod json_row;
mod meaning;
mod options;
mod rows;
mod text;
mod types;
mod workbook;

pub use options::ReadOptions;
pub(crate) use types::widen;

use super::dates::Formats;
use super::location::{Location, Piece};
use super::schema::TableSchema;
use super::table::Format;
use crate::runs::files::sha256;
use anyhow::{Context, Result, anyhow, bail, ensure};
use files::{expand, open, standard_input};
use meaning::CellMeaning;
use polars::prelude::*;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use types::{converted, read_as, unreadable};

/// Called with each batch of rows, and with the number of rows that came before it.
pub type OnBatch<'a> = dyn FnMut(DataFrame, usize) -> Result<()> + 'a;

/// A table in one file, in several, or on standard input, which can be read any number of times.
pub struct Source {
    /// As the user wrote it.
    pub display_name: String,
    files: Vec<PathBuf>,
    format: Format,
    options: ReadOptions,
    schema: Schema,
    /// What cells mean: which are missing, which are dates.
    meaning: CellMeaning,
    /// The types that a schema fixes for some of the columns.
    pinned: TableSchema,
    /// Columns that turned out not to be readable, each with the reason.
    broken: Vec<(String, String)>,
    /// The files, each with the number of rows before it, as the last reading found them.
    pub pieces: Vec<Piece>,
    /// Standard input, copied so that it can be read again.
    _stdin: Option<NamedTempFile>,
}

/// The whole of a small table, read as `fit` reads it.
pub fn read_table(place: &Path) -> Result<DataFrame> {
    Source::open(place, &ReadOptions::default())?.collect()
}

impl Source {
    /// Opens `place`: a file, a pattern such as `part-*.csv`, a folder, or `-` for standard input.
    ///
    /// # Errors
    /// Options that no table can be read with; a file that cannot be read or has no rows, files with different columns, a
    /// column name that stands twice, text that is in another encoding, rows of different lengths, a row of more than 64
    /// MiB.
    pub fn open(place: &Path, options: &ReadOptions) -> Result<Self> {
        options.check()?;
        let shown = place.display().to_string();
        let (files, stdin) = match shown.as_str() {
            "-" => {
                let copy = standard_input()?;
                (vec![copy.path().to_path_buf()], Some(copy))
            }
            _ => (expand(place, &shown)?, None),
        };
        if stdin.is_none() && !files[0].exists() {
            bail!("{shown}: cannot read: No such file or directory");
        }
        let format = match (options.format, &stdin) {
            (Some(format), _) => format,
            (None, Some(_)) => Format::Csv,
            (None, None) => Format::of(&files[0])?,
        };
        let mut options = options.clone();
        if format == Format::Tsv && options.delimiter == "auto" {
            options.delimiter = "tab".into();
        }
        let mut source = Self {
            display_name: if stdin.is_some() { "standard input".into() } else { shown },
            files,
            format,
            meaning: CellMeaning::of(&options)?,
            options,
            schema: Schema::default(),
            pinned: TableSchema { columns: vec![] },
            broken: vec![],
            pieces: vec![],
            _stdin: stdin,
        };
        source.schema = source.first_schema(0)?;
        for file in 1..source.files.len() {
            let other = source.first_schema(file)?;
            source.same_columns(&other, file)?;
        }
        source.check_dates()?;
        Ok(source)
    }

    /// The whole of a small table.
    pub fn collect(&mut self) -> Result<DataFrame> {
        let mut table: Option<DataFrame> = None;
        loop {
            let before = self.schema.clone();
            self.batches(None, &mut |batch, _| {
                match &mut table {
                    Some(table) => _ = table.vstack_mut(&batch)?,
                    None => table = Some(batch),
                }
                Ok(())
            })?;
            // A cell late in the table may have widened its column.
            if self.schema == before {
                return table.with_context(|| format!("{}: no rows", self.display_name));
            }
            table = None;
        }
    }

    /// Gives columns of dates that have a format of their own to their readers as they are written.
    fn check_dates(&mut self) -> Result<()> {
        let formats = Formats::parse(&self.options.date_format)?;
        for name in formats.columns() {
            ensure!(self.schema.contains(name), "{}: --date-format: no column {name}", self.display_name);
            self.pin_text(name);
        }
        Ok(())
    }

    /// The names and types of the columns, as far as they are known.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    pub fn names(&self) -> Vec<String> {
        self.schema.iter_names().map(|name| name.to_string()).collect()
    }

    /// The size of all its files in bytes.
    pub fn bytes(&self) -> Result<u64> {
        let size = |(index, file): (usize, &PathBuf)| {
            Ok(std::fs::metadata(file).with_context(|| format!("{}: cannot read", self.name_of(index)))?.len())
        };
        self.files.iter().enumerate().map(size).sum()
    }

    /// SHA-256 of the content.
    pub fn sha256(&self) -> Result<String> {
        sha256(&self.files)
    }

    /// Columns of which no number, text or date can be made, each with the reason.
    pub fn unreadable(&self) -> Vec<(String, String)> {
        let columns = self.schema.iter().filter(|(_, dtype)| read_as(dtype).is_none());
        let why = |name: &str, dtype: &DataType| match self.broken.iter().find(|(broken, _)| broken == name) {
            Some((_, why)) => why.clone(),
            None => unreadable(name, dtype),
        };
        columns.map(|(name, dtype)| (name.to_string(), why(name, dtype))).collect()
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
        let error = self.read_all(Some(&[name.to_string()]), &mut |_, _| Ok(())).err()?.to_string();
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

    /// Reads the columns in `pinned` with the types given there. In a CSV their cells are taken as text first, so that
    /// nothing is lost before the type is applied.
    pub fn pin(&mut self, pinned: TableSchema) {
        pinned.names().into_iter().for_each(|name| self.pin_text(name));
        self.pinned = pinned;
    }

    /// Reads a column of a CSV as text, whatever it looks like: `007` stays `007`.
    pub fn as_written(&mut self, name: &str) {
        self.pin_text(name);
        self.meaning.leave(name);
    }

    fn pin_text(&mut self, name: &str) {
        if matches!(self.format, Format::Csv | Format::Tsv) && self.schema.contains(name) {
            self.schema.set_dtype(name, DataType::String);
        }
    }

    /// Whether the columns can be read as those of another table, which is called `shown`.
    ///
    /// # Errors
    /// A column of text here that is none in `other`.
    pub fn check_types(&self, other: &Schema, shown: &str, columns: &[String]) -> Result<()> {
        for name in columns {
            let (Some(ours), Some(theirs)) = (self.schema.get(name.as_str()), other.get(name.as_str())) else {
                continue;
            };
            let text = *ours == DataType::String && !matches!(theirs, DataType::String | DataType::Null);
            ensure!(!text, "{}: column {name} is text, expected {theirs} as in {shown}", self.display_name);
        }
        Ok(())
    }

    /// Widens the types of the columns so that the cells of another table fit them too.
    pub fn widen_to(&mut self, other: &Schema) {
        widen(&mut self.schema, other);
    }

    /// Gives every batch to `see`, in order; with `columns` only those are read.
    ///
    /// # Errors
    /// A column of those asked for that cannot be read, a cell that is not of its pinned type.
    pub fn batches(&mut self, columns: Option<&[String]>, see: &mut OnBatch<'_>) -> Result<()> {
        let broken = self.unreadable();
        let asked = |name: &String| columns.is_some_and(|columns| columns.contains(name));
        if let Some((_, why)) = broken.iter().find(|(name, _)| asked(name)) {
            bail!("{}: {why}", self.display_name);
        }
        let mut theirs = false;
        let mut watched = |batch: DataFrame, first: usize| see(batch, first).inspect_err(|_| theirs = true);
        let Err(error) = self.read_all(columns, &mut watched) else { return Ok(()) };
        let names = columns.map_or_else(|| self.names(), <[String]>::to_vec);
        let why = if theirs { None } else { names.iter().find_map(|name| self.broken_column(name)) };
        Err(why.map_or(error, |why| anyhow!("{}: {why}", self.display_name)))
    }

    fn read_all(&mut self, columns: Option<&[String]>, see: &mut OnBatch<'_>) -> Result<()> {
        let mut first = 0;
        self.pieces.clear();
        for index in 0..self.files.len() {
            self.pieces.push(Piece { file: self.name_of(index), first });
            let mut height = 0;
            let (shown, pinned, meaning) = (self.name_of(index), self.pinned.clone(), self.meaning.clone());
            let types = self.schema.clone();
            let mut give = |batch: DataFrame, before: usize| {
                height = before + batch.height();
                let batch = meaning.apply(&plain(batch, &types, &shown)?, before, &shown)?;
                see(pinned.typed(&batch, before, &shown)?, first + before)
            };
            self.read(index, &shown, columns, &mut give)?;
            first += height;
        }
        ensure!(first > 0, "{}: no rows, expected one at least", self.display_name);
        Ok(())
    }

    /// Gives the batches of one file.
    fn read(&mut self, index: usize, shown: &str, columns: Option<&[String]>, see: &mut OnBatch<'_>) -> Result<()> {
        let (path, options) = (&self.files[index], &self.options);
        let text = || text::text(open(path, shown)?, &options.encoding, shown);
        match self.format {
            Format::Csv | Format::Tsv => {
                let reader = delimited::Reader::new(options, Location::start(shown))?;
                reader.read(text()?, &mut self.schema, columns, see)
            }
            Format::Ndjson | Format::Json => {
                json::Reader::new(&options.na, Location::start(shown)).read(text()?, &self.schema, columns, see)
            }
            Format::Parquet => columnar::parquet(path, shown, columns, see),
            Format::Ipc => columnar::ipc(path, shown, columns, see),
            Format::Xlsx => {
                let table = self.workbook(path, shown)?;
                see(
                    columns.map_or_else(
                        || Ok(table.clone()),
                        |columns| table.select(columns.iter().map(String::as_str)),
                    )?,
                    0,
                )
            }
        }
    }

    fn workbook(&self, path: &Path, shown: &str) -> Result<DataFrame> {
        let ReadOptions { sheet, header, na, .. } = &self.options;
        workbook::read(path, shown, sheet.as_deref(), *header, na)
    }

    fn first_schema(&self, index: usize) -> Result<Schema> {
        let (path, shown, options) = (&self.files[index], self.name_of(index), &self.options);
        let file = open(path, &shown)?;
        let place = Location::start(&shown);
        let schema = match self.format {
            Format::Csv | Format::Tsv => {
                delimited::Reader::new(options, place)?.schema(text::text(file, &options.encoding, &shown)?)?
            }
            Format::Ndjson | Format::Json => {
                json::Reader::new(&options.na, place).schema(text::text(file, &options.encoding, &shown)?)?
            }
            Format::Parquet => columnar::parquet_schema(file, &shown)?,
            Format::Ipc => columnar::ipc_schema(file, &shown)?,
            Format::Xlsx => (**self.workbook(path, &shown)?.schema()).clone(),
        };
        if let Some(name) = schema.iter_names().find(|name| name.trim().is_empty()) {
            bail!("{shown}: a column is called {name:?}, expected a name");
        }
        let read = |dtype: &DataType| read_as(dtype).unwrap_or_else(|| dtype.clone());
        Ok(schema.iter().map(|(name, dtype)| Field::new(name.clone(), read(dtype))).collect())
    }

    fn name_of(&self, index: usize) -> String {
        if self.files.len() > 1 { self.files[index].display().to_string() } else { self.display_name.clone() }
    }

    fn same_columns(&mut self, other: &Schema, index: usize) -> Result<()> {
        let (ours, theirs): (Vec<_>, Vec<_>) = (self.schema.iter_names().collect(), other.iter_names().collect());
        // An object has the keys that it has.
        if matches!(self.format, Format::Ndjson | Format::Json) {
            let new: Vec<Field> = other.iter_fields().filter(|field| !self.schema.contains(field.name())).collect();
            new.into_iter().for_each(|field| _ = self.schema.insert(field.name().clone(), field.dtype().clone()));
        } else {
            ensure!(
                ours == theirs,
                "{}: its columns are {}, expected those of {}: {}",
                self.name_of(index),
                listed(&theirs),
                self.name_of(0),
                listed(&ours)
            );
        }
        widen(&mut self.schema, other);
        Ok(())
    }
}

fn listed(names: &[&PlSmallStr]) -> String {
    names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The columns in the types that all files of the table have in common.
fn plain(batch: DataFrame, types: &Schema, shown: &str) -> Result<DataFrame> {
    let column = |column: &Column| {
        let column = converted(column, shown)?;
        match types.get(column.name()) {
            Some(dtype)
                if dtype != column.dtype() && *dtype != DataType::Null && column.dtype() != &DataType::String =>
            {
                Ok(column.cast(dtype)?)
            }
            _ => Ok(column),
        }
    };
    let columns = batch.columns().iter().map(column).collect::<Result<Vec<_>>>()?;
    Ok(DataFrame::new(batch.height(), columns)?)
}

#[cfg(test)]
mod tests;
