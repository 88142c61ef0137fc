//! Dates and times in cells of text: ISO 8601 in its forms.
//!
//! A time with an offset has two readings. Its parts are those of the clock that wrote it, as in pandas and polars; which
//! of two came first is told by the moment.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;

/// A date, or a date and a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// By the clock that wrote it.
    pub wall: NaiveDateTime,
    /// Seconds by which this clock is ahead of UTC, if it says so.
    pub offset: Option<i32>,
    /// Whether it has a time of day.
    pub has_time: bool,
}

impl Stamp {
    /// The same in UTC; without an offset the time is taken for UTC, a date for its midnight.
    pub fn moment(&self) -> NaiveDateTime {
        self.wall - TimeDelta::seconds(self.offset.unwrap_or(0).into())
    }

    /// As ISO 8601.
    pub fn iso(&self) -> String {
        let form = if self.has_time { "%Y-%m-%dT%H:%M:%S%.f" } else { "%Y-%m-%d" };
        let offset = self.offset.map_or(String::new(), |seconds| {
            let (sign, minutes) = (if seconds < 0 { '-' } else { '+' }, seconds.abs() / 60);
            format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
        });
        format!("{}{offset}", self.wall.format(form))
    }
}

/// An ISO 8601 date such as `2024-02-29`, alone or with a time: `2024-02-29T12:30`, a blank for the T, seconds and their
/// fraction, and `Z`, `UTC` or an offset such as `+02:00`, `+0200` or `+02`. The basic form `20240229T123000Z` too. Blanks
/// around it do not matter.
pub fn iso(cell: &str) -> Option<Stamp> {
    let cell = cell.trim();
    let (date, rest) = iso_date(cell)?;
    if rest.is_empty() {
        let extended = cell.as_bytes()[4] == b'-';
        return extended.then(|| Stamp { wall: date.and_time(NaiveTime::MIN), offset: None, has_time: false });
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let end = rest.find(|c: char| !(c.is_ascii_digit() || ":.,".contains(c))).unwrap_or(rest.len());
    let (time, zone) = rest.split_at(end);
    let (days, time) = iso_time(time)?;
    let wall = date.checked_add_days(Days::new(days))?.and_time(time);
    Some(Stamp { wall, offset: iso_offset(zone.trim_start())?, has_time: true })
}

/// The date at the start of `cell`, and what stands behind it.
fn iso_date(cell: &str) -> Option<(NaiveDate, &str)> {
    let digits = |range: std::ops::Range<usize>| {
        let text = cell.get(range)?;
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u32>().ok())?
    };
    let year = digits(0..4)? as i32;
    let (month, day, end) = match cell.as_bytes().get(4)? {
        b'-' if cell.as_bytes().get(7) == Some(&b'-') => (digits(5..7)?, digits(8..10)?, 10),
        _ => (digits(4..6)?, digits(6..8)?, 8),
    };
    Some((NaiveDate::from_ymd_opt(year, month, day)?, cell.get(end..)?))
}

