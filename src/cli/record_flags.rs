//! `--record` of the commands that train.

use crate::record::Values;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(next_help_heading = "A record of the training")]
pub struct RecordFlags {
    /// Write what the training computes, step by step, to this file, for `lockstep diff` (see data/record-format.md)
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Steps, from 0, whose tensors --record keeps in full: 0,1,37 or 0-9 or all
    #[arg(long, value_name = "STEPS", requires = "record")]
    pub values: Option<Values>,
}
