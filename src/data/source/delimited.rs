//! CSV and its like: blocks of whole rows, each parsed by polars, or cell by cell where numbers are written in other ways.

use super::blocks::{Block, Blocks};
use super::header;
use super::types::widen;
use super::{OnBatch, ReadOptions};
use crate::cpu::threads;
use crate::data::caught::caught;
use crate::data::location::Location;
use crate::data::numbers::Marks;
use anyhow::{Result, bail};
use polars::prelude::*;
use std::collections::HashSet;
use std::io::{Cursor, Read};
use std::sync::Arc;

/// Reads one file of rows of text.
pub struct Reader<'a> {
    options: &'a ReadOptions,
    marks: Marks,
    na: HashSet<&'a str>,
    place: Location<'a>,
}

impl<'a> Reader<'a> {
    /// # Errors
    /// Options that no table can be read with.
    pub fn new(options: &'a ReadOptions, place: Location<'a>) -> Result<Self> {
        let na = options.na.iter().map(String::as_str).collect();
        Ok(Self { options, marks: options.marks()?, na, place })
    }

    /// Names and types by the header and the first block.
    pub fn schema(&self, file: impl Read) -> Result<Schema> {
        let (mut blocks, names) = header::open(file, self.options, self.place)?;
        let mut csv = Csv::of(&blocks, &self.na);
        match blocks.next() {
            Some(block) => {
                let block = block?;
                csv.look_for(&self.na, &block);
                self.infer(&csv, &block, names.as_deref())
            }
            None => bail!("{}: no rows, expected one at least", self.place.file),
        }
    }

    /// Every block as a typed batch; a cell that does not fit `schema` widens it.
    pub fn read(
        &self,
        file: impl Read + Send,
        schema: &mut Schema,
        columns: Option<&[String]>,
        see: &mut OnBatch<'_>,
    ) -> Result<()> {
        let (blocks, names) = header::open(file, self.options, self.place)?;
        let mut csv = Csv::of(&blocks, &self.na);
        let mut first = 0;
        threads::ahead(blocks, |block| {
            let block = block?;
            let rows = block.rows;
            if schema.iter_values().any(|dtype| *dtype == DataType::Null) {
                widen(schema, &self.infer(&csv, &block, names.as_deref())?);
            }
            let batch = match self.parse(&mut csv, &block, schema, columns, first)? {
                Some(batch) => batch,
                None => {
                    widen(schema, &self.infer(&csv, &block, names.as_deref())?);
                    match self.parse(&mut csv, &block, schema, columns, first)? {
                        Some(batch) => batch,
                        None => bail!("{}: from here on the cells fit no type", self.place.row(first)),
                    }
                }
            };
            if batch.height() != rows {
                bail!(
                    "{}: {rows} lines from here on are {} rows; is a quote missing?",
                    self.place.row(first),
                    batch.height()
                );
            }
            see(batch, first)?;
            first += rows;
            Ok(())
        })
    }

    /// The types of a block's columns by all of its rows; a column without any value is `Null`.
    fn infer(&self, csv: &Csv, block: &Block, names: Option<&[String]>) -> Result<Schema> {
        // polars' own inference does not foresee whole numbers beyond 64 bits, nor marks of other countries.
        let typed = || csv.infer(block, None);
        let text = || csv.infer(block, Some(0));
        let table =
            self.polars(0, || if self.marks == Marks::default() { typed().or_else(|_| text()) } else { text() })?;
        let columns = table.columns().iter().enumerate().map(|(index, column)| {
            let name =
                names.and_then(|names| names.get(index)).map_or(column.name().clone(), |name| name.as_str().into());
            Ok(Field::new(name, self.narrowest(column)?))
        });
        columns.collect::<Result<Schema>>()
    }

    /// The narrowest type that fits every cell of a text column; a column of another type keeps its type.
    fn narrowest(&self, column: &Column) -> Result<DataType> {
        if column.null_count() == column.len() {
            return Ok(DataType::Null);
        }
        let DataType::String = column.dtype() else { return Ok(column.dtype().clone()) };
        let cells = column.str()?;
        if cells.iter().flatten().all(|cell| self.is_missing(cell)) {
            return Ok(DataType::Null);
        }
        let types = [DataType::Int64, DataType::Float64, DataType::Boolean];
        Ok(types.into_iter().find(|dtype| self.typed(cells, dtype).is_some()).unwrap_or(DataType::String))
    }

    fn is_missing(&self, cell: &str) -> bool {
        self.na.contains(cell.trim())
    }

