//! What `lockstep fit --resume` goes on from.

use crate::checkpoint::resume::{Earlier, Now, Resumption};
use crate::checkpoint::{Resumed, TableModel};
use crate::choices::given;
use crate::cli::Fit;
use crate::commands::job::Job;
use crate::commands::print::note;
use crate::commands::resume::open;
use crate::commands::settings;
use crate::data::schema::{ColumnSchema, TableSchema};
use crate::fit::checkpoint::table;
use crate::fit::prepare::Prepared;
use crate::fit::settings::{FitPlan, FitSettings, schema as schema_file};
use crate::runs::earlier::summary;
use crate::train::snapshot::Snapshot;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Settings that may differ, beside those that are no settings of the fit.
const FREE: [&str; 4] = ["engine", "epochs", "importance", "log"];

/// The fit that `--resume` names; its settings hold, and those that are given again must be the same.
pub(super) fn resume(path: &Path, args: &Fit) -> Result<Resumption<FitPlan>> {
    let found = open(path, args.common.printing)?;
    let shown = found.path.display().to_string();
    let what = || format!("--resume {shown}");
    let manifest = found.checkpoint.manifest;
    let earlier = Earlier { from: &shown, manifest: &manifest };
    earlier.check_program("fit", "fit")?;
    let module = found.checkpoint.module.state()?.into_iter().map(|entry| (entry.name, entry.tensor)).collect();
    let snapshot = Snapshot::read(&found.checkpoint.training, module).with_context(what)?;
    let seed = earlier.seed(args.resuming.given.has("seed").then_some(args.common.seed))?;
    let mut saved: FitSettings = serde_json::from_value(manifest.config.clone()).with_context(what)?;
    let own_schema = saved.schema.take();
    let config = settings_under(&saved, of_table(manifest.table.as_ref()).as_ref(), args)?;
    let Value::Object(now) = serde_json::to_value(&config)? else { bail!("{shown}: no settings") };
    earlier.settings(&serde_json::to_value(&saved)?, now, &FREE)?;
    let epoch = snapshot.epoch();
    // Only a run that came to its end has metrics.
    let finished = !manifest.metrics.is_empty();
    ensure!(
        !finished || !snapshot.stopped_early(saved.train().early_stop),
        "--resume {shown}: finished, it was stopped early at epoch {epoch}: more epochs change nothing"
    );
    earlier.check_epochs((epoch, finished), saved.epochs, config.epochs, config.schedule.needs_total())?;
    let config = config.with_schema(own_schema);
    Ok(Resumption { path: found.path, snapshot, config, seed, manifest: Some(manifest), planned_epochs: saved.epochs })
}

/// The table of the run in `folder`, which its checkpoint names, or its summary where it came to its end.
pub(super) fn earlier_data(folder: &Path, resumption: Option<&Resumption<FitPlan>>) -> Result<PathBuf> {
    let of_checkpoint = resumption.and_then(|found| found.manifest.as_ref()?.provenance.data.clone());
    let named = of_checkpoint.or_else(|| Some(summary(folder)?.get("data")?.as_str()?.to_string()));
    // Rows of standard input are not there a second time.
    let named = named.filter(|named| !["-", "standard input"].contains(&named.as_str()));
    named.map(Into::into).with_context(|| {
        let folder = folder.display();
        format!("--resume {folder}: does not say which table it was trained on; name it: lockstep fit DATA --resume {folder}")
    })
}

/// The schema file that the earlier fit was given, if it was given one.
pub(super) fn schema(resumption: &Resumption<FitPlan>) -> Option<TableSchema> {
    of_table(resumption.manifest.as_ref()?.table.as_ref())
}

fn of_table(table: Option<&TableModel>) -> Option<TableSchema> {
    table?.file.clone().map(|columns| TableSchema { columns })
}

/// Checks the tables, the first of which is called `shown`, and says on stderr how the fit goes on; each time that it did so.
pub(super) fn record(resumption: &Resumption<FitPlan>, job: &Job<'_>, shown: &str, data: &str) -> Result<Vec<Resumed>> {
    let config = &resumption.config;
    let others = [&config.valid, &config.test].map(|file| file.as_ref().map(|file| file.display().to_string()));
    let tables: Vec<&str> = [shown].into_iter().chain(others.iter().flatten().map(String::as_str)).collect();
    let now = Now { epochs: config.epochs, engine: config.engine, conditions: job.conditions() };
    let resumed = resumption.record(&tables, data, &now)?;
    if let Some(last) = resumed.last() {
        note(job.printing(), &last.text());
    }
    Ok(resumed)
}

/// The saved settings under those of `--config` and the flags. A schema that is given again must be `own`.
fn settings_under(saved: &FitSettings, own: Option<&TableSchema>, args: &Fit) -> Result<FitPlan> {
    let (text, shown) = settings::text(args.config.as_deref())?;
    let mut file = given::table(&text, &shown)?;
    schema_file::beside(&mut file, Path::new(&shown));
    let (mut all, mut flags) = (toml::Table::try_from(saved)?, toml::Table::try_from(&args.settings)?);
    all.extend(file);
    let of_file = all.remove("schema");
    if let Some(toml::Value::String(given)) = flags.remove("schema").or(of_file) {
        ensure!(
            Some(&TableSchema::read(Path::new(&given))?) == own,
            "--schema {given}: not the schema that it was trained with, which --resume goes on with; leave --schema out"
        );
    }
    FitSettings::resolve(&toml::to_string(&all)?, &shown, flags)?.check()
}

/// Refuses a table that is prepared otherwise than when the fit began: the same bytes may be, by another lockstep.
pub(super) fn same_columns(
    resumption: &Resumption<FitPlan>,
    prepared: &Prepared,
    config: &FitPlan,
    pinned: &[ColumnSchema],
) -> Result<()> {
    let what = || format!("--resume {}", resumption.path.display());
    let was = resumption.manifest.as_ref().and_then(|manifest| manifest.table.as_ref());
    let was = serde_json::to_value(was.context("it says nothing of its columns").with_context(what)?)?;
    let now = serde_json::to_value(table(prepared, config, pinned))?;
    for key in ["inputs", "target"] {
        ensure!(
            was[key] == now[key],
            "{}: the table's {key} come out otherwise than when it was trained, {} then and {} now; train anew",
            what(),
            was[key],
            now[key]
        );
    }
    Ok(())
}
