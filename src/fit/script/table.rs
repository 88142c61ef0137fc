//! How the script reads the table.

use super::python::{Code, list, text};
use crate::data::source::Source;
use crate::data::table::Format;
use crate::fit::settings::FitPlan;
use anyhow::{Context, Result, bail, ensure};
use std::io::Read;
use std::path::Path;

/// A table as Python opens it.
#[derive(PartialEq)]
pub(super) enum Reading {
    /// By `csv.DictReader`.
    Text { delimiter: char, quote: String, encoding: &'static str, skip: usize, names: Option<Vec<String>>, gzip: bool },
    /// By a function of polars.
    Polars(&'static str),
}

/// How `data` is read.
///
/// # Errors
/// Several files, standard input, and formats that take more than a line to read.
pub(super) fn reading(data: &Path, plan: &FitPlan) -> Result<Reading> {
    let shown = data.display();
    ensure!(data.is_file(), "{shown}: a script reads one file; write the rows into one, and fit that");
    let source = Source::open(data, &plan.read())?;
    Ok(match source.format() {
        Format::Csv | Format::Tsv => text_of(data, &source, plan)?,
        Format::Parquet => Reading::Polars("read_parquet"),
        Format::Ndjson => Reading::Polars("read_ndjson"),
        Format::Ipc => Reading::Polars("read_ipc"),
        format @ (Format::Json | Format::Xlsx) => {
            bail!(
                "{shown}: a script reads CSV, Parquet, NDJSON and Arrow files, not {format}; write it as one of these"
            )
        }
    })
}

/// Refuses a table that is not read as `first` is.
pub(super) fn same(other: &Path, first: &Reading, plan: &FitPlan) -> Result<()> {
    ensure!(
        reading(other, plan)? == *first,
        "{}: is written in another way than the first table, and a script reads all in one; write them alike",
        other.display()
    );
    Ok(())
}

fn text_of(data: &Path, source: &Source, plan: &FitPlan) -> Result<Reading> {
    let shown = data.display();
    let mut start = Vec::new();
    let file = std::fs::File::open(data).with_context(|| format!("{shown}: cannot read"))?;
    file.take(1 << 16).read_to_end(&mut start).with_context(|| format!("{shown}: cannot read"))?;
    let gzip = start.starts_with(&[0x1f, 0x8b]);
    ensure!(
        !start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]),
        "{shown}: Python unpacks no Zstandard; unpack it, and fit that"
    );
    let encoding = match start.as_slice() {
        [0xef, 0xbb, 0xbf, ..] => "utf-8-sig",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "utf-16",
        _ => encoding(&plan.encoding)?,
    };
    ensure!(
        !start.trim_ascii_start().to_ascii_lowercase().starts_with(b"sep="),
        "{shown}: its first line is Excel's sep=, which Python's csv takes for the header; take it out"
    );
    let delimiter = char::from(source.delimiter()?.unwrap_or(b','));
    let plain = !gzip && encoding.starts_with("utf-8") && plan.header && plan.skip_rows == 0;
    // A header that is not what the columns are called, such as an empty name, is left out and told.
    let named = plain && header(&start, delimiter) == source.names();
    let names = (!named).then(|| source.names());
    let skip = plan.skip_rows + usize::from(!named && plan.header);
    Ok(Reading::Text { delimiter, quote: plan.quote.clone(), encoding, skip, names, gzip })
}

/// The names in the first line.
fn header(start: &[u8], delimiter: char) -> Vec<String> {
    let text = String::from_utf8_lossy(start);
    let line = text.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
    let bare = |cell: &str| cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')).unwrap_or(cell).to_string();
    line.split(delimiter).map(bare).collect()
}

/// Python's name of an encoding.
fn encoding(name: &str) -> Result<&'static str> {
    match name.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" => Ok("utf-8"),
        // The WHATWG takes the one for the other.
        "latin1" | "iso-8859-1" | "windows-1252" | "cp1252" => Ok("cp1252"),
        _ => bail!("--encoding {name}: a script reads UTF-8 and windows-1252; convert the table with iconv"),
    }
}

impl Reading {
    pub(super) fn is_text(&self) -> bool {
        matches!(self, Self::Text { .. })
    }

    /// `is_missing(cell)`.
    pub(super) fn missing(&self) -> String {
        let test = match self {
            Self::Text { .. } => "cell.strip() in MISSING",
            // None, NaN, or a text.
            Self::Polars(_) => "cell is None or cell != cell or str(cell).strip() in MISSING",
        };
        format!("def is_missing(cell):\n    return {test}\n")
    }

    /// `read(path)`: a dict for each row, without those whose target is missing if some are.
    pub(super) fn function(&self, some_without_target: bool) -> String {
        let kept = |rows: String| match some_without_target {
            true => format!("return [row for row in {rows} if not is_missing(row[TARGET])]"),
            false if rows.ends_with("to_dicts()") => format!("return {rows}"),
            false => format!("return list({rows})"),
        };
        let mut code = Code::default();
        code.line(0, "def read(path):");
        let about = if some_without_target { " whose target is known" } else { "" };
        code.line(1, format!("\"\"\"The rows{about}, each as a dict of its cells.\"\"\""));
        match self {
            Self::Polars(function) => code.line(1, kept(format!("polars.{function}(path).to_dicts()"))),
            Self::Text { encoding, skip, gzip, .. } => {
                let (open, mode) = if *gzip { ("gzip.open", "\"rt\", ") } else { ("open", "") };
                code.line(1, format!("with {open}(path, {mode}encoding=\"{encoding}\", newline=\"\") as file:"));
                for _ in 0..*skip {
                    code.line(2, "next(file)");
                }
                code.line(2, kept(format!("csv.DictReader({})", self.arguments())));
            }
        }
        code.text()
    }

    fn arguments(&self) -> String {
        let Self::Text { delimiter, quote, names, .. } = self else { return String::new() };
        let mut arguments = vec!["file".to_string()];
        if names.is_some() {
            arguments.push("COLUMNS".into());
        }
        if *delimiter != ',' {
            arguments.push(format!("delimiter={}", text(&delimiter.to_string())));
        }
        match quote.as_str() {
            "\"" => {}
            "none" => arguments.push("quoting=csv.QUOTE_NONE".into()),
            other => arguments.push(format!("quotechar={}", text(other))),
        }
        arguments.join(", ")
    }

    /// The names of the columns, where the file does not have them.
    pub(super) fn columns(&self) -> Option<String> {
        let Self::Text { names: Some(names), .. } = self else { return None };
        Some(list(names))
    }
}
