//! CSV and NDJSON: blocks of whole rows, each parsed by polars.

use super::blocks::{Block, Blocks, Dialect};
use super::{OnBatch, ReadOptions, widen};
use crate::cpu::threads;
use crate::data::caught::caught;
use crate::data::location::Location;
use crate::data::table::Format;
use anyhow::{Result, bail};
use polars::prelude::*;
use std::io::{Cursor, Read};
use std::sync::Arc;

/// Reads one file of rows of text.
pub struct Reader<'a> {
    format: Format,
    options: &'a ReadOptions,
    dialect: Dialect,
    place: Location<'a>,
}

impl<'a> Reader<'a> {
    /// # Errors
    /// For CSV a delimiter or a quote that is not one byte.
    pub fn new(format: Format, options: &'a ReadOptions, place: Location<'a>) -> Result<Self> {
        let dialect = match format {
            Format::Ndjson => Dialect { delimiter: None, quote: None },
            _ => options.dialect()?,
        };
        Ok(Self { format, options, dialect, place })
    }

    /// Names and types by the header and the first block.
    pub fn schema(&self, file: impl Read) -> Result<Schema> {
        let (mut blocks, names) = self.open(file)?;
        match blocks.next() {
            Some(block) => self.infer(&block?, names.as_deref()),
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
        let (blocks, names) = self.open(file)?;
        let mut first = 0;
        threads::ahead(blocks, |block| {
            let block = block?;
            let rows = block.rows;
            if schema.iter_values().any(|dtype| *dtype == DataType::Null) {
                widen(schema, &self.infer(&block, names.as_deref())?);
            }
            let parse = |schema: &Schema| self.polars(first, || self.parse(&block, schema, columns));
            let batch = match parse(schema) {
                Ok(batch) => batch,
                Err(_) => {
                    widen(schema, &self.infer(&block, names.as_deref())?);
                    parse(schema)?
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

    /// The blocks below the header, and the names in it.
    fn open<R: Read>(&self, file: R) -> Result<(Blocks<'_, R>, Option<Vec<PlSmallStr>>)> {
        let mut blocks = Blocks::new(file, self.dialect, self.place);
        if self.format == Format::Ndjson || !self.options.header {
            return Ok((blocks, None));
        }
        let Some(header) = blocks.header()? else {
            bail!("{}: the file is empty, expected a header and rows", self.place.file);
        };
        let options = self.csv().with_has_header(true).with_infer_schema_length(Some(0));
        let reader = options.into_reader_with_file_handle(Cursor::new(header));
        let names = self.polars(0, || reader.finish())?.get_column_names_owned();
        if let [one] = names.as_slice()
            && let Some(other) = [";", "\t", "|", ","].into_iter().find(|other| one.contains(other))
        {
            let word = if other == "\t" { "tab".into() } else { format!("'{other}'") };
            bail!("{}: one column only, {:?}; say --delimiter {word}", self.place.file, one.as_str());
        }
        Ok((blocks, Some(names)))
    }

    fn csv(&self) -> CsvReadOptions {
        let missing: Vec<PlSmallStr> = self.options.na.iter().map(|token| token.as_str().into()).collect();
        CsvReadOptions::default().with_has_header(false).with_raise_if_empty(false).map_parse_options(|options| {
            options
                .with_null_values(Some(NullValues::AllColumns(missing.clone())))
                .with_separator(self.dialect.delimiter.unwrap_or(b','))
                .with_quote_char(self.dialect.quote)
        })
    }

    /// The types of a block's columns by all of its rows; a column without any value is `Null`.
    fn infer(&self, block: &Block, names: Option<&[PlSmallStr]>) -> Result<Schema> {
        let bytes = Cursor::new(block.bytes.as_slice());
        if self.format == Format::Ndjson {
            let reader = JsonReader::new(bytes).with_json_format(JsonFormat::JsonLines).infer_schema_len(None);
            return Ok((**self.polars(0, || reader.finish())?.schema()).clone());
        }
        let read =
            |rows| self.csv().with_infer_schema_length(rows).into_reader_with_file_handle(bytes.clone()).finish();
        // polars' own inference does not foresee whole numbers beyond 64 bits.
        let table = self.polars(0, || read(None)).or_else(|_| self.polars(0, || read(Some(0))))?;
        let columns = table.columns().iter().enumerate().map(|(index, column)| {
            let empty = column.null_count() == column.len();
            let name = names.and_then(|names| names.get(index)).unwrap_or(column.name());
            Field::new(name.clone(), if empty { DataType::Null } else { narrowest(column) })
        });
        Ok(columns.collect())
    }

    fn parse(&self, block: &Block, schema: &Schema, columns: Option<&[String]>) -> PolarsResult<DataFrame> {
        let bytes = Cursor::new(block.bytes.as_slice());
        // polars parses no column of type Null; where nothing but missing cells were seen, text holds them.
        let typed = |(name, dtype): (&PlSmallStr, &DataType)| {
            Field::new(name.clone(), if *dtype == DataType::Null { DataType::String } else { dtype.clone() })
        };
        let typed: Schema = schema.iter().map(typed).collect();
        if self.format == Format::Ndjson {
            let reader = JsonReader::new(bytes).with_json_format(JsonFormat::JsonLines).with_schema(Arc::new(typed));
            let table = reader.finish()?;
            return match columns {
                Some(columns) => table.select(columns.iter().map(String::as_str)),
                None => Ok(table),
            };
        }
        let picked = columns.map(|columns| columns.iter().map(|name| name.as_str().into()).collect());
        let options = self.csv().with_schema(Some(Arc::new(typed))).with_columns(picked);
        options.into_reader_with_file_handle(bytes).finish()
    }

    /// Parses a block with polars; `first` rows come before it.
    fn polars<T>(&self, first: usize, read: impl FnOnce() -> PolarsResult<T>) -> Result<T> {
        let after = if first > 0 { format!(" (after row {first})") } else { String::new() };
        caught(&format!("{}{after}", self.place.file), read)
    }
}

/// The narrowest type that fits every cell of a text column; a column of another type keeps its type.
fn narrowest(column: &Column) -> DataType {
    let numbers = [DataType::Int64, DataType::Float64];
    let text = *column.dtype() == DataType::String;
    let holds = |dtype: &DataType| text && column.strict_cast(dtype).is_ok();
    numbers.into_iter().find(holds).unwrap_or_else(|| column.dtype().clone())
}
