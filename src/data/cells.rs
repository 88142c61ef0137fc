//! What a cell of text says: a number, a number in disguise, a date.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime};

/// A number as a cell writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberText {
    /// `1234.5`, which is read as a number.
    Plain,
    /// A plain number with spaces around it, or between its digits: ` 12`, `1 234`.
    Spaced,
    /// Thousands set apart by commas: `1,234.5`.
    Grouped,
    /// A decimal comma: `12,5`.
    DecimalComma,
    /// A number with a sign of money or per cent: `$12`, `12 %`.
    WithUnit,
}

/// How `cell` writes a number, if it is one.
pub fn number_text(cell: &str) -> Option<NumberText> {
    let plain = |text: &str| text.parse::<f64>().is_ok() && text.bytes().any(|byte| byte.is_ascii_digit());
    let trimmed = cell.trim();
    if plain(trimmed) {
        return Some(if trimmed.len() == cell.len() { NumberText::Plain } else { NumberText::Spaced });
    }
    if !trimmed.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let is_space = |c: char| c.is_whitespace();
    if trimmed.contains(is_space) && grouped(&trimmed.replace(is_space, " "), ' ') {
        return Some(NumberText::Spaced);
    }
    if grouped(trimmed, ',') {
        return Some(NumberText::Grouped);
    }
    if trimmed.matches(',').count() == 1 && !trimmed.contains('.') && plain(&trimmed.replace(',', ".")) {
        return Some(NumberText::DecimalComma);
    }
    let money = ['$', '€', '£', '¥', '%'];
    let bare = trimmed.trim_start_matches(money).trim_end_matches(money).trim();
    (bare.len() < trimmed.len() && (plain(bare) || grouped(bare, ','))).then_some(NumberText::WithUnit)
}

/// Whether `text` is digits in groups of three that `mark` sets apart, with a sign and a fraction if need be.
fn grouped(text: &str, mark: char) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole = whole.strip_prefix(['-', '+']).unwrap_or(whole);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = whole.split(mark);
    let first = groups.next().is_some_and(|first| (1..=3).contains(&first.len()) && digits(first));
    let mut more = 0;
    first
        && digits(fraction)
        && groups.all(|group| {
            more += 1;
            group.len() == 3 && digits(group)
        })
        && more > 0
}

/// An ISO 8601 date: `2024-02-29`.
pub fn date(cell: &str) -> Option<NaiveDate> {
    let shape = cell.len() == 10 && cell.as_bytes()[4] == b'-' && cell.as_bytes()[7] == b'-';
    if !shape || cell.bytes().any(|byte| byte != b'-' && !byte.is_ascii_digit()) {
        return None;
    }
    NaiveDate::from_ymd_opt(cell[..4].parse().ok()?, cell[5..7].parse().ok()?, cell[8..].parse().ok()?)
}

/// An ISO 8601 date with a time: `2024-02-29T12:30`, a space for the T, seconds and their fraction, `Z` or an offset, which
/// is taken into account.
pub fn datetime(cell: &str) -> Option<NaiveDateTime> {
    let time = cell.get(11..)?;
    let date = date(cell.get(..10)?)?;
    if !matches!(cell.as_bytes()[10], b'T' | b' ') || !time.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let zoned = ["%Y-%m-%dT%H:%M:%S%.f%:z", "%Y-%m-%dT%H:%M%:z"];
    let with_offset = format!("{}T{}", &cell[..10], time.replace(['Z', 'z'], "+00:00"));
    if let Some(zoned) = zoned.iter().find_map(|form| DateTime::parse_from_str(&with_offset, form).ok()) {
        return Some(zoned.naive_utc());
    }
    ["%H:%M:%S%.f", "%H:%M"]
        .iter()
        .find_map(|form| NaiveTime::parse_from_str(time, form).ok())
        .map(|time| date.and_time(time))
}

/// The moment that an ISO 8601 date, or date and time, stands for: a date alone is its midnight, a time without an
/// offset is taken as UTC.
pub fn moment(cell: &str) -> Option<NaiveDateTime> {
    datetime(cell).or_else(|| date(cell)?.and_hms_opt(0, 0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_by_how_they_are_written() {
        for (cell, expected) in [
            ("12", Some(NumberText::Plain)),
            ("-1.5e3", Some(NumberText::Plain)),
            (" 12", Some(NumberText::Spaced)),
            ("1 234", Some(NumberText::Spaced)),
            ("1\u{a0}234.5", Some(NumberText::Spaced)),
            ("1,234.5", Some(NumberText::Grouped)),
            ("-12,345,678", Some(NumberText::Grouped)),
            ("12,5", Some(NumberText::DecimalComma)),
            ("$1,200", Some(NumberText::WithUnit)),
            ("12 %", Some(NumberText::WithUnit)),
            ("12 34", None),
            ("1,2,3", None),
            ("nan", None),
            ("2024-01-02", None),
            ("A12", None),
            ("", None),
            ("é1", None),
        ] {
            assert_eq!(number_text(cell), expected, "{cell:?}");
        }
    }

    #[test]
    fn a_date_is_one_that_the_calendar_has() {
        assert!(date("2024-02-29").is_some());
        for wrong in ["2023-02-29", "2024-2-29", "29.02.2024", "2024-02-29 ", "2024-13-01", "+024-01-01", "äö24-01-01"]
        {
            assert_eq!(date(wrong), None, "{wrong}");
        }
    }

    // datetime.fromisoformat(text).astimezone(timezone.utc)
    #[test]
    fn a_time_follows_the_date_and_an_offset_counts() {
        let at = |text| datetime(text).map(|time| time.to_string());
        assert_eq!(at("2024-02-29T12:30"), Some("2024-02-29 12:30:00".into()));
        assert_eq!(at("2024-02-29 12:30:05.25"), Some("2024-02-29 12:30:05.250".into()));
        assert_eq!(at("2024-02-29T12:30:00+02:00"), Some("2024-02-29 10:30:00".into()));
        assert_eq!(at("2024-02-29T12:30:00Z"), Some("2024-02-29 12:30:00".into()));
        assert_eq!(at("2024-02-29T12:30Z"), Some("2024-02-29 12:30:00".into()));
        assert_eq!(at("2024-02-29 23:30:00.5-01:30"), Some("2024-03-01 01:00:00.500".into()));
        assert_eq!(at("2024-02-29T12:30-05:30"), Some("2024-02-29 18:00:00".into()));
        for wrong in [
            "2024-02-29",
            "2024-02-29T25:00",
            "2024-02-29x12:30",
            "2024-02-29T",
            "2024-02-29T+1:00",
            "2024-02-29T12:+3",
            "2024-02-29T12:30ZZ",
        ] {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }
}
