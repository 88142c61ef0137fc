//! Two traces side by side: per quantity the largest difference, in ULPs too, and where the first one is.

use crate::python::trace::{Data, Trace};
use anyhow::{Result, bail, ensure};

/// How far two values may part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// No bit differs.
    Bits,
    /// `max |a - b|` is at most this.
    Absolute(f64),
    /// The largest relative difference ([`Row::max_rel`]) is at most this.
    Relative(f64),
}

/// How far two runs of a program may part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Every series, value by value, and every scalar; the number of parameters is always exact.
    pub history: Limit,
    pub tensors: Limit,
    pub accuracy: Limit,
}

impl Bounds {
    /// The same kernels, device and threads on one machine.
    pub const BITS: Self = Self { history: Limit::Bits, tensors: Limit::Bits, accuracy: Limit::Bits };

    /// A float32 program against a stored trace, perhaps of another processor, for which MKL and ATen choose other
    /// kernels; for the accuracy one sample of the tutorial's 200.
    pub const FLOAT32_STORED: Self =
        Self { history: Limit::Relative(1e-5), tensors: Limit::Absolute(1e-4), accuracy: Limit::Absolute(0.005) };

    /// A float64 program, `limit` relative.
    pub const fn relative(limit: f64) -> Self {
        let limit = Limit::Relative(limit);
        Self { history: limit, tensors: limit, accuracy: limit }
    }

    fn of_scalar(&self, name: &str) -> Limit {
        match name {
            "parameters" => Limit::Bits,
            "accuracy" => self.accuracy,
            _ => self.history,
        }
    }
}

/// One line of the comparison.
#[derive(Debug, Clone)]
pub struct Row {
    pub quantity: String,
    /// Number of values compared, and a representative one (the last) from either side.
    pub count: usize,
    pub theirs: f64,
    pub ours: f64,
    pub max_abs: f64,
    /// Of a series or scalar: the largest `|a - b| / max(|a|, |b|)`. Of a tensor: `max |a - b| / max |a|`, since an
    /// element near 0 carries the rounding of its neighbours.
    pub max_rel: f64,
    pub max_ulps: u64,
    /// Index of the first value whose bits differ.
    pub first: Option<usize>,
    /// Whether the values are those of successive epochs.
    pub series: bool,
    pub holds: bool,
}

/// Compares every quantity of `theirs` with `ours`; an error where the two do not hold the same quantities.
pub fn compare(theirs: &Trace, ours: &Trace, bounds: &Bounds) -> Result<Vec<Row>> {
    same_quantities(theirs, ours)?;
    let mut rows = Vec::new();
    for a in &theirs.tensors {
        let Some(b) = ours.tensors.iter().find(|b| b.name == a.name) else { continue };
        ensure!(a.shape == b.shape, "tensor {}: shape {:?} against {:?}", a.name, a.shape, b.shape);
        let mut row = row(&a.name, &a.data.to_f64(), &b.data.to_f64(), matches!(a.data, Data::Float32(_)))?;
        let largest = a.data.to_f64().iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        row.max_rel = if row.max_abs == 0.0 { 0.0 } else { row.max_abs / largest };
        rows.push(row.judged(bounds.tensors));
    }
    // Only a program with float32 tensors has float32 losses.
    let float32 = theirs.tensors.iter().any(|tensor| matches!(tensor.data, Data::Float32(_)));
    for ((name, a), b) in theirs.series.iter().zip(ours.series.values()) {
        let row = Row { series: true, ..row(name, a, b, float32)? };
        rows.push(row.judged(bounds.history));
    }
    for ((name, a), b) in theirs.scalars.iter().zip(ours.scalars.values()) {
        let shown = if theirs.series.contains_key(name) { format!("{name}, result") } else { name.clone() };
        rows.push(row(&shown, &[*a], &[*b], false)?.judged(bounds.of_scalar(name)));
    }
    Ok(rows)
}

/// Both traces hold the same quantities, but for the tensors that a stored one says it leaves out.
fn same_quantities(theirs: &Trace, ours: &Trace) -> Result<()> {
    fn tensors(trace: &Trace) -> Vec<&String> {
        trace.tensors.iter().map(|tensor| &tensor.name).collect()
    }
    let kinds = [
        ("tensor", tensors(theirs), tensors(ours)),
        ("series", theirs.series.keys().collect(), ours.series.keys().collect()),
        ("result", theirs.scalars.keys().collect(), ours.scalars.keys().collect()),
    ];
    for (kind, theirs_has, ours_has) in kinds {
        if let Some(name) = theirs_has.iter().find(|name| !ours_has.contains(name)) {
            bail!("{kind} {name}: in Python's trace, not in ours");
        }
        let left_out = |name: &String| kind == "tensor" && theirs.left_out.contains(name);
        if let Some(name) = ours_has.iter().find(|name| !theirs_has.contains(name) && !left_out(name)) {
            bail!("{kind} {name}: in our trace, not in Python's");
        }
    }
    Ok(())
}

