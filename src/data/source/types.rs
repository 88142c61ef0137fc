//! The few types that the house computes with: what every other type of a file becomes.
//!
//! Whole numbers, numbers, truth values, text, dates and times stay what they are. Decimals, 128-bit and half-precision
//! numbers become Float64; a duration and a time of day their seconds, Float64; categories and UTF-8 bytes text.

use anyhow::{Result, bail};
use polars::prelude::*;

/// The type that a column of `dtype` is read as; none if no number, text or date can be made of its cells.
pub fn read_as(dtype: &DataType) -> Option<DataType> {
    Some(match dtype {
        DataType::Categorical(..) | DataType::Enum(..) | DataType::Binary => DataType::String,
        DataType::Decimal(..) | DataType::Int128 | DataType::UInt128 => DataType::Float64,
        DataType::Time | DataType::Duration(_) => DataType::Float64,
        DataType::Float16 => DataType::Float32,
        DataType::List(_) | DataType::Array(..) | DataType::Struct(_) => return None,
        DataType::String | DataType::Boolean | DataType::Date | DataType::Datetime(..) | DataType::Null => {
            dtype.clone()
        }
        numeric if numeric.is_primitive_numeric() => dtype.clone(),
        _ => return None,
    })
}

/// `column` as [`read_as`] says.
///
/// # Errors
/// Bytes that are not UTF-8, a type of which nothing can be made.
pub fn converted(column: &Column, shown: &str) -> Result<Column> {
    let (name, dtype) = (column.name(), column.dtype());
    let Some(to) = read_as(dtype) else { bail!("{shown}: {}", unreadable(name, dtype)) };
    let seconds = |per_second: f64| -> Result<Column> {
        let whole = column.to_physical_repr().cast(&DataType::Int64)?;
        let seconds: Float64Chunked =
            whole.i64()?.iter().map(|cell| cell.map(|cell| cell as f64 / per_second)).collect();
        Ok(seconds.with_name(name.clone()).into_column())
    };
    Ok(match dtype {
        same if *same == to => column.clone(),
        DataType::Time | DataType::Duration(TimeUnit::Nanoseconds) => seconds(1e9)?,
        DataType::Duration(TimeUnit::Microseconds) => seconds(1e6)?,
        DataType::Duration(TimeUnit::Milliseconds) => seconds(1e3)?,
        DataType::Binary => {
            let utf8 =
                |cell: Option<&'_ [u8]>| cell.map(std::str::from_utf8).transpose().map(|cell| cell.map(str::to_string));
            let texts: Result<Vec<Option<String>>, _> = column.binary()?.iter().map(utf8).collect();
            let Ok(texts) = texts else {
                bail!("{shown}: column {name} holds bytes that are not UTF-8 text; leave it out with --drop {name}")
            };
            Column::new(name.clone(), texts)
        }
        _ => column.cast(&to)?,
    })
}

/// Why a column cannot be used.
pub fn unreadable(name: &str, dtype: &DataType) -> String {
    let what = match dtype {
        DataType::List(_) | DataType::Array(..) => "lists in its cells".into(),
        DataType::Struct(_) => "objects in its cells".into(),
        DataType::Unknown(_) => "cells of a type that cannot be read".into(),
        other => format!("cells of the type {other}"),
    };
    format!("column {name} has {what}, expected numbers, text, truth values or dates; leave it out with --drop {name}")
}

/// Widens `schema` until it holds `other` too. Columns are matched by name.
pub fn widen(schema: &mut Schema, other: &Schema) {
    for (name, theirs) in other.iter() {
        let Some(ours) = schema.get(name) else { continue };
        let wide = wider(ours, theirs);
        schema.set_dtype(name, wide);
    }
}

pub fn wider(a: &DataType, b: &DataType) -> DataType {
    let nested = |dtype: &DataType| read_as(dtype).is_none();
    match (a, b) {
        _ if a == b => a.clone(),
        _ if nested(a) => a.clone(),
        _ if nested(b) => b.clone(),
        (DataType::Null, other) | (other, DataType::Null) => other.clone(),
        (DataType::UInt64, other) | (other, DataType::UInt64) if other.is_signed_integer() => DataType::Float64,
        _ if a.is_unsigned_integer() && b.is_unsigned_integer() => DataType::UInt64,
        _ if a.is_integer() && b.is_integer() => DataType::Int64,
        _ if a.is_primitive_numeric() && b.is_primitive_numeric() => DataType::Float64,
        (DataType::Date, DataType::Datetime(_, zone)) | (DataType::Datetime(_, zone), DataType::Date) => {
            DataType::Datetime(TimeUnit::Microseconds, zone.clone())
        }
        (DataType::Datetime(_, ours), DataType::Datetime(_, theirs)) if ours == theirs => {
            DataType::Datetime(TimeUnit::Nanoseconds, ours.clone())
        }
        // Of several zones the times are those of their clocks.
        (DataType::Datetime(..), DataType::Datetime(..)) => DataType::Datetime(TimeUnit::Microseconds, None),
        _ => DataType::String,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_durations_and_times_are_numbers() {
        let as_f64 = |column: Column| {
            converted(&column, "t").unwrap().f64().unwrap().iter().map(Option::unwrap).collect::<Vec<_>>()
        };
        let whole = Column::new("a".into(), [725i64, -50]);
        let decimal = Column::new("a".into(), ["7.25", "-0.5"]).cast(&DataType::Decimal(10, 2)).unwrap();
        assert_eq!(as_f64(decimal), [7.25, -0.5]);
        // pd.Series([725, -50], dtype="timedelta64[ms]").dt.total_seconds()
        assert_eq!(as_f64(whole.cast(&DataType::Duration(TimeUnit::Milliseconds)).unwrap()), [0.725, -0.05]);
        // 12:30:00.5 in nanoseconds since midnight
        let time = Column::new("a".into(), [45_000_500_000_000i64]).cast(&DataType::Time).unwrap();
        assert_eq!(as_f64(time), [45_000.5]);
        assert_eq!(as_f64(whole.cast(&DataType::Int128).unwrap()), [725.0, -50.0]);
        let half = converted(&Column::new("a".into(), [0.5f32]).cast(&DataType::Float16).unwrap(), "t").unwrap();
        assert_eq!(half.f32().unwrap().get(0), Some(0.5));
    }

    #[test]
    fn bytes_are_text_if_they_are_utf8_and_lists_are_named() {
        let bytes = |bytes: &[u8]| converted(&Column::new("a".into(), [bytes]), "t.parquet");
        assert_eq!(bytes("é".as_bytes()).unwrap().str().unwrap().get(0), Some("é"));
        assert!(bytes(b"\xff").unwrap_err().to_string().contains("t.parquet: column a holds bytes that are not UTF-8"));
        let list = DataType::List(Box::new(DataType::Int64));
        assert!(unreadable("a", &list).contains("column a has lists in its cells"));
    }

    #[test]
    fn the_wider_of_two_types_holds_both() {
        use DataType::*;
        for (a, b, wide) in [
            (Int64, Float64, Float64),
            (Int32, Int64, Int64),
            (UInt8, UInt32, UInt64),
            (UInt64, Int8, Float64),
            (Null, Boolean, Boolean),
            (Boolean, Int64, String),
            (Float32, Float64, Float64),
            (Date, Datetime(TimeUnit::Milliseconds, None), Datetime(TimeUnit::Microseconds, None)),
        ] {
            assert_eq!((wider(&a, &b), wider(&b, &a)), (wide.clone(), wide), "{a} and {b}");
        }
    }
}
