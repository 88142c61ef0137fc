//! Tables: their formats on disk, how they are written, and their columns.

use super::location::Location;
use crate::choices::names::{absent, named};
use anyhow::{Context, Result, bail};
use polars::prelude::*;
use std::io::Write;
use std::path::Path;

named! {
    /// A table's format on disk.
    pub enum Format {
        Csv = "csv",
        /// CSV with tabs.
        Tsv = "tsv",
        Parquet = "parquet",
        Ndjson = "ndjson",
        /// An array of objects; read only.
        Json = "json",
        /// An Arrow file, also called Feather, or an Arrow stream.
        Ipc = "ipc",
        /// A workbook of Excel or OpenDocument; read only.
        Xlsx = "xlsx",
    }
}

impl Format {
    /// The format that `path` ends in: `.csv`, `.txt`, `.tsv`, `.parquet`, `.ndjson` (`.jsonl`), `.json`, `.ipc` (`.arrow`,
    /// `.feather`) or `.xlsx`. Text may be compressed, as in `.csv.gz` and `.csv.zst`.
    pub fn of(path: &Path) -> Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let packed =
            [".gz", ".zst", ".zstd", ".bz2", ".xz", ".zip"].iter().find_map(|ending| name.strip_suffix(ending));
        let format = match packed.unwrap_or(&name).rsplit_once('.').map(|(_, ending)| ending) {
            Some("csv" | "txt" | "data" | "dat") => Self::Csv,
            Some("tsv" | "tab") => Self::Tsv,
            Some("parquet" | "pq" | "parq") => Self::Parquet,
            Some("ndjson" | "jsonl" | "jsonlines") => Self::Ndjson,
            Some("json") => Self::Json,
            Some("ipc" | "arrow" | "arrows" | "feather") => Self::Ipc,
            Some("xlsx" | "xlsm" | "xlsb" | "xls" | "ods") => Self::Xlsx,
            Some("db" | "sqlite" | "sqlite3" | "duckdb") => bail!(
                "{}: a database; export the rows first, as in sqlite3 -header -csv FILE 'SELECT …' > t.csv or duckdb's \
                 COPY (SELECT …) TO 't.parquet'",
                path.display()
            ),
            _ => bail!(
                "{}: cannot tell its format by its name, expected one that ends in .csv, .tsv, .txt, .parquet, .ndjson, .json, \
                 .ipc or .xlsx; say --format csv, or which it is",
                path.display()
            ),
        };
        let text = matches!(format, Self::Csv | Self::Tsv | Self::Ndjson | Self::Json);
        match packed {
            Some(plain) if !text => bail!("{}: {format} is not read compressed; unpack it to {plain}", path.display()),
            _ => Ok(format),
        }
    }

    /// The format to write a file in that is called `path`.
    ///
    /// # Errors
    /// One that is only read, a compressed one.
    pub fn to_write(path: &Path) -> Result<Self> {
        let shown = path.display();
        let packed = path
            .extension()
            .is_some_and(|ending| ["gz", "zst", "zstd", "bz2", "xz", "zip"].iter().any(|packed| ending == *packed));
        // A name that may mean several forms of text, or a stream.
        let vague = path
            .extension()
            .is_some_and(|ending| ["txt", "data", "dat", "arrows"].iter().any(|other| ending == *other));
        match Self::of(path) {
            Ok(format) if !packed && !vague && format.is_written() => Ok(format),
            _ => bail!("{shown}: cannot be written, expected a name that ends in {}", Self::WRITTEN),
        }
    }

    const WRITTEN: &str = ".csv, .tsv, .parquet, .ndjson or .ipc";

    pub fn is_written(self) -> bool {
        !matches!(self, Self::Json | Self::Xlsx)
    }
}

/// A CSV given as text, such as a table that the program carries with it.
pub fn parse_csv(text: &'static str) -> Result<DataFrame> {
    Ok(csv(std::io::Cursor::new(text.as_bytes()))?)
}

/// The same with numbers and dates as such.
pub fn parse_typed_csv(text: &'static str) -> Result<DataFrame> {
    let dates = CsvParseOptions::default().with_try_parse_dates(true);
    let reader = CsvReadOptions::default().with_infer_schema_length(None).with_parse_options(dates);
    Ok(reader.into_reader_with_file_handle(std::io::Cursor::new(text.as_bytes())).finish()?)
}

fn csv<R: polars::io::mmap::MmapBytesReader>(reader: R) -> PolarsResult<DataFrame> {
    // Zero rows to infer from: all columns are text.
    CsvReadOptions::default().with_infer_schema_length(Some(0)).into_reader_with_file_handle(reader).finish()
}

/// Writes `table` to `out` in `format`.
pub fn write(table: &mut DataFrame, format: Format, out: impl Write) -> Result<()> {
    match format {
        Format::Csv => CsvWriter::new(out).finish(table)?,
        Format::Tsv => CsvWriter::new(out).with_separator(b'\t').finish(table)?,
        Format::Parquet => ParquetWriter::new(out).finish(table).map(|_| ())?,
        Format::Ndjson => JsonWriter::new(out).with_json_format(JsonFormat::JsonLines).finish(table)?,
        Format::Ipc => IpcWriter::new(out).finish(table)?,
        Format::Json | Format::Xlsx => bail!("{format} is only read, expected a name that ends in {}", Format::WRITTEN),
    }
    Ok(())
}

/// The columns named, as Float64 and in this order. `at` is for the error at a column that is missing, or at a cell
/// that is empty, is not a number, or is not finite.
pub fn numbers(table: &DataFrame, columns: &[impl AsRef<str>], at: Location<'_>) -> Result<DataFrame> {
    let picked: Result<Vec<Column>> = columns.iter().map(|name| number_column(table, name.as_ref(), at)).collect();
    Ok(DataFrame::new(table.height(), picked?)?)
}

