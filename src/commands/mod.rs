//! One verb, one file, one `run()`. Exit codes: 0 done; 1 what was checked does not hold; 2 bad usage or input.

mod compare;
mod data;
mod doctor;
mod evaluate;
mod fit;
mod fit_on;
mod folds;
mod inspect;
mod predict;
mod preprocess;
pub mod progress;
mod rerun;
mod resume;
mod run;
mod show;
mod tune;
mod verify;

use crate::cli::{Cli, Command, Compute, Printing};
use crate::commands::progress::Interrupted;
use crate::cpu::threads;
use crate::data::table::{self, Format};
use crate::runs::files;
use crate::torch::error::one_line;
use anyhow::{Context, Result};
use clap::Parser;
use polars::prelude::DataFrame;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use tch::Device;

/// The exit code of a run that Ctrl-C ended, as shells have it.
const INTERRUPTED: u8 = 130;

/// What a command found.
enum Verdict {
    Holds,
    DoesNotHold,
}

/// Parses, dispatches, and prints the error once.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    match dispatch(&cli.command) {
        Ok(Verdict::Holds) => ExitCode::SUCCESS,
        Ok(Verdict::DoesNotHold) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {}", one_line(&error));
            ExitCode::from(if error.is::<Interrupted>() { INTERRUPTED } else { 2 })
        }
    }
}

fn dispatch(command: &Command) -> Result<Verdict> {
    match command {
        Command::Run(args) => run::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Fit(args) => fit::run(args),
        Command::Preprocess(args) => preprocess::run(args),
        Command::Tune(args) => tune::run(args),
        Command::Evaluate(args) => evaluate::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Predict(args) => predict::run(args),
        Command::Data(args) => data::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Show(args) => show::run(args),
        Command::Rerun(args) => rerun::run(args),
    }
}

/// clap's error on one line, with its suggestion; help and version go to stdout as they are.
fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // A closed pipe (`lockstep --help | head`) is no fault of the user's.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.render().to_string();
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        eprint!("{text}");
        return ExitCode::from(2);
    }
    let kept = text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let kept: Vec<&str> = kept.filter(|line| !line.is_empty() && !line.starts_with("For more")).collect();
    eprintln!("{}", kept.join("; ").replace(":; ", ": "));
    ExitCode::from(2)
}

/// Applies `--threads` and resolves `--device`.
///
/// The count is set even when it is libtorch's own: only then does ATen tell MKL not to pick a smaller one by itself
/// when the machine is busy (`mkl_set_dynamic(false)` in `at::set_num_threads`), which changes the bits.
fn prepare(compute: &Compute) -> Result<Device> {
    let threads = compute.threads.unwrap_or_else(tch::get_num_threads);
    tch::set_num_threads(threads);
    threads::set(threads.max(1) as usize);
    compute.device.resolve()
}

/// Prints what a command found: `text` for people, or with `--json` the object on stdout and the text on stderr.
fn report(printing: Printing, text: &str, object: &serde_json::Value) -> Result<()> {
    match (printing.json, printing.quiet) {
        (true, false) => eprintln!("{text}"),
        (false, false) => print_out(format!("{text}\n").as_bytes())?,
        (_, true) => {}
    }
    if printing.json { print_out(format!("{object}\n").as_bytes()) } else { Ok(()) }
}

/// Writes to stdout. A reader that has seen enough (`| head`) is no error, a full disk behind `>` is.
fn print_out(bytes: &[u8]) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("standard output: cannot write"),
    }
}

/// Writes a table to a file, whole or not at all, or as CSV to stdout.
fn write_table(table: &mut DataFrame, file: Option<(&Path, Format)>) -> Result<()> {
    let mut bytes = Vec::new();
    table::write(table, file.map_or(Format::Csv, |(_, format)| format), &mut bytes)?;
    match file {
        Some((path, _)) => files::write(path, &bytes),
        None => print_out(&bytes),
    }
}
