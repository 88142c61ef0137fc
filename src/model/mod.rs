//! Networks: their parameters, PyTorch's own initialisation, the forward pass.

pub mod activation;
pub mod init;
mod layout;
pub mod loss;
pub mod mlp;
pub mod norm;
pub mod parameters;
pub mod script;
