//! What the cells of the columns are, and which columns have gaps.

use super::table::Reading;
use crate::fit::divide::Divided;
use crate::fit::prepare::FittedPreprocessing;
use crate::fit::settings::FitPlan;
use crate::preprocess::inputs::texts;
use crate::preprocess::split::take;
use anyhow::{Result, ensure};
use polars::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// How a cell of a column is written that is taken as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cell {
    Text,
    /// Of a column of whole numbers.
    Whole,
    /// Of a column of numbers, all of which are whole.
    WholeFloat,
    /// Fractions too.
    Float,
    Truth,
}

/// The columns that the script reads.
pub(super) struct Columns {
    /// Those where a cell is missing.
    pub(super) gaps: BTreeSet<String>,
    cells: BTreeMap<String, Cell>,
    /// Whether the cells are texts, as in a CSV.
    is_text: bool,
}

impl Columns {
    pub(super) fn of(
        divided: &Divided<'_>,
        fitted: &FittedPreprocessing,
        plan: &FitPlan,
        reading: &Reading,
    ) -> Result<Self> {
        let mut columns = Self { gaps: BTreeSet::new(), cells: BTreeMap::new(), is_text: reading.is_text() };
        for name in divided.store.names() {
            let table = divided.column(&name)?;
            let column = table.column(&name)?;
            let nan = column.dtype().is_float() && column.is_nan()?.any();
            if column.null_count() > 0 || nan {
                columns.gaps.insert(name.clone());
            }
            columns.cells.insert(name, cell(column)?);
        }
        columns.check(divided, fitted, plan)?;
        Ok(columns)
    }

    /// Whether a cell of `name` is missing.
    pub(super) fn has_gaps(&self, name: &str) -> bool {
        self.gaps.contains(name)
    }

    pub(super) fn cell(&self, name: &str) -> Cell {
        self.cells.get(name).copied().unwrap_or(Cell::Text)
    }

    pub(super) fn is_number(&self, name: &str) -> bool {
        matches!(self.cell(name), Cell::Whole | Cell::WholeFloat | Cell::Float)
    }

    /// The text of the cell `row[name]`, where it is there. `name`: as Python has it.
    pub(super) fn text(&self, column: &str, name: &str) -> String {
        match self.cell(column) {
            Cell::Text | Cell::Float => format!("row[{name}]"),
            Cell::Whole => format!("str(int(row[{name}]))"),
            Cell::WholeFloat => format!("str(int(float(row[{name}])))"),
            Cell::Truth if self.is_text => format!("row[{name}].lower()"),
            Cell::Truth => format!("str(row[{name}]).lower()"),
        }
    }

    /// Refuses columns whose texts or rows Python would have to make in another way.
    fn check(&self, divided: &Divided<'_>, fitted: &FittedPreprocessing, plan: &FitPlan) -> Result<()> {
        for category in &fitted.pipeline.inputs.categories {
            let name = &category.name;
            ensure!(
                self.cell(name) != Cell::Float,
                "--categorical {name}: its cells are fractions, which Python writes in another way; leave it a number"
            );
            // Categories are those of all training rows, and the script has left some of them out when it looks.
            if fitted.parts[0].dropped > 0 {
                let kept = take(&divided.store.column(name)?, &fitted.parts[0].rows)?;
                let kept = texts(&kept, name, divided.place())?;
                let kept: BTreeSet<&str> = kept.iter().flatten().collect();
                ensure!(
                    category.values.iter().all(|value| kept.contains(value.as_str())),
                    "--impute drop: {name} has a category that only rows have which are left out; choose another --impute"
                );
            }
        }
        ensure!(
            !divided.classification || self.cell(&plan.target) != Cell::Float,
            "--task classification: the classes of {} are fractions, which Python writes in another way; write them as words",
            plan.target
        );
        Ok(())
    }
}

fn cell(column: &Column) -> Result<Cell> {
    Ok(match column.dtype() {
        DataType::Boolean => Cell::Truth,
        dtype if dtype.is_float() => {
            let values = column.cast(&DataType::Float64)?;
            let whole = |value: f64| value.is_nan() || value.fract() == 0.0 && value.abs() < 1e15;
            if values.f64()?.iter().flatten().all(whole) { Cell::WholeFloat } else { Cell::Float }
        }
        dtype if dtype.is_integer() => Cell::Whole,
        _ => Cell::Text,
    })
}
