//! What is Python's, number for number: its generators, the DataLoader, NumPy's printing and sums, pickles, traces of its runs, the interpreter.

pub mod compare;
pub mod dataloader;
pub mod interpreter;
pub mod numpy;
pub mod pickle;
pub mod random;
pub mod state_dict;
pub mod trace;
