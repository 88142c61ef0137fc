//! `lockstep diff A B`.

use super::Printing;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Diff {
    /// A record: of `--record`, of scripts/record.py (`lockstep script --recorder` writes it out), or logs of torch's DebugMode
    #[arg(value_name = "A")]
    pub a: PathBuf,
    /// The record to lay beside it
    #[arg(value_name = "B")]
    pub b: PathBuf,
    #[command(flatten)]
    pub shown: DiffFlags,
    #[command(flatten)]
    pub printing: Printing,
}

#[derive(Debug, Args)]
pub struct DiffFlags {
    /// Take as equal what differs no more than four times as far as in this record, which is of A's program with its inputs
    /// moved by an ULP (record.py --perturb); for steps whose values all three kept; may be given several times
    #[arg(long, value_name = "FILE")]
    pub honest: Vec<PathBuf>,
    /// Draw by how many ULPs each tensor differs over the steps, as PNG
    #[arg(long, value_name = "FILE")]
    pub picture: Option<PathBuf>,
}
