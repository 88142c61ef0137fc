//! What a training run shows while it lasts, and how it is stopped.

use crate::cpu::stop;
use crate::train::ReadLoss;
use crate::train::diverged;
use crate::train::observer::Interrupted;
use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often the loss is read back and shown: often enough for the eye, rarely enough to cost nothing.
const EVERY: Duration = Duration::from_millis(50);

/// Whether Ctrl-C or SIGTERM has come since the run began; clones share the answer.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// From now on Ctrl-C and SIGTERM set this instead of ending the process. Once a process.
    pub fn catch() -> Result<Self> {
        let interrupt = Self::default();
        let seen = interrupt.clone();
        ctrlc::set_handler(move || {
            seen.0.store(true, Ordering::Relaxed);
            stop::ask();
        })?;
        Ok(interrupt)
    }

    pub fn came(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Ends a run that keeps nothing, if it has come, where its files are made.
    pub fn stop(&self) -> Result<()> {
        if self.came() {
            return Err(Interrupted("interrupted before its files were in place: no result was written".into()).into());
        }
        Ok(())
    }
}

/// A bar with epoch, rate and loss on a terminal's stderr; silent elsewhere and under `--quiet`.
pub struct Progress {
    bar: ProgressBar,
    shown: Instant,
    unit: &'static str,
    interrupt: Interrupt,
}

impl Progress {
    /// Of `total` units, such as `epoch`.
    pub fn new(unit: &'static str, total: u64, quiet: bool, interrupt: Interrupt) -> Result<Self> {
        let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(total) };
        let template = format!("{{bar:30}} {unit} {{pos}}/{{len}}  {{per_sec}}  {{msg}}");
        bar.set_style(ProgressStyle::with_template(&template)?);
        Ok(Self { bar, shown: Instant::now(), unit, interrupt })
    }

    /// Shows that `done` units are done; stops at an interrupt.
    pub fn advance(&self, done: u64) -> Result<()> {
        self.stop_if_interrupted(done)?;
        self.bar.set_position(done);
        Ok(())
    }

    fn stop_if_interrupted(&self, done: u64) -> Result<()> {
        if !self.interrupt.came() {
            return Ok(());
        }
        self.bar.finish_and_clear();
        Err(Interrupted(format!("interrupted after {} {done}: no result was written", self.unit)).into())
    }

    /// Shows that `done` units are done, with a message, every now and then; stops at an interrupt.
    pub fn step(&mut self, done: u64, message: impl FnOnce() -> Result<String>) -> Result<()> {
        self.stop_if_interrupted(done)?;
        self.show(done, message)
    }

    /// The same for a run that sees to an interrupt itself.
    pub fn show(&mut self, done: u64, message: impl FnOnce() -> Result<String>) -> Result<()> {
        if self.shown.elapsed() >= EVERY {
            self.bar.set_message(message()?);
            self.bar.set_position(done);
            self.shown = Instant::now();
        }
        Ok(())
    }

    /// [`Progress::step`] of an epoch, with its loss, which must be finite.
    pub fn report(&mut self, epoch: usize, loss: ReadLoss<'_>) -> Result<()> {
        self.stop_if_interrupted(epoch as u64)?;
        self.epoch(0, epoch, loss)
    }

    /// Shows an epoch, before whose training so many others were done; its loss must be finite.
    pub fn epoch(&mut self, before: usize, epoch: usize, loss: ReadLoss<'_>) -> Result<()> {
        self.show((before + epoch) as u64, || {
            let loss = loss()?;
            if !loss.is_finite() {
                bail!("{}", diverged(epoch, loss));
            }
            Ok(format!("loss {loss:.6}"))
        })
    }

    pub fn finish(self) {
        self.bar.finish_and_clear();
    }
}
