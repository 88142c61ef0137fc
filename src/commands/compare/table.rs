//! What `compare` found, as a table and as JSON.

use super::Comparison;
use crate::python::compare::Row;
use crate::python::trace::Trace;
use crate::torch::conditions;
use serde_json::{Value, json};

pub(super) fn json(comparison: &Comparison) -> Value {
    let Comparison { ours, rows, .. } = comparison;
    let rows: Vec<_> = rows.iter().map(row_json).collect();
    json!({"program": ours.program, "seed": ours.seed, "threads": ours.threads, "holds": comparison.holds(), "rows": rows,
           "conditions": conditions::texts(&comparison.conditions)})
}

fn row_json(row: &Row) -> Value {
    json!({"quantity": row.quantity, "values": row.count, "python": row.theirs, "ours": row.ours, "max_abs": row.max_abs,
           "max_rel": row.max_rel, "max_ulps": row.max_ulps, "first_difference": row.first, "holds": row.holds})
}

/// One line a quantity, and below them one line a program. With several programs, a column says which.
pub(super) fn of(comparisons: &[Comparison]) -> String {
    let several = comparisons.len() > 1;
    let program = |name: &str| if several { format!("{name:<11} ") } else { String::new() };
    let mut lines = vec![format!(
        "{}{:<20} {:>7} {:>14} {:>14} {:>9} {:>9} {:>8}  first difference",
        program("program"),
        "quantity",
        "values",
        "Python (last)",
        "ours (last)",
        "max abs",
        "max rel",
        "ULPs"
    )];
    for comparison in comparisons {
        lines.extend(comparison.rows.iter().map(|row| program(&comparison.ours.program) + &line(row)));
    }
    lines.extend(comparisons.iter().map(|comparison| {
        let name = if several { format!("{}: ", comparison.ours.program) } else { String::new() };
        let line = conditions::line(&comparison.conditions);
        let line = line.map_or(String::new(), |line| format!("\n{name}{line}"));
        name + &verdict(comparison) + &line
    }));
    lines.join("\n")
}

fn line(row: &Row) -> String {
    let unit = if row.series { "epoch" } else { "value" };
    let first = row.first.map_or("none".into(), |index| format!("{unit} {}", index + 1));
    let mark = if row.holds { "" } else { "  BROKEN" };
    format!(
        "{:<20} {:>7} {:>14.8} {:>14.8} {:>9.1e} {:>9.1e} {:>8}  {first}{mark}",
        row.quantity, row.count, row.theirs, row.ours, row.max_abs, row.max_rel, row.max_ulps
    )
}

fn verdict(comparison: &Comparison) -> String {
    let Comparison { theirs, ours, rows, .. } = comparison;
    let seconds = |trace: &Trace| trace.seconds.get("training").copied().unwrap_or(f64::NAN);
    let verdict = match (comparison.holds(), rows.iter().all(|row| row.max_ulps == 0)) {
        (true, true) => "equal to the bit",
        (true, false) => "within the stated bounds",
        (false, _) => "a bound is broken",
    };
    let threads = ours.threads.map(|threads| format!(", {threads} threads")).unwrap_or_default();
    format!(
        "seed {}{threads}: {verdict}; training loop {:.3} s in Python, {:.3} s here",
        ours.seed.unwrap_or_default(),
        seconds(theirs),
        seconds(ours)
    )
}
