//! NVRTC, which compiles CUDA C++ to a card's machine code.
#![allow(unsafe_code, reason = "C's functions, each with the signature of nvrtc.h")]

use super::library;
use anyhow::{Context, Result, anyhow, ensure};
use libloading::os::unix::{Library, Symbol};
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{null, null_mut};
use std::sync::OnceLock;

type Raw = *mut c_void;
type Size = unsafe extern "C" fn(Raw, *mut usize) -> c_int;
type Bytes = unsafe extern "C" fn(Raw, *mut c_char) -> c_int;

/// The functions that are called.
struct Nvrtc {
    create: Symbol<
        unsafe extern "C" fn(
            *mut Raw,
            *const c_char,
            *const c_char,
            c_int,
            *const *const c_char,
            *const *const c_char,
        ) -> c_int,
    >,
    destroy: Symbol<unsafe extern "C" fn(*mut Raw) -> c_int>,
    compile: Symbol<unsafe extern "C" fn(Raw, c_int, *const *const c_char) -> c_int>,
    count: Symbol<unsafe extern "C" fn(*mut c_int) -> c_int>,
    architectures: Symbol<unsafe extern "C" fn(*mut c_int) -> c_int>,
    error: Symbol<unsafe extern "C" fn(c_int) -> *const c_char>,
    log: (Symbol<Size>, Symbol<Bytes>),
    machine_code: (Symbol<Size>, Symbol<Bytes>),
    /// What the driver makes machine code of.
    assembly: (Symbol<Size>, Symbol<Bytes>),
    /// Where the symbols are.
    _library: Library,
}

/// Machine code, or with a card that is newer than this NVRTC, what the driver makes it of; both for the driver's
/// `cuModuleLoadData`. `capability`: 90 of a card of compute capability 9.0. No operation is fused with another or left out
/// unless the source says so.
pub fn compile(source: &str, capability: i32) -> Result<Vec<u8>> {
    let nvrtc = loaded()?;
    let known = nvrtc.newest(capability)?;
    let exact = known == capability;
    let kind = if exact { "sm" } else { "compute" };
    let options = [&format!("--gpu-architecture={kind}_{known}"), "--std=c++17", "--fmad=false"];
    let program = nvrtc.program(source)?;
    program.compile(&options)?;
    let (size, bytes) = if exact { &nvrtc.machine_code } else { &nvrtc.assembly };
    program.read(size, bytes)
}

fn loaded() -> Result<&'static Nvrtc> {
    static LOADED: OnceLock<Result<Nvrtc, String>> = OnceLock::new();
    library::once(&LOADED, || Nvrtc::of(library::compiler()?).context("NVRTC"))
}

impl Nvrtc {
    fn of(library: Library) -> Result<Self, libloading::Error> {
        // SAFETY: the types are those of nvrtc.h; the library stays with the functions.
        unsafe {
            Ok(Self {
                create: library.get(b"nvrtcCreateProgram\0")?,
                destroy: library.get(b"nvrtcDestroyProgram\0")?,
                compile: library.get(b"nvrtcCompileProgram\0")?,
                count: library.get(b"nvrtcGetNumSupportedArchs\0")?,
                architectures: library.get(b"nvrtcGetSupportedArchs\0")?,
                error: library.get(b"nvrtcGetErrorString\0")?,
                log: (library.get(b"nvrtcGetProgramLogSize\0")?, library.get(b"nvrtcGetProgramLog\0")?),
                machine_code: (library.get(b"nvrtcGetCUBINSize\0")?, library.get(b"nvrtcGetCUBIN\0")?),
                assembly: (library.get(b"nvrtcGetPTXSize\0")?, library.get(b"nvrtcGetPTX\0")?),
                _library: library,
            })
        }
    }

    /// The newest architecture that is known here and that the card can run.
    fn newest(&self, capability: i32) -> Result<i32> {
        let mut count = 0;
        // SAFETY: the first call says how many numbers the second one writes.
        let all = unsafe {
            self.check((self.count)(&raw mut count))?;
            let mut all = vec![0; usize::try_from(count)?];
            self.check((self.architectures)(all.as_mut_ptr()))?;
            all
        };
        let newest = all.iter().copied().filter(|known| *known <= capability).max();
        newest.ok_or_else(|| anyhow!("NVRTC: no code for compute capability {}.{}", capability / 10, capability % 10))
    }

    fn program(&self, source: &str) -> Result<Compiling<'_>> {
        let (source, mut raw) = (CString::new(source)?, null_mut());
        // SAFETY: NVRTC copies the text; there are no headers.
        self.check(unsafe { (self.create)(&raw mut raw, source.as_ptr(), c"fused.cu".as_ptr(), 0, null(), null()) })?;
        Ok(Compiling { nvrtc: self, raw })
    }

    fn check(&self, result: c_int) -> Result<()> {
        if result == 0 {
            return Ok(());
        }
        // SAFETY: it gives a constant text for every number.
        let text = unsafe { CStr::from_ptr((self.error)(result)) };
        Err(anyhow!("NVRTC: {}", text.to_string_lossy()))
    }
}

/// A program of NVRTC's, dropped with this.
struct Compiling<'a> {
    nvrtc: &'a Nvrtc,
    raw: Raw,
}

impl Compiling<'_> {
    fn compile(&self, options: &[&str]) -> Result<()> {
        let options = options.iter().map(|option| CString::new(*option)).collect::<Result<Vec<_>, _>>()?;
        let pointers: Vec<*const c_char> = options.iter().map(|option| option.as_ptr()).collect();
        // SAFETY: so many texts, which live as long as the call.
        let done = unsafe { (self.nvrtc.compile)(self.raw, pointers.len() as c_int, pointers.as_ptr()) };
        self.nvrtc.check(done).map_err(|error| {
            let (size, bytes) = &self.nvrtc.log;
            let log = self.read(size, bytes).unwrap_or_default();
            let log = String::from_utf8_lossy(&log);
            error.context(log.lines().find(|line| line.contains("error")).unwrap_or_default().to_string())
        })
    }

    fn read(&self, size: &Symbol<Size>, bytes: &Symbol<Bytes>) -> Result<Vec<u8>> {
        let mut count = 0;
        // SAFETY: the first call says how many bytes the second one writes.
        unsafe {
            self.nvrtc.check(size(self.raw, &raw mut count))?;
            ensure!(count > 0, "NVRTC: it gave no code");
            let mut all = vec![0_u8; count];
            self.nvrtc.check(bytes(self.raw, all.as_mut_ptr().cast()))?;
            Ok(all)
        }
    }
}

impl Drop for Compiling<'_> {
    fn drop(&mut self) {
        // SAFETY: it was created once, and nobody else has it.
        unsafe { (self.nvrtc.destroy)(&raw mut self.raw) };
    }
}
