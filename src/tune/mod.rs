//! The search for settings: what is tried, in which order, how a trial is scored, and how it is remembered.

pub mod config;
pub mod journal;
mod kept;
pub mod metric;
pub mod picture;
pub mod results;
pub mod search;
pub mod space;
pub mod trial;
mod values;
