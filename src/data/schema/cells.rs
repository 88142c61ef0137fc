//! The cells of a column in the type that the schema gives it.

use super::{ColumnSchema, Kind};
use crate::data::dates;
use anyhow::{Result, anyhow, bail};
use polars::prelude::*;

impl ColumnSchema {
    /// `cells` in the pinned type; the first of them is row `first_row` of the table `shown`.
    ///
    /// # Errors
    /// The first cell that is not of the kind, or is missing where none may be, with its row.
    pub(super) fn typed(&self, cells: &Series, first_row: usize, shown: &str) -> Result<Series> {
        let place = |row: usize| format!("{shown}: row {}, column {}", first_row + row + 1, self.name);
        if !self.nullable && cells.null_count() > 0 {
            let row = cells.is_null().iter().position(|null| null == Some(true)).unwrap_or_default();
            bail!("{}: missing, though the schema says nullable = false", place(row));
        }
        let wrong = |(row, cell): (usize, String)| {
            anyhow!(
                "{}: {cell:?} is not {}, as the schema says it is; name it with --na if it means missing",
                place(row),
                article(self.kind)
            )
        };
        match cells.dtype() {
            DataType::Null => Ok(Series::full_null(cells.name().clone(), cells.len(), &self.dtype())),
            DataType::String => self.parse(cells.str()?).map_err(wrong),
            _ => self.cast(cells)?.map_err(wrong),
        }
    }

    fn dtype(&self) -> DataType {
        match self.kind {
            Kind::Number => DataType::Float64,
            Kind::Integer => DataType::Int64,
            Kind::Bool => DataType::Boolean,
            Kind::Text | Kind::Date | Kind::Datetime => DataType::String,
        }
    }

    /// Text into the kind; else the first cell that is not of it.
    fn parse(&self, cells: &StringChunked) -> Result<Series, (usize, String)> {
        fn each<T>(
            cells: &StringChunked,
            parse: impl Fn(&str) -> Option<T>,
        ) -> Result<Vec<Option<T>>, (usize, String)> {
            let one = |(row, cell): (usize, Option<&str>)| match cell {
                None => Ok(None),
                Some(cell) => parse(cell).map(Some).ok_or_else(|| (row, cell.to_string())),
            };
            cells.iter().enumerate().map(one).collect()
        }
        let name = cells.name().clone();
        Ok(match self.kind {
            Kind::Number => Series::new(name, each(cells, |cell| cell.trim().parse::<f64>().ok())?),
            Kind::Integer => Series::new(name, each(cells, |cell| cell.trim().parse::<i64>().ok())?),
            Kind::Bool => Series::new(name, each(cells, |cell| truth(cell.trim()))?),
            Kind::Date => each(cells, |cell| dates::iso(cell).filter(|stamp| !stamp.has_time).map(|_| ()))
                .map(|_| cells.clone().into_series())?,
            Kind::Datetime => {
                let known = |cell: &str| dates::iso(cell).is_some();
                each(cells, |cell| known(cell).then_some(())).map(|_| cells.clone().into_series())?
            }
            Kind::Text => cells.clone().into_series(),
        })
    }

    /// Cells that have a type already into the kind; else the first cell that is not of it.
    fn cast(&self, cells: &Series) -> Result<Result<Series, (usize, String)>> {
        let found = cells.dtype();
        let fits = match self.kind {
            Kind::Text => true,
            Kind::Number => found.is_primitive_numeric(),
            Kind::Integer => found.is_integer(),
            Kind::Bool => *found == DataType::Boolean,
            Kind::Date => *found == DataType::Date,
            Kind::Datetime => matches!(found, DataType::Datetime(..) | DataType::Date),
        };
        if fits && matches!(self.kind, Kind::Date | Kind::Datetime) {
            return Ok(Ok(cells.clone()));
        }
        if fits {
            return Ok(Ok(cells.strict_cast(&self.dtype())?));
        }
        // A whole number may stand in a column of floats, 0 or 1 for a truth value: cell by cell, as text.
        let text = cells.cast(&DataType::String)?;
        let text: StringChunked = text
            .str()?
            .iter()
            .map(|cell| cell.map(|cell| cell.strip_suffix(".0").unwrap_or(cell).to_string()))
            .collect();
        Ok(self.parse(&text.with_name(cells.name().clone())))
    }
}

fn truth(cell: &str) -> Option<bool> {
    match cell.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn article(kind: Kind) -> &'static str {
    match kind {
        Kind::Number => "a number",
        Kind::Integer => "an integer",
        Kind::Text => "text",
        Kind::Bool => "true or false",
        Kind::Date => "a date such as 2024-02-29",
        Kind::Datetime => "a time such as 2024-02-29T12:30:00",
    }
}
