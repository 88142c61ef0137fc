//! What `--help` says cannot go stale: the names and the defaults in it are held against the code's own.

use super::Cli;
use crate::choices::given;
use crate::fit::settings::columns::KEYS;
use crate::fit::settings::{ClassWeight, FitSettings, ImportanceRows, Log, Task};
use crate::model::activation::Activation;
use crate::model::loss::LossKind;
use crate::preprocess::choices::{Encode, Scale, Unseen};
use crate::preprocess::dates::DatePart;
use crate::train::engine::EngineKind;
use crate::train::optim::OptimizerKind;
use crate::train::schedule::Schedule;
use crate::tune::metric;
use crate::tune::search::Search;
use clap::CommandFactory;
use toml::{Table, Value};

/// The help of `--flag` of the command at `path`.
fn help(path: &[&str], flag: &str) -> String {
    let mut command = Cli::command();
    command.build();
    let command = path.iter().fold(&command, |command, name| command.find_subcommand(name).unwrap());
    let found = command.get_arguments().find(|argument| argument.get_long() == Some(flag));
    let found = found.unwrap_or_else(|| panic!("{path:?} has no --{flag}"));
    found.get_help().unwrap_or_else(|| panic!("--{flag} has no help")).to_string()
}

/// Each of `names` stands in the help as a word of its own.
fn lists(path: &[&str], flag: &str, names: &[&str]) {
    let text = help(path, flag);
    let words: Vec<&str> = text.split(|letter: char| !letter.is_alphanumeric() && !"_-".contains(letter)).collect();
    for name in names {
        assert!(words.contains(name), "--{flag} does not name {name}: {text}");
    }
}

#[test]
fn every_name_that_a_flag_takes_stands_in_its_help() {
    let activations: Vec<&str> = Activation::all().map(Activation::name).collect();
    for (flag, names) in [
        ("task", Task::NAMES),
        ("scale", Scale::NAMES),
        ("encode", Encode::NAMES),
        ("unseen", Unseen::NAMES),
        ("date-parts", DatePart::NAMES),
        ("column", &KEYS),
        ("activation", &activations),
        ("class-weight", ClassWeight::NAMES),
        ("optimizer", OptimizerKind::NAMES),
        ("engine", EngineKind::NAMES),
        ("log", Log::NAMES),
        ("importance", &ImportanceRows::NAMES),
        ("format", crate::data::table::Format::NAMES),
        ("impute", &["mean", "median", "most-frequent", "constant", "drop", "error"]),
        ("loss", &LossKind::NAMES),
    ] {
        lists(&["fit"], flag, names);
    }
    lists(&["tune"], "search", Search::NAMES);
    lists(&["tune"], "metric", &[metric::names(true), metric::names(false)].concat());
    lists(&["run", "descent"], "method", crate::tutorial::config::Method::NAMES);
    lists(&["run", "exhaustive"], "loss", crate::tutorial::config::LineLoss::NAMES);
    lists(&["run", "moons"], "engine", EngineKind::NAMES);
    lists(&["show", "gradients"], "activation", crate::tutorial::concepts::activations::Activation::NAMES);
}

#[test]
fn a_schedules_parameters_stand_in_the_help_with_their_defaults() {
    let text = help(&["fit"], "schedule");
    for name in ["constant", "step", "cosine", "one-cycle", "plateau"] {
        let schedule: Schedule = name.parse().unwrap();
        assert!(text.contains(name), "{name}: {text}");
        let shown = schedule.to_string();
        for parameter in shown.split_once(':').map_or("", |(_, parameters)| parameters).split(',') {
            assert!(text.contains(parameter), "{name}: {parameter} is missing: {text}");
        }
    }
}

#[test]
fn the_default_of_every_setting_stands_in_its_help() {
    let defaults = Table::try_from(FitSettings::default()).unwrap();
    for (key, value) in defaults {
        let shown = match value {
            // A switch that is off, nothing listed, no name: there is nothing to say. Early stopping is 0 in TOML alone.
            Value::Boolean(_) => continue,
            _ if key == "early_stop" => continue,
            Value::Array(values) if values.is_empty() => continue,
            Value::String(text) if text.is_empty() => continue,
            // More words than a line holds; `ReadOptions` has them.
            Value::Array(_) if key == "na" => continue,
            Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join(","),
            other => shown(&other),
        };
        let text = help(&["fit"], &key.replace('_', "-"));
        assert!(text.contains(&format!("[default: {shown}]")), "{key}: {shown} expected: {text}");
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Float(value) => given::number(*value),
        other => other.to_string(),
    }
}

#[test]
fn no_list_in_a_help_is_cut_short() {
    fn flags_of(command: &clap::Command) {
        for argument in command.get_arguments() {
            let text = argument.get_help().map(ToString::to_string).unwrap_or_default();
            let cut = text.contains(", …") && !text.contains("column_1, column_2, …");
            assert!(!cut, "{} --{}: {text}", command.get_name(), argument.get_id());
        }
        command.get_subcommands().for_each(flags_of);
    }
    flags_of(&Cli::command());
}
