//! Why the same step sees other numbers.

use super::super::format::{Event, Kind, Phase};
use super::super::side::{Side, When};
use super::scaling;
use super::{Case, Cause, close, l2, mean};
use crate::python::random::NumpyRandom;
use crate::torch::script;
use anyhow::Result;
use tch::{Device, Tensor};

/// The rows of the first batch are looked for among so many at most: a permutation of all of them is drawn.
const MOST_ROWS: i64 = 10_000_000;

pub(super) fn causes(case: &Case<'_>) -> Result<Vec<Cause>> {
    if let Some(cause) = evaluated_otherwise(case) {
        return Ok(vec![cause]);
    }
    let [a, b] = case.sides.each_ref().map(rows);
    if let Some(cause) = dropped(case, a, b) {
        return Ok(vec![cause]);
    }
    if a.zip(b).is_some_and(|(a, b)| a.equals(b)) {
        return Ok(scaling::causes(case, a)?.into_iter().collect());
    }
    let same = same_rows(case);
    let [a, b] = [a.or_else(|| permutation(&case.sides[0])), b.or_else(|| permutation(&case.sides[1]))];
    Ok(match a.zip(b) {
        Some((a, b)) if same.is_empty() => orders(case, a, b)?,
        _ => same,
    })
}

/// Rows of a batch.
fn length(event: &Event) -> Option<i64> {
    event.shape.as_ref()?.first().copied()
}

/// Batches of an evaluation that are of other lengths.
fn evaluated_otherwise(case: &Case<'_>) -> Option<Cause> {
    let (a, b) = (length(case.pair.a)?, length(case.pair.b)?);
    let [one, other] = case.names();
    (case.pair.place.phase == Phase::Eval && a != b).then(|| {
        let text =
            format!("the evaluation has batches of {a} rows in {one} and of {b} in {other} (fit's --valid-batch-size)");
        Cause::new("valid-batch-size", text)
    })
}

/// The batch that a step of training takes.
fn rows<'a>(side: &Side<'a>) -> Option<&'a Event> {
    side.all(When::Now, |event| event.kind == Kind::Rows && event.phase == Phase::Forward)
        .first()
        .map(|(_, event)| *event)
}

/// The permutation that a loop without a loader takes its first batch from.
fn permutation<'a>(side: &Side<'a>) -> Option<&'a Event> {
    side.all(When::Now, |event| event.kind == Kind::Permutation).last().map(|(_, event)| *event)
}

/// A last batch that is shorter on one side.
fn dropped(case: &Case<'_>, a: Option<&Event>, b: Option<&Event>) -> Option<Cause> {
    let (one, other) = (a.or(Some(case.pair.a)).and_then(length)?, b.or(Some(case.pair.b)).and_then(length)?);
    // Batches of the first step are of equal length, or it is the batch size that differs.
    let place = &case.pair.place;
    let full = case.sides.each_ref().map(|side| side.find(When::First, place).and_then(length));
    let [name, name_other] = case.names();
    if case.first.step > 0 && one != other && full[0].is_some() && full[0] == full[1] {
        let (short, long, rows) = if one < other { (name, name_other, one) } else { (name_other, name, other) };
        let text =
            format!("{short} trains on a last batch of {rows} rows here, which {long} leaves out (drop_last=True)");
        return Some(Cause::new("drop-last", text));
    }
    (one != other)
        .then(|| Cause::new("batch-size", format!("batches have {one} rows in {name} and {other} in {name_other}")))
}

/// Two orders of which at least one is known.
fn orders(case: &Case<'_>, a: &Event, b: &Event) -> Result<Vec<Cause>> {
    let names = case.names();
    let mut texts = Vec::new();
    for (event, (side, name)) in [a, b].into_iter().zip(case.sides.iter().zip(&names)) {
        if let Some(order) = order(side, event, case.first.step)? {
            texts.push(format!("{name} has the order of {order}"));
        }
    }
    let generator = texts.iter().any(|text| text.contains("generator="));
    let name = if generator { "shuffle-generator" } else { "batch-order" };
    let text = match texts.is_empty() {
        true => "the batches are made of other rows: another order, or shuffled by another generator".to_string(),
        false => format!("the batches are made of other rows: {}", texts.join(", ")),
    };
    Ok(vec![Cause::new(name, text)])
}

