//! `lockstep tune DATA`.

mod text;
mod trials;
mod watcher;

use self::watcher::Shown;
use super::job::Job;
use super::print::Verdict;
use super::progress::Progress;
use super::settings;
use super::training::Watched;
use crate::choices::fixed::digits;
use crate::cli::Tune;
use crate::data::schema::TableSchema;
use crate::data::store::Store;
use crate::data::table::{self, Format};
use crate::fit::beside::Beside;
use crate::fit::divide::{Divided, divide};
use crate::fit::files::Finished;
use crate::fit::outcome::{Outcome, fit};
use crate::fit::settings::FitPlan;
use crate::fit::size;
use crate::fit::summary::{judge, results, text};
use crate::fit::table::{ReadTable, read};
use crate::fit::train::check_target;
use crate::plot::StandIns;
use crate::preprocess::split;
use crate::preprocess::target::Target;
use crate::torch::threads::Steps;
use crate::torch::{device, libtorch};
use crate::train::observer::{Epoch, Interrupted};
use crate::tune::config::{self, TuneConfig, configs, shown};
use crate::tune::journal::{self, Journal};
use crate::tune::metric::{self, Metric};
use crate::tune::search::{Settings, plan};
use crate::tune::trial::{Setup, Status, Trial, best, params};
use crate::tune::{picture, results as tables};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// A search, checked: nothing is trained yet.
struct Search<'a> {
    fit: FitPlan,
    tune: TuneConfig,
    plan: Vec<Settings>,
    configs: Vec<FitPlan>,
    rows: Divided<'a>,
    metric: Metric,
}

impl Search<'_> {
    /// What each trial multiplies; nothing if that of one is not known. A trial that cannot be prepared fails when its turn comes.
    fn steps(&self) -> Vec<Steps> {
        let each = self.configs.iter().filter_map(|config| size::steps(&self.rows, config).ok());
        each.collect::<Option<Vec<_>>>().unwrap_or_default()
    }
}

pub(super) fn run(args: &Tune) -> Result<Verdict> {
    let (fit_config, tune) = resolve(args)?;
    let seed = args.common.seed;
    let plan = plan(tune.search, &tune.params, tune.trials, seed)?;
    let configs = configs(&fit_config, &plan)?;
    let mut job = Job::begin_reading(&args.common, &args.out)?;
    job.reads(&args.data, args.config.as_deref(), &fit_config);
    job.folder.add_written(journal::NAME);
    let schema = fit_config.schema.as_deref().map(TableSchema::read).transpose()?;
    let ReadTable { store, sha256: hash, mut notes } = read(&args.data, &fit_config, &configs, schema.as_ref())?;
    job.data_sha256 = Some(hash.clone());
    job.load_libtorch()?;
    let search = check(&store, seed, fit_config, tune, plan, configs)?;
    notes.extend(search.rows.notes.iter().cloned());
    job.remark(notes)?;
    job.settle(|| Ok(search.steps()))?;
    let beside = job.beside(args.jobs, true, || bytes(&search))?;
    let mut journal = Journal::open(job.folder.path(), &identity(args, &search, &job, beside, &hash)?, args.restart)?;
    let kept = journal.trials.len().min(search.plan.len());
    let mut progress = job.progress("trial", search.plan.len() as u64)?;
    let found = go_on(args, &search, &job, beside, &mut journal, &mut progress);
    let (best, outcome) = found.map_err(|error| {
        let place = job.folder.path().join(journal::NAME).display().to_string();
        let done = journal.trials.len().min(search.plan.len());
        if !error.is::<Interrupted>() {
            return error;
        }
        let kept = format!("{done} of {} trials are kept in {place}", search.plan.len());
        Interrupted(format!("interrupted: {kept}, the same command goes on from there")).into()
    })?;
    progress.finish();
    job.init_from = outcome.network.initial.clone();
    let trials = &journal.trials[..search.plan.len()];
    let numbered = write(args, &mut job, &search, trials, &best, &outcome, schema.as_ref())?;
    let judgement = judge(&outcome, &search.configs[best.trial - 1]);
    let summary =
        summary(&search, trials, &best, results(&outcome, &judgement, &args.data.display().to_string()).into());
    let summary = job.summary("tune", &search.configs[best.trial - 1], summary)?;
    let table = text::table(&search, trials, kept, outcome.scores.test.is_some());
    let text = [Some(table), Some(text(&outcome)), numbered.text(), Some(judgement.text)];
    job.finish(summary, &text.into_iter().flatten().collect::<Vec<_>>().join("\n"))
}

/// What was searched, what was best, and what the model trained with it came to.
fn summary(search: &Search<'_>, trials: &[Trial], best: &Trial, refit: Value) -> Value {
    json!({
        "data": refit["data"],
        "search": search.tune.search,
        "params": search.tune.space(),
        "folds": search.fit.folds,
        "seeds": search.tune.seeds,
        "metric": search.metric.name,
        "higher_is_better": search.metric.higher_is_better,
        "trials": trials.len(),
        "failed": trials.iter().filter(|trial| trial.status == Status::Failed).count(),
        "best": best,
        "refit": refit,
    })
}

fn resolve(args: &Tune) -> Result<(FitPlan, TuneConfig)> {
    let (text, shown) = settings::text(args.config.as_deref())?;
    let (fit, tune) = (toml::Table::try_from(&args.settings)?, toml::Table::try_from(&args.search)?);
    config::resolve(&text, &shown, fit, tune, &args.param)
}

