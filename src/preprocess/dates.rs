//! A date or a time as numbers that a network can learn from: `pandas.Series.dt`'s year, month, day, weekday, hour, ….
//!
//! The raw value is the number of seconds since 1970-01-01T00:00:00, float64, NaN where it is missing. A time of a zone, or
//! with an offset, is that of the clock on its wall, as in pandas and polars: 00:30 in Berlin is hour 0. The calendar is
//! computed from it by Howard Hinnant's `civil_from_days` (<https://howardhinnant.github.io/date_algorithms.html>), here
//! for the constants of the training rows and in TorchScript for the model file.

use super::choices::ColumnChoice;
use crate::choices::names::named;
use crate::data::dates::iso;
use crate::data::location::Location;
use crate::data::table::column;
use crate::data::zones::wall;
use anyhow::{Context, Result, bail};
use polars::prelude::*;
use serde::{Deserialize, Serialize};

named! {
    /// One number of a date.
    pub enum DatePart {
        Year = "year",
        /// 1 to 12.
        Month = "month",
        /// Of the month, 1 to 31.
        Day = "day",
        /// Monday 0 to Sunday 6.
        Weekday = "weekday",
        /// Of the year, 1 to 366.
        Dayofyear = "dayofyear",
        Hour = "hour",
        Minute = "minute",
        /// Days since 1970-01-01, with their fraction.
        Timestamp = "timestamp",
    }
}

const DAY: f64 = 86400.0;

/// `(year, month, day of the month, day of the year from 0)` of a number of days since 1970-01-01.
fn civil(days: f64) -> (f64, f64, f64, f64) {
    let z = days + 719_468.0;
    let era = (z / 146_097.0).floor();
    let doe = z - era * 146_097.0;
    let yoe = ((doe - (doe / 1460.0).floor() + (doe / 36_524.0).floor() - (doe / 146_096.0).floor()) / 365.0).floor();
    let doy = doe - (365.0 * yoe + (yoe / 4.0).floor() - (yoe / 100.0).floor());
    let mp = ((5.0 * doy + 2.0) / 153.0).floor();
    let day = doy - ((153.0 * mp + 2.0) / 5.0).floor() + 1.0;
    let early = if mp >= 10.0 { 1.0 } else { 0.0 };
    let (year, month) = (yoe + era * 400.0 + early, mp + 3.0 - 12.0 * early);
    let leap = year % 4.0 == 0.0 && (year % 100.0 != 0.0 || year % 400.0 == 0.0);
    // The algorithm's year begins in March.
    let of_year = if early > 0.0 { doy - 306.0 } else { doy + 59.0 + f64::from(u8::from(leap)) };
    (year, month, day, of_year)
}

impl DatePart {
    /// This part of a time in seconds; NaN of NaN.
    pub fn of(self, seconds: f64) -> f64 {
        if seconds.is_nan() {
            return f64::NAN;
        }
        let days = (seconds / DAY).floor();
        let (year, month, day, of_year) = civil(days);
        match self {
            Self::Year => year,
            Self::Month => month,
            Self::Day => day,
            Self::Weekday => (days + 3.0).rem_euclid(7.0),
            Self::Dayofyear => of_year + 1.0,
            Self::Hour => ((seconds - days * DAY) / 3600.0).floor(),
            Self::Minute => (((seconds - days * DAY) % 3600.0) / 60.0).floor(),
            Self::Timestamp => seconds / DAY,
        }
    }

    /// The same as an expression of TorchScript over the variables of [`CALENDAR`].
    pub fn expression(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Month => "month",
            Self::Day => "day",
            Self::Weekday => "(days + 3.0) - torch.floor((days + 3.0) / 7.0) * 7.0",
            Self::Dayofyear => "of_year + 1.0",
            Self::Hour => "torch.floor(within / 3600.0)",
            Self::Minute => "torch.floor((within - torch.floor(within / 3600.0) * 3600.0) / 60.0)",
            Self::Timestamp => "seconds / 86400.0",
        }
    }
}

/// The variables that [`DatePart::expression`] speaks of, from seconds `[n, 1]`, float64.
pub const CALENDAR: &str = "    days = torch.floor(seconds / 86400.0)
    within = seconds - days * 86400.0
    z = days + 719468.0
    era = torch.floor(z / 146097.0)
    doe = z - era * 146097.0
    yoe = torch.floor((doe - torch.floor(doe / 1460.0) + torch.floor(doe / 36524.0) - torch.floor(doe / 146096.0)) / 365.0)
    doy = doe - (365.0 * yoe + torch.floor(yoe / 4.0) - torch.floor(yoe / 100.0))
    mp = torch.floor((5.0 * doy + 2.0) / 153.0)
    day = doy - torch.floor((153.0 * mp + 2.0) / 5.0) + 1.0
    early = torch.to(torch.ge(mp, 10.0), 7)
    year = yoe + era * 400.0 + early
    month = mp + 3.0 - 12.0 * early
    four = torch.to(torch.eq(year - torch.floor(year / 4.0) * 4.0, 0.0), 7)
    hundred = torch.to(torch.eq(year - torch.floor(year / 100.0) * 100.0, 0.0), 7)
    all400 = torch.to(torch.eq(year - torch.floor(year / 400.0) * 400.0, 0.0), 7)
    leap = four * (1.0 - hundred) + all400
    of_year = doy - 306.0 * early + (59.0 + leap) * (1.0 - early)
";

/// A column of dates or times, and the numbers that are made of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Date {
    pub name: String,
    pub parts: Vec<DatePart>,
    pub choice: ColumnChoice,
}

