//! Cross validation that can be stopped: the folds that are done stand in a checkpoint of the training that follows them,
//! which has done no epoch yet.

use super::Fitting;
use crate::checkpoint::Provenance;
use crate::commands::job::Job;
use crate::commands::progress::Progress;
use crate::commands::training::CheckpointWriter;
use crate::cpu::stop;
use crate::fit::divide::Divided;
use crate::fit::folds::{Fold, fold};
use crate::fit::prepare::prepare;
use crate::fit::size;
use crate::fit::train::{Network, first_state};
use crate::train::observer::{Epoch, Interrupted, Next};
use anyhow::{Context, Result};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

pub(super) struct CrossValidation<'a> {
    pub(super) fit: &'a Fitting<'a>,
    pub(super) job: &'a Job<'a>,
    pub(super) rows: &'a Divided<'a>,
    /// Whether the folds are kept after each of them, as checkpoints are asked for, or at an interrupt alone.
    pub(super) often: bool,
}

/// What folds beside each other show together.
struct Shown<'a> {
    progress: Mutex<&'a mut Progress>,
    /// Epochs of each fold that are done.
    epochs: Vec<AtomicUsize>,
}

impl Shown<'_> {
    /// So many epochs of a fold are done.
    fn see(&self, fold: usize, epochs: usize) {
        self.epochs[fold].store(epochs, Ordering::Relaxed);
    }

    fn epoch(&self, fold: usize, epoch: &Epoch<'_>) -> Result<()> {
        self.see(fold, epoch.number);
        let done: usize = self.epochs.iter().map(|epochs| epochs.load(Ordering::Relaxed)).sum();
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        progress.epoch(done - epoch.number, epoch.number, &|| epoch.loss())
    }
}

impl CrossValidation<'_> {
    /// Trains and scores every fold that is not done yet, beside each other where there is room; all of them.
    pub(super) fn run(&self, progress: &mut Progress, checkpoints: &mut CheckpointWriter) -> Result<Vec<Fold>> {
        let (config, count) = (self.fit.config, self.rows.folds.len());
        let mut folds = self.kept();
        // The rounding of the fused engine may differ with the threads; that of the exact one is that of the run.
        let bytes = || size::features(self.rows, config);
        let beside = self.job.beside(None, !config.engine.is_exact(), bytes)?;
        let shown = Shown { progress: Mutex::new(progress), epochs: (0..count).map(|_| AtomicUsize::new(0)).collect() };
        (0..folds.len()).for_each(|index| shown.see(index, config.epochs));
        let (interrupt, seed, device) = (&self.job.interrupt, self.job.seed, self.job.device);
        let train = |index| {
            let mut report = |epoch: &Epoch<'_>| {
                shown.epoch(index, epoch)?;
                if interrupt.came() {
                    return Err(Interrupted(format!("interrupted after epoch {}", epoch.number)).into());
                }
                Ok(Next::Go)
            };
            let made = fold(self.rows, index, config, seed, device, &mut report);
            shown.see(index, config.epochs);
            Ok((index, made))
        };
        beside.each(folds.len()..count, train, |(index, made)| {
            match made {
                Ok(done) => folds.push(done),
                Err(error) => return Err(self.stopped(error, index, &folds, checkpoints)),
            }
            if self.often { checkpoints.write(0, &self.state(&folds)?) } else { Ok(()) }
        })?;
        Ok(folds)
    }

    /// The folds that the earlier run had done, if it trained them as this one would.
    fn kept(&self) -> Vec<Fold> {
        let Some(resumption) = self.fit.resumption else { return vec![] };
        let manifest = resumption.manifest.as_ref();
        let config = self.fit.config;
        let engine = manifest.map(|manifest| &manifest.config["engine"]);
        let same = resumption.planned_epochs == config.epochs
            && engine.and_then(|engine| engine.as_str()) == Some(config.engine.name());
        let folds = manifest.map_or(&[][..], |manifest| &manifest.provenance.folds);
        let folds = if same { folds.iter().map_while(Fold::read).collect() } else { vec![] };
        if folds.len() > self.rows.folds.len() { vec![] } else { folds }
    }

    /// The error of fold `index`; at an interrupt the folds before it are kept.
    fn stopped(
        &self,
        error: anyhow::Error,
        index: usize,
        folds: &[Fold],
        checkpoints: &mut CheckpointWriter,
    ) -> anyhow::Error {
        let fold = format!("fold {}", index + 1);
        let Some(Interrupted(reached)) = error.downcast_ref::<Interrupted>() else { return error.context(fold) };
        let reached = format!("{fold}: {reached}");
        if folds.is_empty() {
            return Interrupted(format!("{reached}: no result was written")).into();
        }
        stop::answer();
        let place = self.state(folds).and_then(|bytes| checkpoints.keep(0, &bytes));
        match place.with_context(|| reached.clone()) {
            Ok(go_on) => Interrupted(format!("{reached}; the folds before it are done: {go_on}")).into(),
            Err(error) => error,
        }
    }

    /// The bytes of a checkpoint that has done these folds and no epoch.
    fn state(&self, folds: &[Fold]) -> Result<Vec<u8>> {
        let (config, Job { seed, device, .. }) = (self.fit.config, self.job);
        let prepared = prepare(self.rows, &self.rows.parts, config, *device)?;
        let network = Network::new(&prepared, config, *seed, *device)?;
        let snapshot = first_state(&network, &prepared, config)?;
        let provenance = Provenance { init_from: network.initial, ..self.job.provenance() };
        self.fit.checkpoint(&prepared, &network.net, &snapshot, folds, (*seed, &provenance))
    }
}