fn row(name: &str, a: &[f64], b: &[f64], float32: bool) -> Result<Row> {
    ensure!(a.len() == b.len(), "{name}: {} values against {}", a.len(), b.len());
    let pairs = || a.iter().zip(b);
    let relative = |(x, y): (&f64, &f64)| if x == y { 0.0 } else { (x - y).abs() / x.abs().max(y.abs()) };
    Ok(Row {
        quantity: name.into(),
        count: a.len(),
        theirs: a.last().copied().unwrap_or(f64::NAN),
        ours: b.last().copied().unwrap_or(f64::NAN),
        max_abs: pairs().map(|(x, y)| (x - y).abs()).fold(0.0, f64::max),
        max_rel: pairs().map(relative).fold(0.0, f64::max),
        max_ulps: pairs().map(|(x, y)| ulps(*x, *y, float32)).max().unwrap_or(0),
        first: pairs().position(|(x, y)| ulps(*x, *y, float32) != 0),
        series: false,
        // fold(f64::max) passes over NaN, so finiteness is asked for by itself.
        holds: pairs().all(|(x, y)| x.is_finite() && y.is_finite()),
    })
}

impl Row {
    fn judged(mut self, limit: Limit) -> Self {
        self.holds &= match limit {
            Limit::Bits => self.max_ulps == 0,
            Limit::Absolute(limit) => self.max_abs <= limit,
            Limit::Relative(limit) => self.max_rel <= limit,
        };
        self
    }
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
    use crate::python::trace::TensorTrace;

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
        let row = row("loss", &[1.0, 2.0, 3.0], &[1.0, 2.5, 3.5], true).unwrap().judged(Limit::Bits);
        assert_eq!((row.first, row.holds, row.max_abs), (Some(1), false, 0.5));
    }

    #[test]
    fn a_value_that_is_not_a_number_breaks_every_bound() {
        let row = row("loss", &[1.0], &[f64::NAN], true).unwrap().judged(Limit::Relative(1e-5));
        assert!(!row.holds);
    }

    /// A trace with one quantity of each kind.
    fn trace() -> Trace {
        let mut trace = Trace::new("descent", 0, &(), 0.0).unwrap();
        trace.scalars = [("loss".to_string(), 1.0)].into();
        trace.series = [("loss".to_string(), vec![2.0, 1.0])].into();
        trace.tensors = vec![TensorTrace::vector("x", &[1e-9, 100.0])];
        trace
    }

    #[test]
    fn a_quantity_that_is_only_on_one_side_is_an_error_unless_it_was_left_out() {
        let empty = Trace { tensors: vec![], ..trace() };
        assert!(compare(&empty, &trace(), &Bounds::BITS).is_err());
        assert!(compare(&trace(), &empty, &Bounds::BITS).is_err());
        let left_out = Trace { left_out: vec!["x".into()], ..empty };
        assert_eq!(compare(&left_out, &trace(), &Bounds::BITS).unwrap().len(), 2);
        for broken in
            [Trace { scalars: Default::default(), ..trace() }, Trace { series: Default::default(), ..trace() }]
        {
            assert!(compare(&broken, &trace(), &Bounds::BITS).is_err());
            assert!(compare(&trace(), &broken, &Bounds::BITS).is_err());
        }
    }

    #[test]
    fn a_tensor_is_measured_by_its_largest_element_and_a_series_value_by_value() {
        let mut ours = trace();
        ours.tensors = vec![TensorTrace::vector("x", &[2e-9, 100.0])];
        ours.series = [("loss".to_string(), vec![2.0, 1.0 + 1e-10])].into();
        let rows = compare(&trace(), &ours, &Bounds::relative(1.1e-11)).unwrap();
        assert_eq!([rows[0].holds, rows[1].holds, rows[2].holds], [true, false, true]);
        assert!((rows[0].max_rel - 1e-11).abs() < 1e-20, "{}", rows[0].max_rel);
    }
}
