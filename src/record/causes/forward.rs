//! Why a module or a loss gives something else for the same inputs.

use super::super::format::{Event, Kind};
use super::super::side::{Side, When};
use super::{Case, Cause, close, mean, ratio};
use super::{backward, scaling};
use anyhow::Result;

pub(super) fn causes(case: &Case<'_>) -> Result<Vec<Cause>> {
    if let Some(cause) = evaluated(case) {
        return Ok(vec![cause]);
    }
    if let Some(cause) = dropout(case)? {
        return Ok(vec![cause]);
    }
    // A criterion's output is a loss too.
    let single = case.pair.a.numel() == 1 && case.pair.b.numel() == 1;
    if let Some(cause) = scaled(case).filter(|_| single) {
        // A loss that is divided by the number of batches that add up to an update.
        return Ok([Some(cause), backward::batches(case)].into_iter().flatten().collect());
    }
    if case.pair.place.kind == Kind::Loss {
        // By rounding alone it is no other loss.
        let apart = !close(mean(case.pair.a), mean(case.pair.b), 1e-5);
        return Ok(apart.then(|| target(case)).into_iter().collect());
    }
    Ok(sigmoid(case)?.into_iter().collect())
}

/// One side is in evaluation mode.
fn evaluated(case: &Case<'_>) -> Option<Cause> {
    let [one, other] = case.names();
    let text = |evaluating: &str, training: &str| {
        let what = format!("{evaluating} is in evaluation mode here, {training} in training mode");
        Cause::new(
            "eval-mode",
            format!("{what}: model.train() is missing after an evaluation, or model.eval() before one"),
        )
    };
    match (case.pair.a.training, case.pair.b.training) {
        (Some(false), Some(true)) => Some(text(&one, &other)),
        (Some(true), Some(false)) => Some(text(&other, &one)),
        _ => None,
    }
}

/// Why what one module gives is not what the next one takes, on one side.
pub(super) fn between(case: &Case<'_>) -> Result<Vec<Cause>> {
    Ok(dropout(case)?.into_iter().collect())
}

const MASK: &str = "other elements are left out by dropout: random numbers are drawn before it on one side only";

/// Other elements are set to zero, and what is left is the same, or the same times a number.
fn dropout(case: &Case<'_>) -> Result<Option<Cause>> {
    let Some([a, b]) = case.values(When::Now)? else { return Ok(by_class(case)) };
    let zeros = |values: &[f64]| values.iter().filter(|value| **value == 0.0).count();
    let kept: Vec<f64> = a.iter().zip(&b).filter(|(x, y)| **x != 0.0 && **y != 0.0).map(|(x, y)| y / x).collect();
    let Some(&ratio) = kept.first() else { return Ok(by_class(case)) };
    let masked = a.len() == b.len() && a.len() >= 8 && zeros(&a) + zeros(&b) > 0 && ratio > 0.0;
    if !masked || !kept.iter().all(|other| close(*other, ratio, 1e-5)) {
        return Ok(None);
    }
    if close(ratio, 1.0, 1e-5) {
        let both = zeros(&a) > 0 && zeros(&b) > 0;
        return Ok(both.then(|| Cause::new("dropout-mask", MASK)));
    }
    let [one, other] = case.names();
    let (more, less, ratio) = if ratio > 1.0 { (other, one, ratio) } else { (one, other, 1.0 / ratio) };
    let text = format!(
        "dropout leaves out more in {more}: what it leaves is {ratio:.4} times as large as in {less}, as with p={:.3} where {less} has no \
         dropout",
        1.0 - 1.0 / ratio
    );
    let thinned = a.iter().zip(&b).any(|(x, y)| (*x == 0.0) != (*y == 0.0));
    Ok(thinned.then(|| Cause::new("dropout-p", text)))
}

/// Without values: a dropout that gives something else for the same input.
fn by_class(case: &Case<'_>) -> Option<Cause> {
    if case.pair.place.kind != Kind::Output {
        return None;
    }
    let modules = case.sides[0].model().map(|model| model.modules.as_slice()).unwrap_or_default();
    let class = modules.iter().find(|(path, _)| *path == case.pair.place.path).map(|(_, class)| class.as_str());
    class.filter(|class| class.contains("Dropout")).map(|_| {
        Cause::new(
            "dropout-mask",
            "other elements are left out by dropout: another p, or random numbers drawn before it on one side only",
        )
    })
}

