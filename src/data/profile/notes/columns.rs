//! What is to be said of any column: missing cells, ids, numbers written as text, values far out.

use super::super::stats::Stats;
use super::super::top::LIMIT;
use super::target::MOST_CLASSES;
use super::{Note, NoteKind, note, percent};
use crate::data::schema::Kind;
use crate::data::shapes::Meaning;
use std::collections::HashMap;

/// One-hot coding makes a feature of each category.
const MANY_CATEGORIES: u64 = 50;

/// `|skew|` of an exponential distribution is 2. A few values, such as 0 and 1, are categories rather than skewed.
const SKEW: f64 = 3.0;

/// Standard deviations from the mean: of a normal distribution no value lies there.
const OUTLIER: f64 = 10.0;

pub(super) fn of_any(column: &Stats, is_target: bool, notes: &mut Vec<Note>) {
    let (name, missing) = (column.name.as_str(), column.missing);
    let share = percent(missing, column.rows);
    let mut add = |kind, number: f64, text| notes.push(note(kind, &[name], number, text));
    if column.present() == 0 {
        return add(NoteKind::AllMissing, missing as f64, format!("all {missing} cells are missing"));
    }
    if missing * 2 > column.rows && !is_target {
        add(NoteKind::MostlyMissing, missing as f64, format!("{missing} cells ({share}) are missing"));
    }
    if column.distinct == 1 && !is_target {
        let value = column.top.first().map_or("", |(value, _)| value);
        let rest = if missing > 0 { format!(", where it is not missing ({missing} rows)") } else { String::new() };
        add(NoteKind::Constant, column.present() as f64, format!("always {value}{rest}: nothing to learn from"));
    }
    if column.is_index && !is_target {
        let text = "the index that pandas or R wrote beside the columns: fit leaves it out".to_string();
        add(NoteKind::Id, column.rows as f64, text);
    } else if column.looks_like_id() && !is_target {
        let why = if column.consecutive {
            "whole numbers that count the rows"
        } else {
            "text that is different in every row"
        };
        add(NoteKind::Id, column.rows as f64, format!("looks like an id: {} cells, {why}", column.rows));
    }
    if matches!(column.kind, Kind::Date | Kind::Datetime) {
        let text =
            format!("{} cells are dates; fit learns from year, month, day, …: see --date-parts", column.present());
        add(NoteKind::Date, column.present() as f64, text);
    }
}

pub(super) fn of_text(column: &Stats, is_target: bool, notes: &mut Vec<Note>) {
    if column.kind != Kind::Text || column.present() == 0 {
        return;
    }
    let name = column.name.as_str();
    let (text, present) = (&column.text, column.present());
    match text.meaning() {
        Meaning::MostlyNumbers => {
            let count = text.numbers();
            let (ways, remedy) = (text.ways(), text.remedy());
            let slip = text
                .slip
                .as_ref()
                .map_or(String::new(), |cell| format!("; if {cell:?} means missing, say --na {cell:?}"));
            let words = format!("text, but {count} of {present} cells are numbers: {ways}; {remedy}{slip}");
            notes.push(note(NoteKind::NumbersAsText, &[name], count as f64, words));
        }
        Meaning::MostlyDates => {
            let slip = text.slip.as_deref().unwrap_or_default();
            let words =
                format!("text, but {} of {present} cells are dates; see to the others, such as {slip:?}", text.dates());
            notes.push(note(NoteKind::DatesAsText, &[name], text.dates() as f64, words));
        }
        Meaning::OtherDates => {
            let (count, formats) = (text.other_dates.count, text.other_dates.formats().join(" or "));
            let words =
                format!("{count} of {present} cells look like dates, not in ISO 8601: say --date-format {formats}");
            notes.push(note(NoteKind::DatesAsText, &[name], count as f64, words));
        }
        Meaning::Numbers | Meaning::Dates { .. } | Meaning::Text => {}
    }
    spellings(column, notes);
    if column.distinct > MANY_CATEGORIES && !column.unique && !is_target {
        let about = if column.distinct_exact { "" } else { "about " };
        let words = format!("{about}{} categories: one-hot coding makes a feature of each", column.distinct);
        notes.push(note(NoteKind::ManyCategories, &[name], column.distinct as f64, words));
    }
}

/// Categories that differ only in capitals or in spaces around them.
fn spellings(column: &Stats, notes: &mut Vec<Note>) {
    if column.top.len() > LIMIT || column.unique {
        return;
    }
    let mut alike: HashMap<String, Vec<&str>> = HashMap::new();
    for (value, _) in &column.top {
        alike.entry(value.trim().to_lowercase()).or_default().push(value);
    }
    let mut groups: Vec<Vec<&str>> = alike.into_values().filter(|group| group.len() > 1).collect();
    groups.sort();
    if let Some(first) = groups.first() {
        let example: Vec<String> = first.iter().map(|value| format!("{value:?}")).collect();
        let text = format!(
            "{} {} written in several ways that differ in capitals or spaces only, such as {}",
            groups.len(),
            if groups.len() == 1 { "category is" } else { "categories are" },
            example.join(", ")
        );
        notes.push(note(NoteKind::Spellings, &[&column.name], groups.len() as f64, text));
    }
}

pub(super) fn of_numbers(column: &Stats, notes: &mut Vec<Note>) {
    let name = column.name.as_str();
    if column.infinite > 0 {
        let text = format!("{} cells are infinite", column.infinite);
        notes.push(note(NoteKind::Infinite, &[name], column.infinite as f64, text));
    }
    if let Some(skew) = column.skew.filter(|skew| skew.abs() > SKEW && column.distinct > MOST_CLASSES) {
        let side = if skew > 0.0 { "large" } else { "small" };
        let text = format!("skewed ({skew:.1}): a few values are very {side}; a logarithm or --scale robust may help");
        notes.push(note(NoteKind::Skewed, &[name], skew, text));
    }
    if let (Some(mean), Some(std)) = (column.mean, column.std.filter(|std| *std > 0.0 && column.distinct > 2)) {
        let ends = [&column.min, &column.max].map(|end| end.as_ref().and_then(serde_json::Value::as_f64));
        let far = ends.into_iter().flatten().map(|end| (((end - mean) / std).abs(), end));
        if let Some((far, end)) = far.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(far, _)| *far > OUTLIER) {
            let text = format!("{end} lies {far:.1} standard deviations from the mean");
            notes.push(note(NoteKind::Outlier, &[name], far, text));
        }
    }
}
