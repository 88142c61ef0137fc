//! What the cells of a text column say: numbers, numbers in disguise, dates, or texts.

use super::date_guess::Guess;
use super::dates::iso;

/// A cell of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A number as computers write it, blanks around it or not.
    Plain,
    /// Digits that begin with a needless zero: a code, such as `007`.
    Code,
    /// A number between whose digits stand blanks: `1 234`.
    Spaced,
    /// Thousands set apart by commas: `1,234.5`.
    Grouped,
    /// A decimal comma: `12,5`.
    DecimalComma,
    /// Thousands set apart by points, and a decimal comma or none: `1.299,99`.
    GroupedByPoint,
    /// Thousands set apart by apostrophes: `1'234.5`.
    Apostrophe,
    /// A number with a sign of money or per cent, or a minus that is no hyphen: `$12`, `12 %`, `5 EUR`, `−5`.
    WithUnit,
    /// An ISO 8601 date.
    Date,
    /// An ISO 8601 date and time.
    Datetime,
    Text,
}

impl Shape {
    pub fn of(cell: &str) -> Self {
        if let Some(number) = number(cell) {
            return number;
        }
        match iso(cell) {
            Some(stamp) if stamp.has_time => Self::Datetime,
            Some(_) => Self::Date,
            None => Self::Text,
        }
    }
}

/// How `cell` writes a number, if it is one.
fn number(cell: &str) -> Option<Shape> {
    let plain = |text: &str| text.parse::<f64>().is_ok() && text.bytes().any(|byte| byte.is_ascii_digit());
    let trimmed = cell.trim();
    if plain(trimmed) {
        return Some(if is_code(trimmed) { Shape::Code } else { Shape::Plain });
    }
    if !trimmed.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let is_space = |c: char| c.is_whitespace();
    if trimmed.contains(is_space) && grouped(&trimmed.replace(is_space, " ").replace(',', "."), ' ') {
        return Some(Shape::Spaced);
    }
    if grouped(trimmed, ',') {
        return Some(Shape::Grouped);
    }
    if trimmed.matches(',').count() == 1 && !trimmed.contains('.') && plain(&trimmed.replace(',', ".")) {
        return Some(Shape::DecimalComma);
    }
    let swapped: String = trimmed
        .chars()
        .map(|c| {
            if c == '.' {
                ','
            } else if c == ',' {
                '.'
            } else {
                c
            }
        })
        .collect();
    if grouped(&swapped, ',') {
        return Some(Shape::GroupedByPoint);
    }
    if grouped(&trimmed.replace('’', "'"), '\'') {
        return Some(Shape::Apostrophe);
    }
    let bare = without_unit(trimmed);
    (bare.len() < trimmed.len() && number(bare).is_some()).then_some(Shape::WithUnit)
}

/// Signs and codes of money, per cent and per mille, and the typographer's minus.
const UNITS: [&str; 22] = [
    "R$", "$", "€", "£", "¥", "₹", "%", "‰", "−", "EUR", "USD", "GBP", "CHF", "JPY", "CNY", "INR", "CAD", "AUD", "SEK",
    "NOK", "DKK", "PLN",
];

fn without_unit(cell: &str) -> &str {
    let before = UNITS.iter().find_map(|unit| cell.strip_prefix(unit)).unwrap_or(cell);
    UNITS.iter().find_map(|unit| before.strip_suffix(unit)).unwrap_or(before).trim()
}

fn is_code(digits: &str) -> bool {
    digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
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
        && !whole.starts_with('0')
        && digits(fraction)
        && groups.all(|group| {
            more += 1;
            group.len() == 3 && digits(group)
        })
        && more > 0
}

/// How many cells of a text column are of each shape.
#[derive(Debug, Clone, Default)]
pub struct Shapes {
    /// Cells that are not missing.
    pub present: u64,
    /// By [`Shape`].
    counts: [u64; 11],
    /// The first cell that is neither a number nor a date.
    pub slip: Option<String>,
    /// Texts that may be dates in another format.
    pub other_dates: Guess,
}

/// What a text column is, by the larger half of its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Every cell is a plain number, and none a code.
    Numbers,
    /// Every cell is an ISO 8601 date; whether some have a time.
    Dates {
        times: bool,
    },
    /// More than half of the cells are numbers in some way.
    MostlyNumbers,
    /// More than half of the cells are ISO 8601 dates.
    MostlyDates,
    /// More than half of the cells are dates in another format.
    OtherDates,
    Text,
}

impl Shapes {
    /// Takes in a cell that occurs `count` times.
    pub fn see(&mut self, cell: &str, count: u64) -> Shape {
        let shape = Shape::of(cell);
        self.present += count;
        self.counts[shape as usize] += count;
        if shape == Shape::Text {
            self.other_dates.see(cell, count);
            if self.slip.is_none() {
                self.slip = Some(cell.to_string());
            }
        }
        shape
    }

    pub fn count(&self, shape: Shape) -> u64 {
        self.counts[shape as usize]
    }

    /// Cells that are numbers in some way; codes are numbers beside such that are none.
    pub fn numbers(&self) -> u64 {
        self.counts[..Shape::Date as usize].iter().sum()
    }

