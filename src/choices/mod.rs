//! What a user chooses by name: fixed names, `name:key=value`, other libraries' names, and the nearest name to a slip; numbers as
//! tables show them.

pub mod aliases;
pub mod choice;
pub mod fixed;
pub mod given;
pub mod names;
