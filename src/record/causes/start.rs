//! Why two networks begin with other weights.

use super::super::format::{Event, Kind, Number, Place};
use super::super::side::When;
use super::{Case, Cause, close, l2, largest, mean};
use anyhow::Result;

/// Draws that are compared: more than the bits of a seed.
const ENOUGH: usize = 8;

/// How the weights and the bias of a layer may have been drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Drawn {
    bias_first: bool,
    bound: Bound,
}

/// The bound of the uniform distribution of a weight with `n` inputs and `m` outputs.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Bound {
    /// 1/√n: `nn.Linear`, `kaiming_uniform_(a=√5)`.
    PyTorch,
    /// √(6/n): `kaiming_uniform_(nonlinearity="relu")`, tch's `nn::linear`.
    Kaiming,
    /// √(6/(n+m)): `xavier_uniform_`.
    Xavier,
}

impl Bound {
    const ALL: [Self; 3] = [Self::PyTorch, Self::Kaiming, Self::Xavier];

    fn of(self, n: f64, m: f64) -> f64 {
        match self {
            Self::PyTorch => 1.0 / n.sqrt(),
            Self::Kaiming => (6.0 / n).sqrt(),
            Self::Xavier => (6.0 / (n + m)).sqrt(),
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::PyTorch => "±1/√n (nn.Linear's own, kaiming_uniform_ with a=√5)",
            Self::Kaiming => "±√(6/n) (kaiming_uniform_ with the gain of ReLU, as tch's nn::linear has it)",
            Self::Xavier => "±√(6/(n+m)) (xavier_uniform_)",
        }
    }
}

pub(super) fn causes(case: &Case<'_>) -> Result<Vec<Cause>> {
    if case.pair.place.kind != Kind::Parameter {
        return Ok(vec![]);
    }
    if let Some(cause) = transposed(case)? {
        return Ok(vec![cause]);
    }
    let found = match draws(case)? {
        Some([a, b]) => named(case, a, b),
        None => bounds(case),
    };
    Ok(if found.is_empty() { seeds(case, looks_drawn(case)?) } else { found })
}

/// The same numbers, rows for columns.
fn transposed(case: &Case<'_>) -> Result<Option<Cause>> {
    let (a, b) = (case.pair.a, case.pair.b);
    let (Some(one), Some(other)) = (&a.shape, &b.shape) else { return Ok(None) };
    let same = close(mean(a), mean(b), 1e-9) && a.min == b.min && a.max == b.max;
    let flipped = one.len() == 2 && one.iter().rev().eq(other.iter());
    if !flipped || !same {
        return Ok(None);
    }
    if one == other {
        let Some([x, y]) = case.values(When::First)? else { return Ok(None) };
        let n = one[0].max(0) as usize;
        if !(0..n * n).all(|at| x[at] == y[at % n * n + at / n]) {
            return Ok(None);
        }
    }
    let text =
        format!("{} has the same numbers in both, with rows and columns exchanged: transpose it", case.first.what);
    Ok(Some(Cause::new("transposed", text)))
}

/// How both drew the layer, if their numbers are then one stream.
fn draws(case: &Case<'_>) -> Result<Option<[Drawn; 2]>> {
    let Some(layer) = case.pair.place.path.rsplit_once('.').map(|(layer, _)| layer) else { return Ok(None) };
    let mut tensors = Vec::new();
    for side in case.sides {
        for leaf in ["weight", "bias"] {
            let place = Place { path: format!("{layer}.{leaf}"), ..case.pair.place.clone() };
            let (Some(event), Some(values)) = (side.find(When::First, &place), side.values(When::First, &place)?)
            else {
                return Ok(None);
            };
            tensors.push((event.shape.clone().unwrap_or_default(), values.wide()));
        }
    }
    let [m, n] = tensors[0].0[..] else { return Ok(None) };
    if tensors[0].0 != tensors[2].0 || tensors[1].0 != tensors[3].0 {
        return Ok(None);
    }
    let streams = |side: usize| {
        let (weight, bias) = (&tensors[2 * side].1, &tensors[2 * side + 1].1);
        let all = [false, true].into_iter().flat_map(|bias_first| Bound::ALL.map(|bound| Drawn { bias_first, bound }));
        all.map(|drawn| (drawn, stream(drawn, weight, bias, n as f64, m as f64))).collect::<Vec<_>>()
    };
    let ours = streams(1);
    for (a, one) in streams(0) {
        for (b, other) in &ours {
            let same = one.iter().zip(other).all(|(x, y)| (x - y).abs() < 1e-5);
            if same && a != *b && one.len() >= ENOUGH {
                return Ok(Some([a, *b]));
            }
        }
    }
    Ok(None)
}

