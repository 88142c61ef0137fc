//! Dates and times that are not ISO 8601, in the format that a user names.

use super::dates::Stamp;
use anyhow::{Result, bail, ensure};
use chrono::format::{Item, StrftimeItems};
use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime};

/// The formats that a user names for dates that are not ISO 8601.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Formats {
    /// Of all columns of text.
    every: Vec<String>,
    /// Of one column each.
    of_column: Vec<(String, String)>,
}

impl Formats {
    /// Each of `given` is `FORMAT`, in strftime's letters, or `COLUMN=FORMAT`.
    ///
    /// # Errors
    /// A format with an unknown letter, or that does not say year, month and day.
    pub fn parse(given: &[String]) -> Result<Self> {
        let mut formats = Self::default();
        for text in given {
            match text.split_once('=').filter(|(column, _)| !column.contains('%')) {
                Some((column, format)) => formats.of_column.push((column.into(), checked(format, text)?)),
                None => formats.every.push(checked(text, text)?),
            }
        }
        Ok(formats)
    }

    /// The columns that have a format of their own.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.of_column.iter().map(|(column, _)| column.as_str())
    }

    pub fn is_empty(&self) -> bool {
        self.every.is_empty() && self.of_column.is_empty()
    }

    /// A cell of `column` as ISO 8601, if it is written in one of its formats.
    pub fn iso(&self, column: &str, cell: &str) -> Option<String> {
        let own = self.of_column.iter().filter(|(name, _)| name == column).map(|(_, format)| format);
        own.chain(&self.every).find_map(|format| by_format(cell, format)).map(|stamp| stamp.iso())
    }
}

/// `format` as chrono has it. Python's `%f` is the fraction behind the point, chrono's the number of nanoseconds.
fn checked(format: &str, given: &str) -> Result<String> {
    let ours = format.replace(".%f", "%.f");
    let known = StrftimeItems::new(&ours).all(|item| !matches!(item, Item::Error))
        && ours.contains('%')
        && !ours.contains("%f");
    ensure!(known, "--date-format {given}: expected strftime's letters, such as %d/%m/%Y or %d.%m.%Y %H:%M:%S");
    let sample = DateTime::from_timestamp(1_709_209_805, 0).unwrap_or_default().fixed_offset();
    let has_time =
        ["%H", "%I", "%M", "%S", "%T", "%R", "%X", "%c", "%s", "%p"].iter().any(|letter| ours.contains(letter));
    if by_format(&sample.format(&ours).to_string(), &ours).is_none_or(|stamp| stamp.has_time != has_time) {
        bail!("--date-format {given}: does not say year, month and day, or hour and minute where it says one of them");
    }
    Ok(ours)
}

/// A cell that is written as `format` says.
pub fn by_format(cell: &str, format: &str) -> Option<Stamp> {
    let cell = cell.trim();
    let stamp = if let Ok(at) = DateTime::parse_from_str(cell, format) {
        Stamp { wall: at.naive_local(), offset: Some(at.offset().local_minus_utc()), has_time: true }
    } else if let Ok(wall) = NaiveDateTime::parse_from_str(cell, format) {
        Stamp { wall, offset: None, has_time: true }
    } else {
        let date = NaiveDate::parse_from_str(cell, format).ok()?;
        Stamp { wall: date.and_time(NaiveTime::MIN), offset: None, has_time: false }
    };
    // %Y is four digits to Python. The two digits 69 are 1969 to Python and to POSIX, and 2069 to chrono.
    let two = format.contains("%y") && stamp.wall.year() == 2069;
    let wall = if two { stamp.wall.with_year(1969)? } else { stamp.wall };
    (1000..=9999).contains(&wall.year()).then_some(Stamp { wall, ..stamp })
}

#[cfg(test)]
mod tests {
    use super::*;

    // datetime.strptime(cell, format).isoformat() in Python
    #[test]
    fn formats_are_those_of_strptime() {
        let formats = |given: &[&str]| Formats::parse(&given.iter().map(|text| text.to_string()).collect::<Vec<_>>());
        for (format, cell, expected) in [
            ("%d/%m/%Y", "23/02/2022", Some("2022-02-23")),
            ("%d/%m/%Y", "3/2/2022", Some("2022-02-03")),
            ("%d/%m/%Y", "23/02/22", None),
            ("%d/%m/%y", "23/02/69", Some("1969-02-23")),
            ("%d/%m/%y", "23/02/68", Some("2068-02-23")),
            ("%m/%d/%Y %I:%M %p", "2/23/2022 1:05 PM", Some("2022-02-23T13:05:00")),
            ("%Y%m%d", "20220223", Some("2022-02-23")),
            ("%b %d, %Y", "Feb 23, 2022", Some("2022-02-23")),
            ("%d.%m.%Y %H:%M:%S.%f", "23.02.2022 13:05:00.000250", Some("2022-02-23T13:05:00.000250")),
            ("%d.%m.%Y %H:%M:%S %z", "23.02.2022 13:05:00 +0200", Some("2022-02-23T13:05:00+02:00")),
            ("%s", "1645621500", Some("2022-02-23T13:05:00+00:00")),
        ] {
            assert_eq!(formats(&[format]).unwrap().iso("a", cell).as_deref(), expected, "{format} {cell}");
        }
        let one = formats(&["day=%d/%m/%Y"]).unwrap();
        assert_eq!((one.iso("day", "23/02/2022").is_some(), one.iso("x", "23/02/2022")), (true, None));
        for wrong in ["dd/mm/yyyy", "%d/%m", "%Q", "%d/%m/%Y %f", "%d/%m/%Y %H", ""] {
            assert!(formats(&[wrong]).unwrap_err().to_string().starts_with("--date-format"), "{wrong}");
        }
    }
}
