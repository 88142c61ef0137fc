//! What is wrong, or may be, with a table: each with its columns and a number.

mod columns;
mod target;

pub use target::MOST_CLASSES;

use super::Stats;
use crate::choices::names::named;
use serde::Serialize;

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
        SpacesInNumbers = "spaces-in-numbers",
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

pub(super) fn of(table: &[Stats], target: Option<&str>, rows: u64, duplicates: (u64, bool)) -> Vec<Note> {
    let mut notes = Vec::new();
    let the_target = target.and_then(|name| table.iter().find(|column| column.name == name));
    if let Some(the_target) = the_target {
        target::of(the_target, &mut notes);
        table
            .iter()
            .filter(|column| column.name != the_target.name)
            .for_each(|column| target::leak(column, the_target, &mut notes));
    }
    if duplicates.0 > 0 {
        let about = if duplicates.1 { "" } else { "about " };
        let share = percent(duplicates.0, rows);
        notes.push(note(
            NoteKind::DuplicateRows,
            &[],
            duplicates.0 as f64,
            format!(
                "{about}{} rows ({share}) repeat an earlier row; the same row may end up in training and in test",
                duplicates.0
            ),
        ));
    }
    equal(table, target, &mut notes);
    for column in table {
        let is_target = target == Some(column.name.as_str());
        columns::of_any(column, is_target, &mut notes);
        columns::of_text(column, is_target, &mut notes);
        columns::of_numbers(column, &mut notes);
    }
    notes
}

fn note(kind: NoteKind, columns: &[&str], number: f64, text: String) -> Note {
    Note { kind, columns: columns.iter().map(|name| name.to_string()).collect(), number, text }
}

fn percent(part: u64, whole: u64) -> String {
    format!("{:.1} %", 100.0 * part as f64 / (whole as f64).max(1.0))
}

fn equal(columns: &[Stats], target: Option<&str>, notes: &mut Vec<Note>) {
    let mut groups: Vec<Vec<&Stats>> = Vec::new();
    for column in columns.iter().filter(|column| column.present() > 0 && target != Some(column.name.as_str())) {
        match groups.iter_mut().find(|group| group[0].fingerprint == column.fingerprint) {
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
