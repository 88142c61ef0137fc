//! `lockstep fit DATA` and `lockstep evaluate MODEL DATA`.

use super::{Common, Compute, Printing, Reading, Resuming};
use crate::data::table::Format;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Fit {
    // First: it looks at all options before they are taken out.
    #[command(flatten)]
    pub resuming: Resuming,
    /// The table: .csv, .parquet, .ndjson or .ipc; a pattern such as 'part-*.csv'; - for standard input
    pub data: PathBuf,
    /// Settings in TOML; a flag wins over it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print all settings as TOML, those that were not given too, and stop
    #[arg(long)]
    pub print_config: bool,
    #[command(flatten)]
    pub settings: FitFlags,
    #[command(flatten)]
    pub common: Common,
    /// Folder for the run's files
    #[arg(long, value_name = "DIR", default_value = "runs/fit")]
    pub out: PathBuf,
}

#[derive(Debug, Args)]
pub struct Preprocess {
    /// The table: .csv, .parquet, .ndjson or .ipc; a pattern such as 'part-*.csv'; - for standard input
    pub data: PathBuf,
    /// Settings in TOML, those of `fit`; a flag wins over it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Format of the files: csv, parquet, ndjson or ipc
    #[arg(long, value_name = "NAME", default_value = "parquet")]
    pub to: Format,
    #[command(flatten)]
    pub settings: FitFlags,
    #[command(flatten)]
    pub common: Common,
    /// Folder for the run's files
    #[arg(long, value_name = "DIR", default_value = "runs/preprocess")]
    pub out: PathBuf,
}

