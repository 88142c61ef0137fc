//! On how many of the held-out rows permutation importance is computed.

use crate::choices::names::unknown;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt::{self, Display};
use std::str::FromStr;

/// `--importance`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ImportanceRows {
    /// All rows, or as many as take about a second; none where that would be too few to tell anything.
    #[default]
    Auto,
    All,
    None,
    /// So many at most, drawn as scikit-learn's `max_samples` draws them.
    AtMost(usize),
}

impl ImportanceRows {
    pub const NAMES: [&str; 3] = ["auto", "all", "none"];

    pub fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}

impl FromStr for ImportanceRows {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "all" => Ok(Self::All),
            "none" => Ok(Self::None),
            _ => match text.parse() {
                Ok(0) => Err("0 (expected all, none, or a number of rows from 1 up)".into()),
                Ok(rows) => Ok(Self::AtMost(rows)),
                Err(_) => Err(format!("{}, or a number of rows", unknown(text, &Self::NAMES))),
            },
        }
    }
}

impl Display for ImportanceRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::All => f.write_str("all"),
            Self::None => f.write_str("none"),
            Self::AtMost(rows) => write!(f, "{rows}"),
        }
    }
}

impl Serialize for ImportanceRows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ImportanceRows {
    /// A text as after the flag; a number of rows may stand without quotes too.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = ImportanceRows;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("auto, all, none, or a number of rows")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_i64<E: Error>(self, rows: i64) -> Result<Self::Value, E> {
                self.visit_str(&rows.to_string())
            }

            fn visit_u64<E: Error>(self, rows: u64) -> Result<Self::Value, E> {
                self.visit_str(&rows.to_string())
            }
        }
        deserializer.deserialize_any(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_or_a_number_of_rows_in_quotes_or_without() {
        let read = |text: &str| toml::from_str::<toml::Table>(text).unwrap()["importance"].clone().try_into();
        for (text, expected) in [
            ("importance = 'auto'", ImportanceRows::Auto),
            ("importance = 'all'", ImportanceRows::All),
            ("importance = 'none'", ImportanceRows::None),
            ("importance = '500'", ImportanceRows::AtMost(500)),
            ("importance = 500", ImportanceRows::AtMost(500)),
        ] {
            assert_eq!(read(text), Ok(expected), "{text}");
            assert_eq!(expected.to_string().parse(), Ok(expected));
        }
        for wrong in ["importance = 0", "importance = -1", "importance = 'alll'"] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.contains("expected") && error.contains("number of rows"), "{wrong}: {error}");
        }
    }
}
