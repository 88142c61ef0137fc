//! Kernels on the processor, for tests: their source, made for it, compiled by g++ and called as the driver calls them on a card.
#![allow(unsafe_code, reason = "a library that was compiled a moment ago")]

use super::{Launch, Program};
use anyhow::{Context, Result, ensure};
use libloading::os::unix::Symbol;
use std::collections::HashMap;
use std::ffi::{CString, c_char, c_int, c_void};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

type Emulate = unsafe extern "C" fn(*const c_char, c_int, c_int, *const *const c_void) -> bool;

/// A compiled source. A library works for one caller at a time: its block is a variable of the library.
#[derive(Clone)]
pub struct Library(Arc<Mutex<Loaded>>);

struct Loaded {
    emulate: Symbol<Emulate>,
    _library: libloading::os::unix::Library,
}

/// Those of this process, by their source.
static ALL: Mutex<Option<HashMap<String, Library>>> = Mutex::new(None);

/// Whether there is a g++.
pub fn is_there() -> bool {
    Command::new("g++").arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Compiles a source for the processor, once.
pub fn compile(source: &str) -> Result<Program> {
    let mut all = ALL.lock().unwrap_or_else(PoisonError::into_inner);
    let all = all.get_or_insert_default();
    if !all.contains_key(source) {
        all.insert(source.into(), Library(Arc::new(Mutex::new(load(source)?))));
    }
    Ok(Program::Processor(all[source].clone()))
}

fn load(source: &str) -> Result<Loaded> {
    let folder = tempfile::tempdir()?;
    let (from, to) = (folder.path().join("kernels.cc"), folder.path().join("kernels.so"));
    std::fs::write(&from, source)?;
    let options = ["-std=c++17", "-O1", "-ffp-contract=off", "-Wall", "-Werror", "-shared", "-fPIC", "-pthread"];
    let output = Command::new("g++").args(options).arg(&from).arg("-o").arg(&to).output().context("g++")?;
    ensure!(output.status.success(), "g++: {}", String::from_utf8_lossy(&output.stderr));
    // SAFETY: the library has no initialisation but C++'s own; the signature is that of emulated.h.
    let (library, emulate) = unsafe {
        let library = libloading::os::unix::Library::new(&to)?;
        let emulate = library.get::<Emulate>(b"emulate\0")?;
        (library, emulate)
    };
    Ok(Loaded { emulate, _library: library })
}

impl Library {
    pub fn launch(&self, launch: &Launch<'_>, values: &[u64]) -> Result<()> {
        let name = CString::new(launch.kernel)?;
        let pointers: Vec<*const c_void> = values.iter().map(|value| std::ptr::from_ref(value).cast()).collect();
        let (blocks, shared) = (launch.blocks as c_int, launch.shared as c_int);
        let own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: a parameter for each that the kernel has; they point at tensors on the CPU, and the kernel stays within them.
        let known = unsafe { (own.emulate)(name.as_ptr(), blocks, shared, pointers.as_ptr()) };
        ensure!(known, "there is no kernel {}", launch.kernel);
        Ok(())
    }
}
