//! What this lockstep runs on: libtorch, CUDA, the processor, Python; and how to mend what is wrong.

use crate::cpu::model;
use crate::cpu::simd::Isa;
use crate::python::interpreter;
use crate::torch::conditions::{Variable, variables};
use crate::torch::device::CudaState;
use crate::torch::error::one_line;
use crate::torch::libraries::{self, file_name};
use crate::torch::libtorch::{self, Libtorch, Loaded, waiting};
use crate::torch::script;
use anyhow::Result;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tch::Cuda;

const ATEN: &str = "ATEN_CPU_CAPABILITY";

/// One thing looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub what: &'static str,
    pub found: String,
    pub state: State,
    /// The command or step that mends it.
    pub remedy: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Good,
    /// Works, but not as it could: no CUDA, no Python to compare with.
    Note,
    /// Must be mended.
    Broken,
}

/// Everything, in the order in which one thing depends on another; `python` is the one to look at. Without a libtorch that works
/// the rest is still said.
pub fn examine(python: &Path) -> Result<Vec<Item>> {
    let loaded = libtorch::load();
    let mut items = vec![libtorch_item(loaded.as_ref().map_err(one_line).copied())];
    if loaded.is_ok() {
        items.extend([libraries(&libraries::libraries().unwrap_or_default()), cuda()?, cudnn()]);
    }
    items.extend([processor(loaded.is_ok())?, threads(loaded.is_ok())]);
    items.extend(variable_items());
    items.push(python_item(python));
    Ok(items)
}

/// Which libtorch was loaded, or where one was looked for.
fn libtorch_item(loaded: Result<&Loaded, String>) -> Item {
    let what = "libtorch";
    match loaded {
        Ok(Loaded { libtorch: Libtorch { lib, version, origin }, .. }) => {
            let found = format!("{version} at {}, {origin}", lib.display());
            Item { what, found, state: State::Good, remedy: None }
        }
        Err(why) => {
            let (found, remedy) = why.rsplit_once("; ").unwrap_or((&why, ""));
            let found = found.trim_start_matches("libtorch: ").into();
            Item { what, found, state: State::Broken, remedy: Some(remedy.into()) }
        }
    }
}

fn libraries(loaded: &BTreeSet<PathBuf>) -> Item {
    let names: BTreeSet<String> = loaded.iter().map(|path| file_name(path)).collect();
    let found = names.into_iter().collect::<Vec<_>>().join(" ");
    Item { what: "libraries", found, state: State::Good, remedy: None }
}

fn cuda() -> Result<Item> {
    let cuda = CudaState::look()?;
    let (state, answer) = match cuda {
        CudaState::Ready(_) => (State::Good, "yes"),
        CudaState::Broken(_) => (State::Broken, "no"),
        _ => (State::Note, "no"),
    };
    let remedy = (!matches!(cuda, CudaState::Ready(_))).then(|| cuda.remedy().into());
    Ok(Item { what: "CUDA", found: format!("{answer}: {}", cuda.found()), state, remedy })
}

fn cudnn() -> Item {
    let found = if Cuda::cudnn_is_available() {
        format!("yes, version {}", tch::utils::version_cudnn())
    } else {
        "no: it comes with CUDA".into()
    };
    Item { what: "cuDNN", found, state: State::Good, remedy: None }
}

fn processor(loaded: bool) -> Result<Item> {
    let kernels = if loaded {
        let mkl = if tch::utils::has_mkl() { "with MKL" } else { "without MKL" };
        format!("{} kernels, {mkl}", script::cpu_capability()?)
    } else {
        "no kernels without libtorch".into()
    };
    let forced = std::env::var(ATEN).ok();
    let note = forced.as_ref().map_or(String::new(), |value| format!(", {ATEN}={value} is set"));
    let state = if forced.is_some() { State::Note } else { State::Good };
    let remedy = forced.map(|_| format!("unset {ATEN}: Python must run with the same, or the bits differ"));
    let model = model::model().map_or(String::new(), |model| format!("{model}: "));
    Ok(Item {
        what: "processor",
        found: format!("{model}{kernels}{note}; fused engine: {}", Isa::best().name()),
        state,
        remedy,
    })
}

/// The variables that are set and change bits, but that of ATen, which the processor's line names.
fn variable_items() -> Vec<Item> {
    let item = |(variable, value): (&Variable, String)| Item {
        what: "variable",
        found: format!("{}={value} is set: it decides {}, and so the bits", variable.name, variable.decides),
        state: State::Note,
        remedy: Some(format!("unset {}: Python, and a run to be repeated, must have the same", variable.name)),
    };
    variables().into_iter().filter(|(variable, _)| variable.name != ATEN).map(item).collect()
}

fn threads(loaded: bool) -> Item {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let ours = if loaded { format!("{} of libtorch, on ", tch::get_num_threads()) } else { String::new() };
    let found = format!("{ours}{cores} processors; {}", waiting::text());
    Item { what: "threads", found, state: State::Good, remedy: None }
}

fn python_item(python: &Path) -> Item {
    let what = "Python";
    let remedy = || Some("run `scripts/setup --python`, or give --python PATH".to_string());
    let versions = match interpreter::versions(python) {
        Ok(versions) => versions,
        Err(error) => return Item { what, found: one_line(&error), state: State::Note, remedy: remedy() },
    };
    let missing: Vec<_> = interpreter::PACKAGES.iter().filter(|name| !versions.contains_key(**name)).copied().collect();
    let listed: Vec<String> = versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let mut found = format!("{}: {}", python.display(), listed.join(", "));
    let expected = libtorch::version().unwrap_or(libtorch::BUILT_FOR.into());
    let same = versions.get("torch").is_some_and(|torch| torch.starts_with(&expected));
    if !missing.is_empty() {
        found += &format!("; missing: {}", missing.join(", "));
    } else if !same {
        found += &format!("; torch {expected} is needed for `compare`");
    }
    let good = same && missing.is_empty();
    Item {
        what,
        found,
        state: if good { State::Good } else { State::Note },
        remedy: if good { None } else { remedy() },
    }
}
