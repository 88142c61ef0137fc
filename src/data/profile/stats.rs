//! What is known of a column when all rows have been seen, and what of that a profile shows.

use crate::data::schema::{Kind, Role};
use crate::data::shapes::{Meaning, Shapes};
use serde::Serialize;
use serde_json::Value;

/// Values that are shown of a column, the most frequent.
const MOST_FREQUENT: usize = 10;

/// Below so many rows nothing is said to be an id.
const FEW_ROWS: u64 = 10;

/// What is known of a column when all rows have been seen.
#[derive(Debug)]
pub struct Stats {
    pub name: String,
    pub kind: Kind,
    /// Whether it is the index that pandas or R wrote beside the columns.
    pub is_index: bool,
    pub rows: u64,
    pub missing: u64,
    pub infinite: u64,
    pub distinct: u64,
    pub distinct_exact: bool,
    /// No cell is missing and none occurs twice.
    pub unique: bool,
    pub consecutive: bool,
    pub min: Option<Value>,
    pub max: Option<Value>,
    pub mean: Option<f64>,
    pub std: Option<f64>,
    pub skew: Option<f64>,
    pub quartiles: Option<[f64; 3]>,
    pub quartiles_exact: bool,
    pub top: Vec<(String, u64)>,
    pub top_lost: u64,
    pub text: Shapes,
    pub fingerprint: [u64; 2],
    /// None where there are too many to be counted exactly.
    pub pairs_with_target: Option<u64>,
    pub distinct_with_target: Option<u64>,
    pub correlation: Option<f64>,
    pub correlated_rows: u64,
}

/// The profile of a column. Numbers are those of the finite values that are not missing.
#[derive(Debug, Serialize)]
pub struct ColumnProfile {
    pub name: String,
    pub role: Role,
    pub kind: Kind,
    pub missing: u64,
    pub missing_share: f64,
    pub distinct: u64,
    /// Whether `distinct` is exact; else it is estimated by adaptive sampling, standard error about 0.6 %.
    pub distinct_exact: bool,
    /// The smallest number or the earliest time.
    pub min: Option<Value>,
    pub max: Option<Value>,
    pub mean: Option<f64>,
    /// With n - 1 below.
    pub std: Option<f64>,
    pub skew: Option<f64>,
    /// `np.quantile` at 0.25, 0.5, 0.75.
    pub quartiles: Option<[f64; 3]>,
    /// Whether the quartiles are those of all values, not of a uniform sample.
    pub quartiles_exact: bool,
    /// The values that occur most often, with their counts.
    pub most_frequent: Vec<(String, u64)>,
    /// By how much these counts may be too small.
    pub most_frequent_error: u64,
}

impl Stats {
    pub fn present(&self) -> u64 {
        self.rows - self.missing
    }

    /// Whether the column names the rows: text that never repeats and is no number, or whole numbers that count the rows. Of a few rows
    /// every text may be different by chance.
    pub fn looks_like_id(&self) -> bool {
        self.rows >= FEW_ROWS
            && (self.consecutive || (self.kind == Kind::Text && self.unique && !self.mostly_numbers()))
    }

    /// Text, though more than half of the cells are numbers.
    pub fn mostly_numbers(&self) -> bool {
        self.kind == Kind::Text && self.text.meaning() == Meaning::MostlyNumbers
    }

    /// The role that is likely: nothing can be learnt from a constant.
    fn role(&self, target: Option<&str>) -> Role {
        match self.kind {
            _ if target == Some(self.name.as_str()) => Role::Target,
            _ if self.is_index => Role::Id,
            _ if self.distinct < 2 => Role::Ignored,
            _ if self.looks_like_id() => Role::Id,
            _ => Role::Feature,
        }
    }

    pub fn profile(mut self, target: Option<&str>) -> ColumnProfile {
        let role = self.role(target);
        self.top.truncate(MOST_FREQUENT);
        ColumnProfile {
            role,
            kind: self.kind,
            missing: self.missing,
            missing_share: self.missing as f64 / (self.rows as f64).max(1.0),
            distinct: self.distinct,
            distinct_exact: self.distinct_exact,
            min: self.min,
            max: self.max,
            mean: self.mean,
            std: self.std,
            skew: self.skew,
            quartiles: self.quartiles,
            quartiles_exact: self.quartiles_exact,
            most_frequent: self.top,
            most_frequent_error: self.top_lost,
            name: self.name,
        }
    }
}
