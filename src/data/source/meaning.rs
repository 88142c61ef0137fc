//! What the cells of any format mean: which are missing, which are dates, how numbers are written in texts.

use super::ReadOptions;
use crate::data::date_format::Formats;
use crate::data::dates::iso;
use crate::data::numbers::Marks;
use crate::data::shapes::Shape;
use anyhow::{Result, bail};
use polars::prelude::*;
use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

/// Applied to every batch, so that a table means the same in every format.
#[derive(Debug, Clone)]
pub struct CellMeaning {
    na: Arc<HashSet<String>>,
    /// The bytes that they begin with.
    first: Arc<Vec<bool>>,
    /// Those of them that are numbers, for columns of numbers: -200 is missing as `-200` is.
    na_numbers: Vec<f64>,
    /// Those that are dates, in microseconds since 1970.
    na_times: Vec<f64>,
    formats: Arc<Formats>,
    marks: Marks,
    /// Columns whose texts stay as they are written.
    left: Vec<String>,
}

impl CellMeaning {
    pub fn of(options: &ReadOptions) -> Result<Self> {
        let na_numbers =
            options.na.iter().filter_map(|word| word.trim().parse().ok()).filter(|number: &f64| number.is_finite());
        let na_times =
            options.na.iter().filter_map(|word| Some(iso(word)?.moment().and_utc().timestamp_micros() as f64));
        let first =
            (0..=255).map(|byte| options.na.iter().any(|word| word.as_bytes().first() == Some(&byte))).collect();
        Ok(Self {
            first: Arc::new(first),
            na: Arc::new(options.na.iter().cloned().collect()),
            na_numbers: na_numbers.collect(),
            na_times: na_times.collect(),
            formats: Arc::new(Formats::parse(&options.date_format)?),
            marks: options.marks()?,
            left: vec![],
        })
    }

    /// The columns that have a format of their own.
    pub fn date_columns(&self) -> Vec<String> {
        self.formats.columns().map(String::from).collect()
    }

    /// Leaves the texts of a column as they are written, apart from missing ones.
    pub fn leave(&mut self, column: &str) {
        self.left.push(column.into());
    }

    /// # Errors
    /// A number that is written otherwise than others of its column, which follow the user's marks. The first row is row
    /// `first` of the table `shown`.
    pub fn apply(&self, batch: &DataFrame, first: usize, shown: &str) -> Result<DataFrame> {
        let columns = batch.columns().iter().map(|column| match column.dtype() {
            DataType::String => {
                self.check_marks(column.str()?, first, shown)?;
                Ok(self.texts(column.str()?))
            }
            dtype if dtype.is_primitive_numeric() && self.is_date(column.name()) => {
                Ok(self.texts(column.cast(&DataType::Int64)?.cast(&DataType::String)?.str()?))
            }
            dtype if dtype.is_primitive_numeric() && !self.na_numbers.is_empty() => {
                // -999.9 of a Float32 column is not the Float64 of that name.
                let single = *dtype == DataType::Float32;
                let is_missing = |value: f64| {
                    self.na_numbers.iter().any(|&word| word == value || single && word as f32 == value as f32)
                };
                without(column, &column.cast(&DataType::Float64)?, is_missing)
            }
            DataType::Date | DataType::Datetime(..) if !self.na_times.is_empty() => {
                let micros = column.cast(&DataType::Datetime(TimeUnit::Microseconds, None))?.to_physical_repr();
                without(column, &micros.cast(&DataType::Float64)?, |time| self.na_times.contains(&time))
            }
            _ => Ok(column.clone()),
        });
        Ok(DataFrame::new(batch.height(), columns.collect::<Result<Vec<_>>>()?)?)
    }

    /// Refuses `0.25` beside `0,5` and `1,25`: read as a number of either kind it would be another.
    fn check_marks(&self, cells: &StringChunked, first: usize, shown: &str) -> Result<()> {
        if self.marks == Marks::default() || self.left.iter().any(|left| left == cells.name().as_str()) {
            return Ok(());
        }
        let (mut by_marks, mut others, mut example) = (0, 0, None);
        for (row, cell) in cells.iter().enumerate().filter_map(|(row, cell)| Some((row, cell?))) {
            if self.marks.plain(cell).is_some() {
                by_marks += 1;
            } else if Marks::default().plain(cell).is_some() {
                others += 1;
                example.get_or_insert((row, cell));
            }
        }
        let most = (by_marks + others) * 2 > cells.len() - cells.null_count();
        if let Some((row, cell)) = example.filter(|_| by_marks > 0 && most) {
            bail!(
                "{shown}: row {}, column {}: {cell:?}, expected a number with the marks of --decimal and --thousands, as {by_marks} \
                 cells around it are; write it as they are",
                first + row + 1,
                cells.name()
            );
        }
        Ok(())
    }

    fn texts(&self, cells: &StringChunked) -> Column {
        let name = cells.name().as_str();
        let as_written = self.left.iter().any(|left| left == name);
        let rewrites = !as_written && (!self.formats.is_empty() || self.marks != Marks::default());
        // A few numbers or dates among words are words, and stay as they are written.
        let same =
            |cell: &&str| matches!(self.rewritten(name, cell), Cow::Borrowed(_)) && Shape::of(cell) == Shape::Text;
        let count = cells.len() - cells.null_count();
        let rewrites = rewrites && cells.iter().flatten().filter(same).count() * 2 < count.max(1);
        // Most cells begin as no word for "missing" does.
        let present = |cell: &&str| {
            let cell = cell.trim();
            !(cell.is_empty() || self.first[usize::from(cell.as_bytes()[0])]) || !self.na.contains(cell)
        };
        if !rewrites && cells.iter().flatten().all(|cell| present(&cell)) {
            return cells.clone().into_column();
        }
        let text = |cell| if rewrites { self.rewritten(name, cell) } else { Cow::Borrowed(cell) };
        let texts: StringChunked = cells.iter().map(|cell| cell.filter(present).map(text)).collect();
        texts.with_name(cells.name().clone()).into_column()
    }

    /// A date as ISO 8601, a number as computers write it.
    fn rewritten<'a>(&self, name: &str, cell: &'a str) -> Cow<'a, str> {
        let number = || if self.marks == Marks::default() { None } else { self.marks.plain(cell) };
        self.formats.iso(name, cell).or_else(number).map_or(Cow::Borrowed(cell), Cow::Owned)
    }

    /// Whether a column has a format of its own, such as `%Y%m%d`, which makes dates of whole numbers.
    fn is_date(&self, name: &str) -> bool {
        self.formats.columns().any(|other| other == name)
    }
}

/// A column without the cells whose `values` are missing.
fn without(column: &Column, values: &Column, is_missing: impl Fn(f64) -> bool) -> Result<Column> {
    let missing: BooleanChunked = values.f64()?.iter().map(|value| Some(value.is_some_and(&is_missing))).collect();
    if !missing.any() {
        return Ok(column.clone());
    }
    let none = Series::full_null(column.name().clone(), 1, column.dtype());
    Ok(none.zip_with(&missing, column.as_materialized_series())?.with_name(column.name().clone()).into_column())
}
