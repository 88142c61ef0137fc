//! The settings of `fit` on the command line: `--config`, and the flags over it.

use crate::fit::settings::{FitPlan, FitSettings};
use anyhow::{Context, Result};
use serde::Serialize;
use std::path::Path;

/// The file's settings under the flags.
pub(super) fn resolve(file: Option<&Path>, flags: &impl Serialize) -> Result<FitPlan> {
    let (text, shown) = text(file)?;
    FitSettings::resolve(&text, &shown, toml::Table::try_from(flags)?)?.check()
}

/// The settings as a file that repeats the run: with its seed, and its threads where they are known.
pub(super) fn written(config: &FitSettings, seed: u32, threads: Option<i32>) -> Result<String> {
    let threads = threads.map_or(String::new(), |count| format!("threads = {count}\n"));
    Ok(format!("seed = {seed}\n{threads}{}", toml::to_string(config)?))
}

/// The text of `--config`, and its name for errors.
pub(super) fn text(config: Option<&Path>) -> Result<(String, String)> {
    let Some(file) = config else { return Ok((String::new(), "settings".into())) };
    let shown = file.display().to_string();
    Ok((std::fs::read_to_string(file).with_context(|| format!("{shown}: cannot read"))?, shown))
}
