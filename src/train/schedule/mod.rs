//! Learning-rate schedules: the float64 rates of `torch.optim.lr_scheduler`, step by step.

pub mod plateau;
pub mod scheduler;

use crate::choices::choice::{self, Choice};
use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How the learning rate moves. Parameters have PyTorch's names and defaults.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Schedule {
    Constant,
    /// `StepLR`. `step_size` has no default in PyTorch; here it is a third of the epochs, rounded up.
    Step {
        step_size: Option<usize>,
        gamma: f64,
    },
    /// `CosineAnnealingLR`; `t_max` (PyTorch's `T_max`) is by default every epoch after the warm-up.
    Cosine {
        t_max: Option<usize>,
        eta_min: f64,
    },
    /// `OneCycleLR` up to the learning rate and down again, a step a batch.
    OneCycle {
        pct_start: f64,
        div_factor: f64,
        final_div_factor: f64,
        cycle_momentum: bool,
    },
    /// `ReduceLROnPlateau` on the validation loss, or on the training loss where there is no validation part.
    Plateau {
        factor: f64,
        patience: usize,
        threshold: f64,
        cooldown: usize,
        min_lr: f64,
    },
}

/// The names of the schedules.
pub const NAMES: [&str; 5] = ["constant", "step", "cosine", "one-cycle", "plateau"];

impl FromStr for Schedule {
    type Err = String;

    /// `constant`, `step`, `cosine`, `one-cycle`, `plateau`, each with its parameters if wanted: `step:step_size=30`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut given = Choice::parse(text)?;
        let positive = |value| value > 0.0;
        let schedule = match given.name.as_str() {
            "constant" => Self::Constant,
            "step" => Self::Step {
                step_size: given.count("step_size")?,
                gamma: given.number("gamma", 0.1, positive, "a number above 0")?,
            },
            "cosine" => Self::Cosine {
                t_max: given.count("t_max")?,
                eta_min: given.number("eta_min", 0.0, |value| value >= 0.0, "a number from 0 up")?,
            },
            "one-cycle" => Self::OneCycle {
                pct_start: given.number("pct_start", 0.3, |value| (0.0..=1.0).contains(&value), "0 to 1")?,
                div_factor: given.number("div_factor", 25.0, positive, "a number above 0")?,
                final_div_factor: given.number("final_div_factor", 1e4, positive, "a number above 0")?,
                cycle_momentum: given.take("cycle_momentum", true)?,
            },
            "plateau" => Self::Plateau {
                factor: given.number("factor", 0.1, |value| value > 0.0 && value < 1.0, "a number between 0 and 1")?,
                patience: given.take("patience", 10)?,
                threshold: given.number("threshold", 1e-4, |value| value >= 0.0, "a number from 0 up")?,
                cooldown: given.take("cooldown", 0)?,
                min_lr: given.number("min_lr", 0.0, |value| value >= 0.0, "a number from 0 up")?,
            },
            name => return Err(crate::choices::names::unknown(name, &NAMES)),
        };
        given.finish()?;
        Ok(schedule)
    }
}

impl fmt::Display for Schedule {
    /// Every parameter that has a value, so that a saved setting means the same when a default changes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self {
            Self::Constant => "constant".into(),
            Self::Step { step_size, gamma } => {
                choice::show("step", &[("step_size", step_size.as_ref().map(|n| n as _)), ("gamma", Some(gamma))])
            }
            Self::Cosine { t_max, eta_min } => {
                choice::show("cosine", &[("t_max", t_max.as_ref().map(|n| n as _)), ("eta_min", Some(eta_min))])
            }
            Self::OneCycle { pct_start, div_factor, final_div_factor, cycle_momentum } => choice::show(
                "one-cycle",
                &[
                    ("pct_start", Some(pct_start)),
                    ("div_factor", Some(div_factor)),
                    ("final_div_factor", Some(final_div_factor)),
                    ("cycle_momentum", Some(cycle_momentum)),
                ],
            ),
            Self::Plateau { factor, patience, threshold, cooldown, min_lr } => choice::show(
                "plateau",
                &[
                    ("factor", Some(factor)),
                    ("patience", Some(patience)),
                    ("threshold", Some(threshold)),
                    ("cooldown", Some(cooldown)),
                    ("min_lr", Some(min_lr)),
                ],
            ),
        })
    }
}

