//! The likely cause of a first difference: each is a test on the two records that either holds or does not.

mod adam;
mod backward;
mod batch;
mod forward;
mod scaling;
mod settings;
mod start;
mod update;

pub use update::orders;

use super::align::Pair;
use super::difference::First;
use super::format::{Event, Kind, Number, Phase};
use super::side::{Side, When};
use anyhow::Result;
use serde::Serialize;

/// A cause whose test holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// Such as `draw-order`.
    pub name: &'static str,
    pub text: String,
}

impl Cause {
    fn new(name: &'static str, text: impl Into<String>) -> Self {
        Self { name, text: text.into() }
    }
}

/// Two records at the step where they part.
pub struct Case<'a> {
    pub sides: &'a [Side<'a>; 2],
    pub pair: &'a Pair<'a>,
    pub first: &'a First,
}

impl Case<'_> {
    /// Whether a module before it has given something in this pass: what differs comes from in between, not from the batch.
    fn is_inner(&self) -> bool {
        let Some(now) = self.sides[0].find(When::Now, &self.pair.place) else { return false };
        let events = self.sides[0].all(When::Now, |event| event.phase == now.phase);
        let before = events.iter().take_while(|(_, event)| !std::ptr::eq(*event, now));
        before.last().is_some_and(|(_, event)| event.kind == Kind::Output)
    }

    /// The numbers of the tensor in question in both records, where both kept them.
    fn values(&self, when: When) -> Result<Option<[Vec<f64>; 2]>> {
        let [a, b] = self.sides.each_ref().map(|side| side.values(when, &self.pair.place));
        Ok(a?.zip(b?).map(|(a, b)| [a.wide(), b.wide()]))
    }

    /// The names of both records' files.
    fn names(&self) -> [String; 2] {
        [self.sides[0].name(), self.sides[1].name()]
    }
}

/// The causes whose tests hold, the likeliest first.
pub fn likely(case: &Case<'_>) -> Result<Vec<Cause>> {
    let mut found = dtype(case);
    if found.is_empty() {
        found = match (case.pair.place.phase, case.pair.place.kind) {
            (Phase::Start, _) => start::causes(case)?,
            (_, Kind::Input) if case.pair.place.index > 0 => forward::another_input(case)?,
            (_, Kind::Input) if case.is_inner() => forward::between(case)?,
            (_, Kind::Input) => batch::causes(case)?,
            (_, Kind::Output | Kind::Loss) => forward::causes(case)?,
            (_, Kind::Gradient | Kind::Clipped) => backward::causes(case)?,
            (_, Kind::Lr) => vec![settings::learning_rate()],
            _ => update::causes(case)?,
        };
    }
    if found.is_empty() {
        found = settings::conditions(case);
    }
    Ok(found)
}

/// One side computes in another precision.
fn dtype(case: &Case<'_>) -> Vec<Cause> {
    let (Some(a), Some(b)) = (&case.pair.a.dtype, &case.pair.b.dtype) else { return vec![] };
    if a == b {
        return vec![];
    }
    let [one, other] = case.names();
    let text = format!("{} is {a} in {one} and {b} in {other}: convert one of them", case.first.what);
    vec![Cause::new("dtype", text)]
}

/// A statistic of an event, NaN where it has none.
fn statistic(of: Option<Number>) -> f64 {
    of.map_or(f64::NAN, |Number(value)| value)
}

fn mean(event: &Event) -> f64 {
    statistic(event.mean)
}

fn l2(event: &Event) -> f64 {
    statistic(event.l2)
}

/// The largest number, without its sign.
fn largest(event: &Event) -> f64 {
    statistic(event.max).max(-statistic(event.min))
}

/// Whether two numbers are the same but for rounding in float32.
fn close(a: f64, b: f64, within: f64) -> bool {
    a == b || (a - b).abs() <= within * a.abs().max(b.abs())
}

/// By what number all of the second's tensors are those of the first times it, told by their norms, extremes and means.
fn ratio<'a>(pairs: impl IntoIterator<Item = (&'a Event, &'a Event)>) -> Option<f64> {
    let mut found: Option<f64> = None;
    for (a, b) in pairs {
        let ratio = l2(b) / l2(a);
        if !ratio.is_finite() || ratio == 0.0 {
            continue;
        }
        let scaled = [(a.min, b.min), (a.max, b.max)];
        let holds = found.is_none_or(|found| close(found, ratio, 1e-4))
            && scaled.iter().all(|(a, b)| close(statistic(*a) * ratio, statistic(*b), 1e-3));
        if !holds {
            return None;
        }
        found = found.or(Some(ratio));
    }
    found
}
