//! What a table's columns are and what they are for, in a file that people write and read.
//!
//! ```toml
//! column = [
//!   { name = "parcel", kind = "text",   role = "id" },
//!   { name = "area",   kind = "number", role = "feature" },
//! ]
//! ```
//!
//! `[[column]]` tables are the same thing.

use super::cells;
use crate::choices::names::{named, unknown};
use anyhow::{Context, Result, anyhow, bail, ensure};
use polars::prelude::*;
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::path::Path;

named! {
    /// What the cells of a column are.
    pub enum Kind {
        Number = "number",
        /// A whole number.
        Integer = "integer",
        Text = "text",
        Bool = "bool",
        /// `2024-02-29`.
        Date = "date",
        /// `2024-02-29T12:30:00`.
        Datetime = "datetime",
    }
}

named! {
    /// What a column is for.
    pub enum Role {
        Feature = "feature",
        Target = "target",
        /// Names a row: not learnt from.
        Id = "id",
        Ignored = "ignored",
        /// Says `train`, `valid` or `test` for each row.
        Split = "split",
        /// What a row weighs in the loss.
        Weight = "weight",
    }
}

/// The columns of a table, all of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableSchema {
    pub columns: Vec<ColumnSchema>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnSchema {
    pub name: String,
    pub kind: Kind,
    #[serde(default = "feature")]
    pub role: Role,
    /// Taken as categories though it holds numbers; text and truth values always are.
    #[serde(default)]
    pub categorical: bool,
    /// Whether cells may be missing.
    #[serde(default = "yes")]
    pub nullable: bool,
}

const KEYS: [&str; 5] = ["name", "kind", "role", "categorical", "nullable"];

fn feature() -> Role {
    Role::Feature
}

fn yes() -> bool {
    true
}

impl TableSchema {
    /// Reads a schema file.
    pub fn read(file: &Path) -> Result<Self> {
        let shown = file.display().to_string();
        let text = std::fs::read_to_string(file).with_context(|| format!("{shown}: cannot read"))?;
        Self::parse(&text, &shown)
    }

    /// The schema in a TOML text; `shown` is its file's name for errors.
    ///
    /// # Errors
    /// TOML that cannot be read, an unknown key or value, a column that stands twice, two columns of a role that one
    /// column has, no column at all.
    pub fn parse(text: &str, shown: &str) -> Result<Self> {
        let table: toml::Table = toml::from_str(text).map_err(|error| anyhow!("{shown}: {}", error.message()))?;
        if let Some(key) = table.keys().find(|key| *key != "column") {
            bail!("{shown}: unknown key {}", unknown(key, &["column"]));
        }
        let none = "expected the table's columns, such as column = [{ name = \"area\", kind = \"number\" }]";
        let entries =
            table.get("column").and_then(toml::Value::as_array).with_context(|| format!("{shown}: {none}"))?;
        ensure!(!entries.is_empty(), "{shown}: {none}");
        let columns = entries.iter().enumerate().map(|(at, entry)| column(entry, at, shown));
        let schema = Self { columns: columns.collect::<Result<_>>()? };
        schema.check_itself(shown)?;
        Ok(schema)
    }

    fn check_itself(&self, shown: &str) -> Result<()> {
        for (at, column) in self.columns.iter().enumerate() {
            let twin = self.columns[..at].iter().any(|other| other.name == column.name);
            ensure!(!twin, "{shown}: the column {} stands twice", column.name);
        }
        for role in [Role::Target, Role::Split, Role::Weight] {
            let names = self.named(role);
            ensure!(names.len() < 2, "{shown}: the role {role} is given to {}, expected one", names.join(" and "));
        }
        Ok(())
    }

    /// The names of the columns that have `role`.
    pub fn named(&self, role: Role) -> Vec<&str> {
        self.columns.iter().filter(|column| column.role == role).map(|column| column.name.as_str()).collect()
    }

