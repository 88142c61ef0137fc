//! Training: the step and the loop. Nothing here prints; the loop reports through a callback.

pub mod clip;
pub mod config;
pub mod engine;
pub mod fit;
pub mod full_batch;
pub mod optim;
pub mod part;
pub mod schedule;
pub mod state;
#[cfg(test)]
mod tests;

use anyhow::Result;

/// What a training does after an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Go,
    /// Hands its state out first, to be saved. After the last epoch this is the same as [`Next::Go`].
    Save,
}

/// Reads the loss of the epoch just done back from the device, which waits for it: a report that shows only some losses
/// calls it only then.
pub type ReadLoss<'a> = &'a dyn Fn() -> Result<f64>;

/// The message for a loss that is no longer a number.
pub fn diverged(epoch: usize, loss: f64) -> String {
    format!("the loss became {loss} at epoch {epoch}: the learning rate is the likely cause, try a smaller --lr")
}
