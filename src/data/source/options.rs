//! How a table is to be read.

use super::rows::Dialect;
use crate::cpu::threads::AT_ONCE;
use crate::data::numbers::Marks;
use crate::data::table::Format;
use anyhow::{Result, bail, ensure};
use serde::{Deserialize, Serialize};

/// Cells that mean "missing" unless the user says otherwise: those of `pandas.read_csv`, `NaT` and the question mark.
pub const NA: [&str; 20] = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "NaT", "None", "n/a", "nan", "null",
];
/// The question mark of many public data sets.
const UNKNOWN: &str = "?";

/// What a file's name does not say; `Default` is a table as most are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReadOptions {
    /// None: by the name's ending, CSV for standard input.
    pub format: Option<Format>,
    /// Cells that mean "missing", in every format; blanks around them do not matter.
    pub na: Vec<String>,
    /// One character, `tab`, or `auto`: by the file's name and header.
    pub delimiter: String,
    /// One character, or `none`.
    pub quote: String,
    /// The character that takes the next one as text: one character, or `none`.
    pub escape: String,
    /// False: the first line is a row, and the columns are column_1, column_2, …
    pub header: bool,
    /// Lines before the header that are left out.
    pub skip_rows: usize,
    /// What a line begins with that is left out; empty: none is.
    pub comment: String,
    /// The encoding of text, by one of the names that the WHATWG's Encoding Standard has for it.
    pub encoding: String,
    /// The mark before the fraction of a number.
    pub decimal: String,
    /// The mark between groups of three digits, or `none`.
    pub thousands: String,
    /// How dates are written that are not ISO 8601: `FORMAT` as strftime has it, or `COLUMN=FORMAT`.
    pub date_format: Vec<String>,
    /// The sheet of a workbook; none: the first.
    pub sheet: Option<String>,
    /// Rows of standard input are taken as soon as they are there, and once; no setting of a table.
    #[serde(skip)]
    pub live: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        let text = String::from;
        Self {
            format: None,
            na: NA.into_iter().chain([UNKNOWN]).map(text).collect(),
            delimiter: text("auto"),
            quote: text("\""),
            escape: text("none"),
            header: true,
            skip_rows: 0,
            comment: String::new(),
            encoding: text("utf-8"),
            decimal: text("."),
            thousands: text("none"),
            date_format: vec![],
            sheet: None,
            live: false,
        }
    }
}

impl ReadOptions {
    /// The bytes that the cells of a CSV are told apart by; a delimiter that is `auto` is left to its first line.
    ///
    /// # Errors
    /// A delimiter, quote or escape that is not one byte, or two of them that are the same.
    pub fn dialect(&self) -> Result<Dialect> {
        let delimiter = match self.delimiter.as_str() {
            "auto" => None,
            "tab" | "\\t" | "\t" => Some(b'\t'),
            other => Some(one_byte(other, "--delimiter", "tab")?),
        };
        let optional =
            |text: &str, flag| if text == "none" { Ok(None) } else { one_byte(text, flag, "none").map(Some) };
        let quote = optional(&self.quote, "--quote")?;
        // A quote that escapes itself is what a doubled quote is.
        let escape = optional(&self.escape, "--escape")?.filter(|escape| quote != Some(*escape));
        for (flag, given, byte) in [("--quote", &self.quote, quote), ("--escape", &self.escape, escape)] {
            if byte.is_some() && byte == delimiter {
                bail!("{flag} {given}: is the delimiter too, expected another character or none");
            }
        }
        Ok(Dialect { delimiter, quote, escape })
    }

    /// Blocks that are worked on at once: no row waits for the one behind it while they come one by one.
    pub(super) fn at_once(&self) -> usize {
        if self.live { 1 } else { AT_ONCE }
    }

    /// The marks that numbers are written with.
    ///
    /// # Errors
    /// A mark that is not one character, or that a number has already; two marks that are the same.
    pub fn marks(&self) -> Result<Marks> {
        let mark = |text: &str, flag: &str| match text.chars().collect::<Vec<_>>()[..] {
            [mark] if !mark.is_ascii_alphanumeric() && !"+-".contains(mark) => Ok(mark),
            _ => bail!("{flag} {text:?}: expected one character such as . or ,"),
        };
        let decimal = mark(&self.decimal, "--decimal")?;
        let thousands = match self.thousands.as_str() {
            "none" => None,
            "space" => Some(' '),
            other => Some(mark(other, "--thousands")?),
        };
        ensure!(thousands != Some(decimal), "--thousands {}: is the --decimal mark too", self.thousands);
        Ok(Marks { decimal, thousands })
    }

    /// Refuses options that no table can be read with.
    ///
    /// # Errors
    /// The first of them, with its flag.
    pub fn check(&self) -> Result<()> {
        self.dialect()?;
        self.marks()?;
        crate::data::date_format::Formats::parse(&self.date_format)?;
        super::text::encoding(&self.encoding)?;
        Ok(())
    }
}

fn one_byte(text: &str, flag: &str, word: &str) -> Result<u8> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !byte.is_ascii_control() => Ok(*byte),
        _ => bail!("{flag} {text:?}: expected one ASCII character, or {word}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delimiter_is_one_character_or_a_word() {
        let options = |delimiter: &str, quote: &str, escape: &str| ReadOptions {
            delimiter: delimiter.into(),
            quote: quote.into(),
            escape: escape.into(),
            ..ReadOptions::default()
        };
        let dialect = |delimiter, quote, escape| options(delimiter, quote, escape).dialect();
        assert_eq!(
            dialect("tab", "none", "\\").unwrap(),
            Dialect { delimiter: Some(b'\t'), quote: None, escape: Some(b'\\') }
        );
        assert_eq!(dialect("auto", "\"", "\"").unwrap(), Dialect { quote: Some(b'"'), ..Dialect::default() });
        for wrong in
            [(";;", "\"", "none"), (";", ";", "none"), ("é", "\"", "none"), (";", "\"", ";"), (";", "\"", "ab")]
        {
            assert!(dialect(wrong.0, wrong.1, wrong.2).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn marks_are_one_character_each_and_not_the_same() {
        let marks = |decimal: &str, thousands: &str| {
            ReadOptions { decimal: decimal.into(), thousands: thousands.into(), ..ReadOptions::default() }.marks()
        };
        assert_eq!(marks(",", ".").unwrap(), Marks { decimal: ',', thousands: Some('.') });
        assert_eq!(marks(".", "space").unwrap().thousands, Some(' '));
        for (decimal, thousands) in [(",", ","), ("", "none"), ("5", "none"), (".", "e")] {
            assert!(marks(decimal, thousands).is_err(), "{decimal} {thousands}");
        }
    }
}
