//! `lockstep inspect` on a model.pt or a table, `verify` and `predict` on a model.pt, and `doctor`.

use super::{Compute, Printing, ReadingFlags};
use crate::data::table::Format;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Inspect {
    /// A model.pt of lockstep, or a table: .csv, .tsv, .txt (.gz, .zst), .parquet, .ndjson, .json, .ipc, .xlsx, a folder of
    /// them, a pattern such as 'part-*.csv', or - for standard input
    #[arg(value_name = "MODEL|DATA")]
    pub file: PathBuf,
    #[command(flatten)]
    pub table: InspectTable,
    #[command(flatten)]
    pub printing: Printing,
}

/// What `inspect` can be told of a table.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options for a table")]
pub struct InspectTable {
    /// Column to predict: look for what gives it away and for classes that are rare
    #[arg(long, value_name = "COL")]
    pub target: Option<String>,
    #[command(flatten)]
    pub reading: ReadingFlags,
    /// Write the columns' types and roles as TOML, for `fit --schema`
    #[arg(long, value_name = "FILE")]
    pub save: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Verify {
    /// A model.pt of lockstep
    pub model: PathBuf,
    #[command(flatten)]
    pub compute: Compute,
    #[command(flatten)]
    pub printing: Printing,
}

#[derive(Debug, Args)]
pub struct Predict {
    /// A model.pt of lockstep
    pub model: PathBuf,
    /// The table with the model's columns, in any format that fit reads; a folder, a pattern such as 'part-*.csv', - for
    /// standard input, whose rows (CSV, TSV or NDJSON) are answered as they come
    pub data: PathBuf,
    #[command(flatten)]
    pub reading: ReadingFlags,
    /// File for the predictions, .csv, .tsv, .parquet, .ndjson or .ipc [default: on stdout]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Format of the predictions on stdout: csv, tsv or ndjson
    #[arg(long, value_name = "NAME", default_value = "csv", conflicts_with = "output")]
    pub to: Format,
    /// Column to hand on to the predictions as it is
    #[arg(long, value_name = "COL")]
    pub id: Option<String>,
    #[command(flatten)]
    pub compute: Compute,
    #[command(flatten)]
    pub printing: Printing,
}

#[derive(Debug, Args)]
pub struct Doctor {
    /// Python to look at [default: .venv, $VIRTUAL_ENV, python3]
    #[arg(long, value_name = "PATH")]
    pub python: Option<PathBuf>,
    #[command(flatten)]
    pub printing: Printing,
}

#[derive(Debug, Args)]
pub struct Rerun {
    /// The folder of a run of `fit` or of one of the tutorial's programs
    pub folder: PathBuf,
    /// Where the run's table is now [default: where the run read it]
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    #[command(flatten)]
    pub printing: Printing,
}
