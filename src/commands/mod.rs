//! One verb, one file, one `run()`. Exit codes: 0 done; 1 what was checked does not hold; 2 bad usage or input.

mod at_work;
mod compare;
mod completions;
mod data;
mod diff;
mod doctor;
mod evaluate;
mod fit;
mod inspect;
mod job;
mod predict;
mod preprocess;
mod print;
mod progress;
mod recording;
mod rerun;
mod resume;
mod run;
mod runs;
mod script;
mod settings;
mod show;
mod threads;
mod training;
mod tune;
mod usage;
mod verify;

use self::print::{Verdict, print_err};
use crate::cli::{self, Command, Run};
use crate::torch::error::{is_no_memory, one_line};
use crate::torch::libtorch::waiting;
use crate::train::observer::Interrupted;
use anyhow::Result;
use std::process::ExitCode;

/// The exit code of a run that Ctrl-C ended, as shells have it.
const INTERRUPTED: u8 = 130;

/// Parses, dispatches, and prints the error once.
pub fn main() -> ExitCode {
    // First, while there is one thread.
    waiting::bound();
    let cli = match cli::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    match dispatch(&cli.command) {
        Ok(Verdict::Holds) => ExitCode::SUCCESS,
        Ok(Verdict::DoesNotHold) => ExitCode::from(1),
        Err(error) => {
            let remedy = if is_no_memory(&error) { less_memory(&cli.command) } else { "" };
            print_err(&format!("error: {}{remedy}", one_line(&error)));
            ExitCode::from(if error.is::<Interrupted>() { INTERRUPTED } else { 2 })
        }
    }
}

/// What decides how much memory a command takes.
fn less_memory(command: &Command) -> &'static str {
    match command {
        Command::Run(Run::Moons(_)) => "; give a smaller --samples or --hidden",
        Command::Run(Run::TwoLayer(_)) => "; give a smaller --samples, --inputs, --hidden or --outputs",
        Command::Run(Run::Boston(_)) => "; give a smaller --hidden",
        Command::Fit(_) | Command::Tune(_) => "; give a smaller --hidden or --batch-size",
        Command::Show(_) => "; give a smaller --width, --depth, --hidden or --samples",
        _ => "",
    }
}

fn dispatch(command: &Command) -> Result<Verdict> {
    match command {
        Command::Run(args) => run::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Diff(args) => diff::run(args),
        Command::Fit(args) => fit::run(args),
        Command::Preprocess(args) => preprocess::run(args),
        Command::Tune(args) => tune::run(args),
        Command::Evaluate(args) => evaluate::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Predict(args) => predict::run(args),
        Command::Data(args) => data::run(args),
        Command::Completions(args) => completions::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Runs(args) => runs::run(args),
        Command::Script(args) => script::run(args),
        Command::Show(args) => show::run(args),
        Command::Rerun(args) => rerun::run(args, dispatch),
    }
}

/// Prints clap's error; help and version go to stdout as they are.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // A closed pipe (`lockstep --help | head`) is no fault of the user's.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    print_err(&usage::text(error, &arguments.collect::<Vec<_>>()));
    ExitCode::from(2)
}
