//! What is done to single columns: `--column age:impute=median,scale=none`.

use crate::choices::names::unknown;
use crate::fit::settings::FitConfig;
use crate::preprocess::choices::ColumnChoice;
use anyhow::{Context, Result, anyhow, bail};

impl FitConfig {
    /// What is done to the column `name`.
    pub fn choice(&self, name: &str) -> Result<ColumnChoice> {
        let mut choice = ColumnChoice {
            impute: self.impute.clone(),
            indicator: self.indicator,
            scale: self.scale,
            encode: self.encode,
            unseen: self.unseen,
        };
        for rule in &self.column {
            let (column, settings) =
                rule.rsplit_once(':').with_context(|| format!("--column {rule}: expected NAME:KEY=VALUE"))?;
            if column == name {
                settings.split(',').try_for_each(|setting| change(&mut choice, setting, rule))?;
            }
        }
        Ok(choice)
    }
}

fn change(choice: &mut ColumnChoice, setting: &str, rule: &str) -> Result<()> {
    let (key, value) =
        setting.split_once('=').with_context(|| format!("--column {rule}: expected KEY=VALUE, found {setting}"))?;
    let wrong = |error: String| anyhow!("--column {rule}: {key}: {error}");
    match key {
        "impute" => choice.impute = value.parse().map_err(wrong)?,
        "scale" => choice.scale = value.parse().map_err(wrong)?,
        "encode" => choice.encode = value.parse().map_err(wrong)?,
        "unseen" => choice.unseen = value.parse().map_err(wrong)?,
        "indicator" => choice.indicator = value.parse().map_err(|_| wrong("expected true or false".into()))?,
        _ => bail!("--column {rule}: {}", unknown(key, &["impute", "scale", "encode", "unseen", "indicator"])),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::choices::{Impute, Scale};

    #[test]
    fn a_rule_for_one_column_changes_that_column_only() {
        let config = FitConfig { column: vec!["a:impute=median,scale=none".into()], ..FitConfig::default() };
        assert_eq!(config.choice("b").unwrap(), ColumnChoice::default());
        let changed = config.choice("a").unwrap();
        assert_eq!((changed.impute, changed.scale), (Impute::Median, Scale::None));
        let wrong = FitConfig { column: vec!["a:imputed=mean".into()], ..FitConfig::default() };
        assert!(wrong.choice("a").unwrap_err().to_string().contains("did you mean impute?"));
    }
}