/// What gives the rows of a batch of the first step, of those orders that are usual.
fn order(side: &Side<'_>, event: &Event, step: u64) -> Result<Option<&'static str>> {
    let (Some(rows), Some(of)) = (&event.rows, event.of) else { return Ok(None) };
    if of > MOST_ROWS || rows.is_empty() {
        return Ok(None);
    }
    if rows.iter().enumerate().all(|(place, &row)| row == place as i64 + rows[0]) {
        return Ok(Some("the table (shuffle=False)"));
    }
    if step > 0 {
        return Ok(None);
    }
    let seed = side.model().and_then(|model| model.seed).unwrap_or_default();
    let starts = starts(side, seed)?;
    let was = script::generator_state()?;
    let found = usual(rows, of, seed, &starts);
    script::set_generator_state(&was)?;
    found
}

/// States of the generator from which the order may have been drawn: at the start of the record, and after the weights.
fn starts(side: &Side<'_>, seed: u64) -> Result<Vec<Vec<u8>>> {
    let mut starts = Vec::new();
    let was = script::generator_state()?;
    if let Some(state) = side.record.generator_at_start()? {
        starts.push(state);
    }
    tch::manual_seed(seed as i64);
    starts.push(script::generator_state()?);
    let drawn: i64 = side
        .model()
        .map_or(0, |model| model.parameters.iter().map(|(_, shape, _)| shape.iter().product::<i64>()).sum());
    let _ = Tensor::f_rand([drawn], (tch::Kind::Float, Device::Cpu))?;
    starts.push(script::generator_state()?);
    script::set_generator_state(&was)?;
    Ok(starts)
}

fn usual(rows: &[i64], of: i64, seed: u64, starts: &[Vec<u8>]) -> Result<Option<&'static str>> {
    let fits = |order: &[i64]| order.starts_with(rows);
    for start in starts {
        script::set_generator_state(start)?;
        if fits(&randperm(of)?) {
            return Ok(Some("torch.randperm(n)"));
        }
        script::set_generator_state(start)?;
        // A loader draws the seed of its workers, then its sampler that of a generator for the order.
        int64()?;
        tch::manual_seed(int64()?);
        if fits(&randperm(of)?) {
            return Ok(Some("DataLoader(shuffle=True)"));
        }
    }
    tch::manual_seed(seed as i64);
    int64()?;
    if fits(&randperm(of)?) {
        return Ok(Some("a DataLoader with a generator= of its own"));
    }
    let Ok(seed) = u32::try_from(seed) else { return Ok(None) };
    let mut numpy: Vec<i64> = (0..of).collect();
    NumpyRandom::seed(seed).shuffle(&mut numpy);
    Ok(fits(&numpy).then_some("np.random.permutation(n)"))
}

fn randperm(n: i64) -> Result<Vec<i64>> {
    Ok(Vec::try_from(Tensor::f_randperm(n, (tch::Kind::Int64, Device::Cpu))?)?)
}

/// `torch.empty((), dtype=torch.int64).random_()`.
fn int64() -> Result<i64> {
    Ok(Tensor::f_empty([1], (tch::Kind::Int64, Device::Cpu))?.f_random_()?.f_int64_value(&[0])?)
}

/// A batch of the same numbers in another order.
fn same_rows(case: &Case<'_>) -> Vec<Cause> {
    let (a, b) = (case.pair.a, case.pair.b);
    let same = close(mean(a), mean(b), 1e-9) && close(l2(a), l2(b), 1e-9) && a.min == b.min && a.max == b.max;
    if a.shape == b.shape && same && case.pair.place.index == 0 {
        let text = "the batch has the same numbers in another order: another shuffle, or none on one side";
        return vec![Cause::new("batch-order", text)];
    }
    vec![]
}
