//! Why the same gradient moves a parameter differently: the update is computed again under each way that is usual, and held
//! against both records.

use super::super::format::{Event, Kind, Number, Phase, Place};
use super::super::numbers;
use super::super::side::{Side, When};
use super::adam::{Decay, Numbers, State, Way};
use super::settings;
use super::{Case, Cause};
use anyhow::Result;
use tch::Tensor;

/// Settings that say by which kernels an update is computed, not what it is.
const HOW: [&str; 4] = ["foreach", "fused", "capturable", "differentiable"];

pub(super) fn causes(case: &Case<'_>) -> Result<Vec<Cause>> {
    let rounding = settings::is_rounding(case);
    let mut differing = settings::optimizers(case.sides);
    differing.retain(|(name, ..)| rounding || !HOW.contains(&name.as_str()));
    let mut found: Vec<Cause> = differing.iter().map(|(name, a, b)| setting(case, name, a, b)).collect();
    if found.is_empty() {
        found = classes(case);
    }
    if found.is_empty() {
        found = groups(case);
    }
    if found.is_empty() {
        found = ways(case)?;
    }
    Ok(found)
}

fn setting(case: &Case<'_>, name: &str, a: &serde_json::Value, b: &serde_json::Value) -> Cause {
    let [one, other] = case.names();
    let cause = if name == "decoupled_weight_decay" { "weight-decay" } else { "optimizer-setting" };
    Cause::new(cause, format!("the optimizer's {name} is {a} in {one} and {b} in {other}"))
}

/// Adam on one side and AdamW on the other, for example.
fn classes(case: &Case<'_>) -> Vec<Cause> {
    let [Some(a), Some(b)] = case.sides.each_ref().map(|side| side.record.optimizers.first()) else { return vec![] };
    if a.class == b.class || a.class.is_empty() || b.class.is_empty() {
        return vec![];
    }
    let [one, other] = case.names();
    vec![Cause::new("optimizer", format!("the optimizer is {} in {one} and {} in {other}", a.class, b.class))]
}

/// Learning rates of their own for some of the parameters, on one side.
fn groups(case: &Case<'_>) -> Vec<Cause> {
    let count = |side: &Side<'_>| side.all(When::Now, |event| event.kind == Kind::Lr).len();
    let ([a, b], [one, other]) = (case.sides.each_ref().map(count), case.names());
    if a == b {
        return vec![];
    }
    let text =
        format!("the optimizer has {a} learning rates in {one} and {b} in {other}: its parameters are in other groups");
    vec![Cause::new("learning-rate", text)]
}

/// The ways whose result the records have.
fn ways(case: &Case<'_>) -> Result<Vec<Cause>> {
    let path = match case.pair.place.kind {
        Kind::State => case.pair.place.path.split_once('.').map_or("", |(_, path)| path),
        _ => &case.pair.place.path,
    };
    let Some(wanted) = wanted(case, path) else { return Ok(vec![]) };
    let mut fitting: [Option<Way>; 2] = [None, None];
    // The values of either side do: up to here they are equal.
    for side in case.sides {
        let Some((state, gradient)) = given(case, side, path)? else { continue };
        let numbers = numbers(case.sides, case.first.step as f64 + 1.0);
        for way in numbers.ways() {
            let hash = state.after(&gradient, way, &numbers)?.hash()?;
            for (fits, wanted) in fitting.iter_mut().zip(&wanted) {
                if fits.is_none() && *wanted == hash {
                    *fits = Some(way);
                }
            }
        }
        return Ok(match fitting {
            [Some(a), Some(b)] => named(case.sides, a, b),
            _ => vec![],
        });
    }
    Ok(vec![])
}

/// The parameter's hash after the update, on both sides.
fn wanted(case: &Case<'_>, path: &str) -> Option<[String; 2]> {
    let place = Place { phase: Phase::Update, kind: Kind::Parameter, path: path.into(), call: 0, index: 0 };
    let hash = |side: &Side<'_>| side.find(When::Now, &place)?.hash.clone();
    let [a, b] = case.sides.each_ref().map(hash);
    Some([a?, b?])
}

