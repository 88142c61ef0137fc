//! What is done to a column, by the names that `--impute`, `--scale`, `--encode` and `--unseen` take.

use crate::choices::names::{named, unknown};
use serde::{Deserialize, Serialize};
use std::fmt::{Display, Formatter};
use std::str::FromStr;

named! {
    /// How a number column is scaled; statistics are those of the training rows.
    pub enum Scale {
        /// Minus the mean, divided by the population standard deviation: `StandardScaler`.
        Standard = "standard",
        /// To [0, 1]: `MinMaxScaler`.
        Minmax = "minmax",
        /// Minus the median, divided by the interquartile range: `RobustScaler`.
        Robust = "robust",
        None = "none",
    }
}

named! {
    /// How a target that is a number is scaled.
    #[derive(Default)]
    pub enum TargetScale {
        /// Minus the mean, divided by the population standard deviation, of the training rows.
        #[default]
        Standard = "standard",
        /// Learnt as it stands.
        None = "none",
    }
}

impl TargetScale {
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

named! {
    /// How a category column becomes numbers.
    pub enum Encode {
        /// A column per category: `OneHotEncoder`.
        Onehot = "onehot",
        /// The category's index in sorted order: `OrdinalEncoder`.
        Label = "label",
    }
}

named! {
    /// What is done with a category that the training rows did not have.
    pub enum Unseen {
        Error = "error",
        /// All zeros under one-hot, -1 under label coding.
        Ignore = "ignore",
        /// A code of its own, one past the last.
        Other = "other",
    }
}

/// What takes the place of a missing value. A category column has no mean and no median: it takes the most frequent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Impute {
    Mean,
    Median,
    MostFrequent,
    Constant(String),
    /// The row is left out.
    Drop,
    Error,
}

/// The values of `--impute`.
pub const IMPUTE: [&str; 6] = ["mean", "median", "most-frequent", "constant=V", "drop", "error"];

impl FromStr for Impute {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.strip_prefix("constant=")) {
            ("mean", _) => Ok(Self::Mean),
            ("median", _) => Ok(Self::Median),
            ("most-frequent", _) => Ok(Self::MostFrequent),
            ("drop", _) => Ok(Self::Drop),
            ("error", _) => Ok(Self::Error),
            (_, Some(value)) => Ok(Self::Constant(value.into())),
            _ => Err(unknown(text, &IMPUTE)),
        }
    }
}

impl Display for Impute {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Mean => f.write_str("mean"),
            Self::Median => f.write_str("median"),
            Self::MostFrequent => f.write_str("most-frequent"),
            Self::Constant(value) => write!(f, "constant={value}"),
            Self::Drop => f.write_str("drop"),
            Self::Error => f.write_str("error"),
        }
    }
}

crate::choices::names::as_text!(Impute);

/// All four choices for one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnChoice {
    pub impute: Impute,
    /// A further column that is 1 where the value was missing; numbers only.
    pub indicator: bool,
    pub scale: Scale,
    pub encode: Encode,
    pub unseen: Unseen,
}

impl Default for ColumnChoice {
    fn default() -> Self {
        let (scale, encode, unseen) = (Scale::Standard, Encode::Onehot, Unseen::Error);
        Self { impute: Impute::Mean, indicator: false, scale, encode, unseen }
    }
}
