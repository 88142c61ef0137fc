//! libtorch is loaded while the program runs, at the first call into it: so a command that needs no tensor starts at once, and one
//! that is told of a missing or broken libtorch can say so.
//!
//! tch's functions in C are not linked; `calls` stands in for them. Behind it is a bridge, a library with the C++ of tch and of
//! lockstep (`bridges`), which is made for one version of libtorch.
#![allow(unsafe_code, reason = "loading a library runs its code, and reads the environment")]

mod bridges;
mod calls;
mod elf;
mod find;
mod pythons;
pub mod version;
pub mod waiting;

pub use self::bridges::BUILT_FOR;
pub use self::find::{CPU_PART, Libtorch, Origin, Refused, built_home, find};

use self::version::Version;
use anyhow::{Result, anyhow};
use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_LAZY, RTLD_LOCAL, RTLD_NOW};
use std::path::Path;
use std::sync::OnceLock;

/// The library that holds libtorch's CUDA kernels.
pub const CUDA_PART: &str = "libtorch_cuda.so";

/// What mends a missing libtorch; the versions are those that there is a bridge for.
fn remedy(refused: &[Refused]) -> String {
    let pip: Vec<String> = bridges::versions().iter().map(|version| format!("torch=={version}.*")).collect();
    match refused {
        [Refused { origin: Origin::Variable, .. }] => {
            "unset LIBTORCH, or let it name a folder such as that of Python's torch, with lib/libtorch_cpu.so in it"
                .into()
        }
        _ => format!("run `scripts/setup` in lockstep's folder, or `pip install {}`", pip.join("` or `")),
    }
}

/// A libtorch that works in this process.
#[derive(Debug)]
pub struct Loaded {
    pub libtorch: Libtorch,
    bridge: Library,
}

impl Loaded {
    /// Whether it is a CUDA build.
    pub fn has_cuda(&self) -> bool {
        self.libtorch.lib.join(CUDA_PART).exists()
    }
}

static LOADED: OnceLock<Result<Loaded, String>> = OnceLock::new();

/// Loads libtorch unless that is done. The error names what was looked at.
pub fn load() -> Result<&'static Loaded> {
    LOADED.get_or_init(load_once).as_ref().map_err(|why| anyhow!("{why}"))
}

/// The version of the libtorch that is loaded, or would be.
pub fn version() -> Option<String> {
    match LOADED.get() {
        Some(loaded) => loaded.as_ref().ok().map(|loaded| loaded.libtorch.version.to_string()),
        None => find().ok().map(|found| found.version.to_string()),
    }
}

fn load_once() -> Result<Loaded, String> {
    let libtorch = find().map_err(|refused| {
        let places: Vec<String> = refused.iter().map(Refused::to_string).collect();
        format!("libtorch: none that fits: {}; {}", places.join(", "), remedy(&refused))
    })?;
    // MKL looks for itself from there, and ends the process if it cannot.
    std::env::current_dir().map_err(|error| format!("the working folder: {error}; change to one that is there"))?;
    let broken = |what: String| {
        let Libtorch { version, origin, .. } = &libtorch;
        format!("libtorch {version} ({origin}): {what}; install it anew, or let LIBTORCH name another")
    };
    elf::fault_in(&libtorch.lib).map_err(&broken)?;
    for part in ["libc10.so", CPU_PART] {
        // Never unloaded: `bridge` and the threads of libtorch go on using it.
        std::mem::forget(open(&libtorch.lib.join(part), RTLD_LAZY | RTLD_GLOBAL).map_err(&broken)?);
    }
    let bridge = bridges::find(libtorch.version).ok_or_else(|| broken("there is no bridge for it".into()))?;
    // All of its symbols at once: what a libtorch lacks is known now, and not in the middle of a training.
    let bridge = bridge.with_path(|path| open(&path, RTLD_NOW | RTLD_LOCAL));
    let bridge = bridge.map_err(|error| broken(format!("memory for the bridge: {error}")))?;
    let other = |why: String| broken(format!("the library is of another version than its files say: {why}"));
    let bridge = bridge.map_err(other)?;
    let own = calls::version(&bridge).map_err(&broken)?;
    if !Version::parse(&own).is_some_and(|own| own.is_like(libtorch.version)) {
        return Err(broken(format!("the library is of another version than its files say, {own}")));
    }
    calls::hand_over_streams(&bridge).map_err(&broken)?;
    Ok(Loaded { libtorch, bridge })
}

fn open(path: &Path, flags: i32) -> Result<Library, String> {
    elf::fault(path)?;
    // SAFETY: the code that runs is the initialisation of libtorch and of the bridge, which need nothing from us.
    unsafe { Library::open(Some(path), flags) }.map_err(|error| cause(&error))
}

/// The loader's own words.
pub(super) fn cause(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// Loads libtorch's CUDA part; the inner error is the loader's.
pub fn load_cuda() -> Result<Result<(), String>> {
    static CUDA: OnceLock<Result<(), String>> = OnceLock::new();
    let file = load()?.libtorch.lib.join(CUDA_PART);
    Ok(CUDA.get_or_init(|| open(&file, RTLD_LAZY | RTLD_GLOBAL).map(std::mem::forget)).clone())
}
