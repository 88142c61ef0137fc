//! The settings of `fit` that are about the table: how it is read, what its columns are, which rows go where.

use super::ReadingFlags;
use super::numbers::{number, whole};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

/// The settings of the table as flags; each is a TOML key too, with `_` for `-`. One that is not given is not there.
#[derive(Debug, Args, Serialize)]
#[command(next_help_heading = "Columns and rows, and what is made of them")]
pub struct TableFlags {
    /// TOML file of the columns' types and roles, as `inspect DATA --save` writes it; a flag wins over a role
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<PathBuf>,
    /// Column to predict (required, here or in the settings or schema file)
    #[arg(long, value_name = "COL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    /// Whether the target is a class or a number: auto, regression or classification; auto takes text, true/false,
    /// whole numbers of 2 values, and of 10 at most with 5 rows a value for classes, anything else for numbers [default: auto]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    /// Columns to learn from [default: all that have no other role]
    #[arg(long, value_name = "COL,…", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    features: Vec<String>,
    /// Columns to leave out
    #[arg(long, value_name = "COL,…", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    drop: Vec<String>,
    /// Column that names a row: not learnt from; predict copies it beside the prediction
    #[arg(long, value_name = "COL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Columns of numbers that are to be taken as categories
    #[arg(long, value_name = "COL,…", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    categorical: Vec<String>,
    #[command(flatten)]
    #[serde(flatten)]
    reading: ReadingFlags,
    /// What takes the place of a missing cell: mean, median, most-frequent or constant=V; or drop (the row is left out) or
    /// error (a missing cell ends the command). A text column has no mean: it takes its most frequent text [default: mean]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    impute: Option<String>,
    /// Add a feature for each number column with gaps, 1 where the number was missing and else 0
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    indicator: bool,
    /// How numbers are scaled: standard (to mean 0 and standard deviation 1), minmax (to 0…1), robust (by median and
    /// quartiles) or none, with the training rows' statistics [default: standard]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    scale: Option<String>,
    /// How a target that is a number is scaled for the network: standard (by the training rows' mean and deviation) or none (the
    /// loss is that of a script which leaves it as it is); scores and predictions are in the table's units [default: standard]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    target_scale: Option<String>,
    /// How a text column becomes numbers: onehot (a feature of 0 and 1 for each category) or label (one feature, the
    /// category's place in sorted order from 0, not scaled) [default: onehot]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    encode: Option<String>,
    /// What to do with a category that no training row has: error (end with the row's number), ignore (all zeros under
    /// onehot, -1 under label) or other (a feature or number of its own); each is counted [default: ignore]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    unseen: Option<String>,
    /// Numbers made of a date: year, month, day, weekday, dayofyear, hour, minute, timestamp [default: year,month,day,
    /// weekday, and of a time the hour]
    #[arg(long, value_name = "PART,…", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    date_parts: Vec<String>,
    /// Other choices for one column, such as age:impute=median,scale=none; KEY is impute, scale, encode, unseen or
    /// indicator (true or false). May be given several times
    #[arg(long, value_name = "NAME:KEY=V,…")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    column: Vec<String>,
    /// Shares of the training, validation and test rows, which are drawn at random [default: 0.6,0.2,0.2]
    #[arg(long, value_name = "A,B,C", value_delimiter = ',', value_parser = number)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    split: Vec<f64>,
    /// Divide each class by these shares, so that all parts, and folds, have the same mix of classes
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stratify: bool,
    /// Table of the validation rows; DATA is then divided by the other shares of --split
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    valid: Option<PathBuf>,
    /// Table of the test rows; DATA is then divided by the other shares of --split
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<PathBuf>,
    /// Column that says train, valid or test for each row, instead of --split
    #[arg(long, value_name = "COL", conflicts_with = "split")]
    #[serde(skip_serializing_if = "Option::is_none")]
    split_column: Option<String>,
    /// Column of groups whose rows stay together, in one part and in one fold; not learnt from
    #[arg(long, value_name = "COL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    /// Column of times (ISO dates or numbers): the oldest rows are trained on, the newest are the test rows; not learnt
    /// from
    #[arg(long, value_name = "COL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    split_time: Option<String>,
    /// Cross-validate in K folds of all rows but the test rows, then train the model on all of these; 0: no folds
    /// [default: 0]
    #[arg(long, value_name = "K", value_parser = whole(0..=u32::MAX))]
    #[serde(skip_serializing_if = "Option::is_none")]
    folds: Option<u32>,
    /// Column of numbers by which each row's loss is multiplied; not learnt from
    #[arg(long, value_name = "COL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    sample_weight: Option<String>,
}
