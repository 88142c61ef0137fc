//! What a user chooses by name: fixed names, `name:key=value`, other libraries' names, and the nearest name to a slip.

pub mod aliases;
pub mod choice;
pub mod given;
pub mod names;
