//! Two traces side by side: per quantity the largest difference, in ULPs too, and where the first one is.

use crate::trace::{Data, Trace};
use anyhow::{Context, Result, ensure};

/// How far two runs may part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The same libtorch, device and threads on one machine: no bit differs.
    Bits,
    /// A stored trace, perhaps of another processor: MKL and ATen choose their kernels by processor.
    Golden,
}

/// Relative bound on a float32 loss history against a stored trace.
const GOLDEN_HISTORY: f64 = 1e-5;
/// Absolute bound on float32 weights and data against a stored trace.
const GOLDEN_WEIGHTS: f64 = 1e-4;
/// Bound on the accuracy against a stored trace: one sample of the tutorial's 200.
const GOLDEN_ACCURACY: f64 = 0.005;

/// One line of the comparison.
#[derive(Debug, Clone)]
pub struct Row {
    pub quantity: String,
    /// Number of values compared, and a representative one (the last) from either side.
    pub count: usize,
    pub theirs: f64,
    pub ours: f64,
    pub max_abs: f64,
    pub max_rel: f64,
    pub max_ulps: u64,
    /// Index of the first value whose bits differ.
    pub first: Option<usize>,
    pub holds: bool,
}

/// Compares every quantity of `theirs` with `ours`; an error where the two do not hold the same quantities.
pub fn compare(theirs: &Trace, ours: &Trace, bound: Bound) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for a in &theirs.tensors {
        let b = ours.tensors.iter().find(|b| b.name == a.name);
        let b = b.with_context(|| format!("tensor {} is only in the one trace", a.name))?;
        ensure!(a.shape == b.shape, "tensor {}: shape {:?} against {:?}", a.name, a.shape, b.shape);
        let float32 = matches!(a.data, Data::Float32(_));
        rows.push(row(&a.name, &a.data.to_f64(), &b.data.to_f64(), float32, bound, Limit::Absolute(GOLDEN_WEIGHTS))?);
    }
    for (name, a) in &theirs.series {
        let b = ours.series.get(name).with_context(|| format!("series {name} is only in the one trace"))?;
        rows.push(row(name, a, b, true, bound, Limit::Relative(GOLDEN_HISTORY))?);
    }
    for (name, b) in &ours.scalars {
        let a = theirs.scalars.get(name).with_context(|| format!("{name} is only in the one trace"))?;
        let limit = if name == "accuracy" { GOLDEN_ACCURACY } else { 0.0 };
        rows.push(row(name, &[*a], &[*b], false, bound, Limit::Absolute(limit))?);
    }
    Ok(rows)
}

#[derive(Clone, Copy)]
enum Limit {
    Absolute(f64),
    Relative(f64),
}

fn row(name: &str, a: &[f64], b: &[f64], float32: bool, bound: Bound, limit: Limit) -> Result<Row> {
    ensure!(a.len() == b.len(), "{name}: {} values against {}", a.len(), b.len());
    let pairs = || a.iter().zip(b);
    let relative = |(x, y): (&f64, &f64)| if x == y { 0.0 } else { (x - y).abs() / x.abs().max(y.abs()) };
    let max_abs = pairs().map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
    let max_rel = pairs().map(relative).fold(0.0, f64::max);
    let max_ulps = pairs().map(|(x, y)| ulps(*x, *y, float32)).max().unwrap_or(0);
    // fold(f64::max) passes over NaN, so finiteness is asked for by itself.
    let finite = pairs().all(|(x, y)| x.is_finite() && y.is_finite());
    let within = match (bound, limit) {
        (Bound::Bits, _) => max_ulps == 0,
        (Bound::Golden, Limit::Absolute(limit)) => max_abs <= limit,
        (Bound::Golden, Limit::Relative(limit)) => max_rel <= limit,
    };
    Ok(Row {
        quantity: name.into(),
        count: a.len(),
        theirs: a.last().copied().unwrap_or(f64::NAN),
        ours: b.last().copied().unwrap_or(f64::NAN),
        max_abs,
        max_rel,
        max_ulps,
        first: pairs().position(|(x, y)| ulps(*x, *y, float32) != 0),
        holds: finite && within,
    })
}

/// How many representable numbers lie between `a` and `b`, in float32 or float64; -0 and 0 are one apart.
pub fn ulps(a: f64, b: f64, float32: bool) -> u64 {
    let key = |value: f64| -> i64 {
        let bits = if float32 { i64::from((value as f32).to_bits() as i32) } else { value.to_bits() as i64 };
        let sign = if float32 { i64::from(i32::MIN) } else { i64::MIN };
        if bits < 0 { sign.wrapping_sub(bits).wrapping_sub(1) } else { bits }
    };
    key(a).abs_diff(key(b))
}

impl Data {
    /// All values as float64, which holds every float32 and every integer below 2⁵³.
    fn to_f64(&self) -> Vec<f64> {
        match self {
            Self::Float32(values) => values.iter().map(|&value| value.into()).collect(),
            Self::Float64(values) => values.clone(),
            Self::Int64(values) => values.iter().map(|&value| value as f64).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_ulp_apart() {
        assert_eq!(ulps(1.0, f64::from(1.0_f32.next_up()), true), 1);
        assert_eq!(ulps(1.0, 1.0_f64.next_down(), false), 1);
        assert_eq!(ulps(-1.0, f64::from((-1.0_f32).next_up()), true), 1);
        assert_eq!(ulps(-0.0, 0.0, true), 1);
        assert_eq!(ulps(f64::from(-f32::from_bits(1)), f64::from(f32::from_bits(1)), true), 3);
    }

    #[test]
    fn the_first_differing_value_is_named_and_breaks_the_bit_bound() {
        let row = row("loss", &[1.0, 2.0, 3.0], &[1.0, 2.5, 3.5], true, Bound::Bits, Limit::Relative(1.0)).unwrap();
        assert_eq!((row.first, row.holds, row.max_abs), (Some(1), false, 0.5));
    }

    #[test]
    fn a_value_that_is_not_a_number_breaks_every_bound() {
        let row = row("loss", &[1.0], &[f64::NAN], true, Bound::Golden, Limit::Relative(1e-5)).unwrap();
        assert!(!row.holds);
    }
}