impl Schedule {
    /// Why the rates of the first epochs depend on how many there will be in all; none: they do not.
    pub fn needs_total(&self) -> Option<&'static str> {
        match self {
            Self::OneCycle { .. } => Some("one-cycle spreads its rise and fall over all epochs"),
            Self::Cosine { t_max: None, .. } => Some("cosine without t_max falls over all epochs"),
            Self::Step { step_size: None, .. } => Some("step without step_size steps after a third of all epochs"),
            _ => None,
        }
    }

    /// Refuses `warmup` epochs of `LinearLR` that do not fit before this schedule in `epochs` epochs.
    pub fn check_warmup(&self, warmup: usize, epochs: usize) -> Result<()> {
        let own = matches!(self, Self::OneCycle { .. });
        ensure!(warmup == 0 || !own, "--warmup {warmup}: --schedule one-cycle brings a rise of its own; leave one out");
        ensure!(warmup == 0 || warmup < epochs, "--warmup {warmup}: expected fewer than the {epochs} epochs");
        Ok(())
    }

    /// Refuses one-cycle where its rise would end at step 0 of `steps`, or at the last one, behind which the rate would not
    /// be a number: PyTorch raises `ZeroDivisionError` in both.
    pub fn check_steps(&self, steps: usize) -> Result<()> {
        let Self::OneCycle { pct_start, .. } = self else { return Ok(()) };
        ensure!(
            pct_start * steps as f64 != 1.0,
            "--schedule one-cycle: pct_start={pct_start} of the {steps} batches of all epochs is one batch, over which \
             the learning rate cannot rise (PyTorch divides by zero here); choose another pct_start"
        );
        ensure!(
            pct_start * (steps as f64) < steps as f64,
            "--schedule one-cycle: pct_start={pct_start} leaves none of the {steps} batches of all epochs for the learning \
             rate to fall (PyTorch divides by zero after the last one); choose a smaller pct_start"
        );
        Ok(())
    }
}

crate::choices::names::as_text!(Schedule);

#[cfg(test)]
mod tests {
    use super::*;

    // inspect.signature of StepLR, CosineAnnealingLR, OneCycleLR and ReduceLROnPlateau has the defaults.
    #[test]
    fn a_schedule_reads_back_what_it_shows() {
        for (text, whole) in [
            ("constant", "constant"),
            ("step", "step:gamma=0.1"),
            ("step:step_size=7,gamma=0.5", "step:step_size=7,gamma=0.5"),
            ("cosine:t_max=3", "cosine:t_max=3,eta_min=0"),
            ("one-cycle", "one-cycle:pct_start=0.3,div_factor=25,final_div_factor=10000,cycle_momentum=true"),
            ("plateau:patience=2", "plateau:factor=0.1,patience=2,threshold=0.0001,cooldown=0,min_lr=0"),
        ] {
            let schedule: Schedule = text.parse().unwrap();
            assert_eq!(schedule.to_string(), whole);
            assert_eq!(whole.parse(), Ok(schedule), "{text}");
        }
        let cosine = Schedule::Cosine { t_max: Some(3), eta_min: 0.0 };
        assert_eq!("cosine:eta_min=0,t_max=3".parse(), Ok(cosine), "parameters go by their names");
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for (text, word) in [
            ("cosin", "did you mean cosine?"),
            ("step:step_size=0", "step_size=0"),
            ("step:gama=1", "did you mean gamma?"),
            ("plateau:factor=1", "between 0 and 1"),
            ("constant:gamma=1", "has no parameters"),
        ] {
            let error = text.parse::<Schedule>().unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }

    // OneCycleLR(optimizer, 0.1, total_steps=10, pct_start=0.1): ZeroDivisionError, as with 1 and 1.0 or 3 and 1/3;
    // 9 or 11 steps are fine. With total_steps=5, pct_start=1.0 the fifth step() raises it.
    #[test]
    fn a_rise_over_a_single_step_is_refused_as_python_does() {
        let one_cycle = |pct_start: f64, epochs, batches| {
            let schedule = format!("one-cycle:pct_start={pct_start}").parse().unwrap();
            scheduler::Scheduler::new(schedule, 0, 0.1, epochs, batches)
        };
        for (pct_start, epochs, batches) in
            [(0.1, 10, 1), (0.1, 2, 5), (1.0, 1, 1), (1.0 / 3.0, 1, 3), (1.0, 5, 1), (1.0, 3, 4)]
        {
            let error = one_cycle(pct_start, epochs, batches).unwrap_err().to_string();
            assert!(error.starts_with("--schedule one-cycle: pct_start="), "{error}");
        }
        for steps in [9, 11] {
            assert!(one_cycle(0.1, steps, 1).unwrap().lr().is_finite(), "{steps} steps");
        }
    }
}
