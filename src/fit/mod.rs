//! The tutorial's pipeline on any table: prepare, train, evaluate, save.

pub mod checkpoint;
pub mod columns;
pub mod divide;
pub mod folds;
pub mod log;
pub mod model;
pub mod prepare;
pub mod preprocessed;
pub mod report;
pub mod run;
pub mod settings;
pub mod strata;
pub mod surface;
