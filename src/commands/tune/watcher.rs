//! What a search prints while a trial trains.

use crate::cli::Printing;
use crate::commands::print::note;
use crate::commands::progress::Progress;
use crate::train::observer::{Epoch, Next, Observer, Started};
use anyhow::Result;

/// Watches a trial: says where it stands, and once a search what the fused engine cannot train.
pub(super) struct TrialWatcher<'a> {
    pub(super) progress: &'a mut Progress,
    /// From 1.
    pub(super) trial: usize,
    /// Trainings of a fold, one a seed.
    pub(super) repeats: u32,
    /// Trainings of the trial that have begun.
    pub(super) trainings: usize,
    pub(super) printing: Printing,
    pub(super) noted: &'a mut bool,
}

impl Observer for TrialWatcher<'_> {
    fn started(&mut self, started: &Started) -> Result<()> {
        self.trainings += 1;
        if let Some(why) = started.instead.as_ref().filter(|_| !*self.noted) {
            *self.noted = true;
            let (trial, Started { asked, engine, .. }) = (self.trial, started);
            let text = format!("--engine {asked}: trial {trial}: {why}; the {engine} engine trains it, and its like");
            note(self.printing, &text);
        }
        Ok(())
    }

    fn epoch(&mut self, epoch: &Epoch<'_>) -> Result<Next> {
        let (training, repeats) = (self.trainings - 1, self.repeats as usize);
        let message = || {
            let (fold, repeat) = (training / repeats + 1, training % repeats + 1);
            let (number, loss) = (epoch.number, epoch.loss()?);
            Ok(format!("fold {fold}  repeat {repeat}  epoch {number}  loss {loss:.6}"))
        };
        self.progress.step(self.trial as u64 - 1, message)?;
        Ok(Next::Go)
    }

    fn ahead(&self, _: usize) -> usize {
        usize::MAX
    }
}