/// A time of day, and the days to add: 24:00 is the midnight of the next.
fn iso_time(text: &str) -> Option<(u64, NaiveTime)> {
    let (clock, fraction) = text.split_once(['.', ',']).map_or((text, None), |(clock, rest)| (clock, Some(rest)));
    let parts: Vec<&str> = if clock.contains(':') { clock.split(':').collect() } else { pairs(clock)? };
    let number = |part: &&str| (part.len() == 2).then(|| part.parse::<u32>().ok())?;
    let parts: Vec<u32> = parts.iter().map(number).collect::<Option<_>>()?;
    let (hour, minute, second) = match parts[..] {
        [hour] if fraction.is_none() => (hour, 0, 0),
        [hour, minute] if fraction.is_none() => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let nanoseconds = fraction.map_or(Some(0), |digits| {
        let digits: String = digits.chars().take(9).collect();
        (!digits.is_empty()).then(|| format!("{digits:0<9}").parse::<u32>().ok())?
    })?;
    if (hour, minute, second, nanoseconds) == (24, 0, 0, 0) {
        return Some((1, NaiveTime::MIN));
    }
    // A leap second is the last one, longer.
    let leap = u32::from(second == 60);
    Some((0, NaiveTime::from_hms_nano_opt(hour, minute, second - leap, nanoseconds + leap * 1_000_000_000)?))
}

fn pairs(digits: &str) -> Option<Vec<&str>> {
    (digits.len().is_multiple_of(2) && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| (0..digits.len()).step_by(2).map(|at| &digits[at..at + 2]).collect())
}

/// Seconds ahead of UTC; `Some(None)` where nothing is said.
fn iso_offset(text: &str) -> Option<Option<i32>> {
    let sign = match text.as_bytes().first() {
        None => return Some(None),
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ if ["Z", "UTC", "GMT"].iter().any(|name| text.eq_ignore_ascii_case(name)) => return Some(Some(0)),
        _ => return None,
    };
    let parts: Vec<&str> = if text.contains(':') { text[1..].split(':').collect() } else { pairs(&text[1..])? };
    let number =
        |part: &&str| (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse().ok())?;
    let parts: Vec<i32> = parts.iter().map(number).collect::<Option<_>>()?;
    let sum = |hours: i32, minutes: i32, seconds: i32| {
        (hours < 24 && minutes < 60 && seconds < 60).then_some(hours * 3600 + minutes * 60 + seconds)
    };
    Some(Some(
        sign * match parts[..] {
            [hours] => sum(hours, 0, 0)?,
            [hours, minutes] => sum(hours, minutes, 0)?,
            [hours, minutes, seconds] => sum(hours, minutes, seconds)?,
            _ => return None,
        },
    ))
}

/// By how many seconds the clocks of a time zone are ahead of UTC, at a number of seconds since 1970; none for an unknown
/// zone. `zone` is a name such as `Europe/Berlin`, or an offset.
pub fn zone_offset(zone: &str) -> Option<Box<dyn Fn(i64) -> i64>> {
    if let Ok(zone) = zone.parse::<Tz>() {
        return Some(Box::new(move |seconds| {
            let offset =
                DateTime::from_timestamp(seconds, 0).map(|at| zone.offset_from_utc_datetime(&at.naive_utc()).fix());
            offset.map_or(0, |offset| offset.local_minus_utc().into())
        }));
    }
    let fixed = i64::from(iso_offset(zone).flatten()?);
    Some(Box::new(move |_| fixed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_one_that_the_calendar_has() {
        let is_date = |cell: &str| iso(cell).is_some_and(|stamp| !stamp.has_time);
        assert!(is_date("2024-02-29") && is_date(" 2024-02-29"));
        for wrong in [
            "2023-02-29",
            "2024-2-29",
            "29.02.2024",
            "2024-13-01",
            "+024-01-01",
            "äö24-01-01",
            "0000-00-00",
            "20240229",
        ] {
            assert!(!is_date(wrong), "{wrong}");
        }
    }

    // t = datetime.fromisoformat(text); t.replace(tzinfo=None), t.astimezone(timezone.utc)
    #[test]
    fn a_time_is_that_of_the_clock_that_wrote_it_and_its_offset_gives_the_moment() {
        let at = |text| iso(text).map(|stamp| (stamp.wall.to_string(), stamp.moment().to_string()));
        for (text, wall, moment) in [
            ("2024-02-29T12:30", "2024-02-29 12:30:00", "2024-02-29 12:30:00"),
            ("2024-02-29 12:30:05.25", "2024-02-29 12:30:05.250", "2024-02-29 12:30:05.250"),
            ("2024-02-29T12:30:00+02:00", "2024-02-29 12:30:00", "2024-02-29 10:30:00"),
            ("2024-02-29T12:30:00Z", "2024-02-29 12:30:00", "2024-02-29 12:30:00"),
            ("2024-02-29T12:30Z", "2024-02-29 12:30:00", "2024-02-29 12:30:00"),
            ("2024-02-29 23:30:00.5-01:30", "2024-02-29 23:30:00.500", "2024-03-01 01:00:00.500"),
            ("2024-02-29 12:30:00+00", "2024-02-29 12:30:00", "2024-02-29 12:30:00"),
            ("2024-02-29 12:30:00-0530", "2024-02-29 12:30:00", "2024-02-29 18:00:00"),
            ("2024-02-29 12:30:00 +0200", "2024-02-29 12:30:00", "2024-02-29 10:30:00"),
            ("2024-02-29 12:30:00 UTC", "2024-02-29 12:30:00", "2024-02-29 12:30:00"),
            ("20240229T123005Z", "2024-02-29 12:30:05", "2024-02-29 12:30:05"),
            ("1883-01-01 12:00:00+00:53:28", "1883-01-01 12:00:00", "1883-01-01 11:06:32"),
            ("2024-02-29T12", "2024-02-29 12:00:00", "2024-02-29 12:00:00"),
            ("2024-02-29T24:00", "2024-03-01 00:00:00", "2024-03-01 00:00:00"),
        ] {
            assert_eq!(at(text), Some((wall.into(), moment.into())), "{text}");
        }
        for wrong in [
            "2024-02-29T25:00",
            "2024-02-29x12:30",
            "2024-02-29T",
            "2024-02-29T+1:00",
            "2024-02-29T12:+3",
            "2024-02-29T12:30ZZ",
            "2024-02-29T1:2",
            "2024-02-29T12:30+2",
            "2024-02-29T1",
            "2024-01-01 10:00-München",
        ] {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }
}
