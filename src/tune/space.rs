//! What is searched: settings of `fit` by their names, each with values or a range.
//!
//! `lr=0.1,0.01` are two values; `hidden=64;64,32;none` are three, since `;` separates where a value holds commas;
//! `dropout=0..0.5` is a range, `lr=1e-4..1e-1:log` one that is even in the logarithm; `age:impute=mean,median` is a choice
//! for one column, as in `--column age:impute=mean`.

use crate::choices::names::unknown;
use crate::fit::settings::FitSettings;
use crate::fit::settings::columns::{self, ColumnRule};
use anyhow::{Context, Result, anyhow, bail, ensure};
use toml::{Table, Value};

/// Settings that say which rows are compared, and with what: scores under different ones do not compare.
const FIXED: [&str; 10] =
    ["target", "task", "id", "na", "split", "stratify", "split_column", "group", "split_time", "folds"];

/// A setting, and what it is tried at.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// A key of [`FitSettings`], or `COLUMN:KEY`.
    pub name: String,
    pub domain: Domain,
}

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

impl Param {
    /// `NAME=VALUES`, as `--param` has it.
    pub fn parse(text: &str) -> Result<Self> {
        let shown = format!("--param {text}");
        // A column's name may hold anything but the sign; the values may hold the sign (`constant=0`).
        let (name, values) =
            text.split_once('=').with_context(|| format!("{shown}: expected NAME=VALUES, such as lr=0.1,0.01"))?;
        let (name, sample) = known(name, &shown)?;
        let domain = domain(values, &sample, &shown)?;
        Self { name, domain }.checked(&shown)
    }

    /// An entry of `[tune.params]`: a text as after `--param NAME=`, or a list of values.
    pub fn from_toml(name: &str, value: &Value, shown: &str) -> Result<Self> {
        let shown = format!("{shown}: [tune.params] {name}");
        let (name, sample) = known(name, &shown)?;
        let domain = match value {
            Value::String(text) => domain(text, &sample, &shown)?,
            Value::Array(values) => {
                let values = values.iter().map(|value| typed(value, &sample, &shown));
                Domain::Values(values.collect::<Result<_>>()?)
            }
            other => bail!("{shown}: {other}, expected a list of values, or a text such as \"1e-4..1e-1:log\""),
        };
        Self { name, domain }.checked(&shown)
    }

    /// Every value must be one that the setting can have, and stand once.
    fn checked(self, shown: &str) -> Result<Self> {
        let Domain::Values(values) = &self.domain else { return Ok(self) };
        ensure!(!values.is_empty(), "{shown}: expected one value at least");
        for (index, value) in values.iter().enumerate() {
            ensure!(!values[..index].contains(value), "{shown}: {} stands twice", show(&json(value)));
            if self.column().is_some() {
                ColumnRule::parse(&rule(&self.name, value)).map_err(|error| anyhow!("{shown}: {error}"))?;
                continue;
            }
            let alone: Result<FitSettings, _> = Table::from_iter([(self.name.clone(), value.clone())]).try_into();
            alone.map_err(|error: toml::de::Error| anyhow!("{shown}: {}", error.message()))?;
        }
        Ok(self)
    }

    /// The column whose choice this is, if it is one.
    pub fn column(&self) -> Option<&str> {
        self.name.rsplit_once(':').map(|(column, _)| column)
    }
}

/// The name as a key, and a value of the setting's kind.
fn known(name: &str, shown: &str) -> Result<(String, Value)> {
    let name = name.trim();
    if let Some((column, key)) = name.rsplit_once(':') {
        ensure!(columns::KEYS.contains(&key), "{shown}: column {column}: {}", unknown(key, &columns::KEYS));
        return Ok((name.into(), Value::String(String::new())));
    }
    let (key, keys) = (name.trim_start_matches("--").replace('-', "_"), FitSettings::keys()?);
    ensure!(
        !FIXED.contains(&key.as_str()),
        "{shown}: {key} says which rows are scored, so it is the same in every trial"
    );
    ensure!(
        key != "column",
        "{shown}: choices for one column are searched by NAME:KEY, such as age:impute=mean,median"
    );
    let mut names: Vec<&str> = keys.keys().map(String::as_str).collect();
    names.retain(|name| !FIXED.contains(name) && *name != "column");
    let sample = keys.get(&key).with_context(|| format!("{shown}: {}", unknown(&key, &names)))?;
    Ok((key, sample.clone()))
}

