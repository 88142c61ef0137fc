//! Value parsers for numbers; each error says what was expected.

use crate::train::config::MOST_EPOCHS;
use serde_json::Number;

pub(super) fn positive(text: &str) -> Result<f64, String> {
    number(text, "a number above 0", |value| value > 0.0)
}

pub(super) fn not_negative(text: &str) -> Result<f64, String> {
    number(text, "a number that is not negative", |value| value >= 0.0)
}

pub(super) fn finite(text: &str) -> Result<f64, String> {
    number(text, "a finite number", |_| true)
}

/// A part of a whole: more than nothing, less than all.
pub(super) fn share(text: &str) -> Result<f64, String> {
    number(text, "a number between 0 and 1", |value| value > 0.0 && value < 1.0)
}

/// A number as Python's `float(text)` has it, `10` included.
pub(super) fn start(text: &str) -> Result<Number, String> {
    Number::from_f64(finite(text)?).ok_or_else(|| "expected a finite number".into())
}

/// Steps of a training, each of which has its loss in memory and in history.csv.
pub(super) fn epochs(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(0) => Err("expected 1 at least: a run of no epoch trains nothing".into()),
        Ok(epochs @ 1..=MOST_EPOCHS) => Ok(epochs),
        _ => Err(format!("expected a whole number from 1 to {MOST_EPOCHS}")),
    }
}

/// Points of the moons.
pub(super) fn samples(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(samples @ 2..) => Ok(samples),
        _ => Err(format!("expected a whole number from 2 to {}: a point for each moon at least", u32::MAX)),
    }
}

fn number(text: &str, expected: &str, holds: impl Fn(f64) -> bool) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && holds(value) => Ok(value),
        _ => Err(format!("expected {expected}")),
    }
}
