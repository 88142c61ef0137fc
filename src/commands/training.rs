//! Watches a training from the command line: the bar, the event file, checkpoints, Ctrl-C.

use super::print::{note, warning};
use super::progress::{Interrupt, Progress};
use crate::checkpoint::series::Checkpoints;
use crate::choices::fixed::digits;
use crate::cli::{Printing, Resuming};
use crate::model::mlp::Mlp;
use crate::train::history::EpochResult;
use crate::train::observer::{After, Epoch, Interrupted, Next, Observer, Started};
use crate::train::snapshot::Snapshot;
use anyhow::{Context, Result};
use std::path::Path;

/// Logs an epoch.
pub(super) type EpochLog<'a> = Box<dyn FnMut(&EpochResult) -> Result<()> + 'a>;

/// Makes the bytes of a checkpoint.
pub(super) type ToBytes<'a> = Box<dyn Fn(&Mlp, &Snapshot) -> Result<Vec<u8>> + 'a>;

/// The observer of `run moons` and of `fit`.
pub(super) struct Training<'a> {
    pub(super) progress: &'a mut Progress,
    /// Epochs of the bar that are behind the training's first one: those of cross validation.
    pub(super) before: usize,
    /// The epoch with the lowest loss on the validation part so far.
    pub(super) best: Option<(usize, f64)>,
    pub(super) checkpoints: &'a mut CheckpointWriter,
    pub(super) to_bytes: ToBytes<'a>,
    /// Where each epoch is logged to, if it is; the loss is read back for it.
    pub(super) log: Option<EpochLog<'a>>,
    pub(super) printing: Printing,
}

impl Observer for Training<'_> {
    fn started(&mut self, started: &Started) -> Result<()> {
        if let Some(why) = &started.instead {
            let Started { asked, engine, .. } = started;
            note(self.printing, &format!("--engine {asked}: {why}; the {engine} engine trains instead"));
        }
        Ok(())
    }

    fn epoch(&mut self, epoch: &Epoch<'_>) -> Result<Next> {
        if let Some(log) = &mut self.log {
            log(&epoch.result()?)?;
        }
        if let Some(loss) = epoch.valid_loss.filter(|loss| self.best.is_none_or(|(_, best)| *loss < best)) {
            self.best = Some((epoch.number, loss));
        }
        let best = self.best;
        // Made where it is shown: an epoch of a small network takes some microseconds.
        let losses = || {
            let best = best.map_or(String::new(), |(epoch, loss)| format!(" (best {}, epoch {epoch})", digits(loss)));
            let valid = epoch.valid_loss.map_or(String::new(), |loss| format!("  validation {}{best}", digits(loss)));
            Ok(format!("loss {}{valid}", digits(epoch.loss()?)))
        };
        self.progress.show((self.before + epoch.number) as u64, losses)?;
        Ok(self.checkpoints.next(epoch.number))
    }

    fn ahead(&self, epoch: usize) -> usize {
        self.checkpoints.checkpoints.ahead(epoch)
    }

    fn save(&mut self, net: &Mlp, snapshot: &Snapshot) -> Result<()> {
        self.checkpoints.write(snapshot.epoch(), &(self.to_bytes)(net, snapshot)?)
    }

    fn after(&mut self, after: &After<'_>) -> Result<()> {
        let After { net, snapshot, what, done, of } = *after;
        self.checkpoints.stop_if_interrupted(snapshot.epoch(), || (self.to_bytes)(net, snapshot))?;
        let epochs = (self.before + snapshot.epoch()) as u64;
        self.progress.show(epochs, || Ok(format!("{what} {done}/{of}")))
    }
}

/// The observer of a training that keeps nothing when it is stopped: `show`, which ends it at an interrupt, is told each
/// epoch.
pub(super) struct Watched<F> {
    pub(super) interrupt: Interrupt,
    pub(super) show: F,
}

impl<F: FnMut(&Epoch<'_>) -> Result<()>> Observer for Watched<F> {
    fn epoch(&mut self, epoch: &Epoch<'_>) -> Result<Next> {
        (self.show)(epoch)?;
        Ok(Next::Go)
    }

    fn ahead(&self, _: usize) -> usize {
        usize::MAX
    }

    fn after(&mut self, after: &After<'_>) -> Result<()> {
        if self.interrupt.came() {
            return Err(
                Interrupted(format!("interrupted while {} was computed: no result was written", after.what)).into()
            );
        }
        Ok(())
    }
}

/// Writes the checkpoints of one run, and ends it after an interrupt.
pub(super) struct CheckpointWriter {
    checkpoints: Checkpoints,
    /// The command that goes on.
    command: String,
    interrupt: Interrupt,
    /// Whether the run ends with the next checkpoint.
    stop: bool,
    printing: Printing,
}

impl CheckpointWriter {
    /// `from`: the epoch that the run goes on from, if it does so in the same folder; `command` goes on with this one.
    pub(super) fn begin(
        folder: &Path,
        args: &Resuming,
        from: Option<usize>,
        command: String,
        interrupt: Interrupt,
        printing: Printing,
    ) -> Result<Self> {
        let checkpoints = Checkpoints::begin(folder, args.checkpoint_every, args.keep as usize, from)?;
        Ok(Self { checkpoints, command, interrupt, stop: false, printing })
    }

    /// What the training does after `epoch`.
    fn next(&mut self, epoch: usize) -> Next {
        self.stop = self.interrupt.came();
        if self.stop || self.checkpoints.due(epoch) { Next::Save } else { Next::Go }
    }

    /// Writes a checkpoint. One that cannot be written does not end the training, unless that is to end with it.
    pub(super) fn write(&mut self, epoch: usize, bytes: &[u8]) -> Result<()> {
        if self.stop {
            let reached = format!("interrupted after epoch {epoch}");
            let kept = self.keep(epoch, bytes).with_context(|| reached.clone())?;
            return Err(Interrupted(format!("{reached}: {kept}")).into());
        }
        match self.checkpoints.write(epoch, bytes) {
            Err(error) => {
                warning(self.printing, &format!("{error:#}; the training goes on"));
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }

    /// Writes the last checkpoint of a run that ends; what is kept, and how to go on from there.
    pub(super) fn keep(&mut self, epoch: usize, bytes: &[u8]) -> Result<String> {
        let place = self.checkpoints.write(epoch, bytes)?;
        Ok(format!("{} is kept; go on from there with: {}", place.display(), self.command))
    }

    /// Whether Ctrl-C or SIGTERM has come.
    pub(super) fn interrupted(&self) -> bool {
        self.interrupt.came()
    }

    /// After an interrupt, ends the run with a checkpoint of `epoch`, whose bytes are made only then.
    pub(super) fn stop_if_interrupted(&mut self, epoch: usize, bytes: impl FnOnce() -> Result<Vec<u8>>) -> Result<()> {
        if !self.interrupted() {
            return Ok(());
        }
        self.stop = true;
        let bytes = bytes().with_context(|| format!("interrupted after epoch {epoch}"))?;
        self.write(epoch, &bytes)
    }

    /// The run is complete and its files are in their places.
    pub(super) fn finish(&mut self) -> Result<()> {
        self.checkpoints.finish()
    }
}
