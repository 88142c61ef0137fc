//! What a training run shows while it lasts, and how it is stopped.

use super::print::print_err;
use crate::choices::fixed::digits;
use crate::cpu::stop;
use crate::train::ReadLoss;
use crate::train::diverged;
use crate::train::observer::Interrupted;
use anyhow::{Result, bail};
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often a run says where it is without a terminal, in a log that people read afterwards.
const LOG_EVERY: Duration = Duration::from_secs(30);
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

/// A bar with epoch, time left and loss on a terminal's stderr; elsewhere a line every [`LOG_EVERY`]; silent under `--quiet`.
pub struct Progress {
    bar: ProgressBar,
    begin: Instant,
    shown: Instant,
    /// Whether lines are written, where there is no terminal.
    log: bool,
    total: u64,
    /// Units that were done when the first were shown: those that a resumed run does not train again.
    before: Option<u64>,
    unit: &'static str,
    interrupt: Interrupt,
}

impl Progress {
    /// Of `total` units, such as `epoch`.
    pub fn new(unit: &'static str, total: u64, quiet: bool, interrupt: Interrupt) -> Result<Self> {
        let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(total) };
        // What does not fit into the terminal's width is cut, not wrapped.
        let template = format!("{{bar:24}} {unit} {{pos}}/{{len}}  {{wide_msg}}");
        bar.set_style(ProgressStyle::with_template(&template)?);
        let now = Instant::now();
        let log = !quiet && bar.is_hidden();
        Ok(Self { bar, begin: now, shown: now, log, total, before: None, unit, interrupt })
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
        let before = *self.before.get_or_insert(done);
        let every = if self.log { LOG_EVERY } else { EVERY };
        if self.shown.elapsed() < every {
            return Ok(());
        }
        let message = format!("{}{}", message()?, self.left(before, done));
        if self.log {
            print_err(&format!("{} {done}/{}  {message}", self.unit, self.total));
        } else {
            self.bar.set_message(message);
            self.bar.set_position(done);
        }
        self.shown = Instant::now();
        Ok(())
    }

    /// `, 3 minutes left`, from the time that was spent so far.
    fn left(&self, before: u64, done: u64) -> String {
        let (made, open) = (done.saturating_sub(before), self.total.saturating_sub(done));
        if made == 0 || open == 0 {
            return String::new();
        }
        let left = self.begin.elapsed().as_secs_f64() / made as f64 * open as f64;
        format!("  {:#} left", HumanDuration(Duration::from_secs_f64(left.min(1e9))))
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
            Ok(format!("loss {}", digits(loss)))
        })
    }

    pub fn finish(self) {
        self.bar.finish_and_clear();
    }
}
