//! What a setting is tried at: values of its own kind, or a range of numbers.

use anyhow::{Result, anyhow, bail, ensure};
use toml::Value;

#[derive(Debug, Clone, PartialEq)]
pub enum Domain {
    Values(Vec<Value>),
    Range(Range),
}

/// From `low` to `high`, both included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    pub low: f64,
    pub high: f64,
    /// Even in the logarithm.
    pub log: bool,
    /// Whole numbers only.
    pub whole: bool,
}

/// What follows `NAME=`, for a setting of the kind that `sample` is. `shown` begins the errors.
pub(super) fn domain(text: &str, sample: &Value, shown: &str) -> Result<Domain> {
    if let Some(range) = range(text, sample, shown)? {
        return Ok(Domain::Range(range));
    }
    let by = if text.contains(';') { ';' } else { ',' };
    // The commas of a list belong to the list.
    let values: Vec<&str> = if sample.is_array() && by == ',' { vec![text] } else { text.split(by).collect() };
    let values = values.into_iter().map(|text| value(text.trim(), sample, shown));
    Ok(Domain::Values(values.collect::<Result<_>>()?))
}

/// `LOW..HIGH` or `LOW..HIGH:log`, where the setting is a number.
fn range(text: &str, sample: &Value, shown: &str) -> Result<Option<Range>> {
    let whole = sample.is_integer();
    let Some((low, rest)) = text.split_once("..").filter(|_| whole || sample.is_float()) else { return Ok(None) };
    let (high, log) = match rest.split_once(':') {
        Some((high, "log")) => (high, true),
        Some((_, other)) => bail!("{shown}: {other}: expected LOW..HIGH or LOW..HIGH:log"),
        None => (rest, false),
    };
    let number = |text: &str| match value(text.trim(), sample, shown)? {
        Value::Integer(value) => Ok(value as f64),
        Value::Float(value) => Ok(value),
        _ => bail!("{shown}: {text}: expected a number"),
    };
    let (low, high) = (number(low)?, number(high)?);
    ensure!(low < high, "{shown}: expected a range that rises, such as 0..0.5");
    ensure!(!log || low > 0.0, "{shown}: a logarithmic range starts above 0");
    Ok(Some(Range { low, high, log, whole }))
}

/// One value of the kind that `sample` is, from text.
fn value(text: &str, sample: &Value, shown: &str) -> Result<Value> {
    let wrong = |expected: &str| anyhow!("{shown}: {text:?}, expected {expected}");
    Ok(match sample {
        Value::Float(_) => match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Value::Float(value),
            _ => return Err(wrong("a number")),
        },
        // `--batch-size full` is 0 in TOML.
        Value::Integer(_) if text == "full" => Value::Integer(0),
        Value::Integer(_) => Value::Integer(text.parse().map_err(|_| wrong("a whole number"))?),
        Value::Boolean(_) => Value::Boolean(text.parse().map_err(|_| wrong("true or false"))?),
        Value::Array(_) if text == "none" || text.is_empty() => Value::Array(vec![]),
        Value::Array(samples) => {
            let element = samples.first().cloned().unwrap_or(Value::String(String::new()));
            let element = if element.is_str() { Value::String(String::new()) } else { element };
            let values = text.split(',').map(|text| value(text.trim(), &element, shown));
            Value::Array(values.collect::<Result<_>>()?)
        }
        _ => Value::String(text.into()),
    })
}

/// One value of the kind that `sample` is, from TOML.
pub(super) fn typed(given: &Value, sample: &Value, shown: &str) -> Result<Value> {
    match (given, sample) {
        (Value::String(text), _) => value(text, sample, shown),
        (Value::Integer(whole), Value::Float(_)) => Ok(Value::Float(*whole as f64)),
        // A column's choice is text, also where it is true or false.
        (Value::Boolean(given), Value::String(_)) => Ok(Value::String(given.to_string())),
        _ if given.same_type(sample) => Ok(given.clone()),
        _ => bail!("{shown}: {given}, expected {} in the list", kind(sample)),
    }
}

/// What kind of value a setting has.
fn kind(sample: &Value) -> &'static str {
    match sample {
        Value::Float(_) => "a number",
        Value::Integer(_) => "a whole number",
        Value::Boolean(_) => "true or false",
        Value::Array(_) => "a list of its own, as in [[64], [64, 32]],",
        _ => "a text in quotes",
    }
}

/// A value as JSON.
pub fn json(value: &Value) -> serde_json::Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// A value as it is written after `--param NAME=`.
pub fn show(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(values) if values.is_empty() => "none".into(),
        serde_json::Value::Array(values) => values.iter().map(show).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_of_numbers() {
        let range = |text: &str, sample: Value| domain(text, &sample, "--param").unwrap();
        let (low, high) = (1e-4, 0.1);
        let rates = Domain::Range(Range { low, high, log: true, whole: false });
        assert_eq!(range("1e-4..1e-1:log", Value::Float(0.0)), rates);
        let (low, high) = (10.0, 100.0);
        assert_eq!(range("10..100", Value::Integer(0)), Domain::Range(Range { low, high, log: false, whole: true }));
    }
}
