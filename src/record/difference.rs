//! Where two records part: the first tensor that differs though all that it was computed from is equal.

use super::align::{Pair, align};
use super::causes::{self, Case, Cause};
use super::debug_mode;
use super::format::{Event, Kind, Phase, Place, display};
use super::names::Names;
use super::reader::{Record, Step};
pub use super::shown::Shown;
use super::shown::{largest, shown};
use super::side::{Side, When};
use super::tally::Tally;
use anyhow::{Result, ensure};

/// What lies between two records.
#[derive(Debug)]
pub struct Difference {
    /// Steps that each has.
    pub steps: [u64; 2],
    /// None: they are equal, as far as both go.
    pub first: Option<First>,
    pub causes: Vec<Cause>,
    /// Steps whose values would say more of the first difference, as `--values` takes them.
    pub wanted: Option<String>,
    /// What was compared, tensor by tensor.
    pub tally: Tally,
    /// Tensors that go by another name: the first record's, the second's.
    pub names: Vec<(String, String)>,
}

/// The first tensor that differs.
#[derive(Debug, Clone)]
pub struct First {
    pub step: u64,
    pub place: Place,
    /// `fc1's output`.
    pub what: String,
    /// What is known to be equal that it was computed from.
    pub inputs: String,
    pub shown: Shown,
}

/// Compares two records, and names the likely cause of the first difference. `honest`: records of the first program with its
/// inputs moved by an ULP; what differs no more than they do is equal.
pub fn compare(a: &mut Record, b: &mut Record, honest: &mut [Record]) -> Result<Difference> {
    let debugs = [&*a, &*b].map(|record| record.header.by == debug_mode::BY);
    ensure!(debugs[0] == debugs[1], "logs of DebugMode have other hashes than a record: compare two of a kind");
    let mut found =
        Difference { steps: [0; 2], first: None, causes: vec![], wanted: None, tally: Tally::default(), names: vec![] };
    let mut names = Names::default();
    let (mut firsts, mut before): (Option<[Step; 2]>, Option<[Step; 2]>) = (None, None);
    let (mut next_a, mut next_b) = (a.step()?, b.step()?);
    let mut others = honest.iter_mut().map(Record::step).collect::<Result<Vec<_>>>()?;
    loop {
        // The networks stand before the first step.
        if firsts.is_none() {
            names = Names::of(a.models.first(), b.models.first());
        }
        match (next_a.take(), next_b.take()) {
            (None, None) => break,
            (Some(one), None) => (found.steps[0], next_a) = (one.number + 1, a.step()?),
            (None, Some(one)) => (found.steps[1], next_b) = (one.number + 1, b.step()?),
            (Some(one), Some(two)) if one.number < two.number => {
                (found.steps[0], next_a, next_b) = (one.number + 1, a.step()?, Some(two));
            }
            (Some(one), Some(two)) if two.number < one.number => {
                (found.steps[1], next_a, next_b) = (two.number + 1, Some(one), b.step()?);
            }
            (Some(one), Some(two)) => {
                found.steps = [one.number + 1, two.number + 1];
                let firsts = firsts.get_or_insert_with(|| [one.clone(), two.clone()]);
                let sides = [
                    Side {
                        record: a,
                        now: &one,
                        before: before.as_ref().map(|b| &b[0]),
                        first: &firsts[0],
                        names: None,
                    },
                    Side {
                        record: b,
                        now: &two,
                        before: before.as_ref().map(|b| &b[1]),
                        first: &firsts[1],
                        names: Some(&names),
                    },
                ];
                let limits: Vec<_> = honest.iter().zip(&others).filter_map(|(r, s)| Some((r, s.as_ref()?))).collect();
                step(&mut found, &sides, &limits, &names)?;
                later(&mut found, &sides)?;
                before = Some([one, two]);
                (next_a, next_b) = (a.step()?, b.step()?);
                for (record, other) in honest.iter_mut().zip(&mut others) {
                    *other = record.step()?;
                }
            }
        }
    }
    found.steps = [count(a, found.steps[0]), count(b, found.steps[1])];
    found.names = names.changed;
    Ok(found)
}

/// Steps of a record; what comes behind the last update is no step of its own.
fn count(record: &Record, seen: u64) -> u64 {
    record.updates().max(if record.header.by == debug_mode::BY { seen } else { 0 })
}

