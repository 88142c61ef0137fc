//! Whether classes or numbers are learnt, and why.

use super::text_column::{TextColumn, distinct_of_many};
use crate::data::location::Location;
use crate::data::profile::{MOST_CLASSES, ROWS_A_CLASS, are_classes};
use crate::data::shapes::Meaning;
use crate::fit::settings::{FitPlan, Task};
use crate::preprocess::inputs::{number_values, texts};
use anyhow::{Result, anyhow, bail, ensure};
use polars::prelude::*;

/// What is learnt of a target.
pub struct Learnt {
    pub classification: bool,
    /// In words, with how to choose otherwise; none where the user has chosen.
    pub why: Option<String>,
}

/// What `--task` says, or under `auto` what the target looks like: text and truth values are classes, whole numbers are if
/// they have two values, or [`MOST_CLASSES`] at most with [`ROWS_A_CLASS`] rows a value; everything else is a number.
///
/// # Errors
/// A target of text of which most is numbers, or dates; `--task regression` of a target that is not a number.
pub fn learnt(target: &DataFrame, config: &FitPlan, at: Location<'_>) -> Result<Learnt> {
    let learnt = choose(target, config, at)?;
    if learnt.classification {
        check_classes(target, config, at.file)?;
    }
    Ok(learnt)
}

/// Classes that a network may tell apart: its last layer has an output for each, and every row a probability of each.
const MOST_LEARNT: usize = 2_000;

/// Refuses a target of more classes than [`MOST_LEARNT`], such as a name of each row.
fn check_classes(target: &DataFrame, config: &FitPlan, shown: &str) -> Result<()> {
    let column = target.column(&config.target)?;
    let classes = column.n_unique()? - usize::from(column.null_count() > 0);
    let advice = match (config.task, column.dtype().is_primitive_numeric()) {
        (Task::Classification, true) => "leave --task classification out",
        _ => "choose another --target, or join rare classes",
    };
    ensure!(
        classes <= MOST_LEARNT,
        "{shown}: the target {} has {classes} classes, expected {MOST_LEARNT} at most; {advice}",
        config.target
    );
    Ok(())
}

fn choose(target: &DataFrame, config: &FitPlan, at: Location<'_>) -> Result<Learnt> {
    let (name, column) = (&config.target, target.column(&config.target)?);
    match config.task {
        Task::Classification => Ok(Learnt { classification: true, why: None }),
        Task::Regression => {
            number_values(target, name, at)
                .map_err(|error| anyhow!("{error}, or learn classes with --task classification"))?;
            if *column.dtype() == DataType::Boolean {
                bail!("{}: the target {name} is {}, expected numbers for --task regression", at.file, column.dtype());
            }
            Ok(Learnt { classification: false, why: None })
        }
        Task::Auto => {
            let (classification, because) = auto(target, config, at)?;
            // Of words and truth values no number can be learnt.
            let words = matches!(column.dtype(), DataType::String | DataType::Boolean);
            let (task, other) = match classification {
                true if words => ("classification", ""),
                true => ("classification", "; --task regression learns a number"),
                false => ("regression", "; --task classification learns classes"),
            };
            Ok(Learnt { classification, why: Some(format!("task: {task}, for {name} {because}{other}")) })
        }
    }
}

/// Whether the target is a class, and why.
fn auto(target: &DataFrame, config: &FitPlan, at: Location<'_>) -> Result<(bool, String)> {
    let (name, column) = (&config.target, target.column(&config.target)?);
    let rows = column.len() - column.null_count();
    match column.dtype() {
        DataType::Boolean => return Ok((true, "is true or false".into())),
        DataType::String => {
            let (mut text, cells) = (TextColumn::default(), texts(target, name, at)?);
            let seen = distinct_of_many(&cells)?;
            seen.iter().for_each(|(cell, seen)| text.see(cell, seen.count as u64, || at.row(seen.row)));
            if let Meaning::Dates { .. } = text.meaning() {
                bail!(no_dates(name, "dates", at));
            }
            if text.meaning() != Meaning::Numbers {
                text.check(name, "or learn classes with --task classification")?;
                let classes = seen.len();
                return Ok((true, format!("is text of {classes} {}", if classes == 1 { "value" } else { "values" })));
            }
        }
        dtype if dtype.is_temporal() => bail!(no_dates(name, &dtype.to_string(), at)),
        _ => {}
    }
    let numbers = number_values(target, name, at)?;
    let mut distinct: Vec<f64> = numbers.iter().copied().filter(|value| !value.is_nan()).collect();
    if distinct.iter().any(|value| value.fract() != 0.0) {
        return Ok((false, "has fractions".into()));
    }
    distinct.sort_unstable_by(f64::total_cmp);
    distinct.dedup();
    let values = distinct.len();
    let few = are_classes(values as u64, rows as u64);
    let limit = match few {
        true => String::new(),
        false if values as u64 > MOST_CLASSES => format!(", more than {MOST_CLASSES}"),
        false => format!(", fewer than {ROWS_A_CLASS} rows a value"),
    };
    Ok((few, format!("has {values} different whole numbers in {rows} rows{limit}")))
}

fn no_dates(name: &str, what: &str, at: Location<'_>) -> String {
    format!(
        "{}: the target {name} is {what}, expected numbers or classes; --task classification learns classes of it",
        at.file
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::settings::FitSettings;

    fn found(column: Column) -> Result<(bool, String)> {
        let plan = FitSettings { target: "y".into(), ..FitSettings::default() }.check().unwrap();
        let height = column.len();
        let table = DataFrame::new(height, vec![column.with_name("y".into())]).unwrap();
        let learnt = learnt(&table, &plan, Location::start("t.csv"))?;
        Ok((learnt.classification, learnt.why.unwrap()))
    }

    #[test]
    fn the_task_is_told_by_the_target_and_said_with_its_reason() {
        let whole =
            |rows: i64, values: i64| Column::new("y".into(), (0..rows).map(|row| row % values).collect::<Vec<_>>());
        for (column, classes, why) in [
            (
                whole(10, 10),
                false,
                "10 different whole numbers in 10 rows, fewer than 5 rows a value; --task classification",
            ),
            (whole(50, 10), true, "10 different whole numbers in 50 rows; --task regression"),
            (whole(500, 11), false, "11 different whole numbers in 500 rows, more than 10"),
            (whole(4, 2), true, "2 different whole numbers in 4 rows"),
            (Column::new("y".into(), [0.5, 1.0]), false, "has fractions"),
            (Column::new("y".into(), [true, false]), true, "is true or false"),
            (Column::new("y".into(), ["a", "b"]), true, "is text of 2 values"),
            (Column::new("y".into(), ["1.5", "2"]), false, "has fractions"),
        ] {
            let (found, text) = found(column).unwrap();
            assert!(found == classes && text.contains(why), "{text}");
        }
    }

    #[test]
    fn numbers_in_disguise_and_dates_are_no_classes() {
        let refusal = |cells: [&str; 3]| found(Column::new("y".into(), cells)).unwrap_err().to_string();
        assert!(refusal(["5%", "6%", "7%"]).starts_with("t.csv: row 1, column y: \"5%\", expected a number"));
        assert!(refusal(["1", "2", "x"]).ends_with("or learn classes with --task classification"));
        assert!(refusal(["01/02/2024", "13/02/2024", "x"]).contains("looks like a date"));
    }
}