    /// A block in the types of `schema`; none where a cell does not fit.
    fn parse(
        &self,
        csv: &mut Csv,
        block: &Block,
        schema: &Schema,
        columns: Option<&[String]>,
        first: usize,
    ) -> Result<Option<DataFrame>> {
        // polars parses no column of type Null; where nothing but missing cells were seen, text holds them.
        let typed = schema.iter().map(|(name, dtype)| {
            Field::new(name.clone(), if *dtype == DataType::Null { DataType::String } else { dtype.clone() })
        });
        let typed: Schema = typed.collect();
        while self.marks == Marks::default() {
            if let Ok(batch) = caught(self.place.file, || csv.read(block, typed.clone(), columns)) {
                return Ok(Some(batch));
            }
            if !csv.look_for(&self.na, block) {
                break;
            }
        }
        let texts = typed.iter_names().map(|name| Field::new(name.clone(), DataType::String)).collect();
        let batch = self.polars(first, || csv.read(block, texts, columns))?;
        let column = |column: &Column| match typed.get(column.name()) {
            Some(DataType::String) | None => Some(column.clone()),
            Some(dtype) => self.typed(column.str().ok()?, dtype),
        };
        let converted: Option<Vec<Column>> = batch.columns().iter().map(column).collect();
        Ok(converted.map(|columns| DataFrame::new(batch.height(), columns)).transpose()?)
    }

    /// Text as numbers or truth values, blanks around them or not; none if a cell is not of the type.
    fn typed(&self, cells: &StringChunked, dtype: &DataType) -> Option<Column> {
        let present = |cell: &&str| !self.is_missing(cell);
        let name = cells.name().clone();
        let number = |cell: &str| match self.marks == Marks::default() {
            true => cell.trim().parse::<f64>().ok(),
            false => self.marks.plain(cell)?.parse().ok(),
        };
        let whole = |cell: &str| match self.marks == Marks::default() {
            true => cell.trim().parse::<i64>().ok(),
            false => self.marks.plain(cell)?.parse().ok(),
        };
        let cells = cells.iter().map(|cell| cell.filter(present));
        Some(match dtype {
            DataType::Int64 => Column::new(name, each(cells, whole)?),
            DataType::Float64 => Column::new(name, each(cells, number)?),
            DataType::Boolean => Column::new(name, each(cells, truth)?),
            _ => return None,
        })
    }

    /// Parses a block with polars; `first` rows come before it.
    fn polars<T>(&self, first: usize, read: impl FnOnce() -> PolarsResult<T>) -> Result<T> {
        let after = if first > 0 { format!(" (after row {first})") } else { String::new() };
        caught(&format!("{}{after}", self.place.file), read)
    }
}

fn each<'c, T>(
    cells: impl Iterator<Item = Option<&'c str>>,
    parse: impl Fn(&str) -> Option<T>,
) -> Option<Vec<Option<T>>> {
    cells.map(|cell| cell.map_or(Some(None), |cell| parse(cell).map(Some))).collect()
}

fn truth(cell: &str) -> Option<bool> {
    let is = |word: &str| cell.trim().eq_ignore_ascii_case(word);
    if is("true") { Some(true) } else { is("false").then_some(false) }
}

/// How polars cuts the blocks of a file.
struct Csv {
    /// Words for "missing" that have been met. polars holds every cell against each of them.
    missing: Vec<PlSmallStr>,
    delimiter: u8,
    quote: Option<u8>,
}

impl Csv {
    fn of<R: Read>(blocks: &Blocks<'_, R>, na: &HashSet<&str>) -> Self {
        let missing = na.get("").into_iter().map(|&word| word.into()).collect();
        Self { missing, delimiter: blocks.dialect.delimiter.unwrap_or(b','), quote: blocks.dialect.standard_quote() }
    }

    /// Adds the words for "missing" that occur in a block; false if there are no new ones.
    fn look_for(&mut self, na: &HashSet<&str>, block: &Block) -> bool {
        let known = self.missing.len();
        for &word in na {
            if !self.missing.iter().any(|other| other == word)
                && memchr::memmem::find(&block.bytes, word.as_bytes()).is_some()
            {
                self.missing.push(word.into());
            }
        }
        self.missing.len() > known
    }

    fn options(&self) -> CsvReadOptions {
        CsvReadOptions::default().with_has_header(false).with_raise_if_empty(false).map_parse_options(|options| {
            options
                .with_null_values(Some(NullValues::AllColumns(self.missing.clone())))
                .with_separator(self.delimiter)
                .with_quote_char(self.quote)
        })
    }

    /// A block with the types that polars finds in its first `rows`; all text in none of them.
    fn infer(&self, block: &Block, rows: Option<usize>) -> PolarsResult<DataFrame> {
        let options = self.options().with_infer_schema_length(rows);
        options.into_reader_with_file_handle(Cursor::new(block.bytes.as_slice())).finish()
    }

    fn read(&self, block: &Block, schema: Schema, columns: Option<&[String]>) -> PolarsResult<DataFrame> {
        let picked = columns.map(|columns| columns.iter().map(|name| name.as_str().into()).collect());
        let options = self.options().with_schema(Some(Arc::new(schema))).with_columns(picked);
        options.into_reader_with_file_handle(Cursor::new(block.bytes.as_slice())).finish()
    }
}
