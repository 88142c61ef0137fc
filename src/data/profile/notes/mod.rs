//! What is wrong, or may be, with a table: each with its columns and a number.

mod columns;
mod target;

pub use target::{MOST_CLASSES, ROWS_A_CLASS, are_classes};

use super::stats::Stats;
use crate::choices::names::named;
use serde::Serialize;
use std::collections::HashMap;

named! {
    /// What a note is about.
    pub enum NoteKind {
        AllMissing = "all-missing",
        MostlyMissing = "mostly-missing",
        Constant = "constant",
        Id = "looks-like-id",
        DuplicateRows = "duplicate-rows",
        EqualColumns = "equal-columns",
        EqualsTarget = "equals-target",
        DeterminesTarget = "determines-target",
        FollowsTarget = "follows-target",
        MissingTarget = "missing-target",
        ConstantTarget = "constant-target",
        SingleRowClass = "single-row-class",
        RareClass = "rare-class",
        ClassImbalance = "class-imbalance",
        NumbersAsText = "numbers-as-text",
        DatesAsText = "dates-as-text",
        Unreadable = "unreadable",
        Spellings = "spellings",
        ManyCategories = "many-categories",
        Infinite = "infinite",
        Skewed = "skewed",
        Outlier = "outlier",
        Date = "date",
    }
}

/// One finding.
#[derive(Debug, Clone, Serialize)]
pub struct Note {
    pub kind: NoteKind,
    pub columns: Vec<String>,
    /// The number that the text speaks of.
    pub number: f64,
    pub text: String,
}

/// All notes on a table of so many `rows`; `duplicates`: the rows that repeat an earlier one, and whether that is exact.
pub(super) fn of(table: &[Stats], target: Option<&str>, rows: u64, duplicates: (u64, bool)) -> Vec<Note> {
    let mut notes = Vec::new();
    let is_target = |column: &Stats| target == Some(column.name.as_str());
    if let Some(the_target) = table.iter().find(|column| is_target(column)) {
        target::of(the_target, &mut notes);
        let others = table.iter().filter(|column| !is_target(column));
        others.for_each(|column| target::leak(column, the_target, &mut notes));
    }
    if duplicates.0 > 0 {
        notes.push(repeated(duplicates, rows));
    }
    equal(table, target, &mut notes);
    for column in table {
        columns::of_any(column, is_target(column), &mut notes);
        columns::of_text(column, is_target(column), &mut notes);
        columns::of_numbers(column, &mut notes);
    }
    notes
}

fn repeated((count, exact): (u64, bool), rows: u64) -> Note {
    let (about, share) = (if exact { "" } else { "about " }, percent(count, rows));
    let text =
        format!("{about}{count} rows ({share}) repeat an earlier row; the same row may end up in training and in test");
    note(NoteKind::DuplicateRows, &[], count as f64, text)
}

/// A column that is not read.
pub(super) fn unreadable(name: &str, why: &str, rows: u64) -> Note {
    note(NoteKind::Unreadable, &[name], rows as f64, why.to_string())
}

fn note(kind: NoteKind, columns: &[&str], number: f64, text: String) -> Note {
    Note { kind, columns: columns.iter().map(|name| name.to_string()).collect(), number, text }
}

fn percent(part: u64, whole: u64) -> String {
    format!("{:.1} %", 100.0 * part as f64 / (whole as f64).max(1.0))
}

/// Columns whose cells are the same in every row.
fn equal(columns: &[Stats], target: Option<&str>, notes: &mut Vec<Note>) {
    let (mut groups, mut places): (Vec<Vec<&Stats>>, _) = (Vec::new(), HashMap::new());
    for column in columns.iter().filter(|column| column.present() > 0 && target != Some(column.name.as_str())) {
        let place = *places.entry(column.fingerprint).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(column),
            None => groups.push(vec![column]),
        }
    }
    for group in groups.iter().filter(|group| group.len() > 1) {
        let names: Vec<&str> = group.iter().map(|column| column.name.as_str()).collect();
        let text = format!("{} are equal in all {} rows", names.join(" and "), group[0].rows);
        notes.push(note(NoteKind::EqualColumns, &names, group[0].rows as f64, text));
    }
}
