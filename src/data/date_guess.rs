//! Dates that are not ISO 8601: which format they may be written in.

use super::date_format::by_format;

/// The ways in which people write dates.
const DATES: [&str; 20] = [
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d/%m/%y",
    "%m/%d/%y",
    "%d.%m.%y",
    "%d-%m-%y",
    "%m-%d-%y",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%b %d, %Y",
    "%d %B %Y",
    "%B %d, %Y",
    "%a %b %d %Y",
    "%Y-%m-%d",
];
/// And the time behind them.
const TIMES: [&str; 7] = ["", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", " %H:%M:%S.%f"];

/// Formats that fit the cells of a column, as far as they are seen.
#[derive(Debug, Clone, Default)]
pub struct Guess {
    /// Cells that fit some format.
    pub count: u64,
    /// The formats that fit all of these.
    fitting: Option<Vec<String>>,
}

impl Guess {
    /// Takes in a cell that occurs `count` times and is no ISO 8601 date.
    pub fn see(&mut self, cell: &str, count: u64) {
        let cell = cell.trim();
        if !may_be_date(cell) {
            return;
        }
        let fits = |format: &&String| {
            (short_year(cell) || !format.contains("%y")) && by_format(cell, &format.replace(".%f", "%.f")).is_some()
        };
        let still: Vec<String> = self.fitting.iter().flatten().filter(fits).cloned().collect();
        if !still.is_empty() {
            self.fitting = Some(still);
            self.count += count;
            return;
        }
        let all = TIMES.iter().flat_map(|time| DATES.iter().map(move |date| format!("{date}{time}")));
        let fitting: Vec<String> = all.filter(|format| fits(&format)).collect();
        if !fitting.is_empty() {
            self.count += count;
            // One that is written otherwise than those before it changes nothing.
            self.fitting.get_or_insert(fitting);
        }
    }

    /// Formats that fit, the likeliest first.
    pub fn formats(&self) -> &[String] {
        self.fitting.as_deref().unwrap_or_default()
    }
}

/// Whether the year may be one of two digits. With points or hyphens all parts have two: else versions would be dates.
fn short_year(cell: &str) -> bool {
    let parts = cell.get(..8).unwrap_or(cell).split(['.', '-']).collect::<Vec<_>>();
    parts.len() < 3
        || parts.iter().all(|part| part.len() == 2)
        || parts[1].bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// What the words of a date begin with.
const WORDS: [&str; 19] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", "mon", "tue", "wed", "thu",
    "fri", "sat", "sun",
];

/// Whether it is worth a try: not too long, two numbers and more between marks, and no words but those of a date. A column may
/// have a hundred thousand texts such as `user-012345`, and all formats on each would take a minute.
fn may_be_date(cell: &str) -> bool {
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    (4..=20).contains(&digits)
        && (6..=32).contains(&cell.len())
        && cell.is_ascii()
        && cell.bytes().any(|byte| matches!(byte, b'/' | b'.' | b'-' | b' '))
        && has_parts(cell)
}

/// Whether there is a month in letters, or else twice the mark between day, month and year; and no other words.
fn has_parts(cell: &str) -> bool {
    let begins =
        |word: &str| word.get(..3).is_some_and(|start| WORDS.iter().any(|other| start.eq_ignore_ascii_case(other)));
    let half = |word: &str| ["am", "pm"].iter().any(|other| word.eq_ignore_ascii_case(other));
    let mut words = cell.split(|letter: char| !letter.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    let twice = ['/', '.', '-'].iter().any(|mark| cell.matches(*mark).count() > 1);
    let mut months = 0;
    words.all(|word| {
        months += usize::from(begins(word));
        begins(word) || half(word)
    }) && (twice || months > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(cells: &[&str]) -> (u64, Vec<String>) {
        let mut guess = Guess::default();
        cells.iter().for_each(|cell| guess.see(cell, 1));
        (guess.count, guess.formats().to_vec())
    }

    /// What chrono writes in a format is tried in it, in small letters and without blanks too.
    #[test]
    fn no_date_is_passed_over() {
        let at = chrono::NaiveDate::from_ymd_opt(2022, 5, 23).unwrap().and_hms_opt(13, 5, 9).unwrap();
        for date in DATES {
            for time in TIMES {
                let format = format!("{date}{time}").replace(".%f", "%.f");
                for month in 0..12 {
                    let at = at + chrono::Days::new(month * 30);
                    let cell = at.format(&format).to_string();
                    for cell in [cell.to_lowercase(), cell.replace(' ', ""), cell] {
                        let fits = by_format(&cell, &format).is_some();
                        // Without a mark it is a code rather than a date.
                        let tried = cell.len() <= 32 && cell.contains(['/', '.', '-', ' ']);
                        assert!(!fits || !tried || may_be_date(&cell), "{cell} as {format}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_format_is_one_that_fits_every_cell() {
        assert_eq!(guess(&["02/03/2022", "23/02/2022"]), (2, vec!["%d/%m/%Y".into()]));
        assert_eq!(guess(&["02/03/2022"]).1, ["%d/%m/%Y", "%m/%d/%Y"]);
        assert_eq!(guess(&["2/23/2022 1:05 PM"]).1, ["%m/%d/%Y %I:%M %p"]);
        assert_eq!(guess(&["23-Feb-22"]).1, ["%d-%b-%y"]);
        assert_eq!(guess(&["2/23/22"]).1, ["%m/%d/%y"]);
        assert_eq!(guess(&["23.02.22"]).1, ["%d.%m.%y"]);
        assert_eq!(guess(&["Feb 23, 2022"]).1[0], "%b %d, %Y");
        assert_eq!(guess(&["February 23, 2022"]).1, ["%B %d, %Y"]);
        for no_date in
            ["12", "1.299,99", "A-1234", "127.0.0.1", "555-1234", "2022-02-30", "10/2022", "1.2.3", "10.2.13"]
        {
            assert_eq!(guess(&[no_date]).0, 0, "{no_date}");
        }
    }
}
