//! What is done to single columns: `--column age:impute=median,scale=none`.

use crate::choices::names::unknown_setting;
use crate::preprocess::choices::{ColumnChoice, Encode, Impute, Scale, Unseen};
use anyhow::{Context, Result, anyhow, bail};

/// What can be chosen for a single column.
pub const KEYS: [&str; 5] = ["impute", "scale", "encode", "unseen", "indicator"];

/// One `--column` rule: a column, and what of its choice it changes, in this order.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnRule {
    pub column: String,
    changes: Vec<Change>,
}

#[derive(Debug, Clone, PartialEq)]
enum Change {
    Impute(Impute),
    Scale(Scale),
    Encode(Encode),
    Unseen(Unseen),
    Indicator(bool),
}

impl ColumnRule {
    /// `NAME:KEY=VALUE,…`. A name may hold colons: the last one ends it.
    ///
    /// # Errors
    /// A rule of another form, a key that is none of [`KEYS`], or a value that its key does not take.
    pub fn parse(rule: &str) -> Result<Self> {
        let (column, settings) = rule
            .rsplit_once(':')
            .with_context(|| format!("--column {rule}: expected NAME:KEY=VALUE, such as age:impute=median"))?;
        let changes = settings.split(',').map(|setting| change(setting, rule)).collect::<Result<_>>()?;
        Ok(Self { column: column.into(), changes })
    }

    /// Changes what this rule names of `choice`.
    pub fn change(&self, choice: &mut ColumnChoice) {
        for change in &self.changes {
            match change {
                Change::Impute(value) => choice.impute = value.clone(),
                Change::Scale(value) => choice.scale = *value,
                Change::Encode(value) => choice.encode = *value,
                Change::Unseen(value) => choice.unseen = *value,
                Change::Indicator(value) => choice.indicator = *value,
            }
        }
    }
}

fn change(setting: &str, rule: &str) -> Result<Change> {
    let (key, value) =
        setting.split_once('=').with_context(|| format!("--column {rule}: expected KEY=VALUE, found {setting}"))?;
    let wrong = |error: String| anyhow!("--column {rule}: {key}: {error}");
    Ok(match key {
        "impute" => Change::Impute(value.parse().map_err(wrong)?),
        "scale" => Change::Scale(value.parse().map_err(wrong)?),
        "encode" => Change::Encode(value.parse().map_err(wrong)?),
        "unseen" => Change::Unseen(value.parse().map_err(wrong)?),
        "indicator" => Change::Indicator(value.parse().map_err(|_| wrong("expected true or false".into()))?),
        _ => bail!("--column {rule}: {}", unknown_setting(key, &KEYS)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read_and_changes_its_choice() {
        for (key, value) in KEYS.into_iter().zip(["drop", "robust", "label", "other", "true"]) {
            let mut choice = ColumnChoice::default();
            ColumnRule::parse(&format!("a:b:{key}={value}")).unwrap().change(&mut choice);
            assert_ne!(choice, ColumnChoice::default(), "{key}");
        }
        assert_eq!(ColumnRule::parse("a:b:scale=none").unwrap().column, "a:b");
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for (rule, words) in [
            ("age", "expected NAME:KEY=VALUE"),
            ("age:scale", "expected KEY=VALUE, found scale"),
            ("age:scal=none", "scal, did you mean scale?"),
            ("age:scale=big", "scale: big (expected standard"),
            ("age:indicator=yes", "indicator: expected true or false"),
        ] {
            let error = ColumnRule::parse(rule).unwrap_err().to_string();
            assert!(error.starts_with(&format!("--column {rule}: ")) && error.contains(words), "{error}");
        }
    }
}