/// One side's output is the sigmoid of the other's.
fn sigmoid(case: &Case<'_>) -> Result<Option<Cause>> {
    let Some([a, b]) = case.values(When::Now)? else { return Ok(None) };
    let is = |x: &[f64], y: &[f64]| {
        x.len() == y.len() && x.iter().zip(y).all(|(x, y)| close(1.0 / (1.0 + (-x).exp()), *y, 1e-5))
    };
    let [one, other] = case.names();
    let text = |odd: &str, usual: &str| {
        let what = format!("{odd} has nn.Sigmoid behind what {usual} gives");
        Cause::new("sigmoid", format!("{what}: BCELoss in place of BCEWithLogitsLoss, which is fit's bce"))
    };
    Ok(if is(&a, &b) { Some(text(&other, &one)) } else { is(&b, &a).then(|| text(&one, &other)) })
}

/// A module's second input, such as a criterion's target.
pub(super) fn another_input(case: &Case<'_>) -> Result<Vec<Cause>> {
    Ok(vec![scaling::causes(case, None)?.unwrap_or_else(|| target(case))])
}

/// What is left where the outputs are equal.
fn target(case: &Case<'_>) -> Cause {
    let ours = |side: &Side<'_>| side.record.header.by == "lockstep";
    let hint = match case.sides.iter().any(ours) {
        true => {
            "; fit scales a number to be predicted by the training rows' mean and deviation, --target-scale none leaves it"
        }
        false => "",
    };
    Cause::new(
        "target",
        format!("the targets, their weights or the loss function are others, since the outputs are equal{hint}"),
    )
}

/// The loss is the other one times a number.
fn scaled(case: &Case<'_>) -> Option<Cause> {
    let (a, b) = (case.pair.a, case.pair.b);
    factor(case, mean(b) / mean(a), "the loss")
}

/// A constant factor in words: the number of rows or of elements, or another.
pub(super) fn factor(case: &Case<'_>, ratio: f64, what: &str) -> Option<Cause> {
    if !ratio.is_finite() || ratio == 0.0 || close(ratio, 1.0, 1e-6) {
        return None;
    }
    let [one, other] = case.names();
    let (larger, smaller, times) = if ratio > 1.0 { (&other, &one, ratio) } else { (&one, &other, 1.0 / ratio) };
    for (count, of) in counts(case) {
        if count > 1 && close(times, count as f64, 1e-5) {
            let name = if what == "the loss" { "sum-for-mean" } else { "missing-1/n" };
            let text =
                format!("{what} in {larger} is {count} times that in {smaller}, the number of {of}: a sum for a mean");
            return Some(Cause::new(name, text));
        }
    }
    let whole = close(times, times.round(), 1e-5) && times < 1e6;
    let shown = if whole { format!("{}", times.round()) } else { format!("{times:.6}") };
    whole.then(|| Cause::new("factor", format!("{what} in {larger} is {shown} times that in {smaller}")))
}

/// Rows of the batch, and elements of what the network gives.
fn counts(case: &Case<'_>) -> Vec<(i64, &'static str)> {
    let side = &case.sides[0];
    let outputs =
        side.all(When::Now, |event| event.kind == Kind::Output && event.shape.as_ref().is_some_and(|s| !s.is_empty()));
    let shape = |event: &Event| event.shape.clone().unwrap_or_default();
    let mut counts = Vec::new();
    for (_, event) in outputs.iter().rev().take(2) {
        counts.push((shape(event)[0], "rows of the batch"));
        counts.push((event.numel(), "the outputs"));
    }
    counts
}

/// By what number all the second's tensors of a kind are the first's.
pub(super) fn ratio_of(case: &Case<'_>, kind: Kind) -> Option<f64> {
    let [a, b] = case.sides;
    let of = a.all(When::Now, |event| event.kind == kind);
    ratio(of.iter().filter_map(|(place, event)| Some((*event, b.find(When::Now, place)?))))
}
