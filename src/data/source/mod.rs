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
mod parse;
mod reading;
mod rows;
mod stdin;
mod text;
mod types;
mod workbook;

pub use options::ReadOptions;
pub(crate) use types::widen;

use super::location::{Location, Piece};
use super::schema::{Kind, TableSchema};
use super::table::Format;
use anyhow::{Context, Result, bail, ensure};
use files::{expand, open};
use meaning::CellMeaning;
use polars::prelude::*;
use std::path::{Path, PathBuf};
use stdin::Stdin;
use types::{read_as, unreadable};

/// Called with each batch of rows, and with the number of rows that came before it.
pub type OnBatch<'a> = dyn FnMut(DataFrame, usize) -> Result<()> + 'a;

/// What is done with the batches of a file.
struct Give<'a, T> {
    /// Makes of a batch and the number of rows before it what is handed on, on whatever thread read it.
    finish: &'a (dyn Fn(DataFrame, usize) -> Result<T> + Sync),
    /// Takes what was made, in the order of the batches.
    see: &'a mut dyn FnMut(T) -> Result<()>,
}

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
    /// What pandas says in the file of its index.
    said: Vec<String>,
    /// Columns that turned out not to be readable, each with the reason.
    broken: Vec<(String, String)>,
    /// The files, each with the number of rows before it, as the last reading found them.
    pub pieces: Vec<Piece>,
    stdin: Option<Stdin>,
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
        let mut options = options.clone();
        let is_stdin = shown == "-";
        options.live &= is_stdin;
        let stdin = is_stdin.then(|| Stdin::open(&mut options)).transpose()?;
        let files = match &stdin {
            Some(stdin) => vec![stdin.file()],
            None => expand(place, &shown)?,
        };
        if stdin.is_none() && !files[0].exists() {
            bail!("{shown}: cannot read: No such file or directory");
        }
        let format = match options.format {
            Some(format) => format,
            None if stdin.is_some() => {
                if let Some(Stdin::Live(live)) = &stdin {
                    live.check_rows()?;
                }
                Format::Csv
            }
            None => Format::of(&files[0])?,
        };
        ensure!(options.sheet.is_none() || format == Format::Xlsx, "--sheet: {shown} is no workbook; leave it out");
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
            said: vec![],
            broken: vec![],
            pieces: vec![],
            stdin,
        };
        source.schema = match source.stdin.take() {
            Some(Stdin::Live(mut live)) => {
                let schema = live.first(|text| source.schema_of(0, text))?;
                source.stdin = Some(Stdin::Live(live));
                schema
            }
            stdin => {
                source.stdin = stdin;
                source.first_schema(0)?
            }
        };
        if matches!(format, Format::Parquet | Format::Ipc) {
            source.said = columnar::indexes(&source.files[0], &source.name_of(0), format == Format::Parquet)?;
        }
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
        for name in self.meaning.date_columns() {
            ensure!(self.schema.contains(&name), "{}: --date-format: no column {name}", self.display_name);
            self.pin_text(&name);
        }
        Ok(())
    }

    pub fn format(&self) -> Format {
        self.format
    }

    /// The byte between the cells of its first file; none in a format that is no rows of text.
    pub fn delimiter(&self) -> Result<Option<u8>> {
        if !matches!(self.format, Format::Csv | Format::Tsv) {
            return Ok(None);
        }
        let shown = self.name_of(0);
        let text = text::text(open(&self.files[0], &shown)?, &self.options.encoding, &shown)?;
        let (blocks, _) = header::open(text, &self.options, Location::start(&shown))?;
        Ok(blocks.dialect.delimiter)
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

    /// The files that it is read from, in their order.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// The columns that pandas or R wrote as the index beside the others: those whose names are empty in the header from its
    /// begin on, `__index_level_0__`, and those that pandas calls so in Parquet and Arrow.
    pub fn indexes(&self) -> Vec<String> {
        let names = self.names();
        let unnamed = names.iter().enumerate().take_while(|(at, name)| {
            let first = name.strip_prefix("Unnamed: ").and_then(|rest| rest.split('.').next());
            first == Some(at.to_string().as_str())
        });
        let unnamed = unnamed.count();
        // One that was written twice has the name of the first time, too.
        let again = |name: &String| name == "Unnamed: 0" || name.starts_with("Unnamed: 0.");
        let level = |name: &String| name.starts_with("__index_level_") && name.ends_with("__") || again(name);
        let is_index = |(at, name): &(usize, &String)| *at < unnamed || level(name) || self.said.contains(name);
        names.iter().enumerate().filter(is_index).map(|(_, name)| name.clone()).collect()
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

    /// Reads the columns in `pinned` with the types given there. In a CSV their cells are taken as text first, so that
    /// nothing is lost before the type is applied.
    pub fn pin(&mut self, pinned: TableSchema) {
        for column in &pinned.columns {
            match column.kind {
                // What is no number is kept as text by then, to be named.
                Kind::Number => self.pin_type(&column.name, DataType::Float64),
                _ => self.pin_text(&column.name),
            }
        }
        self.pinned = pinned;
    }

    /// Reads a column of a CSV as text, whatever it looks like: `007` stays `007`.
    pub fn as_written(&mut self, name: &str) {
        self.pin_text(name);
        self.meaning.leave(name);
    }

    /// Reads columns in the types that are given, where rows of objects come one by one: the first do not show what later ones
    /// have. A CSV's later cells widen their column.
    pub fn expect(&mut self, types: &Schema) {
        if self.options.live && self.format == Format::Ndjson {
            types.iter_fields().for_each(|field| _ = self.schema.insert(field.name, field.dtype));
        }
    }

    fn pin_text(&mut self, name: &str) {
        self.pin_type(name, DataType::String);
    }

    fn pin_type(&mut self, name: &str, dtype: DataType) {
        if matches!(self.format, Format::Csv | Format::Tsv) && self.schema.contains(name) {
            self.schema.set_dtype(name, dtype);
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
            let dates = theirs.is_temporal();
            let text = *ours == DataType::String && !dates && !matches!(theirs, DataType::String | DataType::Null);
            ensure!(!text, "{}: column {name} is text, expected {theirs} as in {shown}", self.display_name);
        }
        Ok(())
    }

    /// Widens the types of the columns so that the cells of another table fit them too.
    pub fn widen_to(&mut self, other: &Schema) {
        widen(&mut self.schema, other);
    }

    fn first_schema(&self, index: usize) -> Result<Schema> {
        let (path, shown) = (&self.files[index], self.name_of(index));
        let file = open(path, &shown)?;
        let schema = match self.format {
            Format::Csv | Format::Tsv | Format::Ndjson | Format::Json => return self.schema_of(index, file),
            Format::Parquet => columnar::parquet_schema(file, &shown)?,
            Format::Ipc => columnar::ipc_schema(file, &shown)?,
            Format::Xlsx => (**self.workbook(path, &shown)?.schema()).clone(),
        };
        named(&schema, &shown)
    }

    /// The same of the text of a file.
    fn schema_of<'t>(&self, index: usize, text: impl std::io::Read + Send + 't) -> Result<Schema> {
        let (shown, options) = (self.name_of(index), &self.options);
        let (place, text) = (Location::start(&shown), text::text(text, &options.encoding, &shown)?);
        let schema = match self.format {
            Format::Ndjson | Format::Json => json::Reader::new(options, place).schema(text)?,
            _ => delimited::Reader::new(options, place).schema(text)?,
        };
        named(&schema, &shown)
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

/// The columns in the types that they are read as.
///
/// # Errors
/// A column without a name.
fn named(schema: &Schema, shown: &str) -> Result<Schema> {
    if let Some(name) = schema.iter_names().find(|name| name.trim().is_empty()) {
        bail!("{shown}: a column is called {name:?}, expected a name");
    }
    let read = |dtype: &DataType| read_as(dtype).unwrap_or_else(|| dtype.clone());
    Ok(schema.iter().map(|(name, dtype)| Field::new(name.clone(), read(dtype))).collect())
}

fn listed(names: &[&PlSmallStr]) -> String {
    names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
