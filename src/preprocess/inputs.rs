//! A model's inputs: which columns of a table it takes, and the matrix of raw numbers and category codes they make.
//!
//! The matrix is what `forward(x)` of the model file takes: first the number columns, then the dates, then the category
//! columns, each in the order of the schema. A date is its seconds since 1970, a category its index in sorted order,
//! and a category that the training rows did not have the number of categories. A missing value is NaN.

use super::categories::Categories;
use super::choices::{ColumnChoice, Impute, Unseen};
use super::dates::Date;
use crate::data::location::Location;
use crate::data::table::column;
use anyhow::{Result, bail};
use polars::prelude::*;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The input columns of a model, with the preprocessing of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    pub numbers: Vec<Number>,
    #[serde(default)]
    pub dates: Vec<Date>,
    pub categories: Vec<Category>,
}

/// A column of numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Number {
    pub name: String,
    pub choice: ColumnChoice,
}

/// A column of categories: those of the training rows, sorted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Category {
    pub name: String,
    pub values: Categories,
    pub choice: ColumnChoice,
}

/// The raw matrix of some rows of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Raw {
    /// One vector a column, numbers first.
    pub columns: Vec<Vec<f64>>,
    /// The numbers of the rows in the table, without those that `--impute drop` leaves out.
    pub rows: Vec<u32>,
    pub counts: Counts,
}

/// More columns than this are counted, not named; `--json` and the summary have them all.
const NAMED: usize = 6;

/// What was met while rows were coded, by column.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Counts {
    /// Missing values, in whose place an imputed one is put.
    pub imputed: BTreeMap<String, usize>,
    /// Categories that the training rows did not have.
    pub unseen: BTreeMap<String, usize>,
    /// Rows that `--impute drop` left out.
    pub dropped_rows: usize,
}

impl Counts {
    /// Adds the counts of further rows.
    pub fn add(&mut self, other: Self) {
        for (sum, more) in [(&mut self.imputed, other.imputed), (&mut self.unseen, other.unseen)] {
            more.into_iter().for_each(|(name, count)| *sum.entry(name).or_default() += count);
        }
        self.dropped_rows += other.dropped_rows;
    }

    /// The counts in words, such as `missing values imputed: age 3; rows dropped: 2`; empty where all are 0.
    pub fn describe(&self) -> String {
        let of = |what: &str, by_column: &BTreeMap<String, usize>| {
            let columns: Vec<String> = by_column.iter().map(|(name, count)| format!("{name} {count}")).collect();
            let all = || format!("{} in {} columns", by_column.values().sum::<usize>(), columns.len());
            let shown = if columns.len() > NAMED { all() } else { columns.join(", ") };
            (!columns.is_empty()).then(|| format!("{what}: {shown}"))
        };
        let dropped = (self.dropped_rows > 0).then(|| format!("rows dropped: {}", self.dropped_rows));
        let parts = [of("missing values imputed", &self.imputed), of("unseen categories", &self.unseen), dropped];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}

impl Inputs {
    /// The names of the columns, in the order of the matrix.
    pub fn names(&self) -> Vec<String> {
        self.choices().map(|(name, _)| name.to_string()).collect()
    }

    /// The matrix of `data`'s rows. `at` says where they stand, for errors.
    ///
    /// # Errors
    /// A missing column, a number column with text, an infinite value, a missing value under `error`, an unseen
    /// category under `error`.
    pub fn raw(&self, data: &DataFrame, at: Location<'_>) -> Result<Raw> {
        let mut counts = Counts::default();
        let width = self.numbers.len() + self.dates.len() + self.categories.len();
        let mut columns: Vec<Vec<f64>> =
            (0..width).map(|index| self.values(index, data, at, &mut counts)).collect::<Result<_>>()?;
        let rows = self.kept(&columns, at, &mut counts)?;
        if rows.len() < data.height() {
            for column in &mut columns {
                *column = rows.iter().map(|&row| column[row as usize]).collect();
            }
        }
        self.count_imputed(&columns, &mut counts);
        Ok(Raw { columns, rows, counts })
    }

    /// The column `index` of the matrix, for `data`'s rows.
    ///
    /// # Errors
    /// As [`Inputs::raw`], but for a missing value under `error`.
    pub fn raw_column(&self, index: usize, data: &DataFrame, at: Location<'_>) -> Result<Vec<f64>> {
        self.values(index, data, at, &mut Counts::default())
    }

    fn values(&self, index: usize, data: &DataFrame, at: Location<'_>, counts: &mut Counts) -> Result<Vec<f64>> {
        match self.numbers.get(index) {
            Some(column) => number_values(data, &column.name, at),
            None => match self.dates.get(index - self.numbers.len()) {
                Some(column) => column.seconds(data, at),
                None => self.categories[index - self.numbers.len() - self.dates.len()].codes(data, at, counts),
            },
        }
    }

    /// Every column's name and what is done to it, in the order of the matrix.
    pub fn choices(&self) -> impl Iterator<Item = (&str, &ColumnChoice)> {
        let numbers = self.numbers.iter().map(|column| (column.name.as_str(), &column.choice));
        let dates = self.dates.iter().map(|column| (column.name.as_str(), &column.choice));
        numbers.chain(dates).chain(self.categories.iter().map(|column| (column.name.as_str(), &column.choice)))
    }

