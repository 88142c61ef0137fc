//! TorchScript modules: built with named parameters, saved to memory, loaded, called.
//!
//! The only place with C++ or `unsafe`: tch can trace a module, but tracing bakes the weights in as constants.
#![allow(unsafe_code, reason = "tensors cross to C++ as pointers; the safe functions below keep them alive")]

use crate::torch::device;
use anyhow::Result;
use cxx::UniquePtr;
use tch::{Device, Tensor};

#[cxx::bridge(namespace = "lockstep")]
mod ffi {
    /// A file that travels inside the TorchScript file, under `extra/`.
    struct ExtraFile {
        name: String,
        bytes: Vec<u8>,
    }

    /// One entry of a module's `state_dict()`.
    struct StateEntry {
        name: String,
        /// A parameter, else a buffer.
        parameter: bool,
        /// The address of a new `at::Tensor`.
        tensor: usize,
    }

    unsafe extern "C++" {
        include!("lockstep/src/torch/script/bridge.h");

        type Module;
        fn create(type_name: &str) -> Result<UniquePtr<Module>>;
        fn load(bytes: &[u8], device: &str) -> Result<UniquePtr<Module>>;
        fn child(self: &Module, name: &str, type_name: &str) -> Result<UniquePtr<Module>>;
        fn define(self: &Module, source: &str) -> Result<()>;
        fn save(self: &Module, files: &[ExtraFile]) -> Result<Vec<u8>>;
        fn state(self: &Module) -> Result<Vec<StateEntry>>;
        fn generator_state() -> Result<Vec<u8>>;
        fn set_generator_state(bytes: &[u8]) -> Result<()>;
        fn cpu_capability() -> Result<String>;
        /// `tensor` must be the address of a live `at::Tensor`.
        unsafe fn parameter(self: &Module, name: &str, tensor: usize) -> Result<()>;
        /// `tensor` must be the address of a live `at::Tensor`.
        unsafe fn buffer(self: &Module, name: &str, tensor: usize) -> Result<()>;
        /// `tensor` must be the address of a live `at::Tensor`; the result is the address of a new one.
        unsafe fn call(self: &Module, method: &str, tensor: usize) -> Result<usize>;
    }
}

pub use ffi::ExtraFile;

/// One entry of a module's `state_dict()`: a parameter, or a buffer.
#[derive(Debug)]
pub struct State {
    pub name: String,
    pub parameter: bool,
    pub tensor: Tensor,
}

/// A TorchScript module.
pub struct Module(UniquePtr<ffi::Module>);

impl Module {
    /// An empty module of type `__torch__.<type_name>` in evaluation mode.
    pub fn new(type_name: &str) -> Result<Self> {
        Ok(Self(ffi::create(type_name)?))
    }

    /// Adds and returns an empty submodule.
    pub fn child(&self, name: &str, type_name: &str) -> Result<Self> {
        Ok(Self(self.0.child(name, type_name)?))
    }

    /// Adds a parameter that requires grad, a copy of `tensor` on the CPU.
    pub fn parameter(&self, name: &str, tensor: &Tensor) -> Result<()> {
        // SAFETY: the address is that of a live at::Tensor for the length of the call.
        Ok(unsafe { self.0.parameter(name, tensor.as_ptr() as usize) }?)
    }

    /// Adds a buffer, a copy of `tensor` on the CPU.
    pub fn buffer(&self, name: &str, tensor: &Tensor) -> Result<()> {
        // SAFETY: the address is that of a live at::Tensor for the length of the call.
        Ok(unsafe { self.0.buffer(name, tensor.as_ptr() as usize) }?)
    }

    /// Adds methods in TorchScript's Python; a submodule is called as `self.fc1.forward(x)`.
    pub fn define(&self, source: &str) -> Result<()> {
        Ok(self.0.define(source)?)
    }

    /// The bytes that `torch.jit.load` reads.
    pub fn save(&self, files: &[ExtraFile]) -> Result<Vec<u8>> {
        Ok(self.0.save(files)?)
    }

    /// Reads what [`Module::save`] or `torch.jit.save` wrote, its tensors onto `device`. The CRCs are not looked at.
    pub fn load(bytes: &[u8], device: Device) -> Result<Self> {
        Ok(Self(ffi::load(bytes, &device::name(device))?))
    }

    /// The entries of `state_dict()`: parameters first, then buffers.
    pub fn state(&self) -> Result<Vec<State>> {
        let entries = self.0.state()?;
        // SAFETY: each address is that of a new at::Tensor, owned by the Tensor made here.
        let own = |entry: ffi::StateEntry| State {
            name: entry.name,
            parameter: entry.parameter,
            tensor: unsafe { Tensor::from_ptr(entry.tensor as *mut _) },
        };
        Ok(entries.into_iter().map(own).collect())
    }

    /// `module.<method>(x)` without gradients.
    pub fn call(&self, method: &str, x: &Tensor) -> Result<Tensor> {
        // SAFETY: the address is that of a live at::Tensor; the result's is new and owned by the Tensor made here.
        unsafe { Ok(Tensor::from_ptr(self.0.call(method, x.as_ptr() as usize)? as *mut _)) }
    }
}

/// The state of torch's CPU generator: the 5056 bytes of `torch.get_rng_state()`.
pub fn generator_state() -> Result<Vec<u8>> {
    Ok(ffi::generator_state()?)
}

/// `torch.set_rng_state`: the generator goes on from what [`generator_state`] gave, here or in Python.
pub fn set_generator_state(bytes: &[u8]) -> Result<()> {
    Ok(ffi::set_generator_state(bytes)?)
}

/// The instruction set that ATen's kernels were chosen for, as `torch.backends.cpu.get_cpu_capability()` names it.
pub fn cpu_capability() -> Result<String> {
    Ok(ffi::cpu_capability()?)
}