fn domain(text: &str, sample: &Value, shown: &str) -> Result<Domain> {
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
fn typed(given: &Value, sample: &Value, shown: &str) -> Result<Value> {
    match (given, sample) {
        (Value::String(text), _) => value(text, sample, shown),
        (Value::Integer(whole), Value::Float(_)) => Ok(Value::Float(*whole as f64)),
        // A column's choice is text, also where it is true or false.
        (Value::Boolean(given), Value::String(_)) => Ok(Value::String(given.to_string())),
        _ if given.same_type(sample) => Ok(given.clone()),
        _ => bail!("{shown}: {given}, expected a {} in the list", sample.type_str()),
    }
}

/// `base` with `settings` in it; a choice for a column is a rule after those that are there.
pub fn apply(base: &Table, settings: &[(String, Value)]) -> Table {
    let mut table = base.clone();
    for (name, value) in settings {
        if name.contains(':') {
            let rules = table.entry("column").or_insert(Value::Array(vec![]));
            if let Value::Array(rules) = rules {
                rules.push(Value::String(rule(name, value)));
            }
        } else {
            table.insert(name.clone(), value.clone());
        }
    }
    table
}

/// The `--column` rule that sets the choice `name`, which is `COLUMN:KEY`.
fn rule(name: &str, value: &Value) -> String {
    format!("{name}={}", show(&json(value)))
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

    fn values(text: &str) -> String {
        match Param::parse(text).unwrap().domain {
            Domain::Values(values) => values.iter().map(|value| show(&json(value))).collect::<Vec<_>>().join(" | "),
            Domain::Range(range) => format!("{range:?}"),
        }
    }

    #[test]
    fn values_are_of_the_settings_own_kind() {
        assert_eq!(
            Param::parse("lr=1,0.01").unwrap().domain,
            Domain::Values(vec![Value::Float(1.0), Value::Float(0.01)])
        );
        assert_eq!(values("hidden=64;64,32;none"), "64 | 64,32 | none");
        assert_eq!(values("hidden=64,32"), "64,32");
        assert_eq!(values("batch-size=16,full"), "16 | 0");
        assert_eq!(values("nesterov=true,false"), "true | false");
        assert_eq!(values("schedule=step:step_size=3,gamma=0.5;cosine"), "step:step_size=3,gamma=0.5 | cosine");
        assert_eq!(values("age:impute=constant=0,mean"), "constant=0 | mean");
        assert_eq!(values("features=a;a,b"), "a | a,b");
    }

    #[test]
    fn ranges_are_of_numbers() {
        let range = |text: &str| Param::parse(text).unwrap().domain;
        let (low, high) = (1e-4, 0.1);
        assert_eq!(range("lr=1e-4..1e-1:log"), Domain::Range(Range { low, high, log: true, whole: false }));
        let (low, high) = (10.0, 100.0);
        assert_eq!(range("epochs=10..100"), Domain::Range(Range { low, high, log: false, whole: true }));
    }

    #[test]
    fn toml_gives_lists_or_the_same_texts() {
        let table: Table =
            toml::from_str("lr = \"1e-4..1e-1:log\"\nhidden = [[64], [64, 32], []]\ndropout = [0, 0.2]").unwrap();
        for (name, text) in
            [("lr", "lr=1e-4..1e-1:log"), ("hidden", "hidden=64;64,32;none"), ("dropout", "dropout=0,0.2")]
        {
            assert_eq!(Param::from_toml(name, &table[name], "c.toml").unwrap(), Param::parse(text).unwrap());
        }
        let error = Param::from_toml("lr", &Value::Float(0.1), "c.toml").unwrap_err().to_string();
        assert!(error.contains("c.toml: [tune.params] lr: 0.1, expected a list"), "{error}");
    }

    #[test]
    fn what_cannot_be_searched_is_refused_with_a_reason() {
        for (text, words) in [
            ("lr", "expected NAME=VALUES"),
            ("lrr=0.1", "did you mean lr?"),
            ("lr=fast", "\"fast\", expected a number"),
            ("lr=0.1,0.1", "0.1 stands twice"),
            ("lr=0.1..0.01", "a range that rises"),
            ("lr=0..1:log", "starts above 0"),
            ("lr=1..2:lag", "LOW..HIGH:log"),
            ("epochs=1.5", "expected a whole number"),
            ("activation=rely", "did you mean relu?"),
            ("folds=3,5", "folds says which rows are scored"),
            ("column=a:scale=none", "NAME:KEY"),
            ("a:imput=mean", "did you mean impute?"),
            ("a:impute=meen", "did you mean mean?"),
            ("hidden=64;x", "\"x\", expected a whole number"),
        ] {
            let error = Param::parse(text).unwrap_err().to_string();
            assert!(error.contains(words) && error.starts_with(&format!("--param {text}")), "{error}");
        }
    }

    #[test]
    fn a_columns_choice_becomes_a_rule() {
        let table = apply(&Table::new(), &[("age:impute".into(), Value::String("median".into()))]);
        assert_eq!(table["column"], Value::Array(vec![Value::String("age:impute=median".into())]));
    }
}
