//! `diff --picture`: tensor by tensor, over the steps, by how many ULPs two records differ.

use super::difference::Difference;
use super::format::{Kind, Phase};
use super::tally::{Mark, Row};
use crate::plot::{Figure, Heatmap, Panel};

/// Columns at most; more steps than this share one.
const MOST_COLUMNS: usize = 64;

/// In more columns than this two figures have no room.
const MOST_TEXTS: usize = 24;

/// Tensors at most.
const MOST_ROWS: usize = 40;

/// So many bits are all that a float32 has: a difference is as dark as it gets at the largest, and here at the latest.
const DARKEST: f64 = 23.0;

/// Every tensor of the first record's order that has differed anywhere, or all of them where none has: white is equal, darker
/// is more ULPs, grey is unlike by an unknown number, since the values were not kept.
pub fn figure(difference: &Difference) -> Figure {
    let [a, b] = difference.steps;
    let steps = a.min(b).max(1) as usize;
    let wide = steps.div_ceil(MOST_COLUMNS);
    let columns = steps.div_ceil(wide);
    let rows: Vec<&Row> = difference.tally.rows.iter().filter(|row| is_shown(row)).take(MOST_ROWS).collect();
    let mut cells = Vec::new();
    for row in &rows {
        for column in 0..columns {
            let within = |step: u64| step as usize / wide == column;
            let marks = row.marks.iter().filter(|(step, _)| within(*step)).map(|(_, mark)| *mark);
            cells.push(cell(marks));
        }
    }
    let high = cells.iter().copied().filter(|bits| bits.is_finite()).fold(1.0_f64, f64::max).ceil();
    let label = "log2 of the ULPs by which it differs; grey: by how many is not known".to_string();
    let heatmap = Heatmap {
        columns,
        shares: cells.iter().map(|bits| bits / high).collect(),
        texts: cells.iter().map(|&bits| if columns > MOST_TEXTS { String::new() } else { text(bits) }).collect(),
        label,
        high,
    };
    let names = rows.iter().enumerate().map(|(place, row)| ((rows.len() - 1 - place) as f64, name(row))).collect();
    let every = columns.div_ceil(8);
    let ticks = (0..columns).step_by(every).map(|column| (column as f64, (column * wide).to_string())).collect();
    let panel = Panel::new("", if wide == 1 { "step".into() } else { format!("step, {wide} to a column") }, "")
        .x_ticks(ticks)
        .y_ticks(names)
        .layer(heatmap);
    Figure::new("Where two trainings part").panel(panel)
}

/// The state of the generator and the rows are no numbers of the training.
fn is_shown(row: &Row) -> bool {
    !matches!(row.kind, Kind::Generator | Kind::Rows | Kind::Permutation) && row.phase != Phase::Start
}

/// The largest difference among some marks, as bits of a number; NaN where one is not known.
fn cell(marks: impl Iterator<Item = Mark>) -> f64 {
    let bits = |mark| match mark {
        Mark::Equal => 0.0,
        Mark::Differs(None) => f64::NAN,
        Mark::Differs(Some(ulps)) => power(ulps).min(DARKEST),
    };
    marks.map(bits).fold(0.0, |most: f64, bits| if most.is_nan() || bits.is_nan() { f64::NAN } else { most.max(bits) })
}

fn text(bits: f64) -> String {
    match bits {
        _ if bits.is_nan() => "≠".into(),
        0.0 => String::new(),
        _ => format!("{bits:.0}"),
    }
}

/// The power of two that a number of ULPs comes to; one ULP is seen too.
fn power(ulps: u64) -> f64 {
    (ulps as f64).log2().max(0.5)
}

fn name(row: &Row) -> String {
    if row.kind == Kind::Lr {
        return if row.path == "0" { "learning rate".into() } else { format!("learning rate {}", row.path) };
    }
    let kind = match row.kind {
        Kind::Parameter => "",
        Kind::Gradient => "∇ ",
        Kind::Clipped => "clipped ∇ ",
        other => other.name(),
    };
    let space = if kind.is_empty() || kind.ends_with(' ') || row.path.is_empty() { "" } else { " " };
    let eval = if row.phase == Phase::Eval { "eval: " } else { "" };
    let name = format!("{eval}{}{space}{kind}", row.path);
    if matches!(row.kind, Kind::Gradient | Kind::Clipped) { format!("{eval}{kind}{}", row.path) } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::format::Place;
    use crate::record::tally::Tally;

    #[test]
    fn differences_are_dark_and_unknown_ones_grey() {
        assert_eq!(cell([Mark::Equal, Mark::Differs(Some(1024))].into_iter()), 10.0);
        assert!(cell([Mark::Differs(None), Mark::Differs(Some(4))].into_iter()).is_nan());
        assert_eq!(cell([Mark::Equal].into_iter()), 0.0);
        assert_eq!([0.0, 0.5, 10.0, f64::NAN].map(text), ["", "0", "10", "≠"]);
    }

    #[test]
    fn a_difference_can_be_drawn() {
        let mut tally = Tally::default();
        let place =
            |path: &str| Place { phase: Phase::Update, kind: Kind::Parameter, path: path.into(), call: 0, index: 0 };
        for step in 0..200 {
            tally.see(&place("fc1.weight"), step, step < 50, Some(step), true);
            tally.see(&place("fc1.bias"), step, step < 100, None, true);
        }
        let difference =
            Difference { steps: [200, 200], first: None, causes: vec![], wanted: None, tally, names: vec![] };
        let figure = figure(&difference);
        assert_eq!(figure.panels[0].y.ticks.as_ref().map(Vec::len), Some(2));
        figure.png().unwrap();
    }
}
