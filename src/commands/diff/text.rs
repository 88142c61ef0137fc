//! What `diff` found, for people and as JSON.

use crate::record::difference::{Difference, First, Shown};
use crate::record::format::{Kind, Phase};
use crate::record::tally::Row;
use serde_json::{Value, json};

/// The first difference in one line, its cause, and what was equal.
pub(super) fn of(found: &Difference, names: [&str; 2]) -> String {
    let mut lines = match &found.first {
        Some(first) => vec![line(first, names)],
        None => vec![equal(found, names)],
    };
    lines.extend(found.causes.iter().map(|cause| format!("likely cause: {} ({})", cause.text, cause.name)));
    if found.first.is_some() && found.causes.is_empty() {
        lines.push("likely cause: none of the known ones".into());
    }
    let again = found.wanted.as_ref();
    lines.extend(again.map(|steps| format!("its values would say more: record both again with --values {steps}")));
    if found.first.is_some() {
        lines.extend(table(found));
    }
    lines.extend(found.tally.alone.iter().zip(names).filter_map(|(alone, name)| {
        let kinds: Vec<_> =
            alone.iter().map(|((phase, kind), count)| format!("{} {count}", word(*phase, *kind))).collect();
        (!kinds.is_empty()).then(|| format!("only in {name}: {}", kinds.join(", ")))
    }));
    if !found.names.is_empty() {
        let pairs: Vec<_> = found.names.iter().map(|(a, b)| format!("{a} = {b}")).collect();
        lines.push(format!("layers by their order: {}", pairs.join(", ")));
    }
    lines.join("\n")
}

fn line(first: &First, [a, b]: [&str; 2]) -> String {
    let First { step, what, inputs, shown, .. } = first;
    let how = match shown {
        Shown::Forms(x, y) => format!("is {x} in {a} and {y} in {b}"),
        Shown::Values { a: x, b: y, ulps } => format!("is {x} in {a} and {y} in {b} ({})", count(*ulps)),
        Shown::Element { index, a: x, b: y, ulps, differing, of } => format!(
            "differs at {index:?}: {x} in {a}, {y} in {b} ({}; {differing} of {of} elements differ)",
            count(*ulps)
        ),
        Shown::Statistics { mean, l2, .. } => {
            format!("differs: mean {} in {a}, {} in {b}; 2-norm {} and {}", mean[0], mean[1], l2[0], l2[1])
        }
        Shown::Hashes => format!("has another hash in {a} than in {b}"),
    };
    format!("step {step}, {}: {what} {how}, {inputs}", first.place.phase)
}

/// ULPs, as far as they say more than the numbers do.
fn count(ulps: u64) -> String {
    match ulps {
        1 => "1 ULP".into(),
        0..1_000_000 => format!("{ulps} ULPs"),
        _ => "over a million ULPs".into(),
    }
}

fn equal(found: &Difference, [a, b]: [&str; 2]) -> String {
    let ([steps, other], (tensors, _)) = (found.steps, found.tally.totals());
    if steps == other {
        let word = if steps == 1 { "step" } else { "steps" };
        return format!("equal to the bit: {tensors} tensors over {steps} {word}");
    }
    format!("{a} has {steps} steps and {b} {other}: {tensors} tensors are equal to the bit, as far as both go")
}

/// What was equal before the first difference, a kind a line.
fn table(found: &Difference) -> Vec<String> {
    let mut lines = vec!["equal before it:".to_string()];
    lines.extend(
        found.tally.before.iter().map(|(phase, kind, count)| format!("  {:<24} {count:>6}", word(*phase, *kind))),
    );
    if lines.len() == 1 {
        return vec!["nothing was equal before it".into()];
    }
    lines
}

fn word(phase: Phase, kind: Kind) -> String {
    match phase {
        Phase::Start | Phase::Eval => format!("{phase} {kind}"),
        _ => kind.to_string(),
    }
}

pub(super) fn json(found: &Difference, [a, b]: [&str; 2]) -> Value {
    let (compared, equal) = found.tally.totals();
    let alone = found.tally.alone.each_ref().map(|side| side.values().sum::<u64>());
    json!({
        "holds": super::equal(found),
        "a": {"record": a, "steps": found.steps[0], "only_here": alone[0]},
        "b": {"record": b, "steps": found.steps[1], "only_here": alone[1]},
        "compared": compared,
        "equal": equal,
        "first": found.first.as_ref().map(first_json),
        "causes": found.causes,
        "values_wanted": found.wanted,
        "tensors": found.tally.rows.iter().map(row_json).collect::<Vec<_>>(),
        "names": found.names,
    })
}

fn first_json(first: &First) -> Value {
    let First { step, place, what, inputs, shown } = first;
    let shown = match shown {
        Shown::Forms(a, b) => json!({"a": a, "b": b}),
        Shown::Values { a, b, ulps } => json!({"a": a, "b": b, "ulps": ulps}),
        Shown::Element { index, a, b, ulps, differing, of } => {
            json!({"element": index, "a": a, "b": b, "ulps": ulps, "differing": differing, "of": of})
        }
        Shown::Statistics { mean, l2 } => json!({"mean": mean, "l2": l2}),
        Shown::Hashes => json!({}),
    };
    json!({"step": step, "phase": place.phase, "kind": place.kind, "path": place.path, "call": place.call, "index": place.index,
           "what": what, "inputs": inputs, "difference": shown})
}

fn row_json(row: &Row) -> Value {
    json!({"phase": row.phase, "kind": row.kind, "path": row.path, "compared": row.marks.len(), "equal": row.equal(),
           "first_difference": row.first(), "max_ulps": row.max_ulps()})
}
