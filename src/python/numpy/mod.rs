//! NumPy's own arithmetic and print forms, digit for digit, where the tutorial's programs depend on them.

mod arange;
mod print;
mod sum;

pub use arange::Arange;
pub use print::{array, repr};
pub use sum::{mean, pairwise};