    pub fn dates(&self) -> u64 {
        self.count(Shape::Date) + self.count(Shape::Datetime)
    }

    pub fn meaning(&self) -> Meaning {
        let (present, codes) = (self.present, self.count(Shape::Code));
        let most = |count: u64| count * 2 > present;
        match () {
            () if present == 0
                || codes > 0 && self.numbers() == self.count(Shape::Plain) + codes && most(self.numbers()) =>
            {
                Meaning::Text
            }
            () if self.count(Shape::Plain) == present => Meaning::Numbers,
            () if self.dates() == present => Meaning::Dates { times: self.count(Shape::Datetime) > 0 },
            () if most(self.numbers()) => Meaning::MostlyNumbers,
            () if most(self.dates()) => Meaning::MostlyDates,
            () if self.other_dates.count > 0 && most(self.dates() + self.other_dates.count) => Meaning::OtherDates,
            () => Meaning::Text,
        }
    }

    /// In words how the numbers are written, with their counts.
    pub fn ways(&self) -> String {
        let ways = [
            (Shape::Plain, "plain"),
            (Shape::Code, "with a needless zero"),
            (Shape::Spaced, "with blanks for thousands, as 1 234"),
            (Shape::Grouped, "with commas for thousands, as 1,234.5"),
            (Shape::DecimalComma, "with a decimal comma, as 12,5"),
            (Shape::GroupedByPoint, "with points for thousands, as 1.234,5"),
            (Shape::Apostrophe, "with apostrophes for thousands, as 1'234.5"),
            (Shape::WithUnit, "with a sign of money or per cent"),
        ];
        let ways = ways.map(|(shape, way)| (self.count(shape), way));
        let ways = ways.iter().filter(|(count, _)| *count > 0).map(|(count, way)| format!("{count} {way}"));
        ways.collect::<Vec<_>>().join(", ")
    }

    /// What makes plain numbers of those that are not.
    pub fn remedy(&self) -> &'static str {
        let has = |shape| self.count(shape) > 0;
        match () {
            // A slip among plain numbers.
            () if self.count(Shape::Plain) * 2 > self.numbers() => "write it as one",
            () if has(Shape::Apostrophe) => "say --thousands \"'\"",
            () if has(Shape::GroupedByPoint) => "say --decimal , --thousands .",
            () if has(Shape::Spaced) && has(Shape::DecimalComma) => "say --decimal , --thousands space",
            () if has(Shape::Spaced) => "say --thousands space",
            () if has(Shape::DecimalComma) => "say --decimal ,",
            () if has(Shape::Grouped) => "say --thousands ,",
            () => "write it as one",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_told_by_how_it_is_written() {
        for (cell, expected) in [
            ("12", Shape::Plain),
            ("-1.5e3", Shape::Plain),
            (" 12", Shape::Plain),
            ("0.5", Shape::Plain),
            ("007", Shape::Code),
            ("1 234", Shape::Spaced),
            ("1\u{a0}234,5", Shape::Spaced),
            ("1,234.5", Shape::Grouped),
            ("-12,345,678", Shape::Grouped),
            ("12,5", Shape::DecimalComma),
            ("1.299,99", Shape::GroupedByPoint),
            ("$1,200", Shape::WithUnit),
            ("12 %", Shape::WithUnit),
            ("5,5%", Shape::WithUnit),
            ("5 EUR", Shape::WithUnit),
            ("R$ 5", Shape::WithUnit),
            ("−5", Shape::WithUnit),
            ("1'234.5", Shape::Apostrophe),
            ("12 34", Shape::Text),
            ("1,2,3", Shape::Text),
            ("nan", Shape::Text),
            ("2024-01-02", Shape::Date),
            ("2024-01-02T10:00Z", Shape::Datetime),
            ("A12", Shape::Text),
            ("", Shape::Text),
            ("é1", Shape::Text),
        ] {
            assert_eq!(Shape::of(cell), expected, "{cell:?}");
        }
    }

    #[test]
    fn a_column_is_what_most_of_its_cells_are() {
        let of = |cells: &[&str]| {
            let mut shapes = Shapes::default();
            cells.iter().for_each(|cell| {
                shapes.see(cell, 1);
            });
            shapes.meaning()
        };
        assert_eq!(of(&[" 1", "2.5"]), Meaning::Numbers);
        assert_eq!(of(&["007", "12"]), Meaning::Text);
        assert_eq!(of(&["5%", "6%"]), Meaning::MostlyNumbers);
        assert_eq!(of(&["1", "2", "x"]), Meaning::MostlyNumbers);
        assert_eq!(of(&["1", "x"]), Meaning::Text);
        assert_eq!(of(&["2024-01-02", "2024-01-02 10:00"]), Meaning::Dates { times: true });
        assert_eq!(of(&["2024-01-02", "2024-01-03", "0000-00-00"]), Meaning::MostlyDates);
        assert_eq!(of(&["23/02/2022", "24/02/2022", "soon"]), Meaning::OtherDates);
        assert_eq!(of(&[]), Meaning::Text);
    }
}
