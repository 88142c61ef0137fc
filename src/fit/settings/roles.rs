//! A column has one role in a fit: target, feature, id, weight or part. What contradicts that is refused, not resolved.

use super::columns::ColumnRule;
use super::raw::FitSettings;
use crate::choices::names::absent;
use anyhow::{Result, bail, ensure};
use std::collections::{BTreeSet, HashSet};

impl FitSettings {
    /// The columns that are not learnt from because they have another role, each with the flag that gives it.
    pub fn roles(&self) -> Vec<(&'static str, &str)> {
        let roles = [
            ("--target", Some(&self.target)),
            ("--id", self.id.as_ref()),
            ("--split-column", self.split_column.as_ref()),
            ("--sample-weight", self.sample_weight.as_ref()),
            ("--group", self.group.as_ref()),
            ("--split-time", self.split_time.as_ref()),
        ];
        roles.into_iter().filter_map(|(flag, name)| Some((flag, name?.as_str()))).collect()
    }
}

/// Refuses settings that give a column two roles; they can be told without the table.
pub(super) fn check(config: &FitSettings) -> Result<()> {
    let mut taken: Vec<(&str, &str)> = Vec::new();
    for (flag, name) in config.roles() {
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
    let dropped: HashSet<&String> = config.drop.iter().collect();
    for name in &config.features {
        ensure!(!dropped.contains(name), "--features: {name} stands in --drop too; leave it out of one of them");
        if let Some((other, _)) = taken.iter().find(|(_, taken)| taken == name) {
            bail!("--features: {name} is the column of {other}, which is not learnt from; leave it out here");
        }
    }
    Ok(())
}

/// Refuses a setting that names a column which the table does not have. `shown` is the table's name.
pub(super) fn present(names: &[String], config: &FitSettings, rules: &[ColumnRule], shown: &str) -> Result<()> {
    let rules = rules.iter().map(|rule| ("--column", rule.column.as_str()));
    let listed =
        lists(config).into_iter().flat_map(|(flag, names)| names.iter().map(move |name| (flag, name.as_str())));
    let known: HashSet<&str> = names.iter().map(String::as_str).collect();
    for (flag, name) in config.roles().into_iter().chain(listed).chain(rules) {
        if !known.contains(name) {
            bail!("{shown}: {flag}: no column {}{}", absent(name, names), headless(names));
        }
    }
    Ok(())
}

fn lists(config: &FitSettings) -> [(&'static str, &[String]); 3] {
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

    fn config() -> FitSettings {
        FitSettings { target: "y".into(), ..FitSettings::default() }
    }

    fn refusal(config: &FitSettings) -> String {
        check(config).unwrap_err().to_string()
    }

    #[test]
    fn a_column_has_one_role() {
        let some = |name: &str| Some(name.to_string());
        assert!(check(&FitSettings { id: some("a"), drop: vec!["a".into()], ..config() }).is_ok());
        assert!(refusal(&FitSettings { id: some("y"), ..config() }).contains("--id y: is the column of --target"));
        let twice = FitSettings { id: some("w"), sample_weight: some("w"), ..config() };
        assert!(refusal(&twice).contains("--sample-weight w: is the column of --id"));
        for (features, word) in [(["a", "y"], "--target"), (["a", "a"], "twice"), (["a", "b"], "--drop")] {
            let features = features.map(String::from).to_vec();
            let error = refusal(&FitSettings { features, drop: vec!["b".into()], ..config() });
            assert!(error.contains("--features") && error.contains(word), "{error}");
        }
    }

    #[test]
    fn every_flag_that_names_a_column_needs_it_there() {
        let names = ["a".to_string(), "y".to_string()];
        assert!(present(&names, &config(), &[], "t.csv").is_ok());
        let rules = [ColumnRule::parse("b:scale=none").unwrap()];
        let error = present(&names, &config(), &rules, "t.csv").unwrap_err().to_string();
        assert!(error.starts_with("t.csv: --column: no column b"), "{error}");
        let id = FitSettings { id: Some("A".into()), ..config() };
        assert!(
            present(&names, &id, &[], "t.csv").unwrap_err().to_string().contains("--id: no column A, did you mean a?")
        );
        let error = present(&["5.1".into(), "0".into()], &config(), &[], "t.csv").unwrap_err().to_string();
        assert!(error.contains("--no-header"), "{error}");
    }
}
