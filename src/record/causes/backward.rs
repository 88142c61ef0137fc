//! Why gradients differ though the loss is the same.

use super::super::format::{Event, Kind, Place};
use super::super::side::{Side, When};
use super::forward::{factor, ratio_of};
use super::{Case, Cause, close, largest, mean, ratio};
use anyhow::Result;

pub(super) fn causes(case: &Case<'_>) -> Result<Vec<Cause>> {
    let kind = case.pair.place.kind;
    if kind == Kind::Clipped {
        return Ok(clipped(case));
    }
    if let Some(cause) = batches(case) {
        return Ok(vec![cause]);
    }
    if let Some(cause) = accumulated(case).or_else(|| decayed(case)) {
        return Ok(vec![cause]);
    }
    let factor = ratio_of(case, kind).and_then(|ratio| factor(case, ratio, "every gradient"));
    Ok(factor.into_iter().collect())
}

/// One side clips, or both do otherwise: by the norm every gradient gets smaller by the same number.
fn clipped(case: &Case<'_>) -> Vec<Cause> {
    let [one, other] = case.names();
    let changes = |side: &Side<'_>| !side.all(When::Now, |event| event.kind == Kind::Clipped).is_empty();
    let by_norm = |side: &Side<'_>| shrunk(side).is_some_and(|ratio| ratio < 1.0);
    let named = |name: &'static str, text: String| vec![Cause::new(name, text)];
    let changed = |who: &str, not: &str| {
        named(
            "changed-gradient",
            format!("{who} changes the gradients between backward and the update, {not} does not"),
        )
    };
    let clips = |who: &str, not: &str| {
        let what = "makes all gradients smaller by the same number between backward and the update";
        named("clipping", format!("{who} {what}, as clip_grad_norm_ does, {not} does not"))
    };
    let sides = case.sides.each_ref();
    match (sides.map(changes), sides.map(by_norm)) {
        ([true, true], [true, true]) => {
            named("clipping", format!("{one} and {other} clip the gradients to different norms: another max_norm"))
        }
        ([true, true], _) => named(
            "changed-gradient",
            format!("{one} and {other} change the gradients differently between backward and the update"),
        ),
        ([true, false], [true, _]) => clips(&one, &other),
        ([true, false], _) => changed(&one, &other),
        (_, [_, true]) => clips(&other, &one),
        _ => changed(&other, &one),
    }
}

/// By what number a side multiplies every gradient between backward and the update.
fn shrunk(side: &Side<'_>) -> Option<f64> {
    let clipped = side.all(When::Now, |event| event.kind == Kind::Clipped);
    let raw = |place: &Place| {
        gradients(side).into_iter().rfind(|(other, _)| other.path == place.path).map(|(_, event)| event)
    };
    ratio(clipped.iter().filter_map(|(place, event)| Some((raw(place)?, *event))))
}

/// Of how many batches an update's gradients are.
pub(super) fn batches(case: &Case<'_>) -> Option<Cause> {
    let count = |side: &Side<'_>| {
        let gradients = gradients(side);
        let of = gradients.first().map(|(place, _)| place.path.clone());
        gradients.iter().filter(|(place, _)| Some(&place.path) == of.as_ref()).count()
    };
    let ([a, b], [one, other]) = (case.sides.each_ref().map(count), case.names());
    (a != b).then(|| {
        let text = format!("an update has the gradients of {a} batches in {one} and of {b} in {other}: accumulation (fit's --accumulate)");
        Cause::new("accumulation", text)
    })
}

/// A gradient of this step with that of the step before in it: means are linear, so they tell.
fn accumulated(case: &Case<'_>) -> Option<Cause> {
    let holds = |keeps: usize| {
        let (clean, dirty) = (&case.sides[1 - keeps], &case.sides[keeps]);
        let sums: Option<Vec<bool>> = gradients(clean)
            .iter()
            .map(|(place, event)| {
                dirty.before?;
                let (before, now) = (dirty.gradient(When::Before, &place.path)?, dirty.find(When::Now, place)?);
                let rounding = 1e-5 * largest(event).max(largest(before));
                let apart = (mean(now) - mean(event) - mean(before)).abs();
                (apart <= rounding).then_some(mean(before).abs() > 10.0 * rounding)
            })
            .collect();
        // Each is a sum, and of one at least it shows.
        sums.is_some_and(|shows| shows.contains(&true))
    };
    let keeps = [0, 1].into_iter().find(|&keeps| holds(keeps))?;
    let name = &case.names()[keeps];
    let text = format!("{name} adds the gradient to that of the step before: optimizer.zero_grad() is missing");
    Some(Cause::new("zero-grad", text))
}

/// A gradient with a multiple of its parameter in it.
fn decayed(case: &Case<'_>) -> Option<Cause> {
    let [a, b] = case.sides;
    let mut found: Vec<f64> = Vec::new();
    for (place, event) in gradients(a) {
        let (other, parameter) = (b.find(When::Now, &place)?, a.parameter_before(&place.path)?);
        let apart = mean(other) - mean(event);
        if apart.abs() <= 1e-4 * largest(event) {
            continue;
        }
        let decay = apart / mean(parameter);
        if !decay.is_finite() || found.first().is_some_and(|first| !close(*first, decay, 1e-2)) {
            return None;
        }
        found.push(decay);
    }
    // One alone would be a chance.
    let decay = *found.first().filter(|_| found.len() > 1)?;
    let name = &case.names()[usize::from(decay > 0.0)];
    let text = format!("{name} has {:.3e} times the parameter in each gradient: an L2 term in the loss", decay.abs());
    Some(Cause::new("l2-in-loss", text))
}

fn gradients<'a>(side: &Side<'a>) -> Vec<(Place, &'a Event)> {
    side.all(When::Now, |event| event.kind == Kind::Gradient)
}
