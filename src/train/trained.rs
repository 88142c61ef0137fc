//! What a training comes to.

use super::engine_kind::EngineKind;
use super::history::History;
use super::snapshot::Snapshot;

/// What a training leaves beside the network's weights.
#[derive(Debug)]
pub struct Trained {
    /// The epoch whose weights the network has: with early stopping that of the lowest validation loss, else the last.
    pub best_epoch: usize,
    /// Whether it ended before the epochs that were asked for.
    pub stopped_early: bool,
    pub engine: EngineKind,
    /// Seconds that the epochs of this run took, with their validation, their reports and checkpoints.
    pub seconds: f64,
    /// The state after the last epoch.
    pub snapshot: Snapshot,
}

impl Trained {
    /// Losses and learning rates of all epochs.
    pub fn history(&self) -> &History {
        &self.snapshot.history
    }
}
