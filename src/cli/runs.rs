//! `lockstep runs`.

use super::Printing;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct Runs {
    /// The folder that the runs' folders lie in, or a run's folder
    #[arg(default_value = "runs")]
    pub folder: PathBuf,
    /// Best score first, each kind of score for itself, instead of newest last
    #[arg(long)]
    pub best: bool,
    #[command(flatten)]
    pub printing: Printing,
}
