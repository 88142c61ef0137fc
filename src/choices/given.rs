//! What a user gave, as flags or in a file, and as an error about it shows it.

use anyhow::{Result, anyhow, bail};
use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// The TOML of `file`, `text`. What is no TOML is named by its line and column.
pub fn table(text: &str, file: &str) -> Result<Table> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or(text);
        let (line, start) = (before.matches('\n').count() + 1, before.rfind('\n').map_or(0, |end| end + 1));
        let column = before[start..].chars().count() + 1;
        anyhow!("{file}: line {line}, column {column}: no TOML: {}", error.message())
    })
}

/// serde's message in the words of the file: `"fast", expected a number` for `invalid type: string "fast", expected f64`.
pub fn plain(message: &str) -> String {
    let found = ["invalid type: ", "invalid value: "].iter().find_map(|start| message.strip_prefix(start));
    let Some((found, expected)) = found.and_then(|rest| rest.rsplit_once(", expected ")) else { return message.into() };
    let found = match found.find(['"', '`']) {
        Some(value) => found[value..].trim_matches('`'),
        None if found == "map" => "a section",
        None => "a list",
    };
    let expected = match expected {
        "f64" => "a number",
        "usize" | "u32" | "u64" => "a whole number from 0 up",
        "i64" => "a whole number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a string" | "path string" => "a text in quotes",
        other => other,
    };
    format!("{found}, expected {expected}")
}

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
            bail!("{}", wrong_flag(&key, &value, &plain(error.message())));
        }
        bail!("{file}: {key}: {}", plain(error.message()));
    }
    bail!("{file}: {}", plain(error.message()))
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
    fn what_is_no_toml_is_named_by_its_line_and_column() {
        for (text, place) in [
            ("lr = 0.1\ntarget = y\n", "c.toml: line 2, column 10: "),
            ("lr = 0.1\n\nhidden = [64,\n", "c.toml: line "),
            ("\"größe\" = 1 1", "c.toml: line 1, column 11: "),
            ("a = 1\na = 2\n", "c.toml: line 2, column 1: "),
        ] {
            let error = table(text, "c.toml").unwrap_err().to_string();
            assert!(error.starts_with(place) && error.lines().count() == 1, "{text}: {error}");
        }
    }

    #[test]
    fn serdes_types_are_said_in_the_files_words() {
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code)]
        struct Every {
            number: f64,
            whole: usize,
            list: Vec<i64>,
            text: String,
            flag: bool,
            file: std::path::PathBuf,
        }
        for (text, expected) in [
            ("number = 'fast'", "c.toml: number: \"fast\", expected a number"),
            ("whole = -1", "c.toml: whole: -1, expected a whole number from 0 up"),
            ("whole = 1.5", "c.toml: whole: 1.5, expected a whole number from 0 up"),
            ("whole = [1]", "c.toml: whole: a list, expected a whole number from 0 up"),
            ("list = 64", "c.toml: list: 64, expected a list"),
            ("list = ['x']", "c.toml: list: \"x\", expected a whole number"),
            ("text = 3", "c.toml: text: 3, expected a text in quotes"),
            ("flag = 'yes'", "c.toml: flag: \"yes\", expected true or false"),
            ("file = true", "c.toml: file: true, expected a text in quotes"),
            ("[number]\na = 1", "c.toml: number: a section, expected a number"),
        ] {
            let error = read::<Every>(table(text, "c.toml").unwrap(), &Table::new(), "c.toml").unwrap_err();
            assert_eq!(error.to_string(), expected);
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