    /// The rows to keep: those without a missing value in a column under `--impute drop`.
    ///
    /// # Errors
    /// A missing value in a column under `--impute error`.
    fn kept(&self, columns: &[Vec<f64>], at: Location<'_>, counts: &mut Counts) -> Result<Vec<u32>> {
        let height = columns.first().map_or(0, Vec::len);
        let mut keep = vec![true; height];
        for ((name, choice), values) in self.choices().zip(columns) {
            for (row, _) in values.iter().enumerate().filter(|(_, value)| value.is_nan()) {
                match choice.impute {
                    Impute::Error => {
                        bail!("{}, column {name}: missing; choose what takes its place with --impute", at.row(row))
                    }
                    Impute::Drop => keep[row] = false,
                    _ => {}
                }
            }
        }
        let rows: Vec<u32> = (0..height as u32).filter(|&row| keep[row as usize]).collect();
        counts.dropped_rows = height - rows.len();
        Ok(rows)
    }

    fn count_imputed(&self, columns: &[Vec<f64>], counts: &mut Counts) {
        for ((name, _), values) in self.choices().zip(columns) {
            let missing = values.iter().filter(|value| value.is_nan()).count();
            if missing > 0 {
                counts.imputed.insert(name.into(), missing);
            }
        }
    }
}

impl Category {
    fn codes(&self, data: &DataFrame, at: Location<'_>, counts: &mut Counts) -> Result<Vec<f64>> {
        let mut unseen = 0;
        let mut codes = Vec::with_capacity(data.height());
        for (row, text) in texts(data, &self.name, at)?.iter().enumerate() {
            codes.push(match text {
                None => f64::NAN,
                Some(text) => match self.values.code(text) {
                    Some(code) => code as f64,
                    None if self.choice.unseen == Unseen::Error => bail!(
                        "{}, column {}: category {text:?} was not among the training rows; \
                         choose what is done with it with --unseen ignore|other when fitting",
                        at.row(row),
                        self.name
                    ),
                    None => {
                        unseen += 1;
                        self.values.len() as f64
                    }
                },
            });
        }
        if unseen > 0 {
            counts.unseen.insert(self.name.clone(), unseen);
        }
        Ok(codes)
    }
}

/// The cells of a column as text, whatever its type. A whole number has no decimal point, so that a category is the
/// same whether its column was read as `Int64` or, because of one other cell, as `Float64`.
pub fn texts(data: &DataFrame, name: &str, at: Location<'_>) -> Result<StringChunked> {
    let series = column(data, name, at)?.as_materialized_series();
    let whole = |value: f64| value.fract() == 0.0 && value.abs() < 1e15;
    // -0 is 0, as it is to NumPy and scikit-learn.
    let text = |value: f64, shortest: String| if whole(value) { format!("{:.0}", value + 0.0) } else { shortest };
    let texts: Option<StringChunked> = if let Ok(values) = series.f64() {
        Some(values.iter().map(|value| value.map(|value| text(value, value.to_string()))).collect())
    } else if let Ok(values) = series.f32() {
        Some(values.iter().map(|value| value.map(|value| text(value.into(), value.to_string()))).collect())
    } else {
        None
    };
    if let Some(texts) = texts {
        return Ok(texts.with_name(name.into()));
    }
    Ok(series.cast(&DataType::String)?.str()?.clone())
}

/// The values of a number column, NaN where missing.
pub fn number_values(data: &DataFrame, name: &str, at: Location<'_>) -> Result<Vec<f64>> {
    let series = column(data, name, at)?.as_materialized_series();
    let series = match series.dtype() {
        dtype if dtype.is_primitive_numeric() || *dtype == DataType::Boolean => series.cast(&DataType::Float64)?,
        DataType::Null => return Ok(vec![f64::NAN; data.height()]),
        DataType::String => {
            let number = |(row, cell): (usize, Option<&str>)| match cell.map(|cell| cell.trim().parse::<f64>()) {
                None => Ok(None),
                Some(Ok(value)) => Ok(Some(value)),
                Some(Err(_)) => bail!(
                    "{}, column {name}: {:?}, expected a number; name it with --na if it means missing",
                    at.row(row),
                    cell.unwrap_or_default()
                ),
            };
            series.str()?.iter().enumerate().map(number).collect::<Result<Float64Chunked>>()?.into_series()
        }
        dtype => bail!("{}: column {name} is {dtype}, expected numbers", at.file),
    };
    let values = floats(series.f64()?).into_owned();
    if let Some(row) = values.iter().position(|value| value.is_infinite()) {
        bail!("{}, column {name}: {}, expected a finite number", at.row(row), values[row]);
    }
    Ok(values)
}

/// The numbers of a column, NaN where there is none.
pub fn floats(cells: &Float64Chunked) -> Cow<'_, [f64]> {
    match cells.cont_slice() {
        Ok(values) => Cow::Borrowed(values),
        Err(_) => Cow::Owned(cells.iter().map(|cell| cell.unwrap_or(f64::NAN)).collect()),
    }
}
