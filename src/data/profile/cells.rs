//! A column of a batch, taken apart into cells that can be counted and compared whatever their type.

use super::sampled::mix;
use crate::data::zones::wall;
use anyhow::{Result, bail};
use polars::prelude::*;
use std::hash::{DefaultHasher, Hasher};

/// The cells of one column, in one chunk.
pub enum Cells {
    Integers(Int64Chunked),
    Unsigned(UInt64Chunked),
    Numbers(Float64Chunked),
    Bools(BooleanChunked),
    Texts(StringChunked),
    /// Microseconds since 1970, with the time of day or without it.
    Times(Int64Chunked, bool),
}

/// Which rows of a column have a cell.
pub struct Present {
    rows: usize,
    /// Of each row; none where all have one, as in most columns.
    is_there: Option<Vec<bool>>,
}

/// The hash of a missing cell.
const MISSING: u64 = 0x6d69_7373_696e_6721;

impl Present {
    #[inline]
    pub fn has(&self, row: usize) -> bool {
        self.is_there.as_ref().is_none_or(|is_there| is_there[row])
    }

    /// The rows that have a cell.
    pub fn rows(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.rows).filter(|&row| self.has(row))
    }

    /// How many rows have a cell.
    pub fn count(&self) -> usize {
        self.is_there.as_ref().map_or(self.rows, |is_there| is_there.iter().filter(|there| **there).count())
    }
}

/// The values of a column in one chunk; what stands where there is none is of no meaning.
pub fn values<T: PolarsNumericType>(cells: &ChunkedArray<T>) -> &[T::Native] {
    cells.downcast_as_array().values().as_slice()
}

impl Cells {
    /// # Errors
    /// A column whose cells are neither numbers, text, truth values nor dates.
    pub fn of(series: &Series, shown: &str) -> Result<Self> {
        let series = &series.rechunk();
        let times = |factor: fn(i64) -> i64| -> Result<Int64Chunked> {
            Ok(series.to_physical_repr().cast(&DataType::Int64)?.i64()?.apply_values(factor))
        };
        Ok(match series.dtype() {
            DataType::UInt64 => Self::Unsigned(series.u64()?.clone()),
            dtype if dtype.is_integer() => Self::Integers(series.cast(&DataType::Int64)?.i64()?.clone()),
            dtype if dtype.is_float() => Self::Numbers(series.cast(&DataType::Float64)?.f64()?.clone()),
            DataType::Boolean => Self::Bools(series.bool()?.clone()),
            DataType::Date => Self::Times(times(|days| days.wrapping_mul(86_400_000_000))?, false),
            DataType::Datetime(_, Some(_)) => Self::of(&wall(series, shown)?, shown)?,
            DataType::Datetime(TimeUnit::Milliseconds, _) => Self::Times(times(|time| time.wrapping_mul(1000))?, true),
            DataType::Datetime(TimeUnit::Microseconds, _) => Self::Times(times(|time| time)?, true),
            DataType::Datetime(TimeUnit::Nanoseconds, _) => Self::Times(times(|time| time.div_euclid(1000))?, true),
            DataType::String => Self::Texts(series.str()?.clone()),
            DataType::Categorical(..) | DataType::Null => Self::Texts(series.cast(&DataType::String)?.str()?.clone()),
            dtype => {
                bail!("{shown}: column {} is {dtype}, expected numbers, text, truth values or dates", series.name())
            }
        })
    }

    /// One hash a row: equal for cells that are equal, an integer and the float of its value included.
    pub fn hashes(&self, present: &Present) -> Vec<u64> {
        let all = |hash: &dyn Fn(usize) -> u64| -> Vec<u64> {
            (0..present.rows).map(|row| if present.has(row) { hash(row) } else { MISSING }).collect()
        };
        match self {
            Self::Integers(cells) => hashed(values(cells), present, |cell| integer(cell.into())),
            Self::Unsigned(cells) => hashed(values(cells), present, |cell| integer(cell.into())),
            Self::Numbers(cells) => hashed(values(cells), present, number),
            Self::Times(cells, _) => hashed(values(cells), present, |time| mix(time as u64 ^ (0x71 << 56))),
            Self::Bools(cells) => all(&|row| mix(u64::from(cells.get(row) == Some(true)) ^ 0xb001)),
            Self::Texts(cells) => {
                let cells = cells.downcast_as_array();
                all(&|row| {
                    let mut hasher = DefaultHasher::new();
                    hasher.write(cells.value(row).as_bytes());
                    hasher.finish()
                })
            }
        }
    }

