//! The run folder: its files, replaced in one step, its history and its TensorBoard events.

pub mod earlier;
pub mod events;
pub mod files;
pub mod folder;
pub mod history;
pub mod kept;
pub mod listed;
