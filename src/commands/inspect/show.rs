//! A table's profile for people: aligned columns, then the notes.

use crate::data::profile::{ColumnProfile, Note, TableProfile};
use crate::data::schema::Kind;
use serde_json::Value;

/// Characters of a text cell that are shown.
const CELL: usize = 24;

/// Most frequent values that are shown of a column.
const VALUES: usize = 4;

pub(super) fn text(profile: &TableProfile, shown: &str, bytes: u64) -> String {
    let repeated = match (profile.duplicate_rows, profile.duplicate_rows_exact) {
        (0, _) => "no row twice".into(),
        (rows, true) => format!("{rows} duplicate rows"),
        (rows, false) => format!("about {rows} duplicate rows"),
    };
    let mut blocks = vec![format!(
        "{shown}: {} rows, {} columns, {bytes} bytes on disk, {} in memory, {repeated}",
        profile.rows,
        profile.columns.len(),
        profile.memory_bytes
    )];
    let of = |kinds: &[Kind]| -> Vec<&ColumnProfile> {
        profile.columns.iter().filter(|column| kinds.contains(&column.kind)).collect()
    };
    blocks.extend(numbers(&of(&[Kind::Number, Kind::Integer])));
    blocks.extend(categories(&of(&[Kind::Text, Kind::Bool])));
    blocks.extend(times(&of(&[Kind::Date, Kind::Datetime])));
    blocks.push(notes(&profile.notes));
    let sampled = profile.columns.iter().any(|column| column.quartiles.is_some() && !column.quartiles_exact);
    if sampled || profile.columns.iter().any(|column| !column.distinct_exact) {
        blocks.push("~: estimated, from a sample of 65,536 values or different values".into());
    }
    blocks.join("\n\n")
}

fn numbers(columns: &[&ColumnProfile]) -> Option<String> {
    let head = ["column", "role", "type", "missing", "distinct", "min", "25 %", "median", "75 %", "max", "mean", "std"];
    let row = |column: &&ColumnProfile| {
        let optional = |value: Option<f64>| value.map_or("-".into(), short);
        let quartile = |i: usize| match column.quartiles {
            Some(quartiles) if column.quartiles_exact => short(quartiles[i]),
            Some(quartiles) => format!("~{}", short(quartiles[i])),
            None => "-".into(),
        };
        let mut cells = common(column);
        cells.extend([end(&column.min), quartile(0), quartile(1), quartile(2), end(&column.max)]);
        cells.extend([optional(column.mean), optional(column.std)]);
        cells
    };
    block(&head, columns.iter().map(row).collect(), 3)
}

fn categories(columns: &[&ColumnProfile]) -> Option<String> {
    let head = ["column", "role", "type", "missing", "distinct", "most frequent"];
    let row = |column: &&ColumnProfile| {
        let least = if column.most_frequent_error > 0 { "at least " } else { "" };
        let shown =
            column.most_frequent.iter().take(VALUES).map(|(value, count)| format!("{} {least}{count}", cut(value)));
        let mut cells = common(column);
        cells.push(shown.collect::<Vec<_>>().join(", "));
        cells
    };
    block(&head, columns.iter().map(row).collect(), 3)
}

fn times(columns: &[&ColumnProfile]) -> Option<String> {
    let head = ["column", "role", "type", "missing", "distinct", "earliest", "latest"];
    let row = |column: &&ColumnProfile| {
        let mut cells = common(column);
        cells.extend([end(&column.min), end(&column.max)]);
        cells
    };
    block(&head, columns.iter().map(row).collect(), 3)
}

fn common(column: &ColumnProfile) -> Vec<String> {
    let missing = match column.missing {
        0 => "0".into(),
        missing => format!("{missing} ({:.1} %)", 100.0 * column.missing_share),
    };
    let about = if column.distinct_exact { "" } else { "~" };
    let (role, kind) = (column.role.to_string(), column.kind.to_string());
    vec![cut(&column.name), role, kind, missing, format!("{about}{}", column.distinct)]
}

fn notes(notes: &[Note]) -> String {
    if notes.is_empty() {
        return "notes: none".into();
    }
    let line = |note: &Note| match note.columns.as_slice() {
        [column] => format!("  {column}: {}", note.text),
        _ => format!("  {}", note.text),
    };
    let lines: Vec<String> = notes.iter().map(line).collect();
    format!("notes\n{}", lines.join("\n"))
}

/// Rows under their heads: the first `left` columns and a last one that is a list stand left, numbers right.
fn block(head: &[&str], rows: Vec<Vec<String>>, left: usize) -> Option<String> {
    if rows.is_empty() {
        return None;
    }
    let mut all = vec![head.iter().map(|text| text.to_string()).collect::<Vec<_>>()];
    all.extend(rows);
    let width = |i: usize| all.iter().map(|row| row[i].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let cell = |i: usize, text: &String| {
        let width = widths[i];
        if i < left || head[i] == "most frequent" { format!("{text:<width$}") } else { format!("{text:>width$}") }
    };
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().enumerate().map(|(i, text)| cell(i, text)).collect();
        cells.join("  ").trim_end().to_string()
    };
    Some(all.iter().map(line).collect::<Vec<_>>().join("\n"))
}

/// A cell on one line, cut where it is long.
fn cut(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() <= CELL { line } else { line.chars().take(CELL - 1).chain(['…']).collect() }
}

fn end(value: &Option<Value>) -> String {
    match value {
        None => "-".into(),
        Some(Value::String(text)) => text.clone(),
        Some(value) if value.is_f64() => value.as_f64().map_or("-".into(), short),
        Some(value) => value.to_string(),
    }
}

/// Five significant digits.
fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let magnitude = value.abs().log10().floor() as i32;
    if !(-4..=8).contains(&magnitude) {
        return format!("{value:.4e}");
    }
    let text = format!("{value:.*}", (4 - magnitude).max(0) as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    // f"{x:.5g}", but whole numbers below a billion in full
    #[test]
    fn numbers_are_shown_with_five_digits() {
        for (value, text) in [
            (0.1, "0.1"),
            (1234.5678, "1234.6"),
            (-0.00012345678, "-0.00012346"),
            (123456.7, "123457"),
            (1e12, "1.0000e12"),
            (100.0, "100"),
            (0.0, "0"),
            (2e-7, "2.0000e-7"),
        ] {
            assert_eq!(short(value), text);
        }
    }
}
