//! What a search prints while its trials train.

use crate::cli::Printing;
use crate::commands::print::note;
use crate::commands::progress::Progress;
use crate::train::observer::{Epoch, Next, Observer, Started};
use anyhow::Result;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// What trials beside each other show together.
pub(super) struct Shown<'a> {
    progress: Mutex<&'a mut Progress>,
    /// Trials that are done.
    done: AtomicU64,
    /// Whether it was said what the fused engine cannot train.
    noted: AtomicBool,
    printing: Printing,
}

impl<'a> Shown<'a> {
    pub(super) fn new(progress: &'a mut Progress, done: usize, printing: Printing) -> Self {
        let (done, noted) = (AtomicU64::new(done as u64), AtomicBool::new(false));
        Self { progress: Mutex::new(progress), done, noted, printing }
    }

    /// A trial more is done.
    pub(super) fn done(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

/// Watches a trial in one fold: says where it stands, and once a search what the fused engine cannot train.
pub(super) struct TrialWatcher<'a, 'p> {
    pub(super) shown: &'a Shown<'p>,
    /// From 1, as the fold.
    pub(super) trial: usize,
    pub(super) fold: usize,
    /// The seed that trains, from 1; 0 before the first.
    pub(super) repeat: usize,
}

impl Observer for TrialWatcher<'_, '_> {
    fn started(&mut self, started: &Started) -> Result<()> {
        self.repeat += 1;
        let Some(why) = &started.instead else { return Ok(()) };
        if !self.shown.noted.swap(true, Ordering::Relaxed) {
            let (trial, Started { asked, engine, .. }) = (self.trial, started);
            let text = format!("--engine {asked}: trial {trial}: {why}; the {engine} engine trains it, and its like");
            note(self.shown.printing, &text);
        }
        Ok(())
    }

    fn epoch(&mut self, epoch: &Epoch<'_>) -> Result<Next> {
        let message = || {
            let (Self { trial, fold, repeat, .. }, number, loss) = (&*self, epoch.number, epoch.loss()?);
            Ok(format!("trial {trial}  fold {fold}  repeat {repeat}  epoch {number}  loss {loss:.6}"))
        };
        let done = self.shown.done.load(Ordering::Relaxed);
        self.shown.progress.lock().unwrap_or_else(PoisonError::into_inner).step(done, message)?;
        Ok(Next::Go)
    }

    fn ahead(&self, _: usize) -> usize {
        usize::MAX
    }
}
