//! What a settings file says of the run, `seed` and `threads`, as the flags that it stands for.

use crate::fit::settings::OF_RUN;
use clap::ArgMatches;
use clap::parser::ValueSource;
use std::ffi::OsString;
use std::path::PathBuf;

/// `--seed` and `--threads` where the file of `--config` has them and the command line does not. What is wrong with the file is said
/// by whoever reads its settings.
pub fn flags(matches: &ArgMatches) -> Vec<OsString> {
    let Some((_, given)) = matches.subcommand() else { return vec![] };
    let file = given.try_get_one::<PathBuf>("config").ok().flatten();
    let resumed = given.try_get_one::<PathBuf>("resume").ok().flatten().is_some();
    let text = file.filter(|_| !resumed).and_then(|file| std::fs::read_to_string(file).ok());
    let Some(table) = text.and_then(|text| toml::from_str::<toml::Table>(&text).ok()) else { return vec![] };
    let open = |key: &&str| given.value_source(key) != Some(ValueSource::CommandLine);
    let flag = |key: &str| table.get(key).map(|value| format!("--{key}={value}").into());
    OF_RUN.iter().filter(|key| open(key)).filter_map(|key| flag(key)).collect()
}
