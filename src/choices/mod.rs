//! What a user chooses by name: fixed names, `name:key=value`, and the nearest name to a slip; numbers as tables show them.

pub mod choice;
pub mod fixed;
pub mod given;
pub mod names;
