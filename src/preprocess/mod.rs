//! From a table to tensors. polars stops at `tensors`; tch enters there.

mod apply;
mod archive;
pub mod categories;
pub mod choices;
pub mod dates;
pub mod inputs;
pub mod pipeline;
pub mod scale;
pub mod script;
pub mod split;
pub mod statistics;
pub mod target;
pub mod tensors;