    /// The schema as TOML, a line a column, aligned. [`TableSchema::parse`] reads it back.
    pub fn to_toml(&self) -> Result<String> {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let cells: Vec<[String; 3]> = self
            .columns
            .iter()
            .map(|column| [&column.name, &column.kind.to_string(), &column.role.to_string()].map(|text| quoted(text)))
            .collect();
        let width = |i: usize| cells.iter().map(|cell: &[String; 3]| cell[i].chars().count()).max().unwrap_or(0) + 1;
        let (name_width, kind_width) = (width(0), width(1));
        let mut text = String::from("column = [\n");
        for (column, [name, kind, role]) in self.columns.iter().zip(&cells) {
            let (name, kind) = (format!("{name},"), format!("{kind},"));
            write!(text, "  {{ name = {name:<name_width$} kind = {kind:<kind_width$} role = {role}")?;
            text += if column.categorical { ", categorical = true" } else { "" };
            text += if column.nullable { "" } else { ", nullable = false" };
            text += " },\n";
        }
        Ok(text + "]\n")
    }

    /// The names of all columns. A reader leaves them as they are written, for [`TableSchema::typed`] to give them their
    /// types: one that is inferred makes `7` of a postcode `007`.
    pub fn names(&self) -> Vec<&str> {
        self.columns.iter().map(|column| column.name.as_str()).collect()
    }

    /// Whether a table's columns are those of the schema, in whatever order.
    ///
    /// # Errors
    /// A column that is missing in either.
    pub fn check_names(&self, found: &[String], shown: &str) -> Result<()> {
        let wanted = self.names();
        if let Some(missing) = wanted.iter().find(|name| !found.iter().any(|other| other == *name)) {
            bail!("{shown}: no column {}, though the schema has it", unknown(missing, found));
        }
        if let Some(extra) = found.iter().find(|name| !wanted.contains(&name.as_str())) {
            bail!(
                "{shown}: the column {extra} is not in the schema; add it there, with role = \"ignored\" if it does not matter"
            );
        }
        Ok(())
    }

    /// `batch` with the columns that the schema has in their pinned types: Float64, Int64, String, Boolean; dates stay what
    /// they are. The batch's first row is row `first_row` of the table, from 0; `shown` is the table's name for errors,
    /// which count rows from 1.
    ///
    /// # Errors
    /// A cell that is not of its column's kind, a missing cell in a column that is not nullable.
    pub fn typed(&self, batch: &DataFrame, first_row: usize, shown: &str) -> Result<DataFrame> {
        let typed = |column: &Column| match self.columns.iter().find(|pinned| pinned.name == column.name().as_str()) {
            Some(pinned) => pinned.check(column.as_materialized_series(), first_row, shown).map(Series::into_column),
            None => Ok(column.clone()),
        };
        let columns: Vec<Column> = batch.columns().iter().map(typed).collect::<Result<_>>()?;
        Ok(DataFrame::new(batch.height(), columns)?)
    }
}

/// One entry of the file, with errors that name it.
fn column(entry: &toml::Value, at: usize, shown: &str) -> Result<ColumnSchema> {
    let table = entry.as_table().with_context(|| format!("{shown}: column {}: expected keys and values", at + 1))?;
    let name = table.get("name").and_then(toml::Value::as_str).filter(|name| !name.is_empty());
    let name = name.with_context(|| format!("{shown}: column {}: expected a name", at + 1))?;
    if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        bail!("{shown}: column {name}: unknown key {}", unknown(key, &KEYS));
    }
    for (key, names) in [("kind", Kind::NAMES), ("role", Role::NAMES)] {
        match table.get(key) {
            None if key == "role" => {}
            Some(toml::Value::String(text)) if names.contains(&text.as_str()) => {}
            Some(toml::Value::String(text)) => bail!("{shown}: column {name}: {key} {}", unknown(text, names)),
            _ => bail!("{shown}: column {name}: {key}: expected {}", names.join(", ")),
        }
    }
    entry.clone().try_into().map_err(|error: toml::de::Error| anyhow!("{shown}: column {name}: {}", error.message()))
}

