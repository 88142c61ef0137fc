//! `lockstep compare`: the original Python beside ours, on this machine, or a stored trace; the user's program beside a record.

mod original;
mod script;
mod table;

use super::job::prepare;
use super::print::{Verdict, report};
use super::threads::{is_open, suit_one_thread};
use crate::cli::{Common, Compare, CompareAll, CompareProgram, Compared};
use crate::python::compare::{Row, compare};
use crate::python::interpreter;
use crate::python::trace::Trace;
use crate::torch::conditions::{Conditions, Difference};
use crate::tutorial::config::{BostonConfig, DescentConfig, ExhaustiveConfig, MoonsConfig, TwoLayerConfig};
use crate::tutorial::parity::{self, PROGRAMS, Parity};
use anyhow::{Context, Result, ensure};
use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tch::Device;

pub(super) fn run(args: &Compare) -> Result<Verdict> {
    if !args.script.script.is_empty() {
        return script::run(&args.script);
    }
    let program =
        args.program.as_ref().context("compare: a program or --script is needed; see lockstep compare --help")?;
    match program {
        Compared::Exhaustive(args) => one(&parity::EXHAUSTIVE, &ExhaustiveConfig::from(&args.settings), args),
        Compared::Descent(args) => one(&parity::DESCENT, &DescentConfig::from(&args.settings), args),
        Compared::TwoLayer(args) => one(&parity::TWO_LAYER, &TwoLayerConfig::from(&args.settings), args),
        Compared::Boston(args) => one(&parity::BOSTON, &BostonConfig::from(&args.settings), args),
        Compared::Moons(args) => one(&parity::MOONS, &MoonsConfig::from(&args.settings), args),
        Compared::All(args) => all(args),
    }
}

/// One program's two runs, and how they compare.
struct Comparison {
    theirs: Trace,
    ours: Trace,
    rows: Vec<Row>,
    /// What is otherwise here than where Python ran, where bits differ.
    conditions: Vec<Difference>,
}

impl Comparison {
    fn of(program: &Parity, theirs: Trace, config: &Value, seed: u32, device: Device, stored: bool) -> Result<Self> {
        let ours = (program.trace)(config, seed, device)?;
        let rows = compare(&theirs, &ours, program.bounds(device, stored)).context(program.name)?;
        let conditions = match rows.iter().all(|row| row.max_ulps == 0) {
            true => vec![],
            false => Conditions::now(device, true)?.since(&theirs.conditions()),
        };
        Ok(Self { theirs, ours, rows, conditions })
    }

    fn holds(&self) -> bool {
        self.rows.iter().all(|row| row.holds)
    }
}

fn one<T: Args>(program: &Parity, config: &impl Serialize, args: &CompareProgram<T>) -> Result<Verdict> {
    let reference = args.reference.as_ref().map(|file| stored(program, file)).transpose()?;
    let device = prepare(&args.common.compute)?;
    let comparison = match reference {
        Some((theirs, config, seed)) => {
            // A stored trace is repeated as it was made, its thread count included, unless --threads says otherwise.
            if let (None, Some(threads)) = (args.common.compute.threads, theirs.threads) {
                tch::set_num_threads(threads);
            }
            Comparison::of(program, theirs, &config, seed, device, true)?
        }
        None => live(program, &serde_json::to_value(config)?, &args.common, args.python.as_ref(), device)?,
    };
    let text = table::of(std::slice::from_ref(&comparison));
    report(args.common.printing, &text, &table::json(&comparison))?;
    Ok(verdict(comparison.holds()))
}

/// Every program with the tutorial's settings, one after the other.
fn all(args: &CompareAll) -> Result<Verdict> {
    let device = prepare(&args.common.compute)?;
    let mut comparisons = Vec::with_capacity(PROGRAMS.len());
    for program in PROGRAMS {
        let tutorial = (program.defaults)()?;
        comparisons.push(live(program, &tutorial, &args.common, args.python.as_ref(), device)?);
    }
    let holds = comparisons.iter().all(Comparison::holds);
    let object = json!({"holds": holds, "programs": comparisons.iter().map(table::json).collect::<Vec<_>>()});
    report(args.common.printing, &table::of(&comparisons), &object)?;
    Ok(verdict(holds))
}

/// Runs the original under Python, then ours.
fn live(
    program: &Parity,
    config: &Value,
    common: &Common,
    python: Option<&PathBuf>,
    device: Device,
) -> Result<Comparison> {
    // Each program on as many threads as `run` takes for it.
    let all = tch::get_num_threads();
    let small = is_open(&common.compute) && suit_one_thread(device, || (program.steps)(config, common.seed))?;
    tch::set_num_threads(if small { 1 } else { all });
    let compared = beside(program, config, common, python, device);
    tch::set_num_threads(all);
    compared
}

fn beside(
    program: &Parity,
    config: &Value,
    common: &Common,
    python: Option<&PathBuf>,
    device: Device,
) -> Result<Comparison> {
    let python = python.cloned().unwrap_or_else(interpreter::find);
    let theirs = original::run(program, &python, config, common.seed, device)?;
    Comparison::of(program, theirs, config, common.seed, device, false)
}

/// A stored trace with the settings and the seed that it was made with.
fn stored(program: &Parity, file: &Path) -> Result<(Trace, Value, u32)> {
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(|| format!("{shown}: cannot read"))?;
    let trace = Trace::parse(&text).with_context(|| shown.clone())?;
    ensure!(trace.program == program.name, "{shown}: a trace of {}, expected one of {}", trace.program, program.name);
    let mut config = trace.config.clone();
    // The table that the traces were made with is inside the program.
    if let (Some((name, _)), Some(data)) = (program.table, config.get_mut("data"))
        && data.as_str() == Some(name)
    {
        *data = Value::Null;
    }
    let seed = trace.seed.with_context(|| format!("{shown}: no seed"))?;
    Ok((trace, config, seed))
}

fn verdict(holds: bool) -> Verdict {
    if holds { Verdict::Holds } else { Verdict::DoesNotHold }
}
