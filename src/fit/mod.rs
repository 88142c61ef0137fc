//! The tutorial's pipeline on any table: prepare, train, evaluate, save.

pub mod beside;
pub mod checkpoint;
pub mod columns;
pub mod divide;
pub mod files;
pub mod folds;
pub mod importance;
mod initial;
pub mod log;
pub mod model;
pub mod outcome;
pub mod prepare;
pub mod preprocessed;
pub mod report;
pub mod script;
pub mod settings;
pub mod size;
mod strata;
pub mod summary;
pub mod surface;
pub mod suspicious;
pub mod table;
mod task;
mod text_column;
pub mod train;
