//! How a table is read, in every command that reads one.

use super::numbers::whole;
use crate::data::source::ReadOptions;
use crate::data::table::Format;
use clap::Args;
use serde::Serialize;

/// How a table is read, as flags; each is a TOML key too, with `_` for `-`. One that is not given is not there.
#[derive(Debug, Clone, Args, Serialize)]
#[command(next_help_heading = "How the table is read")]
pub struct ReadingFlags {
    /// Format of the table: csv, tsv, parquet, ndjson, json, ipc (Arrow, Feather) or xlsx [default: by the file's name]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    /// Cells that mean "missing" [default: empty, NA, N/A, #N/A, n/a, NaN, nan, NaT, null, NULL, None, ? and the
    /// other words of pandas; of a model: those that it was fitted with]
    #[arg(long, value_name = "TEXT,…", value_delimiter = ',', allow_hyphen_values = true, value_parser = word)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    na: Vec<String>,
    /// Character between two cells of a CSV, tab, or auto: seen in the header [default: auto]
    #[arg(long, value_name = "CHAR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    delimiter: Option<String>,
    /// Character around a cell that holds delimiters, or none [default: "]
    #[arg(long, value_name = "CHAR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    quote: Option<String>,
    /// Character that takes the next one as text, such as \, or none: a quote inside quotes is then written twice [default:
    /// none]
    #[arg(long, value_name = "CHAR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    escape: Option<String>,
    /// The CSV's first line is a row, not names; the columns are named column_1, column_2, …
    #[arg(long = "no-header", action = clap::ArgAction::SetFalse)]
    #[serde(skip_serializing_if = "is_true")]
    header: bool,
    /// Lines before the header that are left out [default: 0]
    #[arg(long, value_name = "N", value_parser = whole(0..=u32::MAX), allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    skip_rows: Option<u32>,
    /// What a line begins with that is left out, such as #
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    /// Encoding of the text, such as latin1, windows-1252 or shift_jis; UTF-16 is seen where a mark says so [default: utf-8]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<String>,
    /// Mark before the fraction of a number in text; for a model, that of its table [default: .]
    #[arg(long, value_name = "CHAR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    decimal: Option<String>,
    /// Mark between groups of three digits in text, space, or none; for a model, that of its table [default: none]
    #[arg(long, value_name = "CHAR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    thousands: Option<String>,
    /// How dates are written that are not ISO 8601, in strftime's letters, such as %d/%m/%Y, or COL=%Y%m%d for one column; for a
    /// model, as in its table. May be given several times
    #[arg(long, value_name = "[COL=]FORMAT")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    date_format: Vec<String>,
    /// Sheet of a workbook [default: the first]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet: Option<String>,
}

fn is_true(header: &bool) -> bool {
    *header
}

/// A word for "missing": one that begins with two hyphens is the next flag.
fn word(text: &str) -> Result<String, String> {
    match text.strip_prefix("--") {
        Some(flag) if flag.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            Err("expected TEXT before the next flag".into())
        }
        _ => Ok(text.into()),
    }
}

impl ReadingFlags {
    /// What is given, and `base` for the rest.
    ///
    /// # Errors
    /// An unknown format.
    pub fn over(&self, base: ReadOptions) -> anyhow::Result<ReadOptions> {
        let format = self.format.as_deref().map(str::parse::<Format>).transpose();
        let format = format.map_err(|error| anyhow::anyhow!("--format {error}"))?;
        let or = |given: &Option<String>, base: String| given.clone().unwrap_or(base);
        // A mark that takes the other's place: both are given anew.
        let same = |given: &Option<String>, other: &str| given.as_deref() == Some(other);
        let thousands = if same(&self.decimal, &base.thousands) { "none".into() } else { base.thousands };
        let all = |given: &Vec<String>, base: Vec<String>| if given.is_empty() { base } else { given.clone() };
        Ok(ReadOptions {
            format: format.or(base.format),
            na: all(&self.na, base.na),
            delimiter: or(&self.delimiter, base.delimiter),
            quote: or(&self.quote, base.quote),
            escape: or(&self.escape, base.escape),
            header: self.header && base.header,
            skip_rows: self.skip_rows.map_or(base.skip_rows, |rows| rows as usize),
            comment: or(&self.comment, base.comment),
            encoding: or(&self.encoding, base.encoding),
            decimal: or(&self.decimal, base.decimal),
            thousands: or(&self.thousands, thousands),
            date_format: all(&self.date_format, base.date_format),
            sheet: self.sheet.clone().or(base.sheet),
            live: base.live,
        })
    }
}