fn named(sides: &[Side<'_>; 2], a: Way, b: Way) -> Vec<Cause> {
    let [one, other] = sides.each_ref().map(Side::name);
    let which = |in_a: bool| if in_a { (&one, &other) } else { (&other, &one) };
    let mut found = Vec::new();
    if a.mul_add != b.mul_add {
        let (odd, usual) = which(a.mul_add);
        let text = format!(
            "{odd} computes exp_avg.mul_(β1).add_(grad, alpha=1-β1), as libtorch's C++ Adam and tch's nn::Adam do, {usual} lerp_, as \
             torch.optim.Adam does"
        );
        found.push(Cause::new("adam-order", text));
    }
    if a.eps_inside != b.eps_inside {
        let (odd, usual) = which(a.eps_inside);
        let text = format!("{odd} adds eps inside the root, {usual} outside, as torch.optim.Adam does");
        found.push(Cause::new("eps-inside-root", text));
    }
    if a.decay != b.decay {
        let word = |way: Way| match way.decay {
            Decay::None => "has no weight decay",
            Decay::Coupled => "adds the weight decay to the gradient (Adam)",
            Decay::Decoupled => "shrinks the parameter by the weight decay (AdamW)",
        };
        found.push(Cause::new("weight-decay", format!("{one} {}, {other} {}", word(a), word(b))));
    }
    found
}

/// The Adam of each side told from its own first two steps, where both kept their values: what there is to say where the records
/// part before the first step. `sides` stand at the second.
pub fn orders(sides: &[Side<'_>; 2]) -> Result<Vec<Cause>> {
    let paths = sides[0].all(When::Now, |event| event.phase == Phase::Update && event.kind == Kind::Parameter);
    for (place, _) in paths {
        let (a, b) = (order(sides, 0, &place)?, order(sides, 1, &place)?);
        if let (Some(a), Some(b)) = (a, b)
            && a != b
        {
            return Ok(named(sides, a, b));
        }
    }
    Ok(vec![])
}

/// The one way that comes to the parameter at `place` of a side after two steps.
fn order(sides: &[Side<'_>; 2], of: usize, place: &Place) -> Result<Option<Way>> {
    let side = &sides[of];
    let start = Place { phase: Phase::Start, ..place.clone() };
    let gradients = [When::Before, When::Now].map(|when| side.gradient(when, &place.path));
    let wanted = side.find(When::Now, place).and_then(|event| event.hash.as_ref());
    let (Some(start), Some(wanted)) = (side.find(When::First, &start), wanted) else { return Ok(None) };
    let (Some(parameter), Some(first), Some(second)) =
        (float32(side, Some(start))?, float32(side, gradients[0])?, float32(side, gradients[1])?)
    else {
        return Ok(None);
    };
    let numbers = numbers(sides, 1.0);
    let mut fitting = Vec::new();
    for way in numbers.ways() {
        let state = State::first(parameter.shallow_clone())?.after(&first, way, &numbers)?;
        if state.after(&second, way, &Numbers { step: 2.0, ..numbers })?.hash()? == *wanted {
            fitting.push(way);
        }
    }
    Ok(if let [way] = fitting[..] { Some(way) } else { None })
}

/// The values of an event, where it is there and they were kept.
fn float32(side: &Side<'_>, event: Option<&Event>) -> Result<Option<Tensor>> {
    let Some(event) = event else { return Ok(None) };
    Ok(match side.record.values(event)? {
        Some(numbers::Tensor::Float32(values)) => Some(Tensor::f_from_slice(&values)?),
        _ => None,
    })
}

/// What an update of one side takes: the state before it and the gradient.
fn given(case: &Case<'_>, side: &Side<'_>, path: &str) -> Result<Option<(State, Tensor)>> {
    let parameter = float32(side, side.parameter_before(path))?;
    let (Some(parameter), Some(gradient)) = (parameter, float32(side, side.gradient(When::Now, path))?) else {
        return Ok(None);
    };
    if case.first.step == 0 {
        return Ok(Some((State::first(parameter)?, gradient)));
    }
    let state = |what: &str| {
        let place =
            Place { phase: Phase::Update, kind: Kind::State, path: format!("{what}.{path}"), call: 0, index: 0 };
        float32(side, side.find(When::Before, &place))
    };
    let (Some(exp_avg), Some(exp_avg_sq)) = (state("exp_avg")?, state("exp_avg_sq")?) else { return Ok(None) };
    Ok(Some((State { parameter, exp_avg, exp_avg_sq }, gradient)))
}

/// The settings of the side that has recorded them, for the update that is the `step`-th.
fn numbers(sides: &[Side<'_>; 2], step: f64) -> Numbers {
    let place = Place { phase: Phase::Update, kind: Kind::Lr, path: "0".into(), call: 0, index: 0 };
    let lr = sides.iter().find_map(|side| side.find(When::Now, &place)?.value);
    let setting = |name: &str| sides.iter().find_map(|side| side.record.optimizers.first()?.settings.get(name));
    let number = |name: &str, default: f64| setting(name).and_then(serde_json::Value::as_f64).unwrap_or(default);
    let beta =
        |index: usize, default: f64| setting("betas").and_then(|betas| betas.get(index)?.as_f64()).unwrap_or(default);
    Numbers {
        lr: lr.map_or(1e-3, |Number(lr)| lr),
        betas: (beta(0, 0.9), beta(1, 0.999)),
        eps: number("eps", 1e-8),
        weight_decay: number("weight_decay", 0.0),
        step,
    }
}