/// One step of both; the first difference is looked into where it is found.
fn step(found: &mut Difference, sides: &[Side<'_>; 2], honest: &[(&Record, &Step)], names: &Names) -> Result<()> {
    let [a, b] = sides;
    let aligned = align(a.now, b.now, names);
    for pair in &aligned.pairs {
        let equal = pair.a.equals(pair.b) || within(pair, sides, honest)?;
        let ulps = if equal { None } else { largest(pair, sides)? };
        found.tally.see(&pair.place, a.now.number, equal, ulps, found.first.is_none());
        if equal || found.first.is_some() || !decides(pair.place.kind) {
            continue;
        }
        let first = First {
            step: a.now.number,
            what: display(pair.place.kind, &pair.place.path),
            inputs: inputs(pair, &aligned.pairs, sides),
            shown: shown(pair, sides)?,
            place: pair.place.clone(),
        };
        found.causes = causes::likely(&Case { sides, pair, first: &first })?;
        found.wanted = wanted(&first, &found.causes, sides)?;
        found.first = Some(first);
    }
    for (side, alone) in aligned.alone.iter().enumerate() {
        alone.iter().for_each(|place| found.tally.alone(side, place));
    }
    Ok(())
}

/// Where the first weights differ, nothing behind them is equal; whose Adam it is can be told all the same.
fn later(found: &mut Difference, sides: &[Side<'_>; 2]) -> Result<()> {
    let differs_at_start = found.first.as_ref().is_some_and(|first| first.place.phase == Phase::Start);
    if differs_at_start && sides[0].now.number == 1 {
        found.causes.extend(causes::orders(sides)?);
    }
    Ok(())
}

/// The steps whose values say more: that of the difference, and for an update the one before it.
fn wanted(first: &First, causes: &[Cause], sides: &[Side<'_>; 2]) -> Result<Option<String>> {
    let (step, update) = (first.step, first.place.phase == Phase::Update && decides_by_values(first.place.kind));
    let unseen = matches!(first.shown, Shown::Statistics { .. });
    let before = step == 0 || sides[0].values(When::Before, &first.place)?.is_some();
    Ok(match (unseen, update && causes.is_empty() && !before) {
        (_, true) => Some(format!("{},{step}", step - 1)),
        (true, _) => Some(step.to_string()),
        _ => None,
    })
}

/// Whether its values tell more of it than is in a record without them.
fn decides_by_values(kind: Kind) -> bool {
    matches!(kind, Kind::State | Kind::Parameter)
}

/// Whether a difference of this kind is one of the numbers; another batch or another state of the generator shows in them.
fn decides(kind: Kind) -> bool {
    !matches!(kind, Kind::Rows | Kind::Permutation | Kind::Generator)
}

/// How far beyond the largest difference of honest runs a difference may be.
const SLACK: f64 = 4.0;

/// Whether two tensors differ no more than honest runs do.
fn within(pair: &Pair<'_>, sides: &[Side<'_>; 2], honest: &[(&Record, &Step)]) -> Result<bool> {
    if honest.is_empty() || pair.a.shape != pair.b.shape || pair.a.dtype != pair.b.dtype {
        return Ok(false);
    }
    let values = |record: &Record, event: &Event| anyhow::Ok(record.values(event)?.map(|tensor| tensor.wide()));
    let (Some(a), Some(b)) = (values(sides[0].record, pair.a)?, values(sides[1].record, pair.b)?) else {
        return Ok(false);
    };
    let apart = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max);
    let mut limit = 0.0_f64;
    for (record, step) in honest {
        let Some(event) = step.events.iter().find(|event| event.place() == pair.place) else { continue };
        if let Some(other) = values(record, event)? {
            limit = limit.max(apart(&a, &other));
        }
    }
    Ok(apart(&a, &b) <= SLACK * limit)
}

/// What is known to be equal that the tensor was computed from, in words.
fn inputs(pair: &Pair<'_>, pairs: &[Pair<'_>], sides: &[Side<'_>; 2]) -> String {
    let Place { phase, kind, path, call, .. } = &pair.place;
    let has = |kind: Kind, path: &str| {
        pairs
            .iter()
            .any(|p| p.place.kind == kind && p.place.path == path && p.place.call == *call && p.place.phase == *phase)
    };
    let text = match kind {
        _ if *phase == Phase::Start => "before the first step",
        Kind::Input => return before_input(pair, pairs),
        Kind::Output if has(Kind::Input, path) => {
            "while its input is equal, and its parameters were after the last update"
        }
        Kind::Output => "while all that was recorded before it is equal",
        Kind::Loss => "while the network's outputs are equal",
        Kind::Gradient => "while the loss and all that led to it is equal",
        Kind::Clipped => "while the gradient as backward left it is equal",
        Kind::Lr => "while all that was recorded before it is equal",
        _ if sides.iter().all(|side| !side.all(When::Now, |event| event.kind == Kind::State).is_empty()) => {
            "while the gradients, the learning rates and the optimizer's earlier state that both have are equal"
        }
        _ => "while the gradients and the learning rates that both have are equal",
    };
    text.into()
}

/// What lies before an input that differs.
fn before_input(pair: &Pair<'_>, pairs: &[Pair<'_>]) -> String {
    if pair.place.index > 0 {
        return "while the input before it is equal: it is another one, such as a criterion's target".into();
    }
    let of = |event: &&Pair<'_>| event.place.phase == pair.place.phase && decides(event.place.kind);
    let earlier = pairs.iter().take_while(|other| other.place != pair.place).filter(of).last();
    match earlier {
        Some(earlier) => {
            let what = display(earlier.place.kind, &earlier.place.path);
            format!("while {what} just before it is equal: an operation between them")
        }
        None => match pairs.iter().find(|other| other.place.kind == Kind::Rows) {
            Some(rows) if rows.a.equals(rows.b) => {
                "while the batch has the same places of its part: look at which rows stand there (the split), and how they are read and \
                 scaled"
                    .into()
            }
            Some(_) => "and the batch has other rows".into(),
            None => "and the rows of the batch are not recorded on both sides".into(),
        },
    }
}
