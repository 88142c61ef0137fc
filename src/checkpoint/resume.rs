//! What must be the same for a run to go on from an earlier one's state, and what may differ.

use crate::checkpoint::{Change, Manifest, Resumed};
use crate::choices::given::number;
use crate::torch::conditions::{Conditions, Difference, shown as condition};
use crate::train::engine::EngineKind;
use crate::train::snapshot::Snapshot;
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};
use std::path::PathBuf;

/// A run that goes on from an earlier one's state, under settings `C`.
pub struct Resumption<C> {
    /// The file of the state.
    pub path: PathBuf,
    pub snapshot: Snapshot,
    pub config: C,
    pub seed: u32,
    /// What the file says of the earlier run; none: Python saved it.
    pub manifest: Option<Manifest>,
    /// The epochs that the earlier run was to have.
    pub planned_epochs: usize,
}

/// What a run goes on with, where it may differ from the earlier one's.
pub struct Now {
    pub epochs: usize,
    pub engine: EngineKind,
    pub conditions: Conditions,
}

impl<C> Resumption<C> {
    /// The threads that the earlier run computed on: with as many the bits are those of one run.
    pub fn threads(&self) -> Option<i32> {
        self.manifest.as_ref()?.provenance.conditions.threads
    }

    /// Refuses other data, given by the SHA-256 of each of `tables`, between spaces. Each time that the run was gone on with,
    /// this one last.
    pub fn record(&self, tables: &[&str], data: &str, now: &Now) -> Result<Vec<Resumed>> {
        let from = self.path.display().to_string();
        let epoch = self.snapshot.epoch();
        let Some(manifest) = &self.manifest else { return Ok(vec![Resumed { from, epoch, changes: Map::new() }]) };
        let earlier = Earlier { from: &from, manifest };
        earlier.check_data(tables, data)?;
        let last = earlier.resumed(epoch, self.planned_epochs, now);
        Ok(manifest.provenance.resumed.iter().cloned().chain([last]).collect())
    }
}

/// An earlier run, by what its model file says of it.
pub struct Earlier<'a> {
    /// The file, as it is shown.
    pub from: &'a str,
    pub manifest: &'a Manifest,
}

