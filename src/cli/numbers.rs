//! Value parsers for numbers; each error says what was expected.

use crate::train::config::MOST_EPOCHS;
use serde_json::Number;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// A whole number in `range`.
pub(super) fn whole<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Display + Clone + Send + Sync + 'static,
{
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| format!("expected a whole number from {} to {}", range.start(), range.end()))
    }
}

/// A number; whoever knows what it is for says which it may be.
pub(super) fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| "expected a number".into())
}

pub(super) fn positive(text: &str) -> Result<f64, String> {
    number_that(text, "a number above 0", |value| value > 0.0)
}

pub(super) fn not_negative(text: &str) -> Result<f64, String> {
    number_that(text, "a number that is not negative", |value| value >= 0.0)
}

pub(super) fn finite(text: &str) -> Result<f64, String> {
    number_that(text, "a finite number", |_| true)
}

/// A part of a whole: more than nothing, less than all.
pub(super) fn share(text: &str) -> Result<f64, String> {
    number_that(text, "a number between 0 and 1", |value| value > 0.0 && value < 1.0)
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

fn number_that(text: &str, expected: &str, holds: impl Fn(f64) -> bool) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && holds(value) => Ok(value),
        _ => Err(format!("expected {expected}")),
    }
}
