//! What the cells of a text column say: numbers, numbers in disguise, dates, or texts.

use super::date_guess::Guess;
use super::dates::iso;
use super::numbers::Marks;

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
    /// A number with a sign of money or per cent, in brackets, or with a minus that is no hyphen: `$12`, `12 %`, `5 EUR`, `(5)`, `−5`.
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
    let is = |decimal, thousands| Marks { decimal, thousands: Some(thousands) }.plain(trimmed).is_some();
    let has = |mark: char| trimmed.contains(mark);
    if trimmed.contains(char::is_whitespace) && (is('.', ' ') || is(',', ' ')) {
        return Some(Shape::Spaced);
    }
    if has(',') && is('.', ',') {
        return Some(Shape::Grouped);
    }
    if has(',') && (Marks { decimal: ',', thousands: None }).plain(trimmed).is_some() {
        return Some(Shape::DecimalComma);
    }
    if has('.') && is(',', '.') {
        return Some(Shape::GroupedByPoint);
    }
    if trimmed.contains(['\'', '’']) && (is('.', '\'') || is(',', '\'')) {
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

/// The number's digits: without a sign of money before or behind it, without a sign before that, without the brackets in which
/// bookkeepers put what is below zero.
fn without_unit(cell: &str) -> &str {
    if let Some(inner) = cell.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        return inner.trim();
    }
    let signed = cell.strip_prefix(['-', '+']).filter(|rest| UNITS.iter().any(|unit| rest.starts_with(unit)));
    let cell = signed.unwrap_or(cell);
    let before = UNITS.iter().find_map(|unit| cell.strip_prefix(unit)).unwrap_or(cell);
    UNITS.iter().find_map(|unit| before.strip_suffix(unit)).unwrap_or(before).trim()
}

fn is_code(digits: &str) -> bool {
    digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// How many cells of a text column are of each shape.
#[derive(Debug, Clone, Default)]
pub struct Shapes {
    /// Cells that are not missing.
    pub present: u64,
    /// By [`Shape`].
    counts: [u64; 11],
    /// Cells with a decimal comma behind thousands that blanks or apostrophes set apart.
    commas: u64,
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
        if matches!(shape, Shape::Spaced | Shape::Apostrophe) && cell.contains(',') {
            self.commas += count;
        }
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
            (Shape::WithUnit, "with a sign of money or per cent, or in brackets"),
        ];
        let ways = ways.map(|(shape, way)| (self.count(shape), way));
        let ways = ways.iter().filter(|(count, _)| *count > 0).map(|(count, way)| format!("{count} {way}"));
        ways.collect::<Vec<_>>().join(", ")
    }

    /// What makes plain numbers of those that are not.
    pub fn remedy(&self) -> &'static str {
        let has = |shape| self.count(shape) > 0;
        let comma = has(Shape::DecimalComma) || self.commas > 0;
        match () {
            // A slip among plain numbers.
            () if self.count(Shape::Plain) * 2 > self.numbers() => "write it as one",
            () if has(Shape::Apostrophe) && comma => "say --decimal , --thousands \"'\"",
            () if has(Shape::Apostrophe) => "say --thousands \"'\"",
            () if has(Shape::GroupedByPoint) => "say --decimal , --thousands .",
            () if has(Shape::Spaced) && comma => "say --decimal , --thousands space",
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
            ("1'299,99", Shape::Apostrophe),
            ("1’003", Shape::Apostrophe),
            ("-$5", Shape::WithUnit),
            ("-€5,50", Shape::WithUnit),
            ("$-5", Shape::WithUnit),
            ("(5)", Shape::WithUnit),
            ("(1,234.50)", Shape::WithUnit),
            ("()", Shape::Text),
            ("(see 5)", Shape::Text),
            ("A-5", Shape::Text),
            ("1.299.999", Shape::GroupedByPoint),
            ("5,", Shape::DecimalComma),
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
    fn the_remedy_makes_plain_numbers_of_all() {
        for (cells, expected) in [
            (["1 299,99", "12 000"], "say --decimal , --thousands space"),
            (["1 299,99", "2,5"], "say --decimal , --thousands space"),
            (["1 299.99", "12 000"], "say --thousands space"),
            (["1'299,99", "12'000"], "say --decimal , --thousands \"'\""),
            (["1’299.99", "12'000"], "say --thousands \"'\""),
        ] {
            let mut shapes = Shapes::default();
            for cell in cells {
                shapes.see(cell, 1);
            }
            assert_eq!(shapes.remedy(), expected, "{cells:?}");
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
