//! `lockstep runs`: what was trained, how good it was, and what each changed.

use super::print::{Verdict, report};
use crate::choices::fixed::fixed;
use crate::cli::Runs;
use crate::runs::listed::{Listed, runs};
use anyhow::{Result, ensure};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

pub(super) fn run(args: &Runs) -> Result<Verdict> {
    let mut found = runs(&args.folder)?;
    ensure!(!found.is_empty(), "{}: no run in it has come to its end", args.folder.display());
    let changes: Vec<String> = (0..found.len()).map(|index| changed(&found, index)).collect();
    let mut rows: Vec<(Listed, String)> = found.drain(..).zip(changes).collect();
    if args.best {
        rows.sort_by(|(a, _), (b, _)| worse(a).partial_cmp(&worse(b)).unwrap_or(std::cmp::Ordering::Equal));
    }
    let json: Vec<Value> = rows.iter().map(|(run, _)| run.json()).collect();
    report(args.printing, &table(&rows), &json!({"runs": json}))?;
    Ok(Verdict::Holds)
}

/// What a run changed against the one before it of the same program and table.
fn changed(all: &[Listed], index: usize) -> String {
    let run = &all[index];
    let kin = |other: &&Listed| ["program", "data"].iter().all(|key| other.text(key) == run.text(key));
    all[..index].iter().rev().find(kin).map_or(String::new(), |before| run.differs(before))
}

/// Sorts by the kind of score, then the best first; what has none comes last.
fn worse(run: &Listed) -> (bool, &'static str, f64) {
    match run.score() {
        Some((name, _, value)) => (false, name, if name == "loss" { value } else { -value }),
        None => (true, "", 0.0),
    }
}

fn table(rows: &[(Listed, String)]) -> String {
    let header = ["folder", "ended", "program", "data", "epochs", "score", "verdict", "changed"].map(String::from);
    let cells = rows.iter().map(|(run, changed)| {
        let ended = DateTime::<Utc>::from(run.ended).format("%Y-%m-%d %H:%M").to_string();
        let score =
            run.score().map_or(String::new(), |(name, part, value)| format!("{part} {name} {}", fixed(value, 4)));
        let verdict = run.json()["verdict"].as_str().unwrap_or_default().to_string();
        let folder = run.folder.display().to_string();
        [folder, ended, run.text("program"), run.text("data"), run.text("epochs"), score, verdict, changed.clone()]
    });
    let lines: Vec<[String; 8]> = [header].into_iter().chain(cells).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..8).map(width).collect();
    let line = |cells: &[String; 8]| {
        let padded = cells.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_string()
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}
