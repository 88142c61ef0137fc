//! What a user chooses by name: fixed names, `name:key=value`, and the nearest name to a slip.

pub mod choice;
pub mod given;
pub mod names;
