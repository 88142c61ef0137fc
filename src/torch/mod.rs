//! What is libtorch's: TorchScript through the C++ bridge, tensors as slices and as safetensors, devices, the loaded libraries.

pub mod archive;
pub mod device;
pub mod libraries;
pub mod memory;
pub mod safetensors;
pub mod script;
