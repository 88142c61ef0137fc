//! A [`Schedule`] at work. PyTorch's classes compute each rate from the one before (`get_lr`), so that rounding adds
//! up; the same recursions are here, in the same order of operations.

use super::plateau::Plateau;
use crate::torch::named::{count, has, number, read_count, read_number};
use crate::torch::safetensors::Named;
use crate::train::schedule::Schedule;
use anyhow::Result;
use std::f64::consts::PI;

/// `LinearLR`'s default `start_factor`.
const START_FACTOR: f64 = 1.0 / 3.0;
/// `OneCycleLR`'s default bounds of the momentum.
const BASE_MOMENTUM: f64 = 0.85;
const MAX_MOMENTUM: f64 = 0.95;

/// The rate now, and what the next one depends on.
#[derive(Debug, Clone)]
pub struct Scheduler {
    schedule: Schedule,
    warmup: usize,
    base_lr: f64,
    epochs: usize,
    /// Batches in all epochs.
    total_steps: usize,
    lr: f64,
    momentum: Option<f64>,
    epoch: usize,
    batch: usize,
    plateau: Plateau,
}

impl Scheduler {
    /// For `epochs` epochs of `batches` batches, from the learning rate `lr`. `warmup` epochs of `LinearLR` come
    /// before the schedule, joined by `SequentialLR`; before `plateau`, which `SequentialLR` does not take, one is
    /// stepped after the other.
    ///
    /// # Errors
    /// A warm-up that does not fit, and a one-cycle schedule whose rise is a single step.
    pub fn new(schedule: Schedule, warmup: usize, lr: f64, epochs: usize, batches: usize) -> Result<Self> {
        schedule.check_warmup(warmup, epochs)?;
        let total_steps = epochs * batches;
        schedule.check_steps(total_steps)?;
        let mut scheduler = Self {
            schedule,
            warmup,
            base_lr: lr,
            epochs,
            total_steps,
            lr,
            momentum: None,
            epoch: 0,
            batch: 0,
            plateau: Plateau::default(),
        };
        if warmup > 0 {
            scheduler.lr = lr * START_FACTOR;
        }
        scheduler.one_cycle();
        Ok(scheduler)
    }

    /// The learning rate of the next update.
    pub fn lr(&self) -> f64 {
        self.lr
    }

    /// The momentum of the next update, where the schedule moves it: SGD's `momentum`, Adam's `beta1`.
    pub fn momentum(&self) -> Option<f64> {
        self.momentum
    }

    /// Whether [`Scheduler::after_epoch`] looks at the loss.
    pub fn watches_the_loss(&self) -> bool {
        matches!(self.schedule, Schedule::Plateau { .. })
    }

    /// What the rates to come depend on, beside the settings.
    pub fn state(&self) -> Result<Named> {
        let mut state = self.plateau.state()?;
        state.push(number("scheduler.lr", self.lr)?);
        state.extend(self.momentum.map(|momentum| number("scheduler.momentum", momentum)).transpose()?);
        state.push(count("scheduler.epoch", self.epoch)?);
        state.push(count("scheduler.batch", self.batch)?);
        Ok(state)
    }

    /// Takes over what [`Scheduler::state`] gave.
    pub fn load(&mut self, state: &Named) -> Result<()> {
        self.lr = read_number(state, "scheduler.lr")?;
        let momentum = has(state, "scheduler.momentum").then(|| read_number(state, "scheduler.momentum"));
        self.momentum = momentum.transpose()?;
        self.epoch = read_count(state, "scheduler.epoch")?;
        self.batch = read_count(state, "scheduler.batch")?;
        self.plateau = Plateau::read(state)?;
        Ok(())
    }

    /// After an update.
    pub fn after_update(&mut self) {
        self.batch += 1;
        self.one_cycle();
    }

    /// After an epoch; `loss` is the one that `plateau` watches.
    pub fn after_epoch(&mut self, loss: f64) {
        self.epoch += 1;
        let linear_alone = matches!(self.schedule, Schedule::Constant | Schedule::Plateau { .. });
        if self.epoch < self.warmup || (linear_alone && self.warmup > 0 && self.epoch == self.warmup) {
            self.lr *= warmup_ratio(self.epoch, self.warmup);
            return;
        }
        let epoch = self.epoch - self.warmup;
        match self.schedule {
            Schedule::Constant | Schedule::OneCycle { .. } => {}
            // SequentialLR starts a schedule by its closed form, which is the base rate here.
            Schedule::Step { .. } if epoch == 0 => self.lr = self.base_lr,
            Schedule::Step { step_size, gamma } => {
                let step_size = step_size.unwrap_or((self.epochs - self.warmup).div_ceil(3));
                if epoch.is_multiple_of(step_size) {
                    self.lr *= gamma;
                }
            }
            Schedule::Cosine { t_max, eta_min } => self.cosine(epoch, t_max, eta_min),
            Schedule::Plateau { .. } => self.lr = self.plateau.next(&self.schedule, self.lr, loss),
        }
    }

    /// `CosineAnnealingLR.get_lr`, and its closed form at the start.
    fn cosine(&mut self, epoch: usize, t_max: Option<usize>, eta_min: f64) {
        let t_max = t_max.unwrap_or(self.epochs - self.warmup);
        let t = t_max as f64;
        self.lr = if epoch == 0 {
            eta_min + (self.base_lr - eta_min) * (1.0 + 0.0_f64.cos()) / 2.0
        } else if (epoch as i64 - 1 - t_max as i64).rem_euclid(2 * t_max as i64) == 0 {
            self.lr + (self.base_lr - eta_min) * (1.0 - (PI / t).cos()) / 2.0
        } else {
            let epoch = epoch as f64;
            (1.0 + (PI * epoch / t).cos()) / (1.0 + (PI * (epoch - 1.0) / t).cos()) * (self.lr - eta_min) + eta_min
        };
    }

