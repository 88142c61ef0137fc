//! What is libtorch's: TorchScript through the C++ bridge, tensors as slices and as safetensors, devices, what bits
//! depend on, the loaded libraries, errors without their C++ stack.

pub mod archive;
pub mod bridge;
pub mod conditions;
pub mod cuda;
pub mod device;
pub mod error;
pub mod generator;
pub mod libraries;
pub mod libtorch;
pub mod memory;
pub mod named;
pub mod safetensors;
pub mod script;
#[cfg(test)]
pub mod testing;
pub mod threads;
