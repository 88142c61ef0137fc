//! `lockstep fit` on its way: where it goes on from, and the checkpoints that it leaves.

use super::fit::pinned;
use super::resume::{Keeper, note, open};
use super::run::Job;
use crate::checkpoint::resume::Earlier;
use crate::checkpoint::{About, Made, Resumed, TableModel};
use crate::cli::{Fit, Printing};
use crate::commands::progress::Progress;
use crate::data::schema::{ColumnSchema, TableSchema};
use crate::data::store::Store;
use crate::fit::checkpoint::{self, Told, table};
use crate::fit::log;
use crate::fit::prepare::Prepared;
use crate::fit::run::{Start, WatchFit};
use crate::fit::settings::FitConfig;
use crate::fit::settings::schema;
use crate::torch::device;
use crate::torch::safetensors::Named;
use crate::torch::script::Module;
use crate::train::Next;
use crate::train::fit::Epoch;
use crate::train::state;
use anyhow::{Context, Result, ensure};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The fit that is gone on with.
pub(super) struct Going {
    pub(super) path: PathBuf,
    /// Epochs done.
    pub(super) epoch: usize,
    pub(super) start: Start,
    pub(super) config: FitConfig,
    pub(super) seed: u32,
    /// Its schema file, if it had one.
    pub(super) schema: Option<TableSchema>,
    about: About,
    /// The epochs that it was to have.
    epochs: usize,
}

/// Settings that may differ, beside those that are no settings of the fit.
const FREE: [&str; 3] = ["engine", "epochs", "log"];

impl Going {
    /// Opens what `--resume` names; its settings hold, and those that are given again must be the same.
    pub(super) fn open(path: &Path, args: &Fit) -> Result<Self> {
        let found = open(path, args.common.printing)?;
        let shown = found.path.display().to_string();
        let what = || format!("--resume {shown}");
        let about = found.checkpoint.about;
        let earlier = Earlier { from: &shown, about: &about, epoch: 0 };
        earlier.check_program("fit", "fit")?;
        let training = found.checkpoint.training;
        let earlier = Earlier { epoch: state::read_count(&training, "epoch").with_context(what)?, ..earlier };
        let seed = earlier.seed(args.resuming.given.has("seed").then_some(args.common.seed))?;
        let mut saved: FitConfig = serde_json::from_value(about.config.clone()).with_context(what)?;
        let own_schema = saved.schema.take();
        let schema = about.table.as_ref().and_then(|table| table.file.clone()).map(|columns| TableSchema { columns });
        let mut config = settings(&saved, schema.as_ref(), args)?;
        let serde_json::Value::Object(now) = serde_json::to_value(&config)? else {
            anyhow::bail!("{shown}: no settings")
        };
        earlier.settings(&serde_json::to_value(&saved)?, now, &FREE)?;
        ensure!(
            !stopped(&training, saved.early_stop)?,
            "--resume {shown}: finished, it was stopped early at epoch {}: more epochs change nothing",
            earlier.epoch
        );
        earlier.check_epochs(saved.epochs, config.epochs, config.schedule.needs_total())?;
        config.schema = own_schema;
        let module = found.checkpoint.module.state()?.into_iter().map(|entry| (entry.name, entry.tensor)).collect();
        let (epoch, epochs, start) = (earlier.epoch, saved.epochs, Start { module, training });
        Ok(Self { path: found.path, epoch, start, config, seed, schema, about, epochs })
    }

    /// Checks the data, says on stderr how the fit goes on, and adds that to what the earlier fit's record is.
    pub(super) fn resumed(&self, job: &Job<'_>, shown: &str, data: &str, args: &Fit) -> Result<Vec<Resumed>> {
        let from = self.path.display().to_string();
        let earlier = Earlier { from: &from, about: &self.about, epoch: self.epoch };
        let others =
            [&self.config.valid, &self.config.test].map(|file| file.as_ref().map(|file| file.display().to_string()));
        let tables: Vec<&str> = [shown].into_iter().chain(others.iter().flatten().map(String::as_str)).collect();
        earlier.check_data(&tables, data)?;
        let now = earlier.resumed(
            (self.epochs, self.config.epochs),
            self.config.engine,
            job.threads,
            &device::name(job.device),
        );
        note(args.common.printing, &now.text());
        Ok(self.about.made.resumed.iter().cloned().chain([now]).collect())
    }
}

