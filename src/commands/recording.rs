//! The record that `--record` asks for.

use super::job::Job;
use super::print::note;
use crate::cli::{Printing, RecordFlags};
use crate::record::Recorder;
use anyhow::Result;
use std::cell::RefCell;

/// Begins it, if it is asked for.
pub(super) fn recorder(flags: &RecordFlags, job: &Job<'_>) -> Result<Option<RefCell<Recorder>>> {
    let Some(file) = &flags.record else { return Ok(None) };
    let recorder = Recorder::create(file, flags.values.clone().unwrap_or_default(), job.device)?;
    Ok(Some(RefCell::new(recorder)))
}

/// Puts it in its place: also of a training that failed, which is what one looks into.
pub(super) fn keep(recorder: Option<RefCell<Recorder>>, printing: Printing) -> Result<()> {
    let Some(recorder) = recorder.map(RefCell::into_inner) else { return Ok(()) };
    let said = format!("recorded {} steps in {}", recorder.steps(), recorder.path().display());
    recorder.finish()?;
    note(printing, &said);
    Ok(())
}
