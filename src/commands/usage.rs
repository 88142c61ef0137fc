//! A command line that is none, answered on one line.

use crate::choices::aliases;
use crate::choices::names::unknown;
use crate::cli;
use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Commands that are named where an option is another's; the rest is counted.
const NAMED: usize = 3;

/// clap's error for people, on one line. `arguments` are those of the command line, without the program's name.
pub(super) fn text(error: &clap::Error, arguments: &[String]) -> String {
    let rendered = error.render().to_string();
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return rendered.trim_end().into();
    }
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let answer = match error.kind() {
        ErrorKind::UnknownArgument => unknown_argument(context(ContextKind::InvalidArg), arguments),
        ErrorKind::InvalidSubcommand => Some(unknown_verb(context(ContextKind::InvalidSubcommand), arguments)),
        _ => None,
    };
    let plain = || {
        let path = called(&cli::command(), arguments).0;
        let line = one_line(&rendered);
        let helped = error.kind() != ErrorKind::UnknownArgument || line.contains("; tip:");
        if helped { line } else { format!("{line}; {path} --help lists what it takes") }
    };
    answer.map_or_else(plain, |answer| format!("error: {answer}"))
}

/// What clap prints without its usage, and without the advice to write `-- -x`, for no file of ours begins with a minus.
fn one_line(rendered: &str) -> String {
    let kept = rendered.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let kept =
        kept.filter(|line| !line.is_empty() && !line.starts_with("For more") && !line.contains(" as a value, use '"));
    kept.collect::<Vec<_>>().join("; ").replace(":; ", ": ")
}

fn unknown_verb(found: &str, arguments: &[String]) -> String {
    let root = cli::command();
    let (path, command) = called(&root, arguments);
    match aliases::verb(found) {
        Some(ours) => format!("{found}: lockstep's name is {ours}"),
        None => {
            let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
            format!("{path}: no command {}", unknown(found, &names))
        }
    }
}

/// `found` is no option of the command that `arguments` name: it is another library's name, or another command's option, or
/// a second table.
fn unknown_argument(found: &str, arguments: &[String]) -> Option<String> {
    let root = cli::command();
    let (path, command) = called(&root, arguments);
    if !found.starts_with('-') {
        let table = command.get_positionals().any(|argument| argument.get_id() == "data");
        let pattern =
            "one table was expected; several files are one argument, a pattern in quotes such as 'part-*.csv'";
        return table.then(|| format!("{found}: {pattern}"));
    }
    // clap takes -lr for -l; the word as it was written tells more.
    let long = |word: &&String| found.len() == 2 && word.starts_with(found) && word.len() > 2;
    let found = arguments.iter().find(long).map_or(found, String::as_str);
    let found = found.split('=').next().unwrap_or(found);
    let own = flags(command);
    let word = found.trim_start_matches('-');
    if own.contains(&word) {
        return Some(format!("{found}: an option has two dashes, --{word}"));
    }
    if let Some(meant) = aliases::setting(word, &own) {
        return Some(meant.map_or_else(
            |instead| format!("{found}: {instead}"),
            |ours| format!("{found}: lockstep's name is --{ours}"),
        ));
    }
    let mut others = takers(&root, word);
    others.sort_by_key(|other| (other != "fit", other.contains(' ')));
    if path == root.get_name() {
        return others
            .first()
            .map(|other| format!("{found}: stands behind the command, as in lockstep {other} {found}"));
    }
    (!others.is_empty()).then(|| {
        let more = others.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let named = others[..others.len().min(NAMED)].join(", ");
        format!("{found}: {path} has no such option, it belongs to {named}{more}")
    })
}

/// The command that `arguments` name, with its verbs.
fn called<'a>(root: &'a Command, arguments: &[String]) -> (String, &'a Command) {
    let (mut path, mut command) = (String::from("lockstep"), root);
    for argument in arguments {
        let Some(next) = command.find_subcommand(argument) else { break };
        path = format!("{path} {argument}");
        command = next;
    }
    (path, command)
}

/// The names of a command's options, without dashes.
fn flags(command: &Command) -> Vec<&str> {
    command.get_arguments().filter_map(clap::Arg::get_long).collect()
}

