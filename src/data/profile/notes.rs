//! What is wrong, or may be, with a table: each with its columns and a number.

use super::Stats;
use super::top::LIMIT;
use crate::choices::names::named;
use crate::data::schema::Kind;
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

/// A class of fewer rows is rare, and so is one of a smaller share.
const RARE_ROWS: u64 = 10;
const RARE_SHARE: f64 = 0.01;

/// The largest class has so many times the rows of the smallest: a minority of 20 % beside one other class.
const IMBALANCE: f64 = 4.0;

/// One-hot coding makes a feature of each category.
const MANY_CATEGORIES: u64 = 50;

/// `|skew|` of an exponential distribution is 2. A few values, such as 0 and 1, are categories rather than skewed.
const SKEW: f64 = 3.0;

/// Standard deviations from the mean: of a normal distribution no value lies there.
const OUTLIER: f64 = 10.0;

/// `|r|` from which a column says what the target says.
const FOLLOWS: f64 = 0.999;

/// A whole-number target with more values than this is a number, not a class, as `fit` has it.
const MOST_CLASSES: u64 = 10;

pub(super) fn of(columns: &[Stats], target: Option<&str>, rows: u64, duplicates: (u64, bool)) -> Vec<Note> {
    let mut notes = Vec::new();
    let the_target = target.and_then(|name| columns.iter().find(|column| column.name == name));
    if let Some(target) = the_target {
        of_target(target, &mut notes);
        columns.iter().filter(|column| column.name != target.name).for_each(|column| leak(column, target, &mut notes));
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
    equal(columns, target, &mut notes);
    for column in columns {
        let is_target = target == Some(column.name.as_str());
        of_any(column, is_target, &mut notes);
        of_text(column, is_target, &mut notes);
        of_numbers(column, &mut notes);
    }
    notes
}

fn note(kind: NoteKind, columns: &[&str], number: f64, text: String) -> Note {
    Note { kind, columns: columns.iter().map(|name| name.to_string()).collect(), number, text }
}

fn percent(part: u64, whole: u64) -> String {
    format!("{:.1} %", 100.0 * part as f64 / (whole as f64).max(1.0))
}

fn of_any(column: &Stats, is_target: bool, notes: &mut Vec<Note>) {
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
    if column.looks_like_id() && !is_target {
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

fn of_text(column: &Stats, is_target: bool, notes: &mut Vec<Note>) {
    if column.kind != Kind::Text || column.present() == 0 {
        return;
    }
    let name = column.name.as_str();
    let (text, present) = (&column.text, column.present());
    if column.mostly_numbers() {
        let ways = [
            (text.plain, "plain"),
            (text.spaced, "with spaces"),
            (text.grouped, "with commas for thousands, as 1,234.5"),
            (text.decimal_comma, "with a decimal comma"),
            (text.with_unit, "with a sign of money or per cent"),
        ];
        let ways: Vec<String> =
            ways.iter().filter(|(count, _)| *count > 0).map(|(count, way)| format!("{count} {way}")).collect();
        let count = text.numbers();
        let words = format!("text, but {count} of {present} cells are numbers: {}", ways.join(", "));
        notes.push(note(NoteKind::NumbersAsText, &[name], count as f64, words));
    }
    if text.spaced > 0 {
        let words = format!("{} numbers are written with spaces around or inside them", text.spaced);
        notes.push(note(NoteKind::SpacesInNumbers, &[name], text.spaced as f64, words));
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

fn of_numbers(column: &Stats, notes: &mut Vec<Note>) {
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

/// A column that gives the answer away.
fn leak(column: &Stats, target: &Stats, notes: &mut Vec<Note>) {
    let names = [column.name.as_str()];
    let name = &target.name;
    if column.fingerprint == target.fingerprint && target.present() > 0 {
        let text = format!("equals the target {name} in all {} rows: leave it out", column.rows);
        return notes.push(note(NoteKind::EqualsTarget, &names, column.rows as f64, text));
    }
    // A column that hardly repeats determines anything.
    let values = column.distinct_with_target.filter(|&values| values > 1 && values * 2 <= column.present());
    if let Some(values) = values.filter(|&values| column.pairs_with_target == Some(values)) {
        let text = if values == target.distinct {
            format!("each of its {values} values stands for one value of the target {name}: a leak?")
        } else if values * RARE_ROWS <= column.present() {
            format!("each of its {values} values has one value of the target {name} only: a leak?")
        } else {
            return;
        };
        return notes.push(note(NoteKind::DeterminesTarget, &names, values as f64, text));
    }
    let enough = column.correlated_rows >= RARE_ROWS;
    if let Some(r) = column.correlation.filter(|r| enough && r.abs() >= FOLLOWS) {
        let text = format!("its correlation with the target {name} is {r:.4}: a leak?");
        notes.push(note(NoteKind::FollowsTarget, &names, r, text));
    }
}

fn of_target(target: &Stats, notes: &mut Vec<Note>) {
    let name = target.name.as_str();
    let (missing, present) = (target.missing, target.present());
    if missing > 0 && present > 0 {
        let text = format!(
            "the target is missing in {missing} rows ({}), which fit leaves out",
            percent(missing, target.rows)
        );
        notes.push(note(NoteKind::MissingTarget, &[name], missing as f64, text));
    }
    if target.distinct == 1 {
        let value = target.top.first().map_or("", |(value, _)| value);
        let text = format!("the target is always {value}: there is nothing to predict");
        return notes.push(note(NoteKind::ConstantTarget, &[name], present as f64, text));
    }
    let is_class = match target.kind {
        Kind::Text | Kind::Bool => true,
        Kind::Integer => target.distinct <= MOST_CLASSES,
        _ => false,
    };
    if is_class && target.top_lost == 0 && present > 0 {
        classes(target, notes);
    }
}

fn classes(target: &Stats, notes: &mut Vec<Note>) {
    let (name, present) = (target.name.as_str(), target.present());
    let rare = |rows: u64| rows < RARE_ROWS || (rows as f64) < RARE_SHARE * present as f64;
    let list = |found: &[&(String, u64)]| {
        let mut shown: Vec<String> = found.iter().take(5).map(|(class, rows)| format!("{class} ({rows})")).collect();
        if found.len() > 5 {
            shown.push(format!("{} more", found.len() - 5));
        }
        shown.join(", ")
    };
    let single: Vec<&(String, u64)> = target.top.iter().filter(|(_, rows)| *rows == 1).collect();
    if !single.is_empty() {
        let text = format!(
            "{} of {} classes: a single row, which cannot be in training and test both: {}",
            single.len(),
            target.distinct,
            list(&single)
        );
        notes.push(note(NoteKind::SingleRowClass, &[name], single.len() as f64, text));
    }
    let few: Vec<&(String, u64)> = target.top.iter().filter(|(_, rows)| *rows > 1 && rare(*rows)).collect();
    if !few.is_empty() {
        let text = format!(
            "{} of {} classes: rare, below {RARE_ROWS} rows or 1 %: {}",
            few.len(),
            target.distinct,
            list(&few)
        );
        notes.push(note(NoteKind::RareClass, &[name], few.len() as f64, text));
    }
    if let (Some((most, large)), Some((least, small))) = (target.top.first(), target.top.last()) {
        let ratio = *large as f64 / *small as f64;
        if ratio >= IMBALANCE {
            let text = format!(
                "class {most} has {large} rows ({}), class {least} has {small}: {ratio:.1} to 1; consider --stratify and \
                 --class-weight balanced",
                percent(*large, present)
            );
            notes.push(note(NoteKind::ClassImbalance, &[name], ratio, text));
        }
    }
}
