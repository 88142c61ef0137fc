//! `lockstep evaluate MODEL DATA`.

use super::at_work::AtWork;
use super::job::prepare;
use super::print::{Verdict, report};
use super::progress::Interrupt;
use crate::checkpoint::{Checkpoint, ModelFile, TableModel};
use crate::choices::fixed::fixed;
use crate::choices::names::absent;
use crate::cli::Evaluate;
use crate::data::location::Location;
use crate::data::source::Source;
use crate::data::table::known_rows;
use crate::evaluate::metrics::Metrics;
use crate::evaluate::per_class::PerClass;
use crate::evaluate::predictions::{Predictions, measure, outputs, to_predictions};
use crate::preprocess::inputs::Counts;
use crate::preprocess::target::Labels;
use crate::preprocess::{split, tensors};
use anyhow::{Context, Result, bail};
use polars::prelude::DataFrame;
use serde_json::json;
use tch::{Device, Kind, Tensor};

/// What to do about a class of the table that the model does not know.
const NEW_CLASS: &str = "the model cannot predict it: leave such rows out, or train a model on rows of that class too";

pub(super) fn run(args: &Evaluate) -> Result<Verdict> {
    Interrupt::catch()?;
    let file = ModelFile::read(&args.model)?;
    let place = args.model.display();
    let of_table = file.manifest.table.clone().with_context(|| {
        format!("{place}: a model of `run {}`, expected one of `lockstep fit`", file.manifest.program)
    })?;
    let mut source = Source::open(&args.data, &args.reading.over(of_table.read())?)?;
    source.pin(of_table.schema());
    let device = prepare(&args.compute)?;
    let waiting = AtWork::begin(args.printing.quiet);
    let scored = score(&file.load(device).context(place.to_string())?, &of_table, &mut source, device)?;
    drop(waiting);
    let Score { metrics, rows, without_target, counts, predictions, labels } = scored;
    let classes = PerClass::of_answers(&labels, &predictions, &of_table.target);
    let met = counts.describe();
    let mut note = if met.is_empty() { String::new() } else { format!("\n{met}") };
    if without_target > 0 {
        note += &format!("\nrows left out, their target is missing: {without_target}");
    }
    let per_class = classes.as_ref().and_then(|classes| Some(format!("\n\n{}", classes.text("")?))).unwrap_or_default();
    let text = format!("{}: {rows} rows\n{}{per_class}{note}", source.display_name, lines(&metrics));
    let mut object = json!({"rows": rows, "without_target": without_target, "metrics": metrics, "counts": counts});
    if let Some(classes) = &classes {
        object["classes"] = json!({"scores": classes.json(), "confusion": classes.matrix()});
    }
    report(args.printing, &text, &object)?;
    Ok(Verdict::Holds)
}

/// How good the model's answers are.
struct Score {
    metrics: Metrics,
    rows: usize,
    /// Rows left out since their target is missing.
    without_target: usize,
    counts: Counts,
    predictions: Predictions,
    labels: Labels,
}

/// Goes through the table batch by batch; only answers and targets are kept.
fn score(model: &Checkpoint, of_table: &TableModel, source: &mut Source, device: Device) -> Result<Score> {
    let (target, name, shown) = (&of_table.target, &model.manifest.schema.target, source.display_name.clone());
    let columns = [of_table.inputs.names(), vec![name.clone()]].concat();
    of_table.check_columns(&source.names(), &shown)?;
    if !source.names().contains(name) {
        bail!("{shown}: no column {}, the model's target", absent(name, &source.names()));
    }
    let asked = |batch: DataFrame, first: usize| Asked::of(&batch, first, of_table, name, &shown);
    let (mut all, mut counts) = (None::<(Predictions, Labels)>, Counts::default());
    let (mut scored, mut without_target) = (0, 0);
    source.each(Some(&columns), asked, &mut |asked| {
        let Asked { x, rows, labels, without, counts: met } = asked?;
        without_target += without;
        let Some(labels) = labels else { return Ok(()) };
        let predictions = to_predictions(&outputs(&model.module, "forward", &x.f_to_device(device)?)?, target)?;
        predictions.check_finite(Location::picked(&shown, &rows))?;
        scored += rows.len();
        match &mut all {
            Some((predicted_columns, truths)) => {
                predicted_columns.extend(predictions);
                truths.extend(labels);
            }
            None => all = Some((predictions, labels)),
        }
        counts.add(met);
        Ok(())
    })?;
    let (predictions, labels) = all.with_context(|| format!("{shown}: the target {name} is missing in every row"))?;
    let metrics = measure(&predictions, &labels, target)?;
    Ok(Score { metrics, rows: scored, without_target, counts, predictions, labels })
}

/// Rows of a batch that have a target, as the model takes them.
struct Asked {
    x: Tensor,
    /// By their number in the table.
    rows: Vec<u32>,
    /// None where no row has a target.
    labels: Option<Labels>,
    without: usize,
    counts: Counts,
}

impl Asked {
    fn of(batch: &DataFrame, first: usize, of_table: &TableModel, target: &str, shown: &str) -> Result<Self> {
        let here = known_rows(batch.column(target)?);
        let without = batch.height() - here.len();
        let batch = if without == 0 { batch.clone() } else { split::take(batch, &here)? };
        let here: Vec<u32> = here.iter().map(|&row| row + first as u32).collect();
        let raw = of_table.inputs.raw(&batch, Location::picked(shown, &here))?;
        let rows: Vec<u32> = raw.rows.iter().map(|&row| here[row as usize]).collect();
        let truth = if rows.len() == batch.height() { batch } else { split::take(&batch, &raw.rows)? };
        let code = || of_table.target.code(&truth, target, Location::picked(shown, &rows), NEW_CLASS);
        let labels = if here.is_empty() { None } else { Some(code()?.1) };
        let x = tensors::from_columns(&raw.columns, Kind::Double, Device::Cpu)?;
        Ok(Self { x, rows, labels, without, counts: raw.counts })
    }
}

fn lines(metrics: &Metrics) -> String {
    let line = |(name, value): (&str, Option<f64>)| match value {
        Some(value) => format!("{name:<20} {}", fixed(value, 6)),
        None => format!("{name:<20} not defined"),
    };
    metrics.iter().map(line).collect::<Vec<_>>().join("\n")
}
