//! One verb, one file, one `run()`. Exit codes: 0 done; 1 what was checked does not hold; 2 bad usage or input.

mod compare;
mod run;

use crate::cli::{Cli, Command, Common};
use crate::progress::Interrupted;
use anyhow::Result;
use clap::Parser;
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
    let result = match &cli.command {
        Command::Run(args) => run::run(args),
        Command::Compare(args) => compare::run(args),
    };
    match result {
        Ok(Verdict::Holds) => ExitCode::SUCCESS,
        Ok(Verdict::DoesNotHold) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {}", one_line(&format!("{error:#}")));
            ExitCode::from(if error.is::<Interrupted>() { INTERRUPTED } else { 2 })
        }
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
    eprintln!("{}", kept.join("; "));
    ExitCode::from(2)
}

/// The message without libtorch's backtrace.
fn one_line(text: &str) -> String {
    let text = text.split("Exception raised from").next().unwrap_or(text);
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Applies `--threads` and resolves `--device`.
///
/// The count is set even when it is libtorch's own: only then does ATen tell MKL not to pick a smaller one by itself
/// when the machine is busy (`mkl_set_dynamic(false)` in `at::set_num_threads`), which changes the bits.
fn prepare(common: &Common) -> Result<Device> {
    tch::set_num_threads(common.threads.unwrap_or_else(tch::get_num_threads));
    common.device.resolve()
}
