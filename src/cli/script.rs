//! `lockstep script`.

use super::numbers::whole;
use clap::{ArgGroup, Args};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("of").required(true).args(["folder", "config", "recorder"]))]
pub struct Script {
    /// The folder of a run of `fit`: the script has its settings, seed, threads and table
    #[arg(value_name = "RUN-FOLDER")]
    pub folder: Option<PathBuf>,
    /// File of settings in TOML, those of `fit`, where nothing was trained yet; with --data
    #[arg(long, value_name = "FILE", requires = "data")]
    pub config: Option<PathBuf>,
    /// The table, in one file [default: where the run read it]
    #[arg(long, value_name = "FILE", conflicts_with = "recorder")]
    pub data: Option<PathBuf>,
    /// Seed of the script, with --config [default: 0]
    #[arg(long, value_name = "N", value_parser = whole(0..=u32::MAX), requires = "config")]
    pub seed: Option<u32>,
    /// Threads of the script, with --config [default: 1]
    #[arg(long, value_name = "N", value_parser = whole::<i32>(1..=1024), requires = "config")]
    pub threads: Option<i32>,
    /// Write scripts/record.py instead, which records a training of your own for `lockstep diff`
    #[arg(long)]
    pub recorder: bool,
    /// File for the script [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