fn number_column(table: &DataFrame, name: &str, at: Location<'_>) -> Result<Column> {
    let Ok(column) = table.column(name) else {
        bail!("{}: no column {name}, its columns are {}", at.file, names(table).join(", "));
    };
    let series = column.as_materialized_series();
    let values: Float64Chunked = match series.dtype() {
        DataType::String => parse(series.str()?, name, at)?,
        dtype if dtype.is_primitive_numeric() => series.cast(&DataType::Float64)?.f64()?.clone(),
        dtype => bail!("{}: column {name} is {dtype}, expected numbers", at.file),
    };
    let wrong = values.iter().position(|value| !value.is_some_and(f64::is_finite));
    if let Some(row) = wrong {
        let found = values.get(row).map_or("empty".into(), |value| value.to_string());
        bail!("{}, column {name}: {found}, expected a finite number", at.row(row));
    }
    Ok(values.with_name(name.into()).into_column())
}

/// Text to numbers; empty cells stay empty.
fn parse(cells: &StringChunked, name: &str, at: Location<'_>) -> Result<Float64Chunked> {
    let number = |(row, cell): (usize, Option<&str>)| match cell.map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => match text.parse::<f64>() {
            Ok(value) => Ok(Some(value)),
            Err(_) => bail!("{}, column {name}: {text:?}, expected a number", at.row(row)),
        },
    };
    cells.iter().enumerate().map(number).collect()
}

/// The column `name`; where there is none, the error says which name is near it.
pub fn column<'a>(data: &'a DataFrame, name: &str, at: Location<'_>) -> Result<&'a Column> {
    let known = || {
        let names = names(data);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        format!("{}: no column {}", at.file, absent(name, &names))
    };
    data.column(name).ok().with_context(known)
}

/// The rows in which a column has a value; NaN is none.
pub fn known_rows(column: &Column) -> Vec<u32> {
    let known = match column.is_not_nan() {
        Ok(number) => column.is_not_null() & number,
        Err(_) => column.is_not_null(),
    };
    (0u32..).zip(known.iter()).filter(|(_, known)| *known == Some(true)).map(|(row, _)| row).collect()
}

/// The names of the columns, in their order.
pub fn names(table: &DataFrame) -> Vec<String> {
    table.get_column_names().iter().map(|name| name.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    fn refusal(text: &'static str) -> String {
        let table = parse_csv(text).unwrap();
        numbers(&table, &["a", "b"], Location::start("t.csv")).unwrap_err().to_string()
    }

    #[test]
    fn a_cell_that_is_no_finite_number_is_named_by_row_and_column() {
        assert_eq!(refusal("a,b\n1,2\n3,x\n"), "t.csv: row 2, column b: \"x\", expected a number");
        assert_eq!(refusal("a,b\n1,2\n3,\n"), "t.csv: row 2, column b: empty, expected a finite number");
        assert_eq!(refusal("a,b\nnan,2\n"), "t.csv: row 1, column a: NaN, expected a finite number");
        assert_eq!(refusal("a,b\n1,-inf\n"), "t.csv: row 1, column b: -inf, expected a finite number");
        assert_eq!(refusal("a,c\n1,2\n"), "t.csv: no column b, its columns are a, c");
    }

    #[test]
    fn columns_come_in_the_order_asked_for_whatever_the_files_is() {
        let table = numbers(&parse_csv("b,a\n1,2\n").unwrap(), &["a", "b"], Location::start("t.csv")).unwrap();
        assert_eq!(names(&table), ["a", "b"]);
        assert_eq!(table.column("a").unwrap().f64().unwrap().get(0), Some(2.0));
    }

    #[test]
    fn every_format_brings_back_what_it_was_given() {
        let folder = tempfile::tempdir().unwrap();
        let mut table = df!("x" => [0.1, -2.5e-300], "name" => ["a", "b,\"c\""]).unwrap();
        for (format, file) in [
            (Format::Csv, "t.csv"),
            (Format::Tsv, "t.tsv"),
            (Format::Parquet, "t.parquet"),
            (Format::Ndjson, "t.ndjson"),
            (Format::Ipc, "t.ipc"),
        ] {
            let path = folder.path().join(file);
            write(&mut table, format, File::create(&path).unwrap()).unwrap();
            // RFC 4180 and a JSON value a line; Parquet and Arrow by the marks with which their files begin.
            let expected: &[u8] = match format {
                Format::Csv => b"x,name\n0.1,a\n-2.5e-300,\"b,\"\"c\"\"\"\n",
                Format::Tsv => b"x\tname\n0.1\ta\n-2.5e-300\t\"b,\"\"c\"\"\"\n",
                Format::Json | Format::Xlsx => unreachable!("these are only read"),
                Format::Ndjson => b"{\"x\":0.1,\"name\":\"a\"}\n{\"x\":-2.5e-300,\"name\":\"b,\\\"c\\\"\"}\n",
                Format::Parquet => b"PAR1",
                Format::Ipc => b"ARROW1",
            };
            let bytes = std::fs::read(&path).unwrap();
            assert!(bytes.starts_with(expected), "{file}: {}", bytes.escape_ascii());
            let back = crate::data::source::read_table(&path).unwrap();
            assert!(
                numbers(&back, &["x"], Location::start(file))
                    .unwrap()
                    .column("x")
                    .unwrap()
                    .equals(table.column("x").unwrap())
            );
            assert_eq!(back.column("name").unwrap().str().unwrap().get(1), Some("b,\"c\""));
        }
    }
}
