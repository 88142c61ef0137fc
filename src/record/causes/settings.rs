//! What both programs were told, and under what conditions they ran.

use super::super::side::Side;
use super::{Case, Cause, l2};
use crate::torch::conditions::{self, Difference};
use serde_json::Value;

pub(super) fn learning_rate() -> Cause {
    Cause::new(
        "learning-rate",
        "the learning rates differ: look at lr, at the schedule, and whether it steps after a batch or after an epoch",
    )
}

/// Differences of this size and below may come from other kernels or another order of sums.
const ROUNDING: f64 = 1e-4;

/// Whether the difference is of the size of rounding.
pub(super) fn is_rounding(case: &Case<'_>) -> bool {
    let (a, b) = (l2(case.pair.a), l2(case.pair.b));
    let part = (a - b).abs() / a.max(b);
    // Of what has no norm, or none that is finite, it cannot be told.
    part.is_nan() || part <= ROUNDING
}

/// Threads, variables, versions and processor, where the difference is of the size of rounding.
pub(super) fn conditions(case: &Case<'_>) -> Vec<Cause> {
    if !is_rounding(case) {
        return vec![];
    }
    let [then, now] = case.sides.each_ref().map(|side| &side.record.header.conditions);
    now.since(then).iter().map(|difference| cause(case, difference)).collect()
}

fn cause(case: &Case<'_>, difference: &Difference) -> Cause {
    let [a, b] = case.names();
    let name = match difference.what {
        "threads" => "threads",
        "libtorch" => "libtorch",
        "device" => "device",
        "processor" => "processor",
        _ => "environment",
    };
    let Difference { what, was, now } = difference;
    let (was, now) = (conditions::shown(was), conditions::shown(now));
    Cause::new(name, format!("{what} is {was} in {a} and {now} in {b}: other kernels, or another order of sums"))
}

/// The settings in which the optimizers differ, such as `eps`.
pub(super) fn optimizers(sides: &[Side<'_>; 2]) -> Vec<(String, Value, Value)> {
    let [Some(a), Some(b)] = sides.each_ref().map(|side| side.record.optimizers.first()) else { return vec![] };
    let number = |value: &Value| value.as_f64();
    let same = |a: &Value, b: &Value| a == b || number(a).zip(number(b)).is_some_and(|(a, b)| a == b);
    let both = a.settings.iter().filter_map(|(name, a)| Some((name, a, b.settings.get(name)?)));
    both.filter(|(_, a, b)| !same(a, b)).map(|(name, a, b)| (name.clone(), a.clone(), b.clone())).collect()
}