/// Whether early stopping after `patience` epochs (0: none) ended the training there.
fn stopped(training: &Named, patience: usize) -> Result<bool> {
    let best = || state::read_count(training, "best.epoch");
    Ok(patience > 0 && state::read_count(training, "epoch")? >= best()? + patience)
}

/// The saved settings under those of `--config` and the flags. A schema that is given again must be `own`.
fn settings(saved: &FitConfig, own: Option<&TableSchema>, args: &Fit) -> Result<FitConfig> {
    let (text, shown) = super::fit::settings(args.config.as_deref())?;
    let mut file: toml::Table =
        toml::from_str(&text).map_err(|error| anyhow::anyhow!("{shown}: {}", error.message()))?;
    schema::beside(&mut file, Path::new(&shown));
    let mut all = toml::Table::try_from(saved)?;
    all.extend(file);
    all.extend(toml::Table::try_from(&args.settings)?);
    if let Some(toml::Value::String(given)) = all.remove("schema") {
        ensure!(
            Some(&TableSchema::read(Path::new(&given))?) == own,
            "--schema {given}: not the schema that it was trained with, which --resume goes on with; leave --schema out"
        );
    }
    FitConfig::resolve(&toml::to_string(&all)?, &shown, toml::Table::new())
}

/// Shows the training, logs it, and writes its checkpoints.
pub(super) struct Watcher<'a, 'b> {
    pub(super) job: &'a mut Job<'b>,
    pub(super) progress: &'a mut Progress,
    pub(super) keeper: &'a mut Keeper,
    pub(super) config: &'a FitConfig,
    pub(super) store: &'a Store,
    pub(super) schema: Option<&'a TableSchema>,
    pub(super) going: Option<&'a Going>,
    pub(super) made: Made,
    pub(super) printing: Printing,
    /// Epochs that cross validation took.
    pub(super) before: usize,
}

impl WatchFit for Watcher<'_, '_> {
    fn prepared(&mut self, prepared: &Prepared) -> Result<()> {
        let Some(going) = self.going else { return Ok(()) };
        let pinned = pinned(prepared, self.store, self.schema);
        same_columns(going.about.table.as_ref(), prepared, self.config, &pinned)
            .with_context(|| format!("--resume {}", going.path.display()))?;
        // The event file of the whole run: the epochs that are behind it, too.
        let validated = prepared.valid.is_some();
        for epoch in state::read_history(&going.start.training, validated)? {
            log::epoch(&mut self.job.events, self.job.folder.path(), self.config, &epoch)?;
        }
        Ok(())
    }

    fn fell_back(&mut self, why: &str) {
        note(self.printing, &format!("--engine fused: {why}; the exact engine trains instead"));
    }

    fn epoch(&mut self, epoch: &Epoch) -> Result<Next> {
        log::epoch(&mut self.job.events, self.job.folder.path(), self.config, epoch)?;
        self.progress.show(self.before + epoch.epoch, &|| Ok(epoch.loss))?;
        Ok(self.keeper.next(epoch.epoch))
    }

    fn save(&mut self, prepared: &Prepared, module: &Module, state: Named) -> Result<()> {
        let pinned = pinned(prepared, self.store, self.schema);
        let (config, seed, made) = (self.config, self.job.seed, self.made.clone());
        let told = Told { config, seed, pinned: &pinned, metrics: BTreeMap::new(), made };
        let bytes = checkpoint::to_bytes(prepared, module, &state, told)?;
        self.keeper.keep(state::read_count(&state, "epoch")?, &bytes)
    }
}

/// The same bytes may still be prepared otherwise, by another lockstep.
fn same_columns(
    was: Option<&TableModel>,
    prepared: &Prepared,
    config: &FitConfig,
    pinned: &[ColumnSchema],
) -> Result<()> {
    let now = serde_json::to_value(table(prepared, config, pinned))?;
    let was = serde_json::to_value(was.context("it says nothing of its columns")?)?;
    for key in ["inputs", "target"] {
        ensure!(
            was[key] == now[key],
            "the table's {key} come out otherwise than when it was trained, {} then and {} now; train anew",
            was[key],
            now[key]
        );
    }
    Ok(())
}
