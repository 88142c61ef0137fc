//! The recorder for Python, which travels in the program.

/// The source of `scripts/record.py`.
pub const RECORDER: &str = include_str!("../../scripts/record.py");

/// What its file is called, so that a program can import it.
pub const RECORDER_NAME: &str = "record.py";
