//! What this lockstep runs on: libtorch, CUDA, the processor, Python; and how to mend what is wrong.

use crate::cpu::simd::Isa;
use crate::python::interpreter;
use crate::torch::device::CudaState;
use crate::torch::error::one_line;
use crate::torch::libraries::{self, file_name};
use crate::torch::script;
use anyhow::Result;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use tch::Cuda;

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

const EXPECTED: &str = env!("LOCKSTEP_LIBTORCH_VERSION");
const BUILT_WITH: &str = env!("LOCKSTEP_LIBTORCH_LIB");

/// Everything, in the order in which one thing depends on another; `python` is the one to look at.
pub fn examine(python: &Path) -> Result<Vec<Item>> {
    let loaded = libraries::libraries()?;
    Ok(vec![libtorch(&loaded), libraries(&loaded), cuda()?, cudnn(), processor()?, threads(), python_item(python)])
}

/// Which libtorch the loader took, and whether it is the one that this lockstep was built with.
fn libtorch(loaded: &BTreeSet<PathBuf>) -> Item {
    let what = "libtorch";
    let Some(lib) = loaded.iter().find(|path| file_name(path) == "libtorch_cpu.so").and_then(|path| path.parent())
    else {
        let found = "libtorch_cpu.so is not among the libraries of this process".into();
        return Item { what, found, state: State::Broken, remedy: Some("run `cargo build --release` again".into()) };
    };
    let version = version_at(lib);
    let found = format!(
        "{} at {}, expected {EXPECTED}, as at {BUILT_WITH}",
        version.as_deref().unwrap_or("of unknown version"),
        lib.display()
    );
    let (state, remedy) = match version.as_deref() {
        Some(EXPECTED) => (State::Good, None),
        _ if std::env::var_os("LD_LIBRARY_PATH").is_some() => (
            State::Broken,
            Some("unset LD_LIBRARY_PATH: it goes before the folder that lockstep was built with".into()),
        ),
        Some(_) => (State::Broken, Some("run `scripts/setup && cargo build --release`".into())),
        None => (State::Note, None),
    };
    Item { what, found, state, remedy }
}

/// The version that a libtorch's own files state: its header, or the wheel's `version.py`.
fn version_at(lib: &Path) -> Option<String> {
    let home = lib.parent()?;
    if let Ok(header) = std::fs::read_to_string(home.join("include/torch/headeronly/version.h")) {
        let part = |name: &str| header.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_string()));
        let parts = ["MAJOR", "MINOR", "PATCH"].map(|name| part(&format!("#define TORCH_VERSION_{name} ")));
        return Some(parts.into_iter().collect::<Option<Vec<_>>>()?.join("."));
    }
    let text = std::fs::read_to_string(home.join("version.py")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("__version__ = '"))?;
    Some(line.split(['\'', '+']).next()?.to_string())
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
        CudaState::NotLinked => (State::Broken, "no"),
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

fn processor() -> Result<Item> {
    let capability = script::cpu_capability()?;
    let mkl = if tch::utils::has_mkl() { "with MKL" } else { "without MKL" };
    let forced = std::env::var("ATEN_CPU_CAPABILITY").ok();
    let note = forced.as_ref().map_or(String::new(), |value| format!(", ATEN_CPU_CAPABILITY={value} is set"));
    let state = if forced.is_some() { State::Note } else { State::Good };
    let remedy = forced.map(|_| "unset ATEN_CPU_CAPABILITY: Python must run with the same, or the bits differ".into());
    Ok(Item {
        what: "processor",
        found: format!("{capability} kernels, {mkl}{note}; fused engine: {}", Isa::best().name()),
        state,
        remedy,
    })
}

fn threads() -> Item {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let found = format!("{} of libtorch, on {cores} processors", tch::get_num_threads());
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
    let same = versions.get("torch").is_some_and(|torch| torch.starts_with(EXPECTED));
    if !missing.is_empty() {
        found += &format!("; missing: {}", missing.join(", "));
    } else if !same {
        found += &format!("; torch {EXPECTED} is needed for `compare`");
    }
    let good = same && missing.is_empty();
    Item {
        what,
        found,
        state: if good { State::Good } else { State::Note },
        remedy: if good { None } else { remedy() },
    }
}
