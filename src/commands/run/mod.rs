//! `lockstep run <program>`.

mod boston;
mod descent;
mod exhaustive;
mod moons;
mod two_layer;

use super::print::Verdict;
use crate::cli::{Run, RunProgram};
use anyhow::Result;
use clap::Args;
use std::path::{Path, PathBuf};

pub(super) fn run(args: &Run) -> Result<Verdict> {
    match args {
        Run::Exhaustive(args) => exhaustive::run(args),
        Run::Descent(args) => descent::run(args),
        Run::TwoLayer(args) => two_layer::run(args),
        Run::Boston(args) => boston::run(args),
        Run::Moons(args) => moons::run(args),
    }
}

impl<T: Args> RunProgram<T> {
    /// `--out`, or the program's own folder.
    fn folder(&self, program: &str) -> PathBuf {
        self.out.clone().unwrap_or_else(|| Path::new("runs").join(program))
    }
}
