//! A column of a batch, taken apart into cells that can be counted and compared whatever their type.

use super::sampled::mix;
use crate::data::zones::wall;
use anyhow::{Result, bail};
use polars::prelude::*;
use std::hash::{DefaultHasher, Hasher};

/// The cells of one column; `None` is a missing cell, and so is NaN.
pub enum Cells {
    Integers(Vec<Option<i128>>),
    Numbers(Vec<Option<f64>>),
    Bools(Vec<Option<bool>>),
    Texts(StringChunked),
    /// Microseconds since 1970, with the time of day or without it.
    Times(Vec<Option<i64>>, bool),
}

/// The hash of a missing cell.
const MISSING: u64 = 0x6d69_7373_696e_6721;

impl Cells {
    /// # Errors
    /// A column whose cells are neither numbers, text, truth values nor dates.
    pub fn of(series: &Series, shown: &str) -> Result<Self> {
        let times = |factor: fn(i64) -> i64| -> Result<Vec<Option<i64>>> {
            Ok(series.cast(&DataType::Int64)?.i64()?.iter().map(|time| time.map(factor)).collect())
        };
        Ok(match series.dtype() {
            DataType::UInt64 => Self::Integers(series.u64()?.iter().map(|cell| cell.map(i128::from)).collect()),
            dtype if dtype.is_integer() => {
                Self::Integers(series.cast(&DataType::Int64)?.i64()?.iter().map(|cell| cell.map(i128::from)).collect())
            }
            dtype if dtype.is_float() => {
                let numbers = series.cast(&DataType::Float64)?;
                Self::Numbers(numbers.f64()?.iter().map(|cell| cell.filter(|number| !number.is_nan())).collect())
            }
            DataType::Boolean => Self::Bools(series.bool()?.iter().collect()),
            DataType::Date => Self::Times(times(|days| days * 86_400_000_000)?, false),
            DataType::Datetime(_, Some(_)) => Self::of(&wall(series, shown)?, shown)?,
            DataType::Datetime(TimeUnit::Milliseconds, _) => Self::Times(times(|time| time * 1000)?, true),
            DataType::Datetime(TimeUnit::Microseconds, _) => Self::Times(times(|time| time)?, true),
            DataType::Datetime(TimeUnit::Nanoseconds, _) => Self::Times(times(|time| time.div_euclid(1000))?, true),
            DataType::String => Self::Texts(series.str()?.clone()),
            DataType::Categorical(..) | DataType::Null => Self::Texts(series.cast(&DataType::String)?.str()?.clone()),
            dtype => {
                bail!("{shown}: column {} is {dtype}, expected numbers, text, truth values or dates", series.name())
            }
        })
    }

    /// One hash a cell: equal for cells that are equal, an integer and the float of its value included.
    pub fn hashes(&self) -> Vec<u64> {
        fn all<T>(cells: impl Iterator<Item = Option<T>>, hash: impl Fn(T) -> u64) -> Vec<u64> {
            cells.map(|cell| cell.map_or(MISSING, &hash)).collect()
        }
        match self {
            Self::Integers(cells) => all(cells.iter().copied(), integer),
            Self::Numbers(cells) => all(cells.iter().copied(), number),
            Self::Bools(cells) => all(cells.iter().copied(), |cell| mix(u64::from(cell) ^ 0xb001)),
            Self::Times(cells, _) => all(cells.iter().copied(), |time| mix(time as u64 ^ (0x71 << 56))),
            Self::Texts(cells) => all(cells.iter(), |cell| {
                let mut hasher = DefaultHasher::new();
                hasher.write(cell.as_bytes());
                hasher.finish()
            }),
        }
    }

    /// The cells as numbers, where they are numbers.
    pub fn numbers(&self) -> Option<Vec<Option<f64>>> {
        match self {
            Self::Integers(cells) => Some(cells.iter().map(|cell| cell.map(|value| value as f64)).collect()),
            Self::Numbers(cells) => Some(cells.clone()),
            _ => None,
        }
    }

    /// Which cells are there.
    pub fn present(&self) -> Vec<bool> {
        match self {
            Self::Integers(cells) => cells.iter().map(Option::is_some).collect(),
            Self::Numbers(cells) => cells.iter().map(Option::is_some).collect(),
            Self::Bools(cells) => cells.iter().map(Option::is_some).collect(),
            Self::Times(cells, _) => cells.iter().map(Option::is_some).collect(),
            Self::Texts(cells) => cells.iter().map(|cell| cell.is_some()).collect(),
        }
    }

    /// The text that a cell is shown as.
    pub fn show(&self, row: usize) -> String {
        match self {
            Self::Integers(cells) => cells[row].map(|cell| cell.to_string()),
            Self::Numbers(cells) => cells[row].map(|cell| cell.to_string()),
            Self::Bools(cells) => cells[row].map(|cell| cell.to_string()),
            Self::Times(cells, time) => cells[row].map(|cell| show_time(cell, *time)),
            Self::Texts(cells) => cells.get(row).map(str::to_string),
        }
        .unwrap_or_default()
    }
}

/// A time in ISO 8601, with the time of day or without it.
pub fn show_time(micros: i64, with_time: bool) -> String {
    let form = if with_time { "%Y-%m-%dT%H:%M:%S%.f" } else { "%Y-%m-%d" };
    chrono::DateTime::from_timestamp_micros(micros).map_or_else(|| micros.to_string(), |at| at.format(form).to_string())
}

fn number(value: f64) -> u64 {
    // -0.0 equals 0.0.
    mix((value + 0.0).to_bits())
}

/// Beyond 2^53 two integers may have one float.
fn integer(value: i128) -> u64 {
    if value.unsigned_abs() <= 1 << 53 { number(value as f64) } else { mix(value as u64 ^ 0x1a7e_6e40_0000_0001) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_cells_have_equal_hashes_and_others_have_not() {
        let hashes = |series: Series| Cells::of(&series, "t").unwrap().hashes();
        let integers = hashes(Series::new("a".into(), [0_i64, 3, 1 << 53, (1 << 53) + 1]));
        let floats = hashes(Series::new("a".into(), [-0.0, 3.0, 9_007_199_254_740_992.0]));
        assert_eq!(integers[..3], floats[..]);
        assert_ne!(integers[2], integers[3]);
        let missing = hashes(Series::new("a".into(), [Some(f64::NAN), None]));
        assert_eq!(missing, [MISSING, MISSING]);
    }
}