impl Earlier<'_> {
    /// Refuses the state of another program.
    pub fn check_program(&self, program: &str, command: &str) -> Result<()> {
        let found = &self.manifest.program;
        ensure!(found == program, "--resume {}: a model of {found}, expected one of {command}", self.from);
        Ok(())
    }

    /// The earlier run's settings (`saved`) with the values that were `given` now. A value that differs from the earlier one is
    /// an error, except for the keys in `free`.
    pub fn settings(&self, saved: &Value, given: Map<String, Value>, free: &[&str]) -> Result<Value> {
        let mut settings =
            saved.as_object().cloned().with_context(|| format!("--resume {}: no settings", self.from))?;
        for (key, now) in given {
            let was = settings.insert(key.clone(), now.clone()).unwrap_or_default();
            let (flag, free) = (format!("--{}", key.replace('_', "-")), free.contains(&key.as_str()));
            self.same(&flag, &shown(&key, &was), &shown(&key, &now), free || was == now)?;
        }
        Ok(settings.into())
    }

    fn same(&self, flag: &str, was: &str, now: &str, same: bool) -> Result<()> {
        let flag = if flag == "--header" { "--no-header" } else { flag };
        // A switch has no value to name.
        let (now, was) = match now {
            "true" => (String::new(), "without it".to_string()),
            _ => (format!(" {now}"), format!("with {was}")),
        };
        ensure!(
            same,
            "{flag}{now}: {} was trained {was}; what it goes on with must be the same, leave {flag} out",
            self.from
        );
        Ok(())
    }

    /// The earlier seed, which one that was given must equal.
    pub fn seed(&self, given: Option<u32>) -> Result<u32> {
        let seed = self.manifest.seed;
        let now = given.unwrap_or(seed);
        self.same("--seed", &seed.to_string(), &now.to_string(), seed == now)?;
        Ok(seed)
    }

    /// Refuses other data, by their SHA-256: `now` has one for each of the `tables`, between spaces.
    pub fn check_data(&self, tables: &[&str], now: &str) -> Result<()> {
        let Some(was) = &self.manifest.provenance.data_sha256 else {
            bail!("--resume {}: it does not say what data it was trained on; train anew", self.from)
        };
        if let Some((shown, was, now)) = other_table(tables, was, now) {
            bail!(
                "{shown}: its SHA-256 is {now}, {} was trained on data of SHA-256 {was}; go on with the same data, or train \
                 anew without --resume",
                self.from
            );
        }
        Ok(())
    }

    /// Refuses a number of epochs that is `done` already, or that the earlier epochs would have depended on.
    /// `needs_total` says why they would. Of a run that was not `finished` all epochs may be done: it was stopped behind them.
    pub fn check_epochs(
        &self,
        (done, finished): (usize, bool),
        was: usize,
        now: usize,
        needs_total: Option<&str>,
    ) -> Result<()> {
        let from = self.from;
        ensure!(
            done < now || (done == now && !finished),
            "--resume {from}: finished, its {done} epochs are done and {now} were asked for; go on with a larger --epochs"
        );
        if let Some(reason) = needs_total.filter(|_| was != now) {
            bail!(
                "--epochs {now}: {from} was trained for {was} epochs, and {reason}: its first {done} would have been others; \
                 leave --epochs out, or train anew"
            );
        }
        Ok(())
    }

    /// How the run goes on, with everything that differs and may.
    fn resumed(&self, epoch: usize, planned_epochs: usize, now: &Now) -> Resumed {
        let mut changes = Map::new();
        let mut note = |what: &str, was: Value, now: Value| {
            if was != now && !was.is_null() {
                changes.insert(what.into(), json!(Change { was, now }));
            }
        };
        note("epochs", planned_epochs.into(), now.epochs.into());
        note(
            "engine",
            self.manifest.config.get("engine").cloned().unwrap_or(json!(EngineKind::Exact)),
            json!(now.engine),
        );
        note("lockstep", json!(self.manifest.versions.get("lockstep")), env!("CARGO_PKG_VERSION").into());
        for Difference { what, was, now } in now.conditions.since(&self.manifest.conditions()) {
            changes.insert(what.into(), json!(Change { was, now }));
        }
        Resumed { from: self.from.into(), epoch, changes }
    }
}

/// The first of some tables whose hash is another by now, with both hashes.
pub fn other_table<'a>(tables: &[&'a str], was: &'a str, now: &'a str) -> Option<(&'a str, &'a str, &'a str)> {
    let (was_each, now_each): (Vec<&str>, Vec<&str>) = (was.split(' ').collect(), now.split(' ').collect());
    if was_each.len() != now_each.len() {
        return Some((tables.first()?, was, now));
    }
    let mut each = was_each.into_iter().zip(now_each).enumerate().filter(|(_, (was, now))| was != now);
    each.next().map(|(table, (was, now))| (tables.get(table).copied().unwrap_or("data"), was, now))
}

impl Resumed {
    /// For people.
    pub fn text(&self) -> String {
        let change = |(what, change): (&String, &Value)| {
            format!("; {what}: {} before, {} now", condition(&change["was"]), condition(&change["now"]))
        };
        let changes: String = self.changes.iter().map(change).collect();
        let bits = self.changes.keys().any(|what| !["epochs", "lockstep"].contains(&what.as_str()));
        let bits = if bits { " (so the bits may be others than of one run)" } else { "" };
        format!("going on from {} after epoch {}{changes}{bits}", self.from, self.epoch)
    }
}

/// The value of a setting as its flag takes it.
fn shown(key: &str, value: &Value) -> String {
    match (key, value.as_u64()) {
        ("batch_size" | "valid_batch_size", Some(0)) => "full".into(),
        ("early_stop", Some(0)) => "none".into(),
        // A file's key that the flag turns round.
        ("header", _) => text(&Value::Bool(value != true)),
        _ if value.as_array().is_some_and(Vec::is_empty) => "none".into(),
        _ => text(value),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".into(),
        Value::Number(value) if value.is_f64() => value.as_f64().map_or(String::new(), number),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}
