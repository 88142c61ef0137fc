//! A record that may be there or not, to be handed down with what it records.

use super::recorder::Recorder;
use anyhow::{Result, anyhow};
use std::cell::RefCell;
use std::fmt;

/// Where a training is written to as it runs; nowhere by default.
#[derive(Clone, Copy, Default)]
pub struct Recording<'a>(Option<&'a RefCell<Recorder>>);

impl<'a> Recording<'a> {
    pub fn to(recorder: Option<&'a RefCell<Recorder>>) -> Self {
        Self(recorder)
    }

    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// What comes is of a training, or of an evaluation.
    pub fn training(&self, training: bool) -> Result<()> {
        self.write(|recorder| {
            recorder.training(training);
            Ok(())
        })
    }

    /// Has something written, if it is on.
    pub fn write(&self, write: impl FnOnce(&mut Recorder) -> Result<()>) -> Result<()> {
        let Some(recorder) = self.0 else { return Ok(()) };
        let mut recorder = recorder.try_borrow_mut().map_err(|_| anyhow!("the record is being written already"))?;
        write(&mut recorder)
    }
}

impl fmt::Debug for Recording<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_on() { "Recording(on)" } else { "Recording(off)" })
    }
}
