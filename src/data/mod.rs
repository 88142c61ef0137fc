//! Data: what the tutorial's programs are trained on, and tables in files.

pub mod boston;
mod caught;
pub mod cells;
pub mod houses;
pub mod location;
pub mod moons;
pub mod profile;
pub mod schema;
pub mod sink;
pub mod source;
pub mod store;
pub mod table;
