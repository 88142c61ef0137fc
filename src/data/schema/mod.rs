//! What a table's columns are and what they are for.

mod cells;
mod file;
#[cfg(test)]
mod tests;

use crate::choices::names::{absent, named};
use anyhow::{Result, bail};
use polars::prelude::*;
use serde::{Deserialize, Serialize};

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
    /// Whether the numbers of this column are categories; text and truth values always are.
    #[serde(default)]
    pub categorical: bool,
    /// Whether cells may be missing.
    #[serde(default = "yes")]
    pub nullable: bool,
}

fn feature() -> Role {
    Role::Feature
}

fn yes() -> bool {
    true
}

impl TableSchema {
    /// The names of the columns that have `role`.
    pub fn named(&self, role: Role) -> Vec<&str> {
        self.columns.iter().filter(|column| column.role == role).map(|column| column.name.as_str()).collect()
    }

    /// The names of all columns. A reader leaves them as they are written, for [`TableSchema::typed`] to give them
    /// their types: an inferred type would turn a postcode `007` into 7.
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
            bail!("{shown}: no column {}, though the schema has it", absent(missing, found));
        }
        if let Some(extra) = found.iter().find(|name| !wanted.contains(&name.as_str())) {
            bail!(
                "{shown}: the column {extra} is not in the schema; add it there, with role = \"ignored\" if it does not matter"
            );
        }
        Ok(())
    }

    /// `batch` with the columns that the schema has in their pinned types: Float64, Int64, String, Boolean; dates stay
    /// what they are. The batch's first row is row `first_row` of the table, from 0; `shown` is the table's name for
    /// errors, which count rows from 1.
    ///
    /// # Errors
    /// A cell that is not of its column's kind, a missing cell in a column that is not nullable.
    pub fn typed(&self, batch: &DataFrame, first_row: usize, shown: &str) -> Result<DataFrame> {
        let typed = |column: &Column| match self.columns.iter().find(|pinned| pinned.name == column.name().as_str()) {
            Some(pinned) => pinned.typed(column.as_materialized_series(), first_row, shown).map(Series::into_column),
            None => Ok(column.clone()),
        };
        let columns: Vec<Column> = batch.columns().iter().map(typed).collect::<Result<_>>()?;
        Ok(DataFrame::new(batch.height(), columns)?)
    }
}
