//! A block of rows as typed columns: by polars, or cell by cell where numbers are written in other ways.

use super::ReadOptions;
use super::blocks::Block;
use super::rows::Dialect;
use super::types::read_as;
use crate::data::caught::caught;
use crate::data::location::Location;
use crate::data::numbers::Marks;
use anyhow::{Result, bail};
use polars::prelude::*;
use std::collections::HashSet;
use std::io::Cursor;
use std::sync::{Arc, PoisonError, RwLock};

/// Rows by which the types are guessed that the whole first block is then held to.
const SAMPLE: usize = 1000;

/// Parses the blocks of one file, several at once.
pub struct Parser<'a> {
    marks: Marks,
    na: HashSet<&'a str>,
    place: Location<'a>,
    /// How the rows of blocks are cut, which readers of RFC 4180 know.
    dialect: Dialect,
    /// Words for "missing" that have been met. polars holds every cell against each of them.
    missing: RwLock<Arc<Vec<PlSmallStr>>>,
}

impl<'a> Parser<'a> {
    /// # Errors
    /// Options that no table can be read with.
    pub fn new(options: &'a ReadOptions, dialect: Dialect, place: Location<'a>) -> Result<Self> {
        let na: HashSet<&str> = options.na.iter().map(String::as_str).collect();
        let missing = na.get("").into_iter().map(|&word| word.into()).collect();
        let dialect = Dialect { quote: dialect.standard_quote(), escape: None, ..dialect };
        Ok(Self { marks: options.marks()?, na, place, dialect, missing: RwLock::new(Arc::new(missing)) })
    }

    /// The narrowest types that fit all rows of the first block. Those of its first rows mostly do, which parsing shows; to look
    /// at every cell of it takes many times as long.
    pub fn first_types(&self, block: &Block, names: Option<&[String]>) -> Result<Schema> {
        let sample = self.sample(block);
        if sample.rows < block.rows {
            self.look_for(&sample);
            let types = self.infer(&sample, names)?;
            let seen = types.iter_values().all(|dtype| *dtype != DataType::Null);
            if seen && self.parse(block, &types, None, 0)?.is_some() {
                return Ok(types);
            }
        }
        self.look_for(block);
        self.infer(block, names)
    }

    /// The first rows of a block.
    fn sample(&self, block: &Block) -> Block {
        let (mut end, mut rows) = (0, 0);
        while rows < SAMPLE
            && let Ok(row) = self.dialect.row(&block.bytes[end..], None)
        {
            (end, rows) = (end + row.end, rows + 1);
            if end == block.bytes.len() {
                break;
            }
        }
        Block { bytes: block.bytes[..end].to_vec(), rows }
    }

    /// The types of a block's columns by all of its rows; a column without any value is `Null`.
    pub fn infer(&self, block: &Block, names: Option<&[String]>) -> Result<Schema> {
        // polars' own inference does not foresee whole numbers beyond 64 bits, nor marks of other countries.
        let guessed = |rows: Option<usize>| {
            let options = self.options(&self.missing()).with_infer_schema_length(rows);
            options.into_reader_with_file_handle(Cursor::new(block.bytes.as_slice())).finish()
        };
        let (typed, text) = (|| guessed(None), || guessed(Some(0)));
        let table =
            self.polars(0, || if self.marks == Marks::default() { typed().or_else(|_| text()) } else { text() })?;
        let columns = table.columns().iter().enumerate().map(|(index, column)| {
            let name =
                names.and_then(|names| names.get(index)).map_or(column.name().clone(), |name| name.as_str().into());
            // Whole numbers beyond 64 bits are numbers.
            let dtype = self.narrowest(column)?;
            Ok(Field::new(name, read_as(&dtype).unwrap_or(dtype)))
        });
        columns.collect::<Result<Schema>>()
    }

    /// The narrowest type that fits every cell of a text column; a column of another type keeps its type.
    fn narrowest(&self, column: &Column) -> Result<DataType> {
        if self.is_empty(column)? {
            return Ok(DataType::Null);
        }
        let DataType::String = column.dtype() else { return Ok(column.dtype().clone()) };
        let cells = column.str()?;
        let types = [DataType::Int64, DataType::Float64, DataType::Boolean];
        Ok(types.into_iter().find(|dtype| self.typed(cells, dtype).is_some()).unwrap_or(DataType::String))
    }

