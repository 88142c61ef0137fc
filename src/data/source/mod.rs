//! A user's table as a stream of typed batches: one file, several (`*`), or standard input, in bounded memory.
//!
//! Types are inferred from the cells. Those of the first block hold until a later cell does not fit; its column is then
//! widened, from whole numbers to numbers, from anything to text, and [`Source::schema`] gives the wider type.

pub mod blocks;
mod columnar;
mod delimited;
mod files;
mod options;

pub use options::ReadOptions;

use super::location::{Location, Piece};
use super::schema::TableSchema;
use super::table::Format;
use crate::runs::files::sha256;
use anyhow::{Context, Result, bail, ensure};
use files::{expand, open, standard_input};
use polars::prelude::*;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

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
    /// The types that a schema fixes for some of the columns.
    pinned: TableSchema,
    /// The files, each with the number of rows before it, as the last reading found them.
    pub pieces: Vec<Piece>,
    /// Standard input, copied so that it can be read again.
    _stdin: Option<NamedTempFile>,
}

impl Source {
    /// Opens `place`: a file, a pattern such as `part-*.csv`, or `-` for standard input.
    ///
    /// # Errors
    /// A file that cannot be read or has no rows, files with different columns, a column name that is empty or stands
    /// twice, text that is not UTF-8, rows of different lengths, a row of more than 64 MiB.
    pub fn open(place: &Path, options: &ReadOptions) -> Result<Self> {
        let shown = place.display().to_string();
        let (files, stdin) = match shown.as_str() {
            "-" => {
                let copy = standard_input()?;
                (vec![copy.path().to_path_buf()], Some(copy))
            }
            _ => (expand(place, &shown)?, None),
        };
        let format = match (options.format, &stdin) {
            (Some(format), _) => format,
            (None, Some(_)) => Format::Csv,
            (None, None) => Format::of(&files[0])?,
        };
        let shown = if stdin.is_some() { "standard input".into() } else { shown };
        let (options, schema, pinned) = (options.clone(), Schema::default(), TableSchema { columns: vec![] });
        let pieces = Vec::new();
        let mut source = Self { display_name: shown, files, format, options, schema, pinned, pieces, _stdin: stdin };
        source.schema = source.first_schema(0)?;
        check_names(&source.schema, &source.display_name)?;
        for file in 1..source.files.len() {
            let other = source.first_schema(file)?;
            source.same_columns(&other, file)?;
        }
        Ok(source)
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

    /// Reads the columns in `pinned` with the types given there. In a CSV their cells are taken as text first, so that
    /// nothing is lost before the type is applied.
    pub fn pin(&mut self, pinned: TableSchema) {
        pinned.names().into_iter().for_each(|name| self.as_written(name));
        self.pinned = pinned;
    }

    /// Reads a column of a CSV as text, whatever it looks like: `007` stays `007`.
    pub fn as_written(&mut self, name: &str) {
        if self.format == Format::Csv {
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
    pub fn batches(&mut self, columns: Option<&[String]>, see: &mut OnBatch<'_>) -> Result<()> {
        let mut first = 0;
        self.pieces.clear();
        for index in 0..self.files.len() {
            self.pieces.push(Piece { file: self.name_of(index), first });
            let mut height = 0;
            let (shown, pinned) = (self.name_of(index), self.pinned.clone());
            let mut count = |batch: DataFrame, before: usize| {
                height = before + batch.height();
                see(pinned.typed(&plain(batch)?, before, &shown)?, first + before)
            };
            match self.format {
                Format::Csv | Format::Ndjson => self.read_text(index, &shown, columns, &mut count)?,
                Format::Parquet => columnar::parquet(&self.files[index], &shown, columns, &mut count)?,
                Format::Ipc => columnar::ipc(&self.files[index], &shown, columns, &mut count)?,
            }
            first += height;
        }
        ensure!(first > 0, "{}: no rows, expected one at least", self.display_name);
        Ok(())
    }

    fn read_text(
        &mut self,
        index: usize,
        shown: &str,
        columns: Option<&[String]>,
        see: &mut OnBatch<'_>,
    ) -> Result<()> {
        let file = open(&self.files[index], shown)?;
        let reader = delimited::Reader::new(self.format, &self.options, Location::start(shown))?;
        reader.read(file, &mut self.schema, columns, see)
    }

    fn first_schema(&self, index: usize) -> Result<Schema> {
        let (path, shown) = (&self.files[index], self.name_of(index));
        let file = open(path, &shown)?;
        match self.format {
            Format::Csv | Format::Ndjson => {
                delimited::Reader::new(self.format, &self.options, Location::start(&shown))?.schema(file)
            }
            Format::Parquet => columnar::parquet_schema(file, &shown),
            Format::Ipc => columnar::ipc_schema(file, &shown),
        }
    }

    fn name_of(&self, index: usize) -> String {
        if self.files.len() > 1 { self.files[index].display().to_string() } else { self.display_name.clone() }
    }

    fn same_columns(&mut self, other: &Schema, index: usize) -> Result<()> {
        let (ours, theirs): (Vec<_>, Vec<_>) = (self.schema.iter_names().collect(), other.iter_names().collect());
        ensure!(
            ours == theirs,
            "{}: its columns are {}, expected those of {}: {}",
            self.name_of(index),
            listed(&theirs),
            self.name_of(0),
            listed(&ours)
        );
        widen(&mut self.schema, other);
        Ok(())
    }
}

fn listed(names: &[&PlSmallStr]) -> String {
    names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
}

fn check_names(schema: &Schema, shown: &str) -> Result<()> {
    let names: Vec<&str> = schema.iter_names().map(|name| name.as_str()).collect();
    for name in &names {
        ensure!(!name.trim().is_empty(), "{shown}: a column has no name, expected one in the header");
        // polars gives the second of two equal names this ending.
        let twin = name.split_once("_duplicated_").map(|(first, _)| first);
        if let Some(first) = twin.filter(|first| names.contains(first)) {
            bail!("{shown}: the column {first} stands twice in the header, expected each name once");
        }
    }
    Ok(())
}

/// Categoricals are text to everything that follows.
fn plain(mut batch: DataFrame) -> Result<DataFrame> {
    for name in batch.get_column_names_owned() {
        if matches!(batch.column(&name)?.dtype(), DataType::Categorical(..) | DataType::Enum(..)) {
            let text = batch.column(&name)?.cast(&DataType::String)?;
            batch.replace(&name, text)?;
        }
    }
    Ok(batch)
}

/// Widens `schema` until it holds `other` too. Columns are matched by name.
pub(crate) fn widen(schema: &mut Schema, other: &Schema) {
    for (name, theirs) in other.iter() {
        let Some(ours) = schema.get(name) else { continue };
        let wide = wider(ours, theirs);
        schema.set_dtype(name, wide);
    }
}

fn wider(a: &DataType, b: &DataType) -> DataType {
    match (a, b) {
        _ if a == b => a.clone(),
        (DataType::Null, other) | (other, DataType::Null) => other.clone(),
        (DataType::Int64, DataType::Float64) | (DataType::Float64, DataType::Int64) => DataType::Float64,
        _ => DataType::String,
    }
}

#[cfg(test)]
mod tests;
