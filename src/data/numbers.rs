//! Numbers as people write them.

/// The marks that the digits of a number are written with; `Default` is `1234.5`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    /// Before the fraction.
    pub decimal: char,
    /// Between groups of three digits.
    pub thousands: Option<char>,
}

impl Default for Marks {
    fn default() -> Self {
        Self { decimal: '.', thousands: None }
    }
}

impl Marks {
    /// `cell` as computers write it, `1234.5`, if it is a number with these marks; blanks around it do not matter.
    pub fn plain(&self, cell: &str) -> Option<String> {
        let cell = cell.trim();
        let digits = cell.strip_prefix(['-', '+']).unwrap_or(cell);
        let end = digits.find(|c: char| !self.is_part(c)).unwrap_or(digits.len());
        let (number, exponent) = digits.split_at(end);
        let (whole, fraction) = number.split_once(self.decimal).unwrap_or((number, ""));
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !all_digits(fraction) || !is_exponent(exponent) || whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let whole = match self.thousands {
            Some(mark) if whole.contains(|c| same(c, mark)) => grouped(whole, mark)?,
            _ => all_digits(whole).then(|| whole.to_string())?,
        };
        let sign = if cell.starts_with('-') { "-" } else { "" };
        let point = if number.contains(self.decimal) { "." } else { "" };
        Some(format!("{sign}{whole}{point}{fraction}{exponent}"))
    }

    fn is_part(&self, c: char) -> bool {
        c.is_ascii_digit() || c == self.decimal || self.thousands.is_some_and(|mark| same(c, mark))
    }
}

/// A blank between digits may be any of the blanks that typesetters use, and an apostrophe theirs.
fn same(c: char, mark: char) -> bool {
    c == mark || mark == ' ' && matches!(c, '\u{a0}' | '\u{2009}' | '\u{202f}') || mark == '\'' && c == '’'
}

/// The digits of groups of three, of which the first may be shorter.
fn grouped(whole: &str, mark: char) -> Option<String> {
    let groups: Vec<&str> = whole.split(|c| same(c, mark)).collect();
    let fits = |(index, group): (usize, &&str)| {
        let length = if index == 0 { (1..=3).contains(&group.len()) } else { group.len() == 3 };
        length && group.bytes().all(|byte| byte.is_ascii_digit())
    };
    // 0.126 is no 126: a number in groups does not begin with 0.
    (!whole.starts_with('0') && groups.iter().enumerate().all(fits)).then(|| groups.concat())
}

/// Nothing, or `e` and a whole number.
fn is_exponent(text: &str) -> bool {
    text.is_empty()
        || text.strip_prefix(['e', 'E']).is_some_and(|power| {
            let power = power.strip_prefix(['-', '+']).unwrap_or(power);
            !power.is_empty() && power.bytes().all(|byte| byte.is_ascii_digit())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_those_of_the_user() {
        let german = Marks { decimal: ',', thousands: Some('.') };
        for (cell, expected) in [
            ("1.299,99", Some("1299.99")),
            (" -12.345.678 ", Some("-12345678")),
            ("0,25", Some("0.25")),
            (",5", Some(".5")),
            ("5,", Some("5.")),
            ("1,5e-3", Some("1.5e-3")),
            ("1234,5", Some("1234.5")),
            ("0.25", None),
            ("1.29", None),
            ("1,2,3", None),
            ("1.2345", None),
            ("0.126", None),
            ("12€", None),
            ("", None),
            (",", None),
            ("e5", None),
        ] {
            assert_eq!(german.plain(cell).as_deref(), expected, "{cell:?}");
        }
        let french = Marks { decimal: ',', thousands: Some(' ') };
        assert_eq!(french.plain("1\u{202f}234,5").as_deref(), Some("1234.5"));
        let swiss = Marks { decimal: '.', thousands: Some('\'') };
        assert_eq!(swiss.plain("1'234’567.5").as_deref(), Some("1234567.5"));
        assert_eq!(Marks::default().plain("+12.5").as_deref(), Some("12.5"));
    }
}
