//! `lockstep doctor`.

mod examine;

use self::examine::{Item, State, examine};
use super::print::{Verdict, report};
use crate::cli::Doctor;
use crate::python::interpreter;
use anyhow::Result;
use serde_json::json;

pub(super) fn run(args: &Doctor) -> Result<Verdict> {
    let items = examine(&args.python.clone().unwrap_or_else(interpreter::find))?;
    let holds = items.iter().all(|item| item.state != State::Broken);
    let lines: Vec<String> = items.iter().map(lines).collect();
    let rows: Vec<_> = items
        .iter()
        .map(|item| json!({"what": item.what, "found": item.found, "state": word(item.state), "remedy": item.remedy}))
        .collect();
    let text = format!("lockstep {}\n{}", env!("CARGO_PKG_VERSION"), lines.join("\n"));
    report(args.printing, &text, &json!({"lockstep": env!("CARGO_PKG_VERSION"), "holds": holds, "items": rows}))?;
    Ok(if holds { Verdict::Holds } else { Verdict::DoesNotHold })
}

fn lines(item: &Item) -> String {
    let line = format!("{:<7} {:<10} {}", word(item.state), item.what, item.found);
    match &item.remedy {
        Some(remedy) => format!("{line}\n{:<18} -> {remedy}", ""),
        None => line,
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Good => "ok",
        State::Note => "note",
        State::Broken => "BROKEN",
    }
}
