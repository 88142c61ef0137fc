//! What is learnt from, and looks as if it should not be: a leak of the target, the number of a row or of a person.

use super::prepare::Prepared;
use crate::data::store::Store;
use crate::preprocess::target::Labels;
use anyhow::Result;
use polars::prelude::DataType;
use std::collections::HashSet;

/// From this correlation on a column tells the target as it stands.
const LEAK: f64 = 0.999;
/// Of fewer rows than this, whole numbers may all differ by chance, and a correlation say little.
const FEW: usize = 100;

/// A sentence for each column that is, but for those that `said` names already; from the first training rows.
pub fn notes(prepared: &Prepared, store: &Store, said: &[String]) -> Result<Vec<String>> {
    let (raw, numbers) = (&prepared.train.raw, &prepared.pipeline.inputs.numbers);
    let (rows, width) = (raw.size()[0] as usize, raw.size()[1] as usize);
    if rows < FEW || width == 0 {
        return Ok(vec![]);
    }
    let raw: Vec<f64> = Vec::try_from(raw.f_view(-1)?)?;
    let truth: Option<Vec<f64>> = match &prepared.train.labels {
        Labels::Numbers(numbers) => Some(numbers[..rows].to_vec()),
        // The order of more than two classes is that of their names.
        Labels::Classes(classes) if prepared.target.class_labels().is_some_and(|names| names.len() == 2) => {
            Some(classes[..rows].iter().map(|&class| class as f64).collect())
        }
        Labels::Classes(_) => None,
    };
    let mut notes = Vec::new();
    for (index, name) in numbers.iter().map(|number| &number.name).enumerate() {
        let cells: Vec<f64> = raw.iter().skip(index).step_by(width).copied().collect();
        let correlation = truth.as_deref().and_then(|truth| correlation(&cells, truth));
        if let Some(r) = correlation.filter(|r| r.abs() >= LEAK) {
            notes.push(format!(
                "{name}: its correlation with the target is {r:.4}: a leak? --drop {name} leaves it out"
            ));
        } else if store.dtype(name).is_ok_and(DataType::is_integer)
            && all_differ(&cells)
            && !said.iter().any(|note| note.starts_with(&format!("{name} ")))
        {
            notes.push(format!(
                "{name}: no two of its {rows} whole numbers are the same, as those of an id; --drop {name} leaves it out"
            ));
        }
    }
    Ok(notes)
}

fn all_differ(cells: &[f64]) -> bool {
    let mut seen = HashSet::with_capacity(cells.len());
    cells.iter().all(|cell| !cell.is_nan() && seen.insert(cell.to_bits()))
}

/// Pearson's, of the rows where the cell is there; none where one of the two does not vary.
fn correlation(cells: &[f64], truth: &[f64]) -> Option<f64> {
    let pairs: Vec<(f64, f64)> =
        cells.iter().zip(truth).filter(|(cell, _)| !cell.is_nan()).map(|(&cell, &truth)| (cell, truth)).collect();
    let count = pairs.len() as f64;
    let (x, y) = pairs.iter().fold((0.0, 0.0), |(x, y), pair| (x + pair.0 / count, y + pair.1 / count));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (a, b) in &pairs {
        (xx, yy, xy) = (xx + (a - x).powi(2), yy + (b - y).powi(2), xy + (a - x) * (b - y));
    }
    // A mean of equal numbers may be rounded: that they vary is seen in themselves.
    let varies = |of: fn(&(f64, f64)) -> f64| pairs.iter().any(|pair| of(pair) != of(&pairs[0]));
    let r = xy / (xx * yy).sqrt();
    (pairs.len() >= FEW && varies(|pair| pair.0) && varies(|pair| pair.1) && r.is_finite()).then_some(r)
}

#[cfg(test)]
mod tests {
    use super::*;

    // numpy.corrcoef([1, 2, 3, 5] * 25, [2, 1, 4, 6] * 25)[0, 1]
    #[test]
    fn the_correlation_is_numpys_and_leaves_gaps_out() {
        let repeated = |cells: [f64; 4]| cells.iter().cycle().take(100).copied().collect::<Vec<f64>>();
        let (mut x, mut y) = (repeated([1.0, 2.0, 3.0, 5.0]), repeated([2.0, 1.0, 4.0, 6.0]));
        assert!((correlation(&x, &y).unwrap() - 0.9022436386781062).abs() < 1e-12);
        x.push(f64::NAN);
        y.push(1e9);
        assert!((correlation(&x, &y).unwrap() - 0.9022436386781062).abs() < 1e-12);
        assert_eq!(correlation(&[1.0; 200], &[2.0; 200]), None);
    }
}
