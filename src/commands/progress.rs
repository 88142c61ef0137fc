//! What a training run shows while it lasts, and how it is stopped.

use crate::train::{ReadLoss, diverged};
use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// How often the loss is read back and shown: often enough for the eye, rarely enough to cost nothing.
const EVERY: Duration = Duration::from_millis(50);

/// The error that ends an interrupted run.
#[derive(Debug)]
pub struct Interrupted(String);

impl Interrupted {
    fn after(unit: &str, count: u64) -> Self {
        Self(format!("interrupted after {unit} {count}: no result was written"))
    }

    /// A training whose state is in the file `place`.
    pub fn kept(epoch: usize, place: &str, command: &str) -> Self {
        Self(format!("interrupted after epoch {epoch}: {place} is kept; go on from there with: {command}"))
    }

    /// A search whose finished trials are kept.
    pub fn search(done: usize, trials: usize, journal: &str) -> Self {
        Self(format!(
            "interrupted: {done} of {trials} trials are kept in {journal}, the same command goes on from there"
        ))
    }
}

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Interrupted {}

/// From now on Ctrl-C and SIGTERM end the training loop instead of the process.
pub fn catch_interrupts() -> Result<()> {
    Ok(ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed))?)
}

/// Whether the run is to end.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// A bar with epoch, rate and loss on a terminal's stderr; silent elsewhere and under `--quiet`.
pub struct Progress {
    bar: ProgressBar,
    shown: Instant,
    unit: &'static str,
}

impl Progress {
    pub fn new(epochs: usize, quiet: bool) -> Result<Self> {
        Self::of("epoch", epochs as u64, quiet)
    }

    /// For a search through `points` points.
    pub fn points(points: u64, quiet: bool) -> Result<Self> {
        Self::of("point", points, quiet)
    }

    /// For a search through settings.
    pub fn trials(trials: usize, quiet: bool) -> Result<Self> {
        Self::of("trial", trials as u64, quiet)
    }

    fn of(unit: &'static str, total: u64, quiet: bool) -> Result<Self> {
        let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(total) };
        let template = format!("{{bar:30}} {unit} {{pos}}/{{len}}  {{per_sec}}  {{msg}}");
        bar.set_style(ProgressStyle::with_template(&template)?);
        Ok(Self { bar, shown: Instant::now(), unit })
    }

    /// Shows that `count` of the units are done; stops at an interrupt.
    pub fn advance(&self, count: u64) -> Result<()> {
        if INTERRUPTED.load(Ordering::Relaxed) {
            self.bar.finish_and_clear();
            return Err(Interrupted::after(self.unit, count).into());
        }
        self.bar.set_position(count);
        Ok(())
    }

    /// To be called after every epoch of the unit after `count` finished ones: shows `message`, stops at an interrupt.
    pub fn within(&mut self, count: usize, message: impl FnOnce() -> String) -> Result<()> {
        if INTERRUPTED.load(Ordering::Relaxed) {
            self.bar.finish_and_clear();
            return Err(Interrupted::after(self.unit, count as u64).into());
        }
        if self.shown.elapsed() >= EVERY {
            self.bar.set_position(count as u64);
            self.bar.set_message(message());
            self.shown = Instant::now();
        }
        Ok(())
    }

    /// To be called after every epoch: stops at an interrupt or a loss that is not finite.
    pub fn report(&mut self, epoch: usize, loss: ReadLoss<'_>) -> Result<()> {
        if interrupted() {
            self.bar.finish_and_clear();
            return Err(Interrupted::after(self.unit, epoch as u64).into());
        }
        self.show(epoch, loss)
    }

    /// The same for a run that sees to an interrupt itself.
    pub fn show(&mut self, epoch: usize, loss: ReadLoss<'_>) -> Result<()> {
        if self.shown.elapsed() >= EVERY {
            let loss = loss()?;
            if !loss.is_finite() {
                bail!("{}", diverged(epoch, loss));
            }
            self.bar.set_position(epoch as u64);
            self.bar.set_message(format!("loss {loss:.6}"));
            self.shown = Instant::now();
        }
        Ok(())
    }

    pub fn finish(self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::anyhow;

    #[test]
    fn a_loss_that_cannot_be_read_back_is_that_error_and_no_advice_on_the_learning_rate() {
        let mut progress = Progress::new(10, true).unwrap();
        std::thread::sleep(EVERY);
        let error = progress.report(3, &|| Err(anyhow!("CUDA error: device-side assert triggered"))).unwrap_err();
        assert_eq!(error.to_string(), "CUDA error: device-side assert triggered");
        let error = progress.report(3, &|| Ok(f64::NAN)).unwrap_err();
        assert!(error.to_string().contains("at epoch 3") && error.to_string().contains("--lr"), "{error}");
    }
}
