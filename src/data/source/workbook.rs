//! A sheet of a workbook: Excel's .xlsx, .xlsb and .xls, and OpenDocument's .ods, through calamine.

use super::ReadOptions;
use super::files::open;
use super::header::named;
use crate::data::caught::caught;
use anyhow::{Context, Result, anyhow, bail, ensure};
use calamine::{Data, ExcelDateTime, Range, Reader, Sheets, open_workbook_auto_from_rs};
use chrono::NaiveDateTime;
use polars::prelude::{Column, DataFrame, DataType, IntoColumn, NamedFrom, PolarsError, Series, TimeUnit};
use std::collections::HashSet;
use std::io::{Cursor, Read};
use std::path::Path;

/// The table in a sheet: the one named, or the first. The first row that is not empty is the header.
///
/// # Errors
/// A file that is no workbook, a sheet that is not there, or that has no rows.
pub fn read(path: &Path, shown: &str, options: &ReadOptions) -> Result<DataFrame> {
    let ReadOptions { sheet, header, na, skip_rows, comment, .. } = options;
    // A broken workbook may make its reader panic, as a broken Parquet file does polars.
    let failed = |error: String| PolarsError::ComputeError(error.into());
    let mut bytes = Vec::new();
    open(path, shown)?.read_to_end(&mut bytes).with_context(|| format!("{shown}: cannot read"))?;
    let mut book = caught(shown, || {
        open_workbook_auto_from_rs(Cursor::new(bytes.as_slice()))
            .map_err(|error| failed(format!("cannot be read as a workbook: {error}")))
    })?;
    let range = caught(shown, || self::sheet(&mut book, sheet.as_deref()).map_err(|error| failed(error.to_string())))?;
    let comment = |row: &&[Data]| {
        !comment.is_empty() && matches!(row.first(), Some(Data::String(text)) if text.starts_with(comment.as_str()))
    };
    let rows: Vec<&[Data]> = range.rows().skip(*skip_rows).filter(|row| !comment(row)).collect();
    // Titles stand in few columns, names in all.
    let mut rows = rows.into_iter().skip_while(|row| row.iter().all(|cell| *cell == Data::Empty));
    let width = range.width();
    let names = match *header {
        true => rows.next().into_iter().flatten().map(text).collect(),
        false => (1..=width).map(|index| format!("column_{index}")).collect(),
    };
    let names = named(names, shown)?;
    let na: HashSet<&str> = na.iter().map(String::as_str).collect();
    let rows: Vec<&[Data]> = rows.filter(|row| row.iter().any(|cell| *cell != Data::Empty)).collect();
    ensure!(!rows.is_empty(), "{shown}: no rows below the header, expected one at least");
    let column = |(index, name): (usize, &String)| column(name, rows.iter().map(|row| &row[index]), &na);
    let columns = names.iter().enumerate().map(column).collect::<Result<Vec<_>>>()?;
    Ok(DataFrame::new(rows.len(), columns)?)
}

fn sheet(book: &mut Sheets<Cursor<&[u8]>>, name: Option<&str>) -> Result<Range<Data>> {
    let names = book.sheet_names();
    let name = match name {
        Some(name) if names.iter().any(|other| other == name) => name.to_string(),
        Some(name) => bail!("--sheet {name}: there is no such sheet, expected {}", names.join(", ")),
        None => names.first().context("it has no sheet")?.clone(),
    };
    book.worksheet_range(&name).map_err(|error| anyhow!("sheet {name}: {error}"))
}

/// A cell, missing ones left out.
fn cell<'a>(cell: &'a Data, na: &HashSet<&str>) -> Option<&'a Data> {
    match cell {
        // #N/A and its like are what a formula had no answer for.
        Data::Empty | Data::Error(_) => None,
        Data::String(text) if na.contains(text.trim()) => None,
        other => Some(other),
    }
}

/// A column in the type that all of its cells have, else as text.
fn column<'a>(name: &str, cells: impl Iterator<Item = &'a Data> + Clone, na: &HashSet<&str>) -> Result<Column> {
    let cells = cells.map(|data| cell(data, na));
    let each = |is: fn(&Data) -> bool| cells.clone().flatten().all(is);
    let name = name.into();
    if cells.clone().flatten().next().is_none() {
        return Ok(Column::full_null(name, cells.count(), &DataType::Null));
    }
    if each(|cell| number(cell).is_some()) {
        let numbers: Vec<Option<f64>> = cells.map(|cell| cell.and_then(number)).collect();
        let whole = numbers.iter().flatten().all(|value| value.fract() == 0.0 && value.abs() < 1e15);
        let column = Column::new(name, numbers);
        return Ok(if whole { column.cast(&DataType::Int64)? } else { column });
    }
    if each(|cell| matches!(cell, Data::Bool(_))) {
        let truth = |cell: &Data| matches!(cell, Data::Bool(true));
        return Ok(Series::new(name, cells.map(|cell| cell.map(truth)).collect::<Vec<_>>()).into_column());
    }
    if each(|cell| datetime(cell).is_some()) {
        let times: Vec<Option<NaiveDateTime>> = cells.map(|cell| cell.and_then(datetime)).collect();
        let dates = times.iter().flatten().all(|time| time.time() == chrono::NaiveTime::MIN);
        let micros: Vec<Option<i64>> =
            times.iter().map(|time| time.map(|time| time.and_utc().timestamp_micros())).collect();
        let column = Column::new(name, micros).cast(&DataType::Datetime(TimeUnit::Microseconds, None))?;
        return Ok(if dates { column.cast(&DataType::Date)? } else { column });
    }
    Ok(Column::new(name, cells.map(|cell| cell.map(text)).collect::<Vec<_>>()))
}

/// A time of day without a date: a part of the first day.
fn is_time(time: &ExcelDateTime) -> bool {
    (0.0..1.0).contains(&time.as_f64())
}

/// A number; a duration and a time of day are their seconds.
fn number(cell: &Data) -> Option<f64> {
    match cell {
        Data::Int(value) => Some(*value as f64),
        Data::Float(value) => Some(*value),
        Data::DateTime(time) if time.is_duration() || is_time(time) => {
            Some((time.as_f64() * 86400.0 * 1e3).round() / 1e3)
        }
        _ => None,
    }
}

fn datetime(cell: &Data) -> Option<NaiveDateTime> {
    match cell {
        Data::DateTime(time) if !time.is_duration() && !is_time(time) => time.as_datetime(),
        Data::DateTimeIso(text) => Some(crate::data::dates::iso(text)?.wall),
        _ => None,
    }
}

fn text(cell: &Data) -> String {
    match (cell, datetime(cell)) {
        (_, Some(time)) => time.format("%Y-%m-%dT%H:%M:%S%.f").to_string(),
        (Data::Bool(value), _) => value.to_string(),
        (Data::DateTime(time), _) => time.as_f64().to_string(),
        (Data::Int(value), _) => value.to_string(),
        (Data::Float(value), _) => value.to_string(),
        (Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text), _) => text.clone(),
        (Data::Empty | Data::Error(_), _) => String::new(),
    }
}
