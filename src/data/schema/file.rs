//! A schema as a file that people write and read:
//!
//! ```toml
//! column = [
//!   { name = "parcel", kind = "text",   role = "id" },
//!   { name = "area",   kind = "number", role = "feature" },
//! ]
//! ```
//!
//! `[[column]]` tables are the same thing.

use super::{ColumnSchema, Kind, Role, TableSchema};
use crate::choices::given;
use crate::choices::names::unknown;
use anyhow::{Context, Result, anyhow, bail, ensure};
use std::fmt::Write;
use std::path::Path;

const KEYS: [&str; 5] = ["name", "kind", "role", "categorical", "nullable"];

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
        let table = given::table(text, shown)?;
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
            None => bail!("{shown}: column {name}: {key} is missing, expected one of {}", names.join(", ")),
            _ => bail!("{shown}: column {name}: {key}: expected one of {}", names.join(", ")),
        }
    }
    entry
        .clone()
        .try_into()
        .map_err(|error: toml::de::Error| anyhow!("{shown}: column {name}: {}", given::plain(error.message())))
}
