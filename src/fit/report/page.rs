//! `report.html`: the result first, then how it came about.

use super::{Picture, not_drawn};
use crate::checkpoint::{self, Provenance};
use crate::choices::fixed::fixed;
use crate::evaluate::per_class::PerClass;
use crate::evaluate::predictions::Scored;
use crate::fit::outcome::Outcome;
use crate::fit::prepare::Rows;
use crate::fit::settings::FitPlan;
use crate::plot::StandIns;
use crate::preprocess::target::Target;
use crate::report::{self, Block, Section, Table};
use anyhow::Result;
use std::collections::BTreeSet;

/// What the page is about, beside what came out.
pub struct Shown<'a> {
    pub config: &'a FitPlan,
    pub seed: u32,
    pub provenance: &'a Provenance,
    pub verdict: &'a str,
    /// The table's name.
    pub data: &'a str,
}

/// The page.
pub fn page(outcome: &Outcome, shown: &Shown<'_>, (pictures, numbered): (&[Picture], &StandIns)) -> Result<String> {
    let mut result = vec![Block::Note(shown.verdict.into()), Block::Table(scores(outcome))];
    result.push(Block::Text(baseline(&outcome.prepared.target).into()));
    result.extend([outcome.scores.importance.text(), not_drawn(outcome)].into_iter().flatten().map(Block::Text));
    let block = |picture: &Picture| Block::Picture { png: picture.png.clone(), alt: picture.alt.clone() };
    let note = numbered.text().map(Block::Note).into_iter();
    let section = |title: &str, blocks: Vec<Block>| Section { title: title.into(), blocks };
    let sections = [
        Some(section("Result", result)),
        classes(outcome).map(|blocks| section("Classes", blocks)),
        Some(section("Pictures", note.chain(pictures.iter().map(block)).collect())),
        met(outcome).map(|table| section("Missing and unknown cells", vec![Block::Table(table)])),
        Some(section("The run", vec![Block::Facts(facts(outcome, shown)), Block::Code(again(shown))])),
        Some(section("Settings", vec![Block::Code(toml::to_string(shown.config)?)])),
    ];
    let sections: Vec<Section> = sections.into_iter().flatten().collect();
    Ok(report::html(&format!("{} from {}", shown.config.target, shown.data), &sections))
}

/// The parts with their rows and scores, the one that says most first.
fn parts(outcome: &Outcome) -> Vec<(&'static str, &Rows, &Scored)> {
    let (prepared, scores) = (&outcome.prepared, &outcome.scores);
    let parts = [
        ("test", prepared.test.as_ref(), scores.test.as_ref()),
        ("validation", prepared.valid.as_ref(), scores.valid.as_ref()),
        ("training", Some(&prepared.train), Some(&scores.train)),
    ];
    parts.into_iter().filter_map(|(name, rows, scored)| Some((name, rows?, scored?))).collect()
}

/// The first part and its baseline, then the others.
fn scores(outcome: &Outcome) -> Table {
    let cell = |value: Option<f64>| value.map_or("not defined".into(), |value| fixed(value, 4));
    let parts = parts(outcome);
    let mut header = vec!["metric".into()];
    header.extend(parts.iter().flat_map(|(name, ..)| [name.to_string(), format!("{name}, baseline")]));
    let row = |name: &str| {
        let values = parts.iter().flat_map(|(_, _, scored)| [scored.metrics.get(name), scored.baseline.get(name)]);
        std::iter::once(name.to_string()).chain(values.map(cell)).collect()
    };
    Table { header, rows: outcome.scores.train.metrics.iter().map(|(name, _)| row(name)).collect() }
}

fn baseline(target: &Target) -> &'static str {
    if target.is_classification() {
        "The baseline looks at no feature: it says the most frequent class of the training rows for every row, with the classes' \
         shares as probabilities."
    } else {
        "The baseline looks at no feature: it says the mean of the training rows for every row."
    }
}

/// What is made of each class of the rows that were held out.
fn classes(outcome: &Outcome) -> Option<Vec<Block>> {
    let (part, per_class) = outcome.per_class()?;
    let header = [part].into_iter().chain(PerClass::COLUMNS).map(String::from).collect();
    Some(vec![Block::Table(Table { header, rows: per_class.rows().into_iter().map(Vec::from).collect() })])
}

/// By column and part, how many cells were missing, and how many categories the training rows did not have.
fn met(outcome: &Outcome) -> Option<Table> {
    let parts = parts(outcome);
    let of = |rows: &Rows| rows.counts.imputed.keys().chain(rows.counts.unseen.keys()).cloned().collect::<Vec<_>>();
    let names: BTreeSet<String> = parts.iter().flat_map(|(_, rows, _)| of(rows)).collect();
    if names.is_empty() {
        return None;
    }
    let header = parts.iter().flat_map(|(part, ..)| [format!("{part}, missing"), format!("{part}, unknown")]);
    let row = |name: &String| {
        let counts =
            parts.iter().flat_map(|(_, rows, _)| [rows.counts.imputed.get(name), rows.counts.unseen.get(name)]);
        let cells = counts.map(|count| count.copied().unwrap_or_default().to_string());
        [name.clone()].into_iter().chain(cells).collect()
    };
    Some(Table {
        header: ["column".to_string()].into_iter().chain(header).collect(),
        rows: names.iter().map(row).collect(),
    })
}

fn facts(outcome: &Outcome, shown: &Shown<'_>) -> Vec<(String, String)> {
    let (trained, conditions) = (&outcome.trained, &shown.provenance.conditions);
    let rows = parts(outcome).into_iter().rev().map(|(part, rows, _)| format!("{} {part}", rows.x.rows()));
    let stopped = if trained.stopped_early { ", stopped early" } else { "" };
    let epochs =
        format!("{}{stopped}; the weights are those of epoch {}", trained.history().epochs(), trained.best_epoch);
    let layers = outcome.prepared.pipeline.features().len() as i64;
    let layers = [layers].iter().chain(&shown.config.hidden).map(i64::to_string).collect::<Vec<_>>().join(" → ");
    let layers = format!("{layers} → {}, {}", outcome.prepared.target.outputs(), shown.config.activation);
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let versions = checkpoint::versions().into_iter().map(|(name, version)| format!("{name} {version}"));
    let facts = [
        ("data", shown.data.to_string()),
        ("SHA-256 of the data", text(&shown.provenance.data_sha256)),
        ("rows", rows.collect::<Vec<_>>().join(", ")),
        ("rows without a target", outcome.prepared.without_target.to_string()),
        ("network", format!("{layers}; {} parameters", outcome.network.net.count())),
        ("epochs", epochs),
        ("seed", shown.seed.to_string()),
        ("engine", trained.engine.to_string()),
        ("device", text(&conditions.device)),
        ("threads", conditions.threads.map_or(String::new(), |count| count.to_string())),
        ("processor", text(&conditions.processor)),
        ("versions", versions.collect::<Vec<_>>().join(", ")),
    ];
    facts.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name.into(), value)).collect()
}

/// How the run is made again from the files beside the page.
fn again(shown: &Shown<'_>) -> String {
    format!("lockstep fit {} --config config.toml", shown.data)
}