    /// `OneCycleLR.get_lr` in two phases, annealed by cosine.
    fn one_cycle(&mut self) {
        let Schedule::OneCycle { pct_start, div_factor, final_div_factor, cycle_momentum } = self.schedule else {
            return;
        };
        let initial = self.base_lr / div_factor;
        let total = self.total_steps as f64;
        let (up, end) = (pct_start * total - 1.0, total - 1.0);
        let step = self.batch as f64;
        let (pct, lr, momentum) = if step <= up {
            (step / up, (initial, self.base_lr), (MAX_MOMENTUM, BASE_MOMENTUM))
        } else {
            let pct = (step - up) / (end - up);
            (pct, (self.base_lr, initial / final_div_factor), (BASE_MOMENTUM, MAX_MOMENTUM))
        };
        self.lr = anneal(lr, pct);
        self.momentum = cycle_momentum.then(|| anneal(momentum, pct));
    }
}

/// What `LinearLR` multiplies the rate by at its step `epoch` of `total`.
fn warmup_ratio(epoch: usize, total: usize) -> f64 {
    let rise = 1.0 - START_FACTOR;
    1.0 + rise / (total as f64 * START_FACTOR + (epoch as f64 - 1.0) * rise)
}

/// `OneCycleLR._annealing_cos`.
fn anneal((start, end): (f64, f64), pct: f64) -> f64 {
    let cos_out = (PI * pct).cos() + 1.0;
    end + (start - end) / 2.0 * cos_out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The learning rate of each epoch (one batch each) from 0.1 on.
    fn rates(schedule: &str, warmup: usize, losses: &[f64]) -> Vec<f64> {
        let mut scheduler = Scheduler::new(schedule.parse().unwrap(), warmup, 0.1, losses.len(), 1).unwrap();
        let rate = |loss: &f64| {
            let lr = scheduler.lr();
            scheduler.after_update();
            scheduler.after_epoch(*loss);
            lr
        };
        losses.iter().map(rate).collect()
    }

    // rates = []
    // for loss in losses: rates.append(optimizer.param_groups[0]["lr"]); optimizer.step(); scheduler.step()
    #[test]
    fn rates_are_pytorchs() {
        let small = 0.0010000000000000002;
        let one_cycle = [
            0.0040000000000000036,
            0.052000000000000005,
            0.1,
            0.09504846320134738,
            0.0811745653949763,
            0.06112620219362893,
            0.03887419780637107,
            0.0188258346050237,
            0.004951936798652629,
            4e-07,
        ];
        let cosine = [0.1, 0.09045084971874738, 0.06545084971874737, 0.03454915028125263, 0.009549150281252633];
        let cases: [(&str, usize, &[f64]); 5] = [
            // StepLR(optimizer, 2)
            ("step", 0, &[0.1, 0.1, 0.010000000000000002, 0.010000000000000002, small, small]),
            // CosineAnnealingLR(optimizer, 5)
            ("cosine", 0, &cosine),
            // SequentialLR(optimizer, [LinearLR(optimizer, total_iters=2), CosineAnnealingLR(optimizer, 3)], [2])
            ("cosine", 2, &[0.03333333333333333, 0.06666666666666667, 0.1, 0.07500000000000001, 0.025000000000000015]),
            // LinearLR(optimizer, total_iters=3)
            ("constant", 3, &[0.03333333333333333, 0.05555555555555556, 0.07777777777777778, 0.1, 0.1]),
            // OneCycleLR(optimizer, 0.1, total_steps=10)
            ("one-cycle", 0, &one_cycle),
        ];
        for (schedule, warmup, expected) in cases {
            assert_close(&rates(schedule, warmup, &vec![1.0; expected.len()]), expected, schedule);
        }
    }

    // ReduceLROnPlateau(optimizer, patience=1), stepped with these losses
    #[test]
    fn plateau_waits_for_its_patience() {
        let found = rates("plateau:patience=1", 0, &[1.0, 0.5, 0.5, 0.5, 0.4, 0.4, 0.4]);
        let low = 0.010000000000000002;
        assert_close(&found, &[0.1, 0.1, 0.1, 0.1, low, low, low], "plateau");
    }

    /// The C library's cosine may differ from machine to machine in its last bit: 1e-15 relative, of rates up to 0.1.
    fn assert_close(found: &[f64], expected: &[f64], what: &str) {
        assert_eq!(found.len(), expected.len(), "{what}");
        for (epoch, (a, b)) in found.iter().zip(expected).enumerate() {
            assert!((a - b).abs() <= 1e-15, "{what}, epoch {}: {a}, expected {b}", epoch + 1);
        }
    }

    #[test]
    fn a_warm_up_that_cannot_be_is_refused() {
        let error = |schedule: &str, warmup| {
            Scheduler::new(schedule.parse().unwrap(), warmup, 0.1, 5, 1).unwrap_err().to_string()
        };
        assert_eq!(error("cosine", 5), "--warmup 5: expected fewer than the 5 epochs");
        assert!(error("one-cycle", 1).starts_with("--warmup 1: --schedule one-cycle brings a rise of its own"));
    }
}
