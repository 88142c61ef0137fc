//! What `--help` says cannot go stale: the names and the defaults in it are held against the code's own.

use super::{Cli, command, parse};
use crate::choices::aliases::VALUES;
use crate::choices::given;
use crate::choices::names::unknown;
use crate::fit::settings::columns::KEYS;
use crate::fit::settings::{ClassWeight, FitSettings, ImportanceRows, Log, Task};
use crate::model::activation::Activation;
use crate::model::loss::LossKind;
use crate::preprocess::choices::{Encode, Scale, TargetScale, Unseen};
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
        ("target-scale", TargetScale::NAMES),
        ("norm", crate::model::norm::Norm::NAMES),
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

/// The names of every choice.
fn choices() -> Vec<Vec<&'static str>> {
    vec![
        Activation::all().map(Activation::name).collect(),
        LossKind::NAMES.to_vec(),
        OptimizerKind::NAMES.to_vec(),
        crate::model::norm::Norm::NAMES.to_vec(),
        crate::train::order_kind::OrderKind::NAMES.to_vec(),
        crate::train::schedule::NAMES.to_vec(),
        Task::NAMES.to_vec(),
        Scale::NAMES.to_vec(),
        TargetScale::NAMES.to_vec(),
        Encode::NAMES.to_vec(),
        Unseen::NAMES.to_vec(),
        crate::preprocess::choices::IMPUTE.to_vec(),
        ClassWeight::NAMES.to_vec(),
        Log::NAMES.to_vec(),
        Search::NAMES.to_vec(),
        crate::data::table::Format::NAMES.to_vec(),
        crate::torch::device::NAMES.to_vec(),
        metric::names(true),
        metric::names(false),
        crate::data::schema::Kind::NAMES.to_vec(),
        crate::data::schema::Role::NAMES.to_vec(),
    ]
}

#[test]
fn another_librarys_value_is_answered_with_one_that_there_is() {
    for (ours, theirs) in VALUES {
        let of: Vec<Vec<&str>> = choices().into_iter().filter(|names| names.contains(ours)).collect();
        assert!(!of.is_empty(), "{ours} is no value of any choice");
        for (names, word) in of.iter().flat_map(|names| theirs.iter().map(move |word| (names, word))) {
            let said = unknown(word, names);
            assert!(names.contains(word) || said.starts_with(&format!("{word}, did you mean {ours}? ")), "{said}");
        }
    }
    for (text, error) in [
        ("sparse_categorical_crossentropy", "did you mean cross-entropy?"),
        ("binary:logistic", "did you mean bce?"),
        ("reg:squarederror", "did you mean mse?"),
        ("L1", "did you mean mae?"),
    ] {
        assert!(text.parse::<LossKind>().unwrap_err().contains(error), "{text}");
    }
}

/// Every option that is a number, of every command: with its command line up to the option.
fn numbers(command: &clap::Command, path: &[String], found: &mut Vec<(Vec<String>, String)>) {
    for inner in command.get_subcommands() {
        numbers(inner, &[path, &[inner.get_name().to_string()]].concat(), found);
    }
    // That of fit is required but for --resume.
    let is_needed = |argument: &&clap::Arg| argument.is_required_set() || argument.get_id() == "data";
    let needed = command.get_positionals().filter(is_needed).map(|_| "x".to_string());
    let line = [path, &needed.collect::<Vec<_>>()[..]].concat();
    for argument in command.get_arguments() {
        let kind = argument.get_value_names().map_or("", |names| names[0].as_str());
        if let Some(flag) = argument.get_long().filter(|_| ["N", "X", "P", "K", "B", "SHARE", "A,B,C"].contains(&kind))
        {
            found.push((line.clone(), format!("--{flag}")));
        }
    }
}

#[test]
fn a_number_that_is_none_is_refused_in_plain_words() {
    let (mut found, mut root) = (Vec::new(), command());
    root.build();
    numbers(&root, &["lockstep".to_string()], &mut found);
    assert!(found.len() > 60, "{}", found.len());
    for (line, flag) in found {
        for value in ["fast", "1.5.2", "99999999999999999999", "-1", "3"] {
            let Err(error) = parse([&line[..], &[flag.clone(), value.into()]].concat()) else { continue };
            let text = error.render().to_string();
            // What goes with the flag is asked for once its number is one.
            if value == "3" && error.kind() == clap::error::ErrorKind::MissingRequiredArgument {
                continue;
            }
            assert_eq!(error.kind(), clap::error::ErrorKind::ValueValidation, "{line:?} {flag} {value}: {text}");
            assert!(text.contains("expected"), "{line:?} {flag} {value}: {text}");
        }
        assert!(parse([&line[..], &[flag.clone(), "fast".into()]].concat()).is_err(), "{line:?} {flag}");
    }
}

#[test]
fn every_example_in_a_help_is_a_command_line() {
    let mut command = Cli::command();
    command.build();
    let mut tried = 0;
    for verb in command.get_subcommands() {
        let Some(help) = verb.get_after_help() else { continue };
        for line in help.to_string().lines().filter_map(|line| line.trim().strip_prefix("lockstep ")) {
            let words = std::iter::once("lockstep").chain(line.split(' ')).map(|word| word.trim_matches('\''));
            parse(words).unwrap_or_else(|error| panic!("{line}: {error}"));
            tried += 1;
        }
    }
    assert!(tried > 15, "{tried}");
}
