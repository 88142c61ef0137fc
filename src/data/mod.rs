//! Data: what the tutorial's programs are trained on, and tables in files.

pub mod boston;
mod caught;
pub mod date_format;
mod date_guess;
pub mod dates;
pub mod houses;
pub mod location;
pub mod moons;
pub mod numbers;
pub mod profile;
pub mod schema;
pub mod shapes;
pub mod sink;
pub mod source;
pub mod store;
pub mod table;
pub mod zones;