/// The draws from U(-1, 1) that the numbers come from.
fn stream(drawn: Drawn, weight: &[f64], bias: &[f64], n: f64, m: f64) -> Vec<f64> {
    let weight = weight.iter().map(|value| value / drawn.bound.of(n, m));
    let bias = bias.iter().map(|value| value * n.sqrt());
    if drawn.bias_first { bias.chain(weight).collect() } else { weight.chain(bias).collect() }
}

fn named(case: &Case<'_>, a: Drawn, b: Drawn) -> Vec<Cause> {
    let [one, other] = case.names();
    let mut found = Vec::new();
    if a.bias_first != b.bias_first {
        let (first, then) = if a.bias_first { (&one, &other) } else { (&other, &one) };
        let text =
            format!("{first} draws a layer's bias before its weight, {then} the weight first, as nn.Linear does");
        found.push(Cause::new("draw-order", text));
    }
    if a.bound != b.bound {
        let text = format!("{one} draws weights from {}, {other} from {}", a.bound.text(), b.bound.text());
        found.push(Cause::new("init-bounds", text));
    }
    found
}

/// Draws from which a bound can be told without their values.
const FEWEST: f64 = 64.0;

/// Whether two tensors may be draws of their own: not one that was changed in places, reordered or multiplied.
fn looks_drawn(case: &Case<'_>) -> Result<bool> {
    let (a, b) = (case.pair.a, case.pair.b);
    if a.shape != b.shape {
        return Ok(false);
    }
    let Some([mut x, mut y]) = case.values(When::First)? else { return Ok(true) };
    let apart = x.iter().zip(&y).filter(|(x, y)| x != y).count();
    let times = y.first().zip(x.first()).map_or(f64::NAN, |(y, x)| y / x);
    let multiplied = x.iter().zip(&y).all(|(x, y)| close(x * times, *y, 1e-5));
    x.sort_by(f64::total_cmp);
    y.sort_by(f64::total_cmp);
    Ok(apart * 10 >= x.len() * 9 && !multiplied && x != y)
}

/// The bounds, told by the largest numbers alone.
fn bounds(case: &Case<'_>) -> Vec<Cause> {
    let (a, b) = (case.pair.a, case.pair.b);
    let Some([m, n]) = a.shape.as_deref().and_then(|shape| <[i64; 2]>::try_from(shape).ok()) else { return vec![] };
    // Of k draws the largest lies some 1/k below the bound.
    let count = (m * n) as f64;
    if count < FEWEST {
        return vec![];
    }
    let near = |event: &Event, bound: f64| {
        largest(event) <= bound * 1.000_001 && largest(event) >= bound * (1.0 - 8.0 / count)
    };
    // The mean square of a uniform distribution is a third of the bound's; of so many draws it has this deviation.
    let spread = |event: &Event, bound: f64| (l2(event).powi(2) / count / bound.powi(2) - 1.0 / 3.0).abs();
    let uniform = |event: &Event, bound: f64| spread(event, bound) < 4.0 * 0.298 / count.sqrt();
    let of = |event: &Event| {
        let fits = |bound: &Bound| {
            let bound = bound.of(n as f64, m as f64);
            near(event, bound) && uniform(event, bound)
        };
        let fits: Vec<Bound> = Bound::ALL.into_iter().filter(fits).collect();
        if let [one] = fits[..] { Some(one) } else { None }
    };
    match (of(a), of(b)) {
        (Some(x), Some(y)) if x != y => {
            let [one, other] = case.names();
            vec![Cause::new("init-bounds", format!("{one} draws weights from {}, {other} from {}", x.text(), y.text()))]
        }
        _ => vec![],
    }
}

/// Another seed, or another place in the stream of random numbers.
fn seeds(case: &Case<'_>, drawn: bool) -> Vec<Cause> {
    let seeds = case.sides.each_ref().map(|side| side.model().and_then(|model| model.seed));
    let [one, other] = case.names();
    match seeds {
        [Some(a), Some(b)] if a != b => {
            vec![Cause::new("seed", format!("torch's generator was seeded with {a} in {one} and with {b} in {other}"))]
        }
        [Some(_), Some(_)] if drawn && case.pair.a.min != Some(Number(0.0)) => vec![Cause::new(
            "drawn-elsewhere",
            "the seed is the same: one of them draws other random numbers before its weights, or its weights in another way",
        )],
        _ => vec![],
    }
}
