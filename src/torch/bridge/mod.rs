//! The functions of `bridge.h`, and what their arguments need. `build.rs` reads the names of the functions from here.
#![allow(unsafe_code, reason = "C's strings and memory")]

use anyhow::{Result, anyhow, ensure};
use std::ffi::{CStr, c_char, c_void};
use std::marker::{PhantomData, PhantomPinned};

/// Text or bytes that Rust keeps for the length of a call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Slice<'a> {
    data: *const u8,
    size: usize,
    kept: PhantomData<&'a [u8]>,
}

impl<'a> From<&'a [u8]> for Slice<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self { data: bytes.as_ptr(), size: bytes.len(), kept: PhantomData }
    }
}

impl<'a> From<&'a str> for Slice<'a> {
    fn from(text: &'a str) -> Self {
        text.as_bytes().into()
    }
}

impl Slice<'_> {
    /// What C++ gave to a callback, as text.
    pub fn to_text(self) -> String {
        // SAFETY: a slice points at `size` bytes for the length of the call.
        String::from_utf8_lossy(unsafe { std::slice::from_raw_parts(self.data, self.size) }).into_owned()
    }
}

/// A file that travels inside the TorchScript file, under `extra/`.
#[repr(C)]
#[derive(Debug)]
pub struct File<'a> {
    pub name: Slice<'a>,
    pub bytes: Slice<'a>,
}

/// A dictionary of texts and whole numbers.
#[repr(C)]
#[derive(Debug)]
pub struct Dictionary<'a> {
    keys: *const Slice<'a>,
    values: *const i64,
    count: usize,
}

impl<'a> Dictionary<'a> {
    /// # Errors
    /// Not a value for each key.
    pub fn new(keys: &'a [Slice<'a>], values: &'a [i64]) -> Result<Self> {
        ensure!(keys.len() == values.len(), "a dictionary of {} keys and {} values", keys.len(), values.len());
        Ok(Self { keys: keys.as_ptr(), values: values.as_ptr(), count: keys.len() })
    }
}

/// A `torch::jit::Module` in C++'s hands.
#[repr(C)]
pub struct RawModule {
    _private: [u8; 0],
    _pinned: PhantomData<(*mut u8, PhantomPinned)>,
}

/// What is called for an entry of a `state_dict`: its context, name, whether it is a parameter, a new `at::Tensor`.
pub type Entry = extern "C" fn(*mut c_void, Slice<'_>, bool, *mut c_void);

/// Null, or a message from malloc.
type Error = *mut c_char;

/// Bytes from malloc.
#[repr(C)]
pub struct Bytes {
    data: *mut u8,
    size: usize,
}

unsafe extern "C" {
    fn lockstep_free(memory: *mut c_void);
    pub fn lockstep_module_create(type_name: Slice<'_>, made: *mut *mut RawModule) -> Error;
    pub fn lockstep_module_load(bytes: Slice<'_>, device: Slice<'_>, made: *mut *mut RawModule) -> Error;
    pub fn lockstep_module_drop(module: *mut RawModule);
    pub fn lockstep_module_child(
        module: *mut RawModule,
        name: Slice<'_>,
        type_name: Slice<'_>,
        made: *mut *mut RawModule,
    ) -> Error;
    pub fn lockstep_module_parameter(module: *mut RawModule, name: Slice<'_>, tensor: *const c_void) -> Error;
    pub fn lockstep_module_buffer(module: *mut RawModule, name: Slice<'_>, tensor: *const c_void) -> Error;
    pub fn lockstep_module_texts(
        module: *mut RawModule,
        name: Slice<'_>,
        texts: *const Slice<'_>,
        count: usize,
    ) -> Error;
    pub fn lockstep_module_integers(module: *mut RawModule, name: Slice<'_>, values: *const i64, count: usize)
    -> Error;
    pub fn lockstep_module_dictionaries(
        module: *mut RawModule,
        name: Slice<'_>,
        dictionaries: *const Dictionary<'_>,
        count: usize,
    ) -> Error;
    pub fn lockstep_module_define(module: *mut RawModule, source: Slice<'_>) -> Error;
    pub fn lockstep_module_save(
        module: *mut RawModule,
        files: *const File<'_>,
        count: usize,
        made: *mut Bytes,
    ) -> Error;
    pub fn lockstep_module_state(module: *mut RawModule, each: Entry, context: *mut c_void) -> Error;
    pub fn lockstep_module_call(
        module: *mut RawModule,
        method: Slice<'_>,
        tensor: *const c_void,
        made: *mut *mut c_void,
    ) -> Error;
    pub fn lockstep_generator_state(made: *mut Bytes) -> Error;
    pub fn lockstep_set_generator_state(bytes: Slice<'_>) -> Error;
    pub fn lockstep_seeded_generator(seed: u64, made: *mut Bytes) -> Error;
    pub fn lockstep_cpu_capability(made: *mut Bytes) -> Error;
}

/// The error that a function gave, if it gave one.
///
/// # Safety
/// `error` comes from a function of the bridge, and from there only once.
pub unsafe fn check(error: Error) -> Result<()> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: it is a C string from malloc, which nobody else has.
    unsafe {
        let text = CStr::from_ptr(error).to_string_lossy().into_owned();
        lockstep_free(error.cast());
        Err(anyhow!(text))
    }
}

/// The bytes that a function makes.
///
/// # Safety
/// `make` is a function of the bridge that fills its argument in unless it gives an error.
pub unsafe fn bytes(make: impl FnOnce(*mut Bytes) -> Error) -> Result<Vec<u8>> {
    let mut made = Bytes { data: std::ptr::null_mut(), size: 0 };
    // SAFETY: without an error `made` holds `size` bytes from malloc, which nobody else has.
    unsafe {
        check(make(&raw mut made))?;
        let copy = std::slice::from_raw_parts(made.data, made.size).to_vec();
        lockstep_free(made.data.cast());
        Ok(copy)
    }
}
