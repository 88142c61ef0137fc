//! What a user gave, as flags or in a file, and as an error about it shows it.

use anyhow::{Result, bail};
use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// `table` as a `T`, every key of which may be left out. A value that cannot be read is named by its flag where `flags`
/// has it, else by `file` and its key.
pub fn read<T: DeserializeOwned>(table: Table, flags: &Table, file: &str) -> Result<T> {
    let error = match table.clone().try_into() {
        Ok(read) => return Ok(read),
        Err(error) => error,
    };
    // toml does not tell the key apart from the message: the first that cannot be read alone is it.
    for (key, value) in table {
        let alone = Table::from_iter([(key.clone(), value.clone())]).try_into::<T>();
        let Err(error) = alone else { continue };
        if flags.contains_key(&key) {
            bail!("{}", wrong_flag(&key, &value, error.message()));
        }
        bail!("{file}: {key}: {}", error.message());
    }
    bail!("{file}: {}", error.message())
}

/// `--loss rmse: did you mean mse? (expected …)`. A message that begins with the value does not say it twice.
fn wrong_flag(key: &str, value: &Value, message: &str) -> String {
    let (flag, value) = (key.replace('_', "-"), shown(value));
    let why = match message.strip_prefix(&value) {
        Some(rest) => rest.trim_start_matches([',', ' ']),
        None => message,
    };
    let why = why.strip_prefix('(').and_then(|why| why.strip_suffix(')')).unwrap_or(why);
    format!("--{flag} {value}: {why}")
}

/// A value as it stands on the command line.
fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Float(value) => number(*value),
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// A number as people write it: `-1`, `0.001`, `1e39`.
pub fn number(value: f64) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").unwrap_or(&text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_they_are_written() {
        let cases = [(-1.0, "-1"), (0.001, "0.001"), (1e39, "1e39"), (2.5e-9, "2.5e-9"), (f64::NAN, "NaN")];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_flag_and_its_value_stand_before_the_reason_once() {
        let text = |value: &str, message| wrong_flag("class_weight", &value.into(), message);
        assert_eq!(text("ok=1", "ok=1 (expected none, balanced)"), "--class-weight ok=1: expected none, balanced");
        assert_eq!(
            text("nine", "nine, did you mean none? (expected none)"),
            "--class-weight nine: did you mean none? (expected none)"
        );
        assert_eq!(text("a:b=1", "a: no parameter b"), "--class-weight a:b=1: a: no parameter b");
        assert_eq!(shown(&Value::from(vec![0.5, 1.0])), "0.5,1");
    }
}
