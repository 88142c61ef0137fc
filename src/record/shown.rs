//! How far two tensors are apart, as far as their records tell.

use super::align::Pair;
use super::format::{Event, Number};
use super::side::Side;
use crate::python::compare::ulps;
use anyhow::Result;

/// How two tensors differ.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// Their shapes or dtypes.
    Forms(String, String),
    /// One number each.
    Values { a: f64, b: f64, ulps: u64 },
    /// The first element that differs, and how many do.
    Element { index: Vec<i64>, a: f64, b: f64, ulps: u64, differing: usize, of: usize },
    /// Only hashes and statistics are there.
    Statistics { mean: [f64; 2], l2: [f64; 2] },
    /// Only hashes are there.
    Hashes,
}

/// The largest difference in ULPs, where both have the values.
pub(super) fn largest(pair: &Pair<'_>, sides: &[Side<'_>; 2]) -> Result<Option<u64>> {
    if let (Some(Number(a)), Some(Number(b))) = (pair.a.value, pair.b.value) {
        return Ok(Some(ulps(a, b, false)));
    }
    if pair.a.shape != pair.b.shape {
        return Ok(None);
    }
    let (Some(a), Some(b)) = (sides[0].record.values(pair.a)?, sides[1].record.values(pair.b)?) else {
        return Ok(None);
    };
    let float32 = a.is_float32() && b.is_float32();
    Ok(a.wide().iter().zip(b.wide()).map(|(&a, b)| ulps(a, b, float32)).max())
}

/// The first element that differs, else what is known.
pub(super) fn shown(pair: &Pair<'_>, sides: &[Side<'_>; 2]) -> Result<Shown> {
    let (a, b) = (pair.a, pair.b);
    if let (Some(Number(a)), Some(Number(b))) = (a.value, b.value) {
        return Ok(Shown::Values { a, b, ulps: ulps(a, b, false) });
    }
    if (&a.shape, &a.dtype) != (&b.shape, &b.dtype) {
        return Ok(Shown::Forms(form(a), form(b)));
    }
    let single = a.numel() == 1;
    if !single && let (Some(a), Some(b)) = (sides[0].record.values(a)?, sides[1].record.values(b)?) {
        return Ok(element(&a.wide(), &b.wide(), pair.a.shape.as_deref().unwrap_or_default(), a.is_float32()));
    }
    let of = |number: fn(&Event) -> Option<Number>| [a, b].map(|event| number(event).map_or(f64::NAN, |Number(n)| n));
    let (mean, l2) = (of(|event| event.mean), of(|event| event.l2));
    // Of a single number the statistics are the number.
    if single && a.mean.is_some() {
        let [x, y] = mean;
        return Ok(Shown::Values { a: x, b: y, ulps: ulps(x, y, a.dtype.as_deref() == Some("float32")) });
    }
    Ok(match a.mean {
        Some(_) => Shown::Statistics { mean, l2 },
        None => Shown::Hashes,
    })
}

fn form(event: &Event) -> String {
    let shape = event.shape.as_deref().unwrap_or_default();
    format!("{}{shape:?}", event.dtype.as_deref().unwrap_or_default())
}

fn element(a: &[f64], b: &[f64], shape: &[i64], float32: bool) -> Shown {
    let differs = |(x, y): (&f64, &f64)| ulps(*x, *y, float32) != 0;
    let place = a.iter().zip(b).position(differs).unwrap_or_default();
    let mut index = vec![0; shape.len()];
    let mut rest = place as i64;
    for (at, size) in index.iter_mut().zip(shape).rev() {
        (*at, rest) = (rest % size.max(&1), rest / size.max(&1));
    }
    let (x, y) = (a.get(place).copied().unwrap_or(f64::NAN), b.get(place).copied().unwrap_or(f64::NAN));
    let differing = a.iter().zip(b).filter(|pair| differs(*pair)).count();
    Shown::Element { index, a: x, b: y, ulps: ulps(x, y, float32), differing, of: a.len() }
}
