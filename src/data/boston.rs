//! The Boston housing table, or another table of numbers with a target.

use super::location::Location;
use super::source::read_table;
use super::table::{self, names, numbers};
use anyhow::{Context, Result, bail, ensure};
use polars::prelude::DataFrame;
use std::path::Path;

/// `data/boston.csv`, inside the program; `data/README.md` says where it comes from and what is wrong with it.
pub const CSV: &str = include_str!("../../data/boston.csv");

/// The name of the target, where a table has it.
const TARGET: &str = "MEDV";

/// Features and target, all Float64 and finite, with equally many rows.
#[derive(Debug, Clone)]
pub struct Boston {
    pub features: DataFrame,
    /// One column: `MEDV`, or else the table's last.
    pub target: DataFrame,
}

impl Boston {
    /// `file`, or the copy inside the program, without the columns `exclude`.
    ///
    /// # Errors
    /// A file that cannot be read; an excluded column that is not there or is the target; no feature left; a cell that
    /// is no finite number.
    pub fn load(file: Option<&Path>, exclude: &[String]) -> Result<Self> {
        let (data, shown) = match file {
            Some(file) => (read_table(file)?, file.display().to_string()),
            None => (table::parse_csv(CSV)?, "boston.csv".into()),
        };
        let all = names(&data);
        let target = all.iter().find(|name| *name == TARGET).or(all.last()).context(format!("{shown}: no columns"))?;
        for name in exclude {
            ensure!(
                all.contains(name),
                "--exclude {name}: {shown} has no such column, its columns are {}",
                all.join(", ")
            );
            ensure!(name != target, "--exclude {name}: it is the target");
        }
        let kept: Vec<&String> = all.iter().filter(|name| *name != target && !exclude.contains(name)).collect();
        if kept.is_empty() {
            bail!("{shown}: no feature is left beside the target {target}");
        }
        let at = Location::start(&shown);
        Ok(Self { features: numbers(&data, &kept, at)?, target: numbers(&data, &[target], at)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(exclude: &[&str]) -> String {
        let exclude: Vec<String> = exclude.iter().map(|name| name.to_string()).collect();
        Boston::load(None, &exclude).unwrap_err().to_string()
    }

    #[test]
    fn the_built_in_table_has_506_rows_of_13_features() {
        let boston = Boston::load(None, &[]).unwrap();
        assert_eq!((boston.features.shape(), boston.target.shape()), ((506, 13), (506, 1)));
        assert_eq!(names(&boston.target), ["MEDV"]);
    }

    #[test]
    fn excluded_columns_are_left_out_and_unknown_ones_listed() {
        let boston = Boston::load(None, &["B".into(), "CRIM".into()]).unwrap();
        assert_eq!(names(&boston.features).join(" "), "ZN INDUS CHAS NOX RM AGE DIS RAD TAX PTRATIO LSTAT");
        assert!(refusal(&["b"]).contains("PTRATIO, B, LSTAT"), "{}", refusal(&["b"]));
        assert!(refusal(&["MEDV"]).contains("target"));
    }
}