impl ColumnSchema {
    fn check(&self, cells: &Series, first_row: usize, shown: &str) -> Result<Series> {
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
            Kind::Date => each(cells, |cell| cells::date(cell).map(|_| ())).map(|_| cells.clone().into_series())?,
            Kind::Datetime => {
                let known = |cell: &str| cells::datetime(cell).is_some() || cells::date(cell).is_some();
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

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"column = [
        { name = "zip", kind = "text", role = "id" },
        { name = 'a"b', kind = "number" },
        { name = "n", kind = "integer", nullable = false, categorical = true },
    ]"#;

    fn schema() -> TableSchema {
        TableSchema::parse(TEXT, "s.toml").unwrap()
    }

    fn refusal(text: &str) -> String {
        TableSchema::parse(text, "s.toml").unwrap_err().to_string()
    }

    #[test]
    fn what_is_written_reads_back_as_the_same_schema() {
        let schema = schema();
        let text = schema.to_toml().unwrap();
        assert_eq!(TableSchema::parse(&text, "s.toml").unwrap(), schema, "{text}");
        let tables = "[[column]]\nname = \"zip\"\nkind = \"text\"\nrole = \"id\"\n";
        assert_eq!(TableSchema::parse(tables, "s.toml").unwrap().columns[0], schema.columns[0]);
    }

    #[test]
    fn unknown_keys_and_values_are_answered_with_those_that_are() {
        let one = |rest: &str| format!("[[column]]\nname = \"a\"\nkind = \"number\"\n{rest}");
        assert!(refusal("columns = []").contains("unknown key columns, did you mean column?"));
        assert!(refusal("").contains("expected the table's columns"));
        assert!(refusal(&one("rolle = \"id\"")).contains("s.toml: column a: unknown key rolle, did you mean role?"));
        assert!(refusal(&one("role = \"targt\"")).contains("role targt, did you mean target?"));
        assert!(refusal("[[column]]\nname = \"a\"").contains("column a: kind: expected number, integer"));
        assert!(refusal("[[column]]\nkind = \"text\"").contains("column 1: expected a name"));
        assert!(refusal(&one(&one(""))).contains("the column a stands twice"));
        let targets = one("role = \"target\"\n") + &one("role = \"target\"\n").replace("\"a\"", "\"b\"");
        assert!(refusal(&targets).contains("the role target is given to a and b, expected one"));
    }

    #[test]
    fn a_batch_comes_back_in_the_pinned_types() {
        let batch = df!("n" => ["1", "-2"], "zip" => ["007", "8"], "a\"b" => [Some("1.5"), None]).unwrap();
        let expected = df!("n" => [1_i64, -2], "zip" => ["007", "8"], "a\"b" => [Some(1.5), None]).unwrap();
        assert!(schema().typed(&batch, 0, "t.csv").unwrap().equals_missing(&expected));
        let typed = df!("n" => [1.0, -2.0], "zip" => ["007", "8"], "a\"b" => [Some(1.5_f32), None]).unwrap();
        assert!(schema().typed(&typed, 0, "t.csv").unwrap().equals_missing(&expected));
    }

    #[test]
    fn what_is_not_as_pinned_is_named_by_file_row_and_column() {
        let refusal =
            |batch: PolarsResult<DataFrame>| schema().typed(&batch.unwrap(), 10, "t.csv").unwrap_err().to_string();
        let text = refusal(df!("n" => ["1", "2.5"], "zip" => ["a", "b"], "a\"b" => ["1", "2"]));
        assert!(text.starts_with("t.csv: row 12, column n: \"2.5\" is not an integer"), "{text}");
        let text = refusal(df!("n" => [1.0, 2.5], "zip" => ["a", "b"], "a\"b" => ["1", "2"]));
        assert!(text.starts_with("t.csv: row 12, column n: \"2.5\" is not an integer"), "{text}");
        let text = refusal(df!("n" => [Some(1), None], "zip" => ["a", "b"], "a\"b" => ["1", "2"]));
        assert!(text.starts_with("t.csv: row 12, column n: missing"), "{text}");
        let names = |names: [&str; 3]| schema().check_names(&names.map(String::from), "t.csv").unwrap_err().to_string();
        assert!(names(["m", "zip", "a\"b"]).starts_with("t.csv: no column n (expected m, zip, "));
        let more = ["n", "zip", "a\"b", "x"].map(String::from);
        let text = schema().check_names(&more, "t.csv").unwrap_err().to_string();
        assert!(text.starts_with("t.csv: the column x is not in the schema"), "{text}");
    }
}
