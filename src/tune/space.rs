//! What is searched: settings of `fit` by their names, each with values or a range.
//!
//! `lr=0.1,0.01` are two values; `hidden=64;64,32;none` are three, since `;` separates where a value holds commas;
//! `dropout=0..0.5` is a range, `lr=1e-4..1e-1:log` one that is even in the logarithm; `age:impute=mean,median` is a choice
//! for one column, as in `--column age:impute=mean`.

pub use super::values::{Domain, Range, json, show};

use super::values::{domain, typed};
use crate::choices::names::unknown_setting;
use crate::choices::{aliases, given};
use crate::fit::settings::FitSettings;
use crate::fit::settings::columns::{self, ColumnRule};
use anyhow::{Context, Result, anyhow, bail, ensure};
use toml::{Table, Value};

/// Settings that are the same in every trial, each with the reason. Rows are read and divided once, before the first
/// trial: scores on different rows would not compare, and a value that a trial does not look at would make equal trials.
const FIXED: [(&str, &[&str]); 4] = [
    (
        "says which rows are scored",
        &[
            "target",
            "task",
            "id",
            "na",
            "split",
            "stratify",
            "valid",
            "test",
            "split_column",
            "group",
            "split_time",
            "folds",
        ],
    ),
    (
        "says how the table is read",
        &[
            "schema",
            "format",
            "delimiter",
            "quote",
            "escape",
            "header",
            "skip_rows",
            "comment",
            "encoding",
            "decimal",
            "thousands",
            "date_format",
            "sheet",
        ],
    ),
    ("says where losses are logged, which changes no score", &["log"]),
    ("says what is computed when a model is trained, which changes no score", &["importance"]),
];

/// Why `key` cannot be searched, if it cannot.
fn why_fixed(key: &str) -> Option<&'static str> {
    FIXED.iter().find(|(_, keys)| keys.contains(&key)).map(|(why, _)| *why)
}

/// A setting, and what it is tried at.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// A key of [`FitSettings`], or `COLUMN:KEY`.
    pub name: String,
    pub domain: Domain,
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
        let section = format!("{shown}: [tune.params]");
        let (name, sample) = known(name, &section)?;
        let shown = format!("{section} {name}");
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
                let rule = rule(&self.name, value);
                // The error begins with the rule, which stands here in another form already.
                let why = |error: anyhow::Error| error.to_string().replacen(&format!("--column {rule}: "), "", 1);
                ColumnRule::parse(&rule).map_err(|error| anyhow!("{shown}: {}", why(error)))?;
                continue;
            }
            let alone: Result<FitSettings, _> = Table::from_iter([(self.name.clone(), value.clone())]).try_into();
            alone.map_err(|error: toml::de::Error| anyhow!("{shown}: {}", given::plain(error.message())))?;
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
        ensure!(columns::KEYS.contains(&key), "{shown}: column {column}: {}", unknown_setting(key, &columns::KEYS));
        return Ok((name.into(), Value::String(String::new())));
    }
    let (mut key, keys) = (name.trim_start_matches("--").replace('-', "_"), FitSettings::keys()?);
    let all: Vec<&str> = keys.keys().map(String::as_str).collect();
    // Another library's name for what cannot be searched: that is said at once.
    if let Some(Ok(ours)) = aliases::setting(&key, &all).filter(|_| !keys.contains_key(&key)) {
        key = why_fixed(ours).map_or(key, |_| ours.into());
    }
    if let Some(why) = why_fixed(&key) {
        bail!("{shown}: {key} {why}, so it is the same in every trial; give it once, outside --param");
    }
    ensure!(
        key != "column",
        "{shown}: choices for one column are searched by NAME:KEY, such as age:impute=mean,median"
    );
    let mut names = all;
    names.retain(|name| why_fixed(name).is_none() && *name != "column");
    let sample = keys.get(&key).with_context(|| format!("{shown}: {}", unknown_setting(&key, &names)))?;
    Ok((key, sample.clone()))
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

    /// Without it, a search over `valid` or `delimiter` ran equal trials and named a best one.
    #[test]
    fn a_setting_that_no_trial_looks_at_is_not_searched() {
        for (text, why) in [
            ("valid=v.csv;nowhere.csv", "valid says which rows are scored"),
            ("test=a.csv", "test says which rows are scored"),
            ("schema=s.toml", "schema says how the table is read"),
            ("format=csv", "format says how the table is read"),
            ("delimiter=tab;|", "delimiter says how the table is read"),
            ("quote=none", "quote says how the table is read"),
            ("header=true,false", "header says how the table is read"),
            ("log=csv,tensorboard", "log says where losses are logged"),
        ] {
            let error = Param::parse(text).unwrap_err().to_string();
            let start = format!("--param {text}: {why}");
            assert!(error.starts_with(&start) && error.contains("the same in every trial"), "{error}");
        }
        let keys = FitSettings::keys().unwrap();
        for key in FIXED.iter().flat_map(|(_, keys)| *keys) {
            assert!(keys.contains_key(*key), "{key} is no setting");
        }
    }

    #[test]
    fn a_columns_choice_becomes_a_rule() {
        let table = apply(&Table::new(), &[("age:impute".into(), Value::String("median".into()))]);
        assert_eq!(table["column"], Value::Array(vec![Value::String("age:impute=median".into())]));
    }
}
