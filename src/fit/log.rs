//! What a fit tells TensorBoard: its settings, a point of each curve after every epoch, the metrics at the end.

use super::outcome::Outcome;
use crate::fit::settings::{FitPlan, Log};
use crate::runs::events::Events;
use crate::train::history::EpochResult;
use anyhow::Result;
use std::path::Path;

/// The epoch's losses and learning rate, under `--log tensorboard`. The file begins with the first epoch, so that a table
/// that cannot be learnt from leaves none.
pub fn epoch(events: &mut Option<Events>, folder: &Path, config: &FitPlan, epoch: &EpochResult) -> Result<()> {
    if config.log != Log::Tensorboard {
        return Ok(());
    }
    let events = match events {
        Some(events) => events,
        None => events.insert(begin(folder, config)?),
    };
    let EpochResult { epoch, loss, valid_loss, lr } = *epoch;
    events.scalars(epoch, &[("loss/train", Some(loss)), ("loss/valid", valid_loss), ("lr", Some(lr))])
}

fn begin(folder: &Path, config: &FitPlan) -> Result<Events> {
    let mut events = Events::begin(folder)?;
    // Indented by four: code to Markdown.
    let settings: Vec<String> = toml::to_string(config)?.lines().map(|line| format!("    {line}")).collect();
    events.text("config", &settings.join("\n"))?;
    Ok(events)
}

/// `metrics/<part>/<name>` at the epoch whose weights were kept.
pub fn metrics(events: &mut Events, outcome: &Outcome) -> Result<()> {
    let parts = [
        ("train", Some(&outcome.scores.train)),
        ("valid", outcome.scores.valid.as_ref()),
        ("test", outcome.scores.test.as_ref()),
    ];
    let scored = parts.into_iter().filter_map(|(part, scored)| Some((part, scored?)));
    let of = |(part, scored): (&str, &crate::evaluate::predictions::Scored)| {
        let named = |(name, value)| (format!("metrics/{part}/{name}"), value);
        scored.metrics.iter().map(named).collect::<Vec<_>>()
    };
    events.scalars(outcome.trained.best_epoch, &scored.flat_map(of).collect::<Vec<_>>())
}
