//! What is Python's, number for number: its generators, NumPy's printing and sums, pickles, traces of its runs, the interpreter.

pub mod compare;
pub mod interpreter;
pub mod numpy;
pub mod pickle;
pub mod random;
pub mod trace;
