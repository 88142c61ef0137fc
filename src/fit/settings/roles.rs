//! A column has one role in a fit: target, feature, id, weight or part. What contradicts that is refused, not resolved.

use crate::choices::names::unknown;
use crate::fit::settings::FitConfig;
use anyhow::{Result, bail, ensure};
use std::collections::BTreeSet;

/// Refuses settings that give a column two roles; they can be told without the table.
pub fn check(config: &FitConfig) -> Result<()> {
    let mut taken: Vec<(&str, &str)> = Vec::new();
    for (flag, name) in single(config) {
        if let Some((other, _)) = taken.iter().find(|(_, taken)| *taken == name) {
            bail!("{flag} {name}: is the column of {other} already, expected one role for each column");
        }
        taken.push((flag, name));
    }
    ensure!(
        config.id.as_deref() != Some("prediction"),
        "--id prediction: predict writes a column of that name; rename the column"
    );
    for (flag, listed) in lists(config) {
        let mut seen = BTreeSet::new();
        for name in listed {
            ensure!(seen.insert(name), "{flag}: {name} stands twice, expected each column once");
            let remedy =
                if flag == "--categorical" { "for classes say --task classification" } else { "leave it out here" };
            ensure!(*name != config.target, "{flag}: {name} is the --target, which is not learnt from; {remedy}");
        }
    }
    for name in &config.features {
        ensure!(!config.drop.contains(name), "--features: {name} stands in --drop too; leave it out of one of them");
        if let Some((other, _)) = taken.iter().find(|(_, taken)| taken == name) {
            bail!("--features: {name} is the column of {other}, which is not learnt from; leave it out here");
        }
    }
    Ok(())
}

/// Refuses a setting that names a column which the table does not have. `shown` is the table's name.
pub fn present(names: &[String], config: &FitConfig, shown: &str) -> Result<()> {
    let rules = config.column.iter().filter_map(|rule| Some(("--column", rule.rsplit_once(':')?.0)));
    let listed =
        lists(config).into_iter().flat_map(|(flag, names)| names.iter().map(move |name| (flag, name.as_str())));
    for (flag, name) in single(config).into_iter().chain(listed).chain(rules) {
        if !names.iter().any(|known| known == name) {
            bail!("{shown}: {flag}: no column {}{}", unknown(name, names), headless(names));
        }
    }
    Ok(())
}

/// The flags that name one column each.
fn single(config: &FitConfig) -> Vec<(&'static str, &str)> {
    let named = [
        ("--target", Some(&config.target)),
        ("--id", config.id.as_ref()),
        ("--split-column", config.split_column.as_ref()),
        ("--sample-weight", config.sample_weight.as_ref()),
        ("--group", config.group.as_ref()),
        ("--split-time", config.split_time.as_ref()),
    ];
    named.into_iter().filter_map(|(flag, name)| Some((flag, name?.as_str()))).collect()
}

fn lists(config: &FitConfig) -> [(&'static str, &[String]); 3] {
    [("--features", &config.features), ("--drop", &config.drop), ("--categorical", &config.categorical)]
}

/// A hint where the header looks like a row: at least half of its names are numbers.
fn headless(names: &[String]) -> &'static str {
    let numbers = names.iter().filter(|name| name.trim().parse::<f64>().is_ok()).count();
    if numbers * 2 >= names.len().max(1) {
        "; the header looks like a row of numbers: if the file has none, say --no-header"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> FitConfig {
        FitConfig { target: "y".into(), ..FitConfig::default() }
    }

    fn refusal(config: &FitConfig) -> String {
        check(config).unwrap_err().to_string()
    }

    #[test]
    fn a_column_has_one_role() {
        let some = |name: &str| Some(name.to_string());
        assert!(check(&FitConfig { id: some("a"), drop: vec!["a".into()], ..config() }).is_ok());
        assert!(refusal(&FitConfig { id: some("y"), ..config() }).contains("--id y: is the column of --target"));
        let twice = FitConfig { id: some("w"), sample_weight: some("w"), ..config() };
        assert!(refusal(&twice).contains("--sample-weight w: is the column of --id"));
        for (features, word) in [(["a", "y"], "--target"), (["a", "a"], "twice"), (["a", "b"], "--drop")] {
            let features = features.map(String::from).to_vec();
            let error = refusal(&FitConfig { features, drop: vec!["b".into()], ..config() });
            assert!(error.contains("--features") && error.contains(word), "{error}");
        }
    }

    #[test]
    fn every_flag_that_names_a_column_needs_it_there() {
        let names = ["a".to_string(), "y".to_string()];
        assert!(present(&names, &config(), "t.csv").is_ok());
        let rule = FitConfig { column: vec!["b:scale=none".into()], ..config() };
        assert!(present(&names, &rule, "t.csv").unwrap_err().to_string().starts_with("t.csv: --column: no column b"));
        let id = FitConfig { id: Some("A".into()), ..config() };
        assert!(present(&names, &id, "t.csv").unwrap_err().to_string().contains("--id: no column A, did you mean a?"));
        let error = present(&["5.1".into(), "0".into()], &config(), "t.csv").unwrap_err().to_string();
        assert!(error.contains("--no-header"), "{error}");
    }
}
