//! Prepared folds that trials share which prepare alike, as long as they are small.

use crate::fit::prepare::Prepared;
use crate::fit::settings::{FitPlan, FitSettings};
use anyhow::Result;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Bytes that are kept at most.
const BUDGET: usize = 256 << 20;

/// The rows of a fold, once they are made; whoever comes meanwhile waits for them.
type Slot = Arc<Mutex<Option<Prepared>>>;

/// A preparation, the fold that it was made for, and its rows.
type Entry = (FitSettings, usize, Slot);

#[derive(Default)]
pub struct Kept {
    slots: Mutex<Vec<Entry>>,
    bytes: Mutex<usize>,
}

impl Kept {
    /// The rows that `make` makes of `fold` by the preparation of `config`, or that it made for another trial.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn get(&self, config: &FitPlan, fold: usize, make: impl FnOnce() -> Result<Prepared>) -> Result<Prepared> {
        let slot = self.slot(config.preparation(), fold);
        let mut slot = lock(&slot);
        if let Some(prepared) = &*slot {
            return Ok(prepared.share());
        }
        let prepared = make()?;
        let mut bytes = lock(&self.bytes);
        if *bytes + prepared.bytes() <= BUDGET {
            *bytes += prepared.bytes();
            *slot = Some(prepared.share());
        }
        Ok(prepared)
    }

    fn slot(&self, preparation: FitSettings, fold: usize) -> Slot {
        let mut slots = lock(&self.slots);
        let known = slots.iter().find(|(other, of, _)| *of == fold && *other == preparation);
        if let Some((.., slot)) = known {
            return slot.clone();
        }
        let slot = Slot::default();
        slots.push((preparation, fold, slot.clone()));
        slot
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
