//! Who watches a training: what is told after each epoch, and how it is answered.

use super::engine_kind::EngineKind;
use super::history::EpochResult;
use super::snapshot::Snapshot;
use crate::cpu::stop;
use crate::model::mlp::Mlp;
use anyhow::Result;

/// What a training does after an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Go,
    /// Hands its state to [`Observer::save`] first; after the last epoch this is the same as [`Next::Go`].
    Save,
    /// Ends here, as if this had been the last epoch.
    Stop,
}

/// How a training begins.
#[derive(Debug, Clone)]
pub struct Started {
    /// The engine that was asked for, and the one that trains.
    pub asked: EngineKind,
    pub engine: EngineKind,
    /// Where another engine was asked for, why it does not train: `it has no batch norm`.
    pub instead: Option<String>,
    /// Epochs that are done already.
    pub epoch: usize,
}

/// An epoch that has just ended.
pub struct Epoch<'a> {
    /// From 1.
    pub number: usize,
    /// The learning rate of its first update.
    pub lr: f64,
    /// The loss of the validation part, if there is one.
    pub valid_loss: Option<f64>,
    pub(super) loss: &'a dyn Fn() -> Result<f64>,
}

impl Epoch<'_> {
    /// The mean loss of the training rows, read back from the device: asked for after each epoch it costs a small network
    /// more than its training does.
    pub fn loss(&self) -> Result<f64> {
        (self.loss)()
    }

    /// Everything that is known of it; the loss is read back.
    pub fn result(&self) -> Result<EpochResult> {
        let Self { number: epoch, lr, valid_loss, .. } = *self;
        Ok(EpochResult { epoch, loss: self.loss()?, valid_loss, lr })
    }
}

/// Watches a training; each call may stop it by returning an error. A closure over `&Epoch` is one.
pub trait Observer {
    /// Before the first epoch.
    fn started(&mut self, _: &Started) -> Result<()> {
        Ok(())
    }

    /// After each epoch.
    fn epoch(&mut self, _: &Epoch<'_>) -> Result<Next> {
        Ok(Next::Go)
    }

    /// How many epochs, from `epoch` on, may be trained before it is told of the first of them. Its answer to all but the last of
    /// those is passed over.
    fn ahead(&self, _epoch: usize) -> usize {
        1
    }

    /// After an epoch that was answered with [`Next::Save`]: the network with the weights that it would have if the training
    /// ended here, and the state that it goes on from.
    fn save(&mut self, _: &Mlp, _: &Snapshot) -> Result<()> {
        Ok(())
    }

    /// Behind the last epoch, between two steps of what is made of the trained network.
    fn after(&mut self, _: &After<'_>) -> Result<()> {
        Ok(())
    }
}

/// A step that follows the training.
#[derive(Clone, Copy)]
pub struct After<'a> {
    pub net: &'a Mlp,
    /// The state after the last epoch.
    pub snapshot: &'a Snapshot,
    /// What is being made, such as `importance`, with how many steps of how many are done.
    pub what: &'static str,
    pub done: usize,
    pub of: usize,
}

/// Nobody watches.
impl Observer for () {
    fn ahead(&self, _: usize) -> usize {
        usize::MAX
    }
}

impl<F: FnMut(&Epoch<'_>) -> Result<Next>> Observer for F {
    fn epoch(&mut self, epoch: &Epoch<'_>) -> Result<Next> {
        self(epoch)
    }
}

/// The error that ends a run which its user stopped: what is kept of it, and how it goes on.
#[derive(Debug)]
pub struct Interrupted(pub String);

impl Interrupted {
    /// Ends what keeps nothing while it is at `what`, if the user has asked for the end.
    ///
    /// # Errors
    /// An `Interrupted`.
    pub fn check(what: &str) -> Result<()> {
        if stop::asked() {
            return Err(Self(format!("interrupted while {what}: no result was written")).into());
        }
        Ok(())
    }
}

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Interrupted {}
