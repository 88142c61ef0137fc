//! TorchScript modules: built with named parameters, saved to memory, loaded, called. tch can trace a module, but tracing bakes
//! the weights in as constants.
#![allow(unsafe_code, reason = "tensors cross to C++ as pointers; the safe functions below keep them alive")]

use crate::torch::bridge::{self as ffi, Dictionary, RawModule, Slice, bytes, check};
use crate::torch::device;
use anyhow::Result;
use std::ffi::c_void;
use std::ptr::{NonNull, null_mut};
use tch::{Device, Tensor};

/// A file that travels inside the TorchScript file, under `extra/`.
#[derive(Debug)]
pub struct ExtraFile {
    pub name: String,
    pub bytes: Vec<u8>,
}

impl ExtraFile {
    fn lent(&self) -> ffi::File<'_> {
        ffi::File { name: self.name.as_str().into(), bytes: self.bytes.as_slice().into() }
    }
}

/// One entry of a module's `state_dict()`: a parameter, or a buffer.
#[derive(Debug)]
pub struct State {
    pub name: String,
    pub parameter: bool,
    pub tensor: Tensor,
}

/// A TorchScript module.
#[derive(Debug)]
pub struct Module(NonNull<RawModule>);

impl Module {
    /// An empty module of type `__torch__.<type_name>` in evaluation mode.
    pub fn new(type_name: &str) -> Result<Self> {
        // SAFETY: without an error the pointer is that of a new module, which is ours.
        unsafe { Self::own(|made| ffi::lockstep_module_create(type_name.into(), made)) }
    }

    /// Reads what [`Module::save`] or `torch.jit.save` wrote, its tensors onto `device`. The CRCs are not looked at.
    pub fn load(bytes: &[u8], device: Device) -> Result<Self> {
        let device = device::name(device);
        // SAFETY: as in `new`; the slices live for the length of the call.
        unsafe { Self::own(|made| ffi::lockstep_module_load(bytes.into(), device.as_str().into(), made)) }
    }

    /// Adds and returns an empty submodule.
    pub fn child(&self, name: &str, type_name: &str) -> Result<Self> {
        // SAFETY: as in `new`; C++ keeps what a child and its parent share for as long as either lives.
        unsafe { Self::own(|made| ffi::lockstep_module_child(self.raw(), name.into(), type_name.into(), made)) }
    }

    /// # Safety
    /// Without an error `make` gives the pointer to a new module.
    unsafe fn own(make: impl FnOnce(*mut *mut RawModule) -> *mut std::ffi::c_char) -> Result<Self> {
        let mut made = null_mut();
        // SAFETY: the error is that of this one call.
        unsafe { check(make(&raw mut made)) }?;
        NonNull::new(made).map(Self).ok_or_else(|| anyhow::anyhow!("libtorch gave no module"))
    }

    fn raw(&self) -> *mut RawModule {
        self.0.as_ptr()
    }

    /// Adds a parameter that requires grad, a copy of `tensor` on the CPU.
    pub fn parameter(&self, name: &str, tensor: &Tensor) -> Result<()> {
        // SAFETY: the address is that of a live at::Tensor for the length of the call.
        unsafe { check(ffi::lockstep_module_parameter(self.raw(), name.into(), tensor.as_ptr().cast())) }
    }

    /// Adds a buffer, a copy of `tensor` on the CPU.
    pub fn buffer(&self, name: &str, tensor: &Tensor) -> Result<()> {
        // SAFETY: the address is that of a live at::Tensor for the length of the call.
        unsafe { check(ffi::lockstep_module_buffer(self.raw(), name.into(), tensor.as_ptr().cast())) }
    }

    /// Adds an attribute of type `List[str]`.
    pub fn texts(&self, name: &str, texts: &[String]) -> Result<()> {
        let texts: Vec<Slice<'_>> = texts.iter().map(|text| text.as_str().into()).collect();
        // SAFETY: the module and the texts live for the length of the call.
        unsafe { check(ffi::lockstep_module_texts(self.raw(), name.into(), texts.as_ptr(), texts.len())) }
    }

    /// Adds an attribute of type `List[int]`.
    pub fn integers(&self, name: &str, values: &[i64]) -> Result<()> {
        // SAFETY: the module and the values live for the length of the call.
        unsafe { check(ffi::lockstep_module_integers(self.raw(), name.into(), values.as_ptr(), values.len())) }
    }

