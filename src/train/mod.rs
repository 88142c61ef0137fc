//! Training: one session under every program and fit. Nothing here prints; an [`observer::Observer`] is told.

mod accumulate;
mod average;
pub mod batches;
pub mod clip;
pub mod config;
pub mod engine;
mod engine_kind;
pub mod features;
pub mod history;
mod losses;
pub mod observer;
pub mod optim;
pub mod order_kind;
mod recorded;
mod rows;
pub mod schedule;
pub mod session;
pub mod snapshot;
pub mod task;
#[cfg(test)]
mod tests;
mod trained;
mod update;
mod validation;
mod weights;

use anyhow::Result;

/// Reads the loss of the epoch just done back from the device, which waits for it: a report that shows only some losses
/// calls it only then.
pub type ReadLoss<'a> = &'a dyn Fn() -> Result<f64>;

/// The message for a loss that is no longer a number.
pub fn diverged(epoch: usize, loss: f64) -> String {
    not_finite("the loss", epoch, loss)
}

fn not_finite(what: &str, epoch: usize, value: f64) -> String {
    format!("{what} became {value} at epoch {epoch}: the learning rate is the likely cause, try a smaller --lr")
}
