//! What a fit is asked to do: flags and TOML keys of the same names ([`FitSettings`], which may hold anything), and what
//! they come to when they were checked ([`FitPlan`], which everything below the command line takes).

mod check;
pub mod columns;
mod defaults;
mod division;
mod importance;
mod kinds;
mod raw;
mod resolve;
mod roles;
pub mod schema;

pub use check::FitPlan;
pub use importance::ImportanceRows;
pub use kinds::{ClassWeight, Log, Task};
pub use raw::FitSettings;
pub use resolve::OF_RUN;