    /// Adds an attribute of type `List[Dict[str, int]]`.
    pub fn dictionaries(&self, name: &str, dictionaries: &[Vec<(String, i64)>]) -> Result<()> {
        let mut parts: Vec<(Vec<Slice<'_>>, Vec<i64>)> = Vec::new();
        for pairs in dictionaries {
            parts.push(pairs.iter().map(|(key, value)| (Slice::from(key.as_str()), *value)).unzip());
        }
        let lent = parts.iter().map(|(keys, values)| Dictionary::new(keys, values)).collect::<Result<Vec<_>>>()?;
        // SAFETY: the module and what is lent live for the length of the call.
        unsafe { check(ffi::lockstep_module_dictionaries(self.raw(), name.into(), lent.as_ptr(), lent.len())) }
    }

    /// Adds methods in TorchScript's Python; a submodule is called as `self.fc1.forward(x)`.
    pub fn define(&self, source: &str) -> Result<()> {
        // SAFETY: the module and the text live for the length of the call.
        unsafe { check(ffi::lockstep_module_define(self.raw(), source.into())) }
    }

    /// The bytes that `torch.jit.load` reads.
    pub fn save(&self, files: &[ExtraFile]) -> Result<Vec<u8>> {
        let files: Vec<ffi::File<'_>> = files.iter().map(ExtraFile::lent).collect();
        // SAFETY: the files live for the length of the call.
        unsafe { bytes(|made| ffi::lockstep_module_save(self.raw(), files.as_ptr(), files.len(), made)) }
    }

    /// The entries of `state_dict()`: parameters first, then buffers.
    pub fn state(&self) -> Result<Vec<State>> {
        extern "C" fn take(states: *mut c_void, name: Slice<'_>, parameter: bool, tensor: *mut c_void) {
            // SAFETY: `states` is the vector below; the address is that of a new at::Tensor, owned by the Tensor made here.
            unsafe {
                let tensor = Tensor::from_ptr(tensor.cast());
                (*states.cast::<Vec<State>>()).push(State { name: name.to_text(), parameter, tensor });
            }
        }
        let mut states: Vec<State> = Vec::new();
        // SAFETY: the vector lives for the length of the call, and only `take` uses it meanwhile.
        unsafe { check(ffi::lockstep_module_state(self.raw(), take, (&raw mut states).cast())) }?;
        Ok(states)
    }

    /// `module.<method>(x)` without gradients.
    pub fn call(&self, method: &str, x: &Tensor) -> Result<Tensor> {
        let mut made = null_mut();
        // SAFETY: the address is that of a live at::Tensor; the result's is new and owned by the Tensor made here.
        unsafe {
            check(ffi::lockstep_module_call(self.raw(), method.into(), x.as_ptr().cast(), &raw mut made))?;
            Ok(Tensor::from_ptr(made.cast()))
        }
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        // SAFETY: the module is ours, and nobody uses it after this.
        unsafe { ffi::lockstep_module_drop(self.raw()) }
    }
}

/// The state of torch's CPU generator: the 5056 bytes of `torch.get_rng_state()`.
pub fn generator_state() -> Result<Vec<u8>> {
    // SAFETY: the function fills its argument in.
    unsafe { bytes(|made| ffi::lockstep_generator_state(made)) }
}

/// `torch.set_rng_state`: the generator goes on from what [`generator_state`] gave, here or in Python.
pub fn set_generator_state(bytes: &[u8]) -> Result<()> {
    // SAFETY: the bytes live for the length of the call.
    unsafe { check(ffi::lockstep_set_generator_state(bytes.into())) }
}

/// The state of `torch.Generator().manual_seed(seed)`; torch's own generators stay as they are.
pub fn seeded_generator(seed: u32) -> Result<Vec<u8>> {
    // SAFETY: the function fills its argument in.
    unsafe { bytes(|made| ffi::lockstep_seeded_generator(seed.into(), made)) }
}

/// The instruction set that ATen's kernels were chosen for, as `torch.backends.cpu.get_cpu_capability()` names it.
pub fn cpu_capability() -> Result<String> {
    // SAFETY: the function fills its argument in.
    Ok(String::from_utf8(unsafe { bytes(|made| ffi::lockstep_cpu_capability(made)) }?)?)
}
