//! `lockstep show <name>`: a picture, the numbers behind it, and three lines of plain words made from them.

mod activations;
mod bias_variance;
mod fitting;
mod gradients;
mod nonlinearity;

use super::job::Job;
use super::print::Verdict;
use crate::cli::{Common, Show};
use anyhow::Result;
use std::fmt::Display;
use std::path::Path;

pub(super) fn run(args: &Show) -> Result<Verdict> {
    match args {
        Show::Activations(args) => activations::run(args),
        Show::Gradients(args) => gradients::run(args),
        Show::Nonlinearity(args) => nonlinearity::run(args),
        Show::BiasVariance(args) => bias_variance::run(args),
        Show::Fitting(args) => fitting::run(args),
    }
}

/// A job on one thread unless `--threads` asks for more: the tensors here are so small that threads spend longer on
/// meeting after every operation than on the work, and on a busy machine many times longer.
fn begin<'a>(common: &'a Common, out: &Path) -> Result<Job<'a>> {
    let mut job = Job::begin(common, out)?;
    if common.compute.threads.is_none() {
        job.threads = 1;
        tch::set_num_threads(job.threads);
    }
    Ok(job)
}

/// A CSV line; floats in the shortest form that reads back to the same number.
fn line(cells: &[&dyn Display]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.to_string()).collect();
    cells.join(",") + "\n"
}

/// Four digits, with a power of ten where the number is far from 1.
fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        size if !size.is_finite() => "beyond float64".into(),
        size if !(1e-3..1e4).contains(&size) => format!("{value:.1e}"),
        size => {
            let digits = (2 - size.log10().floor() as i32).clamp(0, 5) as usize;
            let text = format!("{value:.digits$}");
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
        }
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed(items: &[String]) -> String {
    match items {
        [] => "none".into(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// `a; b; c`, or `none`.
fn joined(items: &[String]) -> String {
    if items.is_empty() { "none".into() } else { items.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_keep_their_size() {
        let cases = [(0.0, "0"), (0.25, "0.25"), (1.0, "1"), (123.456, "123"), (0.0123456, "0.0123"), (-2.5, "-2.5")];
        for (value, text) in cases {
            assert_eq!(short(value), text);
        }
        assert_eq!(short(3.21e-22), "3.2e-22");
        assert_eq!(short(0.99999), "1");
        assert_eq!(short(100.0), "100");
        assert_eq!(short(f64::NAN), "beyond float64");
    }

    #[test]
    fn lists_read_as_english() {
        let items = ["a", "b", "c"].map(String::from);
        assert_eq!(listed(&items), "a, b and c");
        assert_eq!(listed(&items[..2]), "a and b");
        assert_eq!(listed(&[]), "none");
    }
}
