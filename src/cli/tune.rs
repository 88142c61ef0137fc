//! `lockstep tune DATA`.

use super::numbers::whole;
use super::{Common, FitFlags};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Tune {
    /// The table, in any format that fit reads; a folder, a pattern such as 'part-*.csv', - for standard input
    pub data: PathBuf,
    /// File of settings in TOML, those of the search in the sections tune and tune.params; a flag wins over it
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What is searched: a setting of fit with its values, NAME=V,V (or V;V where a value has commas), a range
    /// NAME=A..B or NAME=A..B:log, or a column's choice COL:KEY=V,V; may be given several times
    ///
    /// Settings that say how the table is read, which rows are scored or where losses are logged cannot be searched.
    ///
    /// --param lr=0.1,0.01 --param 'hidden=64;64,32;none' --param dropout=0..0.5 --param lr=1e-4..1e-1:log --param
    /// age:impute=mean,median
    #[arg(long, value_name = "NAME=VALUES", help_heading = "Search")]
    pub param: Vec<String>,
    #[command(flatten)]
    pub search: SearchFlags,
    /// Trainings at once [default: with --threads one; else as many as processors, on one thread each]
    ///
    /// The scores are those of one after the other on as many threads each. The best trial is trained again on all.
    #[arg(long, value_name = "N", help_heading = "Search", value_parser = whole(1_usize..=1024))]
    pub jobs: Option<usize>,
    /// Begin anew, though the folder has a search's journal
    #[arg(long, help_heading = "Search")]
    pub restart: bool,
    #[command(flatten)]
    pub settings: FitFlags,
    #[command(flatten)]
    pub common: Common,
    /// Folder for the run's files
    #[arg(long, value_name = "DIR", default_value = "runs/tune")]
    pub out: PathBuf,
}

/// The keys of `[tune]` as flags. One that is not given is not there.
#[derive(Debug, Args, Serialize)]
pub struct SearchFlags {
    /// grid (every combination) or random [default: grid]
    #[arg(long, value_name = "NAME", help_heading = "Search")]
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<String>,
    /// Trials of a random search [default: 20]
    #[arg(long, value_name = "N", help_heading = "Search", value_parser = whole(1..=u32::MAX))]
    #[serde(skip_serializing_if = "Option::is_none")]
    trials: Option<u32>,
    /// Train every trial with N seeds, --seed and those after it [default: 1]
    #[arg(long, value_name = "N", help_heading = "Search", value_parser = whole(1..=u32::MAX))]
    #[serde(skip_serializing_if = "Option::is_none")]
    seeds: Option<u32>,
    /// Score of the held-out rows that decides which trial is best. For classes: accuracy, balanced_accuracy,
    /// precision_macro, recall_macro, f1_macro, f1_micro, roc_auc, average_precision, log_loss or brier_score; for numbers:
    /// r2, mae, mse, rmse, mape or explained_variance; or loss, the loss function [default: accuracy for classes, r2 for
    /// numbers]
    #[arg(long, value_name = "NAME", help_heading = "Search")]
    #[serde(skip_serializing_if = "Option::is_none")]
    metric: Option<String>,
}