    /// The cells as numbers, where they are numbers; a missing one is NaN.
    pub fn numbers(&self, present: &Present) -> Option<Vec<f64>> {
        match self {
            Self::Integers(cells) => Some(floats(values(cells), present, |cell| cell as f64)),
            Self::Unsigned(cells) => Some(floats(values(cells), present, |cell| cell as f64)),
            Self::Numbers(cells) => Some(floats(values(cells), present, |cell| cell)),
            _ => None,
        }
    }

    /// Which cells are there: NaN is a missing cell.
    pub fn present(&self) -> Present {
        let (rows, without) = match self {
            Self::Integers(cells) => (cells.len(), missing(cells)),
            Self::Unsigned(cells) => (cells.len(), missing(cells)),
            Self::Bools(cells) => (cells.len(), missing(cells)),
            Self::Times(cells, _) => (cells.len(), missing(cells)),
            Self::Texts(cells) => (cells.len(), missing(cells)),
            Self::Numbers(cells) => {
                let is_nan = values(cells).iter().any(|value| value.is_nan());
                let there = || cells.iter().map(|cell| cell.is_some_and(|value| !value.is_nan())).collect();
                (cells.len(), (is_nan || cells.null_count() > 0).then(there))
            }
        };
        Present { rows, is_there: without }
    }

    /// The text that a cell is shown as.
    pub fn show(&self, row: usize) -> String {
        match self {
            Self::Integers(cells) => cells.get(row).map(|cell| cell.to_string()),
            Self::Unsigned(cells) => cells.get(row).map(|cell| cell.to_string()),
            Self::Numbers(cells) => cells.get(row).map(|cell| cell.to_string()),
            Self::Bools(cells) => cells.get(row).map(|cell| cell.to_string()),
            Self::Times(cells, time) => cells.get(row).map(|cell| show_time(cell, *time)),
            Self::Texts(cells) => cells.get(row).map(str::to_string),
        }
        .unwrap_or_default()
    }
}

/// Which cells are there, where some are not.
fn missing<T: PolarsDataType>(cells: &ChunkedArray<T>) -> Option<Vec<bool>> {
    (cells.null_count() > 0).then(|| cells.is_not_null().iter().map(|there| there == Some(true)).collect())
}

fn hashed<T: Copy>(values: &[T], present: &Present, hash: impl Fn(T) -> u64) -> Vec<u64> {
    let of = |(row, &value)| if present.has(row) { hash(value) } else { MISSING };
    values.iter().enumerate().map(of).collect()
}

fn floats<T: Copy>(values: &[T], present: &Present, float: impl Fn(T) -> f64) -> Vec<f64> {
    let of = |(row, &value)| if present.has(row) { float(value) } else { f64::NAN };
    values.iter().enumerate().map(of).collect()
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
        let hashes = |series: Series| {
            let cells = Cells::of(&series, "t").unwrap();
            cells.hashes(&cells.present())
        };
        let integers = hashes(Series::new("a".into(), [0_i64, 3, 1 << 53, (1 << 53) + 1]));
        let floats = hashes(Series::new("a".into(), [-0.0, 3.0, 9_007_199_254_740_992.0]));
        assert_eq!(integers[..3], floats[..]);
        assert_ne!(integers[2], integers[3]);
        let missing = hashes(Series::new("a".into(), [Some(f64::NAN), None]));
        assert_eq!(missing, [MISSING, MISSING]);
    }
}
