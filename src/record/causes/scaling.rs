//! The same rows in other units: how a batch's columns are scaled.

use super::super::format::Event;
use super::super::side::When;
use super::{Case, Cause, close};
use anyhow::Result;

/// `rows`: the batch, which says of how many rows it is.
pub(super) fn causes(case: &Case<'_>, rows: Option<&Event>) -> Result<Option<Cause>> {
    let (Some([a, b]), Some(shape)) = (case.values(When::Now)?, &case.pair.a.shape) else { return Ok(None) };
    if case.pair.a.shape != case.pair.b.shape || shape.len() != 2 || shape[0] < 3 {
        return Ok(None);
    }
    let columns = shape[1] as usize;
    let lines: Option<Vec<(f64, f64)>> = (0..columns).map(|column| line(&a, &b, column, columns)).collect();
    let Some(lines) = lines else { return Ok(None) };
    Ok(deviation(case, &lines, rows.and_then(|rows| rows.of)).or_else(|| scaled(case, &lines)))
}

/// Slope and intercept where one column is a straight line of the other; a column that is equal has the slope 1.
fn line(a: &[f64], b: &[f64], column: usize, columns: usize) -> Option<(f64, f64)> {
    let pairs = || a.iter().zip(b).skip(column).step_by(columns).map(|(x, y)| (*x, *y));
    let low = pairs().min_by(|p, q| p.0.total_cmp(&q.0))?;
    let high = pairs().max_by(|p, q| p.0.total_cmp(&q.0))?;
    let slope = if high.0 > low.0 { (high.1 - low.1) / (high.0 - low.0) } else { 1.0 };
    let offset = low.1 - slope * low.0;
    let size = pairs().map(|(_, y)| y.abs()).fold(1e-30, f64::max);
    (slope != 0.0 && pairs().all(|(x, y)| (slope * x + offset - y).abs() <= 1e-5 * size)).then_some((slope, offset))
}

/// Every column by √((n-1)/n): the standard deviation over n - 1 on one side, over n on the other.
fn deviation(case: &Case<'_>, lines: &[(f64, f64)], rows: Option<i64>) -> Option<Cause> {
    let n = rows.filter(|n| *n > 2)? as f64;
    let part = ((n - 1.0) / n).sqrt();
    let scaled = |by: f64| lines.iter().all(|(slope, _)| close(*slope, by, 0.1 / n)) && !close(by, 1.0, 1e-9);
    let [one, other] = case.names();
    let (unbiased, population) = match (scaled(part), scaled(1.0 / part)) {
        (true, _) => (other, one),
        (_, true) => (one, other),
        _ => return None,
    };
    let text = format!(
        "{unbiased} divides by the standard deviation over n - 1 (pandas' and torch's .std()), {population} by that over n (NumPy's, \
         StandardScaler's, fit's)"
    );
    Some(Cause::new("ddof", text))
}

fn scaled(case: &Case<'_>, lines: &[(f64, f64)]) -> Option<Cause> {
    let other_units = |(slope, offset): &&(f64, f64)| !close(*slope, 1.0, 1e-5) || offset.abs() > 1e-4;
    let (column, (slope, offset)) = lines.iter().enumerate().find(|(_, line)| other_units(line))?;
    let [one, other] = case.names();
    let text = format!(
        "the same rows, their columns scaled otherwise: column {column} of {other} is {slope:.6} times that of {one} plus {offset:.6}"
    );
    Some(Cause::new("scaling", text))
}
