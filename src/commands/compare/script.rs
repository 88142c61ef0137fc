//! `lockstep compare --script FILE.py ARGS`: the user's own program under the recorder, beside a record.

use crate::cli::CompareScript;
use crate::commands::diff;
use crate::commands::print::{Verdict, note};
use crate::python::interpreter;
use crate::record::Record;
use crate::record::python::{RECORDER, RECORDER_NAME};
use crate::torch::libtorch::waiting;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Stdio;

pub(super) fn run(args: &CompareScript) -> Result<Verdict> {
    let ours = args.record.as_deref().context("--script needs --record FILE, what to lay it beside")?;
    let program = Path::new(args.script.first().context("--script needs a program")?);
    ensure!(program.is_file(), "--script {}: no such file, expected a Python program", program.display());
    let theirs = args.output.clone().unwrap_or_else(|| own_record(program));
    let same = theirs.canonicalize().ok().is_some_and(|path| ours.canonicalize().ok() == Some(path));
    ensure!(!same, "--record {}: the program's own record would take its place; give --output", ours.display());
    record(args, &theirs, &Record::open(ours)?)?;
    note(args.printing, &format!("{}: recorded in {}", program.display(), theirs.display()));
    diff::of(&theirs, ours, &args.shown, args.printing)
}

/// Where record.py itself would put it.
fn own_record(program: &Path) -> PathBuf {
    Path::new(program.file_stem().unwrap_or_default()).with_extension("record")
}

/// Runs the program on as many threads as `ours` was made on. What it prints goes to stderr: stdout is the comparison's.
fn record(args: &CompareScript, theirs: &Path, ours: &Record) -> Result<()> {
    let folder = tempfile::tempdir().context("a temporary folder")?;
    let recorder = folder.path().join(RECORDER_NAME);
    std::fs::write(&recorder, RECORDER).with_context(|| format!("{}: cannot write", recorder.display()))?;
    let python = args.python.clone().unwrap_or_else(interpreter::find);
    let values = args.values.as_ref().unwrap_or(&ours.header.values);
    let mut command = waiting::command(&python);
    command.arg(&recorder).arg("--output").arg(theirs);
    if values.any() {
        command.args(["--values", &values.to_string()]);
    }
    command.args(&args.script).stdin(Stdio::null()).stdout(std::io::stderr());
    if let (None, Some(threads)) = (std::env::var_os("OMP_NUM_THREADS"), ours.header.conditions.threads) {
        command.env("OMP_NUM_THREADS", threads.to_string());
    }
    let shown = args.script[0].display();
    let status = command
        .status()
        .with_context(|| format!("Python {}: cannot start it; give --python PATH", python.display()))?;
    ensure!(status.success(), "--script {shown}: it ended with {status}; what it said stands above");
    Ok(())
}
