//! How a table is to be read.

use super::blocks::Dialect;
use crate::data::table::Format;
use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

/// Cells that mean "missing" unless the user says otherwise.
pub const NA: [&str; 9] = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?"];

/// What a file's name does not say; `Default` is a CSV as most are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReadOptions {
    /// None: by the name's ending, CSV for standard input.
    pub format: Option<Format>,
    /// Cells that mean "missing".
    pub na: Vec<String>,
    /// One character, or `tab`.
    pub delimiter: String,
    /// One character, or `none`.
    pub quote: String,
    /// False: the first line is a row, and the columns are column_1, column_2, …
    pub header: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        let (delimiter, quote) = (",".into(), "\"".into());
        Self { format: None, na: NA.map(String::from).to_vec(), delimiter, quote, header: true }
    }
}

impl ReadOptions {
    /// The bytes that CSV cells are told apart by.
    ///
    /// # Errors
    /// A delimiter or a quote that is not one byte.
    pub fn dialect(&self) -> Result<Dialect> {
        let delimiter = match self.delimiter.as_str() {
            "tab" | "\\t" | "\t" => b'\t',
            other => one_byte(other, "--delimiter", "tab")?,
        };
        let quote = match self.quote.as_str() {
            "none" => None,
            other => Some(one_byte(other, "--quote", "none")?),
        };
        if quote == Some(delimiter) {
            bail!("--quote {}: is the delimiter too, expected another character or none", self.quote);
        }
        Ok(Dialect { delimiter: Some(delimiter), quote })
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
        let options = |delimiter: &str, quote: &str| ReadOptions {
            delimiter: delimiter.into(),
            quote: quote.into(),
            ..ReadOptions::default()
        };
        let dialect = options("tab", "none").dialect().unwrap();
        assert_eq!(dialect, Dialect { delimiter: Some(b'\t'), quote: None });
        assert!(options(";;", "\"").dialect().is_err());
        assert!(options(";", ";").dialect().is_err());
        assert!(options("é", "\"").dialect().is_err());
    }
}