/// What the features of one training hold in memory.
fn bytes(search: &Search<'_>) -> Result<usize> {
    let Search { rows, configs, fit, .. } = search;
    size::features(rows, configs.first().unwrap_or(fit))
}

/// Holds every trial's settings against the table.
fn check<'a>(
    store: &'a Store,
    seed: u32,
    fit: FitPlan,
    tune: TuneConfig,
    plan: Vec<Settings>,
    configs: Vec<FitPlan>,
) -> Result<Search<'a>> {
    let rows = divide(store, &fit, seed)?;
    ensure!(
        !rows.folds.is_empty() || !rows.parts.valid.is_empty(),
        "tune: no rows to score a trial by: there is no validation part; give --split a second share, or use --folds"
    );
    let metric = Metric::choose(tune.metric.as_deref(), rows.classification)?;
    let changed = tune.params.iter().find(|param| ["loss", "class_weight"].contains(&param.name.as_str()));
    if let Some(param) = changed.filter(|_| metric.name == "loss") {
        anyhow::bail!("--metric loss: --param {} changes what the loss is; choose another metric", param.name);
    }
    let train = rows.folds.first().map_or(&rows.parts.train, |fold| &fold.train);
    let train = rows.table_rows(train);
    let target = split::take(&store.column(&fit.target)?, &train)?;
    let scale = (!rows.classification).then_some(fit.target_scale);
    let target = Target::fit(&target, &fit.target, scale, store.picked(&train))?;
    for ((index, settings), config) in plan.iter().enumerate().zip(&configs) {
        check_target(config, &target).with_context(|| format!("--param: trial {} ({})", index + 1, shown(settings)))?;
    }
    Ok(Search { fit, tune, plan, configs, rows, metric })
}

/// Everything that the trials' scores depend on. The number of random trials is none of it: more of them begin with the
/// same ones.
fn identity(args: &Tune, search: &Search<'_>, job: &Job<'_>, beside: Beside, hash: &str) -> Result<Value> {
    Ok(json!({
        "journal": 1,
        "data_sha256": hash,
        "config": search.fit,
        "search": search.tune.search,
        "params": search.tune.space(),
        "metric": search.metric.name,
        "seed": args.common.seed,
        "seeds": search.tune.seeds,
        "device": device::name(job.device),
        "threads": beside.threads,
        "libtorch": libtorch::version(),
        "lockstep": env!("CARGO_PKG_VERSION"),
    }))
}

/// The trials that are not in the journal yet, then the best one's settings on the training rows, and the test part once.
fn go_on(
    args: &Tune,
    search: &Search<'_>,
    job: &Job<'_>,
    beside: Beside,
    journal: &mut Journal,
    progress: &mut Progress,
) -> Result<(Trial, Outcome)> {
    let (seed, count) = (args.common.seed, search.plan.len());
    for (trial, settings) in journal.trials.iter().zip(&search.plan) {
        let same = trial.params == params(settings);
        ensure!(same, "{}: trial {} has other settings; --restart begins anew", journal::NAME, trial.trial);
    }
    let (rows, device) = (&search.rows, job.device);
    let setup = Setup::new(rows, &search.metric, (seed, search.tune.seeds), device);
    let shown = Shown::new(progress, journal.trials.len(), args.common.printing);
    trials::run(search, &setup, beside, journal, &shown)?;
    let trials = &journal.trials[..count];
    let found = best(trials, &search.metric).with_context(|| {
        let reason = trials.first().and_then(|trial| trial.reason.clone()).unwrap_or_default();
        format!("tune: every one of the {count} trials failed; trial 1: {reason}")
    })?;
    let config = &search.configs[found.trial - 1];
    let show = |epoch: &Epoch<'_>| {
        let message = || Ok(format!("best again  epoch {}  loss {}", epoch.number, digits(epoch.loss()?)));
        progress.step(count as u64, message)
    };
    let mut again = Watched { interrupt: job.interrupt.clone(), show };
    let outcome = fit(rows, config, seed, device, &mut again).context("the best trial's settings, trained again")?;
    Ok((found.clone(), outcome))
}

/// Stages the trials, their picture, the best settings and the model.
fn write(
    args: &Tune,
    job: &mut Job<'_>,
    search: &Search<'_>,
    trials: &[Trial],
    best: &Trial,
    outcome: &Outcome,
    schema: Option<&TableSchema>,
) -> Result<StandIns> {
    let mut table = tables::table(trials, &search.metric, &metric::names(search.rows.classification))?;
    for (name, format) in [("trials.csv", Format::Csv), ("trials.parquet", Format::Parquet)] {
        let mut bytes = Vec::new();
        table::write(&mut table, format, &mut bytes)?;
        job.folder.stage(name, &bytes)?;
    }
    job.folder.stage("trials.png", &picture::figure(trials, &search.tune.params, &search.metric).png()?)?;
    let (config, seed) = (&search.configs[best.trial - 1], args.common.seed);
    let head = format!(
        "# Trial {} of {}: lockstep fit {} --config best.toml\n",
        best.trial,
        trials.len(),
        args.data.display()
    );
    job.folder
        .stage("best.toml", format!("{head}{}", settings::written(config, seed, Some(job.threads))?).as_bytes())?;
    let (provenance, store, interrupt) = (job.provenance(), search.rows.store, job.interrupt.clone());
    Finished { outcome, config, seed, provenance, store, schema, verdict: &judge(outcome, config) }
        .stage(&mut job.folder, &mut || interrupt.stop())
}
