//! The trials of a search, beside each other.

use super::Search;
use super::watcher::{Shown, TrialWatcher};
use crate::evaluate::metrics::Metrics;
use crate::fit::beside::Beside;
use crate::train::observer::Interrupted;
use crate::tune::journal::Journal;
use crate::tune::trial::Setup;
use anyhow::Result;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Trainings of a trial in one fold.
struct Fold {
    /// Of the trial, from 0.
    index: usize,
    measured: Result<Vec<Metrics>>,
    seconds: f64,
}

/// Runs the trials that are not in the journal yet, fold by fold, and adds each to it when its last fold is done, in their order.
///
/// # Errors
/// An interrupt, a journal that cannot be written.
pub(super) fn run(
    search: &Search<'_>,
    setup: &Setup<'_>,
    beside: Beside,
    journal: &mut Journal,
    shown: &Shown<'_>,
) -> Result<()> {
    let (count, folds) = (search.plan.len(), setup.folds());
    let failed: Vec<AtomicBool> = (0..count).map(|_| AtomicBool::new(false)).collect();
    let train = |(index, fold): (usize, usize)| {
        let start = Instant::now();
        // A trial that failed in one fold has no score, whatever comes of the others.
        let measured = if failed[index].load(Ordering::Relaxed) {
            Ok(vec![])
        } else {
            let mut watcher = TrialWatcher { shown, trial: index + 1, fold: fold + 1, repeat: 0 };
            setup.train(&search.configs[index], fold, &mut watcher)
        };
        failed[index].fetch_or(measured.is_err(), Ordering::Relaxed);
        match measured {
            Err(error) if error.is::<Interrupted>() => Err(error),
            measured => Ok(Fold { index, measured, seconds: start.elapsed().as_secs_f64() }),
        }
    };
    let trainings = (journal.trials.len()..count).flat_map(|index| (0..folds).map(move |fold| (index, fold)));
    let mut trained: Vec<Fold> = Vec::with_capacity(folds);
    beside.each(trainings, train, |fold| {
        trained.push(fold);
        if trained.len() < folds {
            return Ok(());
        }
        let (index, seconds) = (trained[0].index, trained.iter().map(|fold| fold.seconds).sum());
        let measured = trained.drain(..).map(|fold| fold.measured).collect::<Result<Vec<_>>>().map(|all| all.concat());
        journal.add(setup.trial(index + 1, &search.plan[index], measured, seconds)?)?;
        shown.done();
        Ok(())
    })
}
