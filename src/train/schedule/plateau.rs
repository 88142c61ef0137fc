//! `torch.optim.lr_scheduler.ReduceLROnPlateau`.

use crate::torch::named::{count, number, read_count, read_number};
use crate::torch::safetensors::Named;
use crate::train::schedule::Schedule;
use anyhow::Result;

/// `ReduceLROnPlateau`'s default `eps`: a smaller change is not made.
const EPS: f64 = 1e-8;

/// What it remembers from epoch to epoch.
#[derive(Debug, Clone)]
pub struct Plateau {
    best: f64,
    bad_epochs: usize,
    cooldown: usize,
}

impl Default for Plateau {
    fn default() -> Self {
        Self { best: f64::INFINITY, bad_epochs: 0, cooldown: 0 }
    }
}

impl Plateau {
    pub(super) fn state(&self) -> Result<Named> {
        Ok(vec![
            number("plateau.best", self.best)?,
            count("plateau.bad_epochs", self.bad_epochs)?,
            count("plateau.cooldown", self.cooldown)?,
        ])
    }

    pub(super) fn read(state: &Named) -> Result<Self> {
        Ok(Self {
            best: read_number(state, "plateau.best")?,
            bad_epochs: read_count(state, "plateau.bad_epochs")?,
            cooldown: read_count(state, "plateau.cooldown")?,
        })
    }

    /// The learning rate after an epoch of this `loss`: `ReduceLROnPlateau.step` in mode `min`, threshold mode `rel`.
    /// Any other schedule leaves `lr` as it is.
    pub fn next(&mut self, schedule: &Schedule, lr: f64, loss: f64) -> f64 {
        let Schedule::Plateau { factor, patience, threshold, cooldown, min_lr } = *schedule else { return lr };
        if loss < self.best * (1.0 - threshold) {
            self.best = loss;
            self.bad_epochs = 0;
        } else {
            self.bad_epochs += 1;
        }
        if self.cooldown > 0 {
            self.cooldown -= 1;
            self.bad_epochs = 0;
        }
        if self.bad_epochs <= patience {
            return lr;
        }
        self.cooldown = cooldown;
        self.bad_epochs = 0;
        let reduced = (lr * factor).max(min_lr);
        if lr - reduced > EPS { reduced } else { lr }
    }
}