    /// Whether no cell of a column has a value.
    fn is_empty(&self, column: &Column) -> Result<bool> {
        let DataType::String = column.dtype() else { return Ok(column.null_count() == column.len()) };
        Ok(column.str()?.iter().flatten().all(|cell| self.is_missing(cell)))
    }

    fn is_missing(&self, cell: &str) -> bool {
        self.na.contains(cell.trim())
    }

    /// A block in the types of `schema`; none where a cell does not fit. `first` rows come before it.
    ///
    /// # Errors
    /// Rows that polars cuts in another way.
    pub fn parse(
        &self,
        block: &Block,
        schema: &Schema,
        columns: Option<&[String]>,
        first: usize,
    ) -> Result<Option<DataFrame>> {
        // polars parses no column of type Null; where nothing but missing cells were seen, text holds them.
        let typed = schema.iter().map(|(name, dtype)| {
            Field::new(name.clone(), if *dtype == DataType::Null { DataType::String } else { dtype.clone() })
        });
        let batch = self.parse_typed(block, typed.collect(), columns, first)?;
        let Some(batch) = batch else { return Ok(None) };
        if batch.height() != block.rows {
            let (rows, found) = (block.rows, batch.height());
            bail!("{}: {rows} lines from here on are {found} rows; is a quote missing?", self.place.row(first));
        }
        for (name, _) in schema.iter().filter(|(_, dtype)| **dtype == DataType::Null) {
            if let Ok(column) = batch.column(name)
                && !self.is_empty(column)?
            {
                return Ok(None);
            }
        }
        Ok(Some(batch))
    }

    fn parse_typed(
        &self,
        block: &Block,
        typed: Schema,
        columns: Option<&[String]>,
        first: usize,
    ) -> Result<Option<DataFrame>> {
        while self.marks == Marks::default() {
            let missing = self.missing();
            if let Ok(batch) = caught(self.place.file, || self.read(block, typed.clone(), columns, &missing)) {
                return Ok(Some(batch));
            }
            self.look_for(block);
            // Another thread may have met them.
            if self.missing().len() == missing.len() {
                break;
            }
        }
        let texts = typed.iter_names().map(|name| Field::new(name.clone(), DataType::String)).collect();
        let batch = self.polars(first, || self.read(block, texts, columns, &self.missing()))?;
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

    fn missing(&self) -> Arc<Vec<PlSmallStr>> {
        self.missing.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds the words for "missing" that occur in a block.
    fn look_for(&self, block: &Block) {
        let known = self.missing();
        let new = |word: &&str| {
            !known.iter().any(|other| other == *word) && memchr::memmem::find(&block.bytes, word.as_bytes()).is_some()
        };
        let new: Vec<&str> = self.na.iter().copied().filter(new).collect();
        if !new.is_empty() {
            let mut missing = self.missing.write().unwrap_or_else(PoisonError::into_inner);
            let all: Vec<PlSmallStr> =
                new.into_iter().map(PlSmallStr::from).filter(|word| !missing.contains(word)).collect();
            Arc::make_mut(&mut missing).extend(all);
        }
    }

    fn options(&self, missing: &[PlSmallStr]) -> CsvReadOptions {
        CsvReadOptions::default().with_has_header(false).with_raise_if_empty(false).map_parse_options(|options| {
            options
                .with_null_values(Some(NullValues::AllColumns(missing.to_vec())))
                .with_separator(self.dialect.delimiter.unwrap_or(b','))
                .with_quote_char(self.dialect.quote)
        })
    }

    fn read(
        &self,
        block: &Block,
        schema: Schema,
        columns: Option<&[String]>,
        missing: &[PlSmallStr],
    ) -> PolarsResult<DataFrame> {
        let picked = columns.map(|columns| columns.iter().map(|name| name.as_str().into()).collect());
        let options = self.options(missing).with_schema(Some(Arc::new(schema))).with_columns(picked);
        options.into_reader_with_file_handle(Cursor::new(block.bytes.as_slice())).finish()
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