/// The commands that have the option `flag`, by their verbs.
fn takers(root: &Command, flag: &str) -> Vec<String> {
    let mut found = Vec::new();
    for command in root.get_subcommands() {
        if flags(command).contains(&flag) {
            found.push(command.get_name().to_string());
        }
        found.extend(takers(command, flag).into_iter().map(|inner| format!("{} {inner}", command.get_name())));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choices::aliases::{NO_SETTINGS, SETTINGS, VERBS};
    use crate::fit::settings::FitSettings;

    /// What `lockstep LINE` is answered, where that is no command line.
    fn answer(line: &str) -> Option<String> {
        let arguments: Vec<String> = line.split(' ').map(String::from).collect();
        let all = std::iter::once("lockstep".to_string()).chain(arguments.clone());
        cli::parse(all).err().map(|error| text(&error, &arguments))
    }

    /// The options of `command`, which may be two words.
    fn options(command: &str) -> Vec<String> {
        let root = cli::command();
        let arguments: Vec<String> = command.split(' ').map(String::from).collect();
        flags(called(&root, &arguments).1).into_iter().map(String::from).collect()
    }

    #[test]
    fn another_librarys_name_is_answered_with_one_that_there_is() {
        let commands = ["fit t.csv", "tune t.csv", "preprocess t.csv", "predict m.pt t.csv", "run moons"];
        let keys = FitSettings::keys().unwrap();
        for (ours, theirs) in SETTINGS {
            let mut answered = keys.contains_key(*ours) || *ours == "params";
            for (command, word) in commands.iter().flat_map(|command| theirs.iter().map(move |word| (command, word))) {
                let flag = format!("--{}", word.replace('_', "-"));
                let said = answer(&format!("{command} {flag} 1")).unwrap_or_default();
                let start = format!("error: {flag}: lockstep's name is --");
                let Some(name) = said.strip_prefix(&start) else { continue };
                assert!(options(command).iter().any(|option| option == name), "{command}: {said}");
                answered |= name.replace('-', "_") == *ours;
            }
            assert!(answered, "{ours} is no answer of any command");
        }
    }

    #[test]
    fn each_of_the_usual_names_has_its_answer() {
        for (theirs, ours) in [
            ("--learning-rate", "lr"),
            ("--learning_rate=0.1", "lr"),
            ("--eta", "lr"),
            ("--max-iter", "epochs"),
            ("--bs", "batch-size"),
            ("--hidden_layer_sizes", "hidden"),
            ("--alpha", "weight-decay"),
            ("--reg-alpha", "l1"),
            ("--patience", "early-stop"),
            ("--random-state", "seed"),
            ("--n_jobs", "threads"),
            ("--label", "target"),
            ("--test-size", "split"),
            ("--cv", "folds"),
            ("--criterion", "loss"),
            ("--solver", "optimizer"),
            ("--sep", "delimiter"),
            ("--na-values", "na"),
            ("--index-col", "id"),
            ("--usecols", "features"),
            ("--gpu", "device"),
        ] {
            let word = theirs.split('=').next().unwrap();
            let said = answer(&format!("fit t.csv {theirs}")).unwrap();
            assert_eq!(said, format!("error: {word}: lockstep's name is --{ours}"));
        }
        assert_eq!(answer("tune t.csv --scoring auc").unwrap(), "error: --scoring: lockstep's name is --metric");
        assert_eq!(answer("tune t.csv --n-iter 9").unwrap(), "error: --n-iter: lockstep's name is --trials");
    }

    #[test]
    fn what_there_is_not_is_answered_with_what_there_is() {
        let options = options("fit");
        for (theirs, instead) in NO_SETTINGS {
            for word in *theirs {
                let said = answer(&format!("fit t.csv --{word} 1")).unwrap();
                assert_eq!(said, format!("error: --{word}: {instead}"));
            }
            let named = instead.split(|letter: char| !letter.is_alphanumeric() && letter != '-');
            for flag in named.filter_map(|word| word.strip_prefix("--")) {
                assert!(options.iter().any(|option| option == flag), "{instead}");
            }
        }
    }

    #[test]
    fn another_verb_is_answered_with_ours() {
        for (theirs, ours) in VERBS {
            for word in *theirs {
                assert_eq!(answer(word).unwrap(), format!("error: {word}: lockstep's name is {ours}"));
            }
            let verbs: Vec<String> = ours.split([' ', ',']).map(String::from).collect();
            assert_ne!(called(&cli::command(), &verbs[..1]).0, "lockstep", "{ours}");
        }
        assert!(
            answer("ft t.csv")
                .unwrap()
                .starts_with("error: lockstep: no command ft, did you mean fit? (expected run, ")
        );
        assert!(answer("run monns").unwrap().starts_with("error: lockstep run: no command monns, did you mean moons?"));
    }

    #[test]
    fn an_option_of_another_command_and_a_second_table_are_named() {
        for (line, expected) in [
            (
                "preprocess t.csv --epochs 3",
                "--epochs: lockstep preprocess has no such option, it belongs to fit, tune, ",
            ),
            ("--seed 3 fit t.csv", "--seed: stands behind the command, as in lockstep fit --seed"),
            (
                "fit t.csv --samples 3",
                "--samples: lockstep fit has no such option, it belongs to run two-layer, run moons, ",
            ),
            ("fit a.csv b.csv", "b.csv: one table was expected; several files are one argument, a pattern in quotes"),
            ("fit t.csv -lr 0.1", "-lr: an option has two dashes, --lr"),
            ("fit t.csv -target y", "-target: an option has two dashes, --target"),
        ] {
            let said = answer(line).unwrap();
            assert!(said.starts_with(&format!("error: {expected}")), "{said}");
        }
        let said = answer("fit t.csv --epoch 3").unwrap();
        assert!(said.contains("'--epochs'") && !said.contains("as a value"), "{said}");
        let said = answer("fit t.csv --zzz 3").unwrap();
        assert!(said.ends_with("'--zzz' found; lockstep fit --help lists what it takes"), "{said}");
    }
}
