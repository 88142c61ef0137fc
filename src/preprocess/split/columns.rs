//! What a column says about which rows belong together, and which come first.

use crate::data::dates;
use crate::data::location::Location;
use crate::preprocess::inputs::{number_values, texts};
use anyhow::{Context, Result};
use polars::prelude::{DataFrame, DataType};

/// The number of each row's group in the sorted order of the groups. A row without a group is an error.
pub fn group_ids(data: &DataFrame, name: &str, at: Location<'_>) -> Result<Vec<usize>> {
    let missing = |row: usize| format!("{}, --group {name}: missing, expected a group in every row", at.row(row));
    unique_inverse(data, name, at, missing)
}

/// The number of each row's class in the sorted order of the classes. A row without a class is an error.
pub fn class_ids(data: &DataFrame, name: &str, at: Location<'_>) -> Result<Vec<usize>> {
    let missing = |row: usize| format!("{}, target {name}: missing, expected a class in every row", at.row(row));
    unique_inverse(data, name, at, missing)
}

/// `np.unique(column, return_inverse=True)[1]`: numbers are sorted by value, texts by letter.
fn unique_inverse(
    data: &DataFrame,
    name: &str,
    at: Location<'_>,
    missing: impl Fn(usize) -> String,
) -> Result<Vec<usize>> {
    if data.column(name).is_ok_and(|column| column.dtype().is_primitive_numeric()) {
        let values = number_values(data, name, at)?;
        if let Some(row) = values.iter().position(|value| value.is_nan()) {
            anyhow::bail!(missing(row));
        }
        let mut distinct = values.clone();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        return Ok(values.iter().map(|value| distinct.partition_point(|other| other < value)).collect());
    }
    let cells = texts(data, name, at)?;
    let cells = cells.iter().enumerate().map(|(row, cell)| cell.with_context(|| missing(row)));
    let cells: Vec<&str> = cells.collect::<Result<_>>()?;
    let mut distinct = cells.clone();
    distinct.sort_unstable();
    distinct.dedup();
    Ok(cells.iter().map(|cell| distinct.partition_point(|other| other < cell)).collect())
}

/// The rows from the oldest to the newest by a column of numbers, dates, or ISO 8601 dates as text, which may have a time
/// and an offset; rows of the same time stay in their order.
///
/// # Errors
/// A cell that is missing or is no such date, with its row.
pub fn time_order(data: &DataFrame, name: &str, at: Location<'_>) -> Result<Vec<usize>> {
    let place = |row: usize| format!("{}, --split-time {name}", at.row(row));
    let mut order: Vec<usize> = (0..data.height()).collect();
    let column = data.column(name).with_context(|| format!("{}: --split-time: no column {name}", at.file))?;
    if matches!(column.dtype(), DataType::String) {
        let cells = texts(data, name, at)?;
        let moment = |(row, cell): (usize, Option<&str>)| {
            let cell = cell.with_context(|| format!("{}: missing, expected a date in every row", place(row)))?;
            dates::iso(cell).map(|stamp| stamp.moment()).with_context(|| {
                format!(
                    "{}: {cell:?}, expected an ISO 8601 date such as 2024-03-01 or 2024-03-01T12:30:00, or a number",
                    place(row)
                )
            })
        };
        let moments: Vec<_> = cells.iter().enumerate().map(moment).collect::<Result<_>>()?;
        order.sort_by_key(|&row| moments[row]);
        return Ok(order);
    }
    let values: Vec<f64> = if column.dtype().is_temporal() {
        let whole = column.as_materialized_series().to_physical_repr().cast(&DataType::Int64)?;
        whole.i64()?.iter().map(|value| value.map_or(f64::NAN, |value| value as f64)).collect()
    } else {
        number_values(data, name, at)?
    };
    if let Some(row) = values.iter().position(|value| value.is_nan()) {
        anyhow::bail!("{}: missing, expected a time in every row", place(row));
    }
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    Ok(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::df;

    // np.unique([10, 9, 9, 2], return_inverse=True)[1] is [2 1 1 0]; as text [0 2 2 1]
    #[test]
    fn groups_are_numbered_in_sorted_order() {
        let data = df!("n" => [10, 9, 9, 2], "t" => ["10", "9", "9", "2"]).unwrap();
        assert_eq!(group_ids(&data, "n", Location::start("t")).unwrap(), [2, 1, 1, 0]);
        assert_eq!(group_ids(&data, "t", Location::start("t")).unwrap(), [0, 2, 2, 1]);
        let gap = df!("t" => [Some("a"), None]).unwrap();
        assert!(
            group_ids(&gap, "t", Location::start("f.csv"))
                .unwrap_err()
                .to_string()
                .contains("f.csv: row 2, --group t: missing")
        );
    }

    #[test]
    fn time_is_read_from_dates_and_numbers_and_equal_times_keep_their_order() {
        let dates = ["2024-03-01T10:00:00.5", "2023-12-31", "2024-03-01 10:00", "2023-12-31T00:00:00Z"];
        let data = df!("d" => dates, "n" => [2.5, -1.0, 2.5, 0.0]).unwrap();
        assert_eq!(time_order(&data, "d", Location::start("t")).unwrap(), [1, 3, 2, 0]);
        assert_eq!(time_order(&data, "n", Location::start("t")).unwrap(), [1, 3, 0, 2]);
    }

    // sorted(range(4), key=lambda i: datetime.fromisoformat(dates[i] + ("" if dates[i][-1:] in "Z0" else "Z")))
    #[test]
    fn an_offset_counts_as_it_does_for_a_date_feature() {
        let dates =
            ["2024-03-01T01:00:00+02:00", "2024-02-29T22:30:00Z", "2024-02-29T20:00:00-05:00", "2024-02-29T22:59"];
        let data = df!("d" => dates).unwrap();
        assert_eq!(time_order(&data, "d", Location::start("t")).unwrap(), [1, 3, 0, 2]);
    }

    #[test]
    fn what_is_no_date_is_refused_with_its_row() {
        for wrong in [
            "01.03.2024",
            "2024-13-01",
            "2024-02-31",
            "2024-+1-01",
            "2024-3-1",
            "soon",
            "2024-03-01T1:2:3:4",
            "2024-03-01T10:00:00+2",
        ] {
            let data = df!("d" => ["2024-03-01", wrong]).unwrap();
            let error = time_order(&data, "d", Location::start("f.csv")).unwrap_err().to_string();
            assert!(error.starts_with("f.csv: row 2, --split-time d: ") && error.contains("ISO 8601"), "{error}");
        }
    }
}