impl Date {
    /// Seconds since 1970 of a column of dates, times, or ISO 8601 text.
    pub fn seconds(&self, data: &DataFrame, at: Location<'_>) -> Result<Vec<f64>> {
        let name = &self.name;
        let series = wall(column(data, name, at)?.as_materialized_series(), at.file)?;
        let scale = match series.dtype() {
            DataType::String => return text_seconds(series.str()?, name, at),
            DataType::Null => return Ok(vec![f64::NAN; data.height()]),
            DataType::Date => DAY,
            DataType::Datetime(TimeUnit::Milliseconds, _) => 1e-3,
            DataType::Datetime(TimeUnit::Microseconds, _) => 1e-6,
            DataType::Datetime(TimeUnit::Nanoseconds, _) => 1e-9,
            dtype => bail!("{}: column {name} is {dtype}, expected dates as in the training table", at.file),
        };
        let whole = series.to_physical_repr().cast(&DataType::Int64)?;
        let second = |value: i64| if scale < 1.0 { value as f64 / (1.0 / scale) } else { value as f64 * scale };
        Ok(whole.i64()?.iter().map(|value| value.map_or(f64::NAN, second)).collect())
    }
}

fn text_seconds(cells: &StringChunked, name: &str, at: Location<'_>) -> Result<Vec<f64>> {
    let second = |(row, cell): (usize, Option<&str>)| {
        match cell {
        None => Ok(f64::NAN),
        Some(cell) => parse(cell).with_context(|| {
            format!(
                "{}, column {name}: {cell:?}, expected a date such as 2024-02-29 or 2024-02-29T12:30:00 as in the other \
                 rows; name it with --na if it means missing, say with --date-format how it is written, or take the column \
                 as categories with --categorical {name}",
                at.row(row)
            )
        }),
    }
    };
    cells.iter().enumerate().map(second).collect()
}

/// Seconds since 1970 of an ISO 8601 date, or date and time, by the clock that wrote it.
pub fn parse(cell: &str) -> Option<f64> {
    let time = iso(cell)?.wall.and_utc();
    Some(time.timestamp() as f64 + f64::from(time.timestamp_subsec_nanos()) / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    // s = pd.to_datetime(pd.Series(["1970-01-01", "2024-02-29T23:59:30", "1899-12-31T06:30:00", "2000-03-01", "2100-12-31"]))
    // [(t.year, t.month, t.day, t.weekday(), t.dayofyear, t.hour, t.minute) for t in s]
    #[test]
    fn parts_are_those_of_pandas() {
        let parts = ["year", "month", "day", "weekday", "dayofyear", "hour", "minute"]
            .map(|name| name.parse::<DatePart>().unwrap());
        for (text, expected) in [
            ("1970-01-01", [1970, 1, 1, 3, 1, 0, 0]),
            ("2024-02-29T23:59:30", [2024, 2, 29, 3, 60, 23, 59]),
            ("1899-12-31T06:30:00", [1899, 12, 31, 6, 365, 6, 30]),
            ("2000-03-01", [2000, 3, 1, 2, 61, 0, 0]),
            ("2100-12-31", [2100, 12, 31, 4, 365, 0, 0]),
        ] {
            let seconds = parse(text).unwrap();
            assert_eq!(parts.map(|part| part.of(seconds)), expected.map(f64::from), "{text}");
        }
        assert!(DatePart::Year.of(f64::NAN).is_nan());
    }

    #[test]
    fn every_type_of_date_is_the_same_seconds() {
        let text = df!("d" => [Some("2024-02-29T12:30:00"), None]).unwrap();
        let micros = [Some(1_709_209_800_000_000_i64), None];
        let date = Date { name: "d".into(), parts: vec![], choice: super::super::choices::ColumnChoice::default() };
        let seconds = |data: &DataFrame| date.seconds(data, Location::start("t")).unwrap();
        // calendar.timegm((2024, 2, 29, 12, 30, 0)) == 1709209800
        assert_eq!(seconds(&text)[0], 1_709_209_800.0);
        assert!(seconds(&text)[1].is_nan());
        let typed = Column::new("d".into(), micros).cast(&DataType::Datetime(TimeUnit::Microseconds, None)).unwrap();
        assert_eq!(seconds(&DataFrame::new(2, vec![typed]).unwrap())[0], 1_709_209_800.0);
        // pd.Series(["2024-02-29 23:30+00:00"], dtype="datetime64[ms, Europe/Berlin]").dt.hour is 0, .dt.day is 1
        for (zone, day, hour) in [("Europe/Berlin", 1.0, 0.0), ("+05:30", 1.0, 5.0), ("UTC", 29.0, 23.0)] {
            let zone = TimeZone::opt_try_new(Some(PlSmallStr::from_str(zone))).unwrap();
            let utc = Int64Chunked::from_slice("d".into(), &[1_709_249_400_000]);
            let zoned = utc.into_datetime(TimeUnit::Milliseconds, zone).into_column();
            let at = seconds(&DataFrame::new(1, vec![zoned]).unwrap())[0];
            assert_eq!((DatePart::Day.of(at), DatePart::Hour.of(at)), (day, hour));
        }
        // pd.to_datetime(pd.Series(["2024-02-29T23:30+02:00"])).dt.hour is 23
        assert_eq!(DatePart::Hour.of(parse("2024-02-29T23:30+02:00").unwrap()), 23.0);
        let wrong = df!("d" => ["29.02.2024"]).unwrap();
        let error = date.seconds(&wrong, Location::start("t.csv")).unwrap_err().to_string();
        assert!(error.starts_with("t.csv: row 1, column d: \"29.02.2024\", expected a date"), "{error}");
    }
}
