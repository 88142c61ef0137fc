//! What a command prints, and where.

use crate::cli::Printing;
use crate::data::table::{self, Format};
use crate::runs::files;
use anyhow::{Context, Result};
use polars::prelude::DataFrame;
use serde_json::Value;
use std::io::Write;
use std::path::Path;

/// What a command found.
pub(super) enum Verdict {
    Holds,
    DoesNotHold,
}

/// Prints what a command found: `text` for people, or with `--json` the object on stdout and the text on stderr.
pub(super) fn report(printing: Printing, text: &str, object: &Value) -> Result<()> {
    match (printing.json, printing.quiet) {
        (true, false) => print_err(text),
        (false, false) => print_out(format!("{text}\n").as_bytes())?,
        (_, true) => {}
    }
    if printing.json { print_out(format!("{object}\n").as_bytes()) } else { Ok(()) }
}

/// A line on stderr. One that cannot be written there has nowhere to be said, and ends nothing.
pub(super) fn print_err(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// A remark on stderr.
pub(super) fn note(printing: Printing, text: &str) {
    remark(printing, "note", text);
}

/// A fault that the run goes on with, on stderr.
pub(super) fn warning(printing: Printing, text: &str) {
    remark(printing, "warning", text);
}

fn remark(printing: Printing, kind: &str, text: &str) {
    if !printing.quiet {
        print_err(&format!("{kind}: {text}"));
    }
}

/// Writes to stdout. A reader that has seen enough (`| head`) is no error, a full disk behind `>` is.
pub(super) fn print_out(bytes: &[u8]) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("standard output: cannot write"),
    }
}

/// Writes a table to a file, whole or not at all, or as CSV to stdout.
pub(super) fn write_table(table: &mut DataFrame, file: Option<(&Path, Format)>) -> Result<()> {
    let mut bytes = Vec::new();
    table::write(table, file.map_or(Format::Csv, |(_, format)| format), &mut bytes)?;
    match file {
        Some((path, _)) => files::write(path, &bytes),
        None => print_out(&bytes),
    }
}
