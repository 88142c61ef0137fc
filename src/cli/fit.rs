//! `lockstep fit DATA` and `lockstep evaluate MODEL DATA`.

use super::table_flags::TableFlags;
use super::training_flags::TrainingFlags;
use super::{Common, Compute, Printing, ReadingFlags, RecordFlags, Resuming};
use crate::data::table::Format;
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Fit {
    // First: it looks at all options before they are taken out.
    #[command(flatten)]
    pub resuming: Resuming,
    /// The table: .csv, .tsv, .txt (.gz, .zst), .parquet, .ndjson, .json, .ipc or .xlsx; a folder of them, a pattern such as
    /// 'part-*.csv', - for standard input [with --resume by default that of the run]
    #[arg(required_unless_present = "resume")]
    pub data: Option<PathBuf>,
    /// File of settings in TOML, as --print-config shows them, with seed and threads; a flag wins over it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the settings as TOML, defaults too, and stop; a setting without a value (such as --id) is left out
    #[arg(long)]
    pub print_config: bool,
    #[command(flatten)]
    pub settings: FitFlags,
    #[command(flatten)]
    pub record: RecordFlags,
    #[command(flatten)]
    pub common: Common,
    /// Folder for the run's files
    #[arg(long, value_name = "DIR", default_value = "runs/fit")]
    pub out: PathBuf,
}

#[derive(Debug, Args)]
pub struct Preprocess {
    /// The table: .csv, .tsv, .txt (.gz, .zst), .parquet, .ndjson, .json, .ipc or .xlsx; a folder of them, a pattern such as
    /// 'part-*.csv', - for standard input
    pub data: PathBuf,
    /// File of settings in TOML, those of `fit`, with seed and threads; a flag wins over it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Format of the files that are written: csv, tsv, parquet, ndjson or ipc (Arrow, Feather)
    #[arg(long, value_name = "NAME", default_value = "parquet")]
    pub to: Format,
    #[command(flatten)]
    pub settings: TableFlags,
    #[command(flatten)]
    pub common: Common,
    /// Folder for the run's files
    #[arg(long, value_name = "DIR", default_value = "runs/preprocess")]
    pub out: PathBuf,
}

/// The settings of `fit` as flags, which serialise as one flat table of those that were given.
#[derive(Debug, Args, Serialize)]
pub struct FitFlags {
    #[command(flatten)]
    #[serde(flatten)]
    table: TableFlags,
    #[command(flatten)]
    #[serde(flatten)]
    training: TrainingFlags,
}

#[derive(Debug, Args)]
pub struct Evaluate {
    /// A model.pt of `lockstep fit`
    pub model: PathBuf,
    /// The table: the model's columns and its target; a folder, a pattern such as 'part-*.csv', - for standard input
    pub data: PathBuf,
    #[command(flatten)]
    pub reading: ReadingFlags,
    #[command(flatten)]
    pub compute: Compute,
    #[command(flatten)]
    pub printing: Printing,
}