/// The settings as flags; each is a TOML key too, with `_` for `-`. One that is not given is not there.
#[derive(Debug, Args, Serialize)]
pub struct FitFlags {
    /// The columns' types and roles, as `inspect DATA --save` writes them; a flag wins over a role
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<PathBuf>,
    /// Column to predict
    #[arg(long, value_name = "COL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    /// auto, regression or classification [default: auto]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    /// Columns to learn from [default: all others]
    #[arg(long, value_name = "COL,…", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    features: Vec<String>,
    /// Columns to leave out
    #[arg(long, value_name = "COL,…", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    drop: Vec<String>,
    /// Column that names a row: not learnt from, handed on by predict
    #[arg(long, value_name = "COL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Columns to take as categories though they hold numbers
    #[arg(long, value_name = "COL,…", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    categorical: Vec<String>,
    /// Cells that mean "missing" [default: empty, NA, N/A, NaN, nan, null, NULL, None, ?]
    #[arg(long, value_name = "TEXT,…", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    na: Vec<String>,
    /// csv, parquet, ndjson or ipc [default: by the file's name]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<String>,
    /// Character between two cells of a CSV, or tab [default: ,]
    #[arg(long, value_name = "CHAR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    delimiter: Option<String>,
    /// Character around a cell that holds delimiters, or none [default: "]
    #[arg(long, value_name = "CHAR")]
    #[serde(skip_serializing_if = "Option::is_none")]
    quote: Option<String>,
    /// The first line is a row; the columns are column_1, column_2, …
    #[arg(long = "no-header", action = clap::ArgAction::SetFalse)]
    #[serde(skip_serializing_if = "is_true")]
    header: bool,
    /// mean, median, most-frequent, constant=V, drop or error [default: mean; text columns: most-frequent]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    impute: Option<String>,
    /// A further feature that is 1 where a number was missing
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    indicator: bool,
    /// standard, minmax, robust or none [default: standard]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    scale: Option<String>,
    /// onehot or label [default: onehot]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    encode: Option<String>,
    /// What a category is that the training rows did not have: error, ignore or other [default: error]
    #[arg(long)]
    #[serde(skip_serializing_if = "Option::is_none")]
    unseen: Option<String>,
    /// Numbers made of a date: year, month, day, weekday, dayofyear, hour, minute, timestamp [default: year,month,day,
    /// weekday, and of a time the hour]
    #[arg(long, value_name = "PART,…", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    date_parts: Vec<String>,
    /// Choices for one column, such as age:impute=median,scale=none; may be given several times
    #[arg(long, value_name = "NAME:KEY=V,…")]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    column: Vec<String>,
    /// Shares of the training, validation and test rows [default: 0.6,0.2,0.2]
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    split: Vec<f64>,
    /// Every class has these shares by itself, in the folds too
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stratify: bool,
    /// Table that is the validation part; the split's other shares divide DATA
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    valid: Option<PathBuf>,
    /// Table that is the test part; the split's other shares divide DATA
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    test: Option<PathBuf>,
    /// Column that says train, valid or test for each row, instead of --split
    #[arg(long, value_name = "COL", conflicts_with = "split")]
    #[serde(skip_serializing_if = "Option::is_none")]
    split_column: Option<String>,
    /// Column of groups that stay together: in one part, in one fold; not learnt from
    #[arg(long, value_name = "COL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    /// Column of times (ISO dates or numbers): the oldest rows train, the newest test; not learnt from
    #[arg(long, value_name = "COL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    split_time: Option<String>,
    /// Cross-validate in K folds of the rows that are not the test part, then train on all of these [default: 0, none]
    #[arg(long, value_name = "K")]
    #[serde(skip_serializing_if = "Option::is_none")]
    folds: Option<u32>,
    /// Column of the weights that the rows have in the loss
    #[arg(long, value_name = "COL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    sample_weight: Option<String>,
    /// Units of the hidden layers, or none [default: 64,32]
    #[arg(long, value_name = "N,…", value_parser = layers)]
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden: Option<Layers>,
    /// relu, tanh, sigmoid, gelu, silu, … [default: relu]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    activation: Option<String>,
    /// Share of the hidden units that is dropped in training [default: 0]
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    dropout: Option<f64>,
    /// mse, mae, huber[:delta=D], cross-entropy[:label_smoothing=S] or bce [default: cross-entropy, mse]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    loss: Option<String>,
    /// balanced or none [default: none]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    class_weight: Option<String>,
    /// adam, adamw or sgd [default: adam]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    optimizer: Option<String>,
    /// Learning rate [default: 0.001]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    lr: Option<f64>,
    /// SGD's momentum [default: 0]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    momentum: Option<f64>,
    /// SGD with Nesterov's momentum
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    nesterov: bool,
    /// L2 penalty [default: the optimizer's own, 0.01 for adamw, else 0]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    weight_decay: Option<f64>,
    /// L1 penalty on the weights [default: 0]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    l1: Option<f64>,
    /// Rows of a batch, or full [default: 32]
    #[arg(long, value_name = "N|full", value_parser = batch)]
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_size: Option<u32>,
    /// Times that every training row is seen [default: 100]
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    epochs: Option<u32>,
    /// constant, step, cosine, one-cycle or plateau, with parameters as in step:gamma=0.5 [default: constant]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<String>,
    /// Epochs of rising learning rate before the schedule [default: 0]
    #[arg(long, value_name = "N")]
    #[serde(skip_serializing_if = "Option::is_none")]
    warmup: Option<u32>,
    /// Stop after N epochs without a lower validation loss, and keep the best weights
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    #[serde(skip_serializing_if = "Option::is_none")]
    early_stop: Option<u32>,
    /// Largest norm of the gradient
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    clip_grad: Option<f64>,
    /// exact (Python's bits) or fused (the same numbers up to rounding, several times as fast, on the CPU) [default:
    /// exact]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<String>,
    /// csv (history.csv alone) or tensorboard (an event file too, to watch while it trains) [default: csv]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<String>,
}

fn is_true(header: &bool) -> bool {
    *header
}

/// Units of the hidden layers; none of them is a model of its own.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
struct Layers(Vec<i64>);

fn layers(text: &str) -> Result<Layers, String> {
    if text == "none" {
        return Ok(Layers(vec![]));
    }
    let units = text.split(',').map(|units| units.trim().parse::<i64>().ok().filter(|&units| units > 0));
    units
        .collect::<Option<Vec<i64>>>()
        .map(Layers)
        .ok_or("expected whole numbers from 1 up, such as 64,32, or none".into())
}

fn batch(text: &str) -> Result<u32, String> {
    match (text, text.parse()) {
        ("full", _) => Ok(0),
        (_, Ok(rows)) if rows > 0 => Ok(rows),
        _ => Err("expected a whole number from 1 up, or full".into()),
    }
}

#[derive(Debug, Args)]
pub struct Evaluate {
    /// A model.pt of `lockstep fit`
    pub model: PathBuf,
    /// The table: the model's columns and its target; a pattern such as 'part-*.csv'; - for standard input
    pub data: PathBuf,
    #[command(flatten)]
    pub reading: Reading,
    #[command(flatten)]
    pub compute: Compute,
    #[command(flatten)]
    pub printing: Printing,
}
