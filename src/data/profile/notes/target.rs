//! What is to be said of the target, and of columns that give it away.

use super::super::stats::Stats;
use super::{Note, NoteKind, note, percent};
use crate::data::schema::Kind;

/// A class of fewer rows is rare, and so is one of a smaller share.
const RARE_ROWS: u64 = 10;
const RARE_SHARE: f64 = 0.01;

/// The largest class has so many times the rows of the smallest: a minority of 20 % beside one other class.
const IMBALANCE: f64 = 4.0;

/// `|r|` from which a column says what the target says.
const FOLLOWS: f64 = 0.999;

/// Whole numbers of more values than this are numbers, not classes.
pub const MOST_CLASSES: u64 = 10;
/// And so are those that have fewer rows than this a value, if they are more than two.
pub const ROWS_A_CLASS: u64 = 5;

/// Whether a target of whole numbers stands for classes, here and in `fit`: by how many values it has in how many rows.
pub fn are_classes(values: u64, rows: u64) -> bool {
    values <= 2 || values <= MOST_CLASSES && rows >= ROWS_A_CLASS * values
}

/// A column that gives the answer away.
pub(super) fn leak(column: &Stats, target: &Stats, notes: &mut Vec<Note>) {
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

/// What is wrong with the target itself.
pub(super) fn of(target: &Stats, notes: &mut Vec<Note>) {
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
        Kind::Integer => are_classes(target.distinct, present),
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
