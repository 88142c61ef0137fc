//! The tutorial's pipeline on any table: prepare, train, evaluate, save.

pub mod checkpoint;
pub mod columns;
pub mod config;
pub mod divide;
mod division;
pub mod folds;
pub mod log;
pub mod model;
pub mod prepare;
pub mod preprocessed;
pub mod report;
pub mod roles;
mod rules;
pub mod run;
pub mod schema;
pub mod strata;
pub mod surface;
