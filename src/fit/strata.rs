//! Parts under `--stratify`: every class in its share.

use super::divide::Divided;
use crate::fit::settings::FitPlan;
use crate::preprocess::inputs::texts;
use crate::preprocess::split::{self, Parts};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;

/// The parts of the data table's own rows.
pub fn parts(divided: &Divided<'_>, config: &FitPlan, shares: [f64; 3], seed: u32) -> Result<Parts> {
    let shown = &divided.store.display_name;
    let (ids, classes) = (class_ids(divided, config)?, classes(divided, config)?);
    let name = |id: usize| ids.iter().position(|&other| other == id).map_or(String::new(), |row| classes[row].clone());
    let parts = split::stratified_parts(&ids, shares, seed, name)
        .with_context(|| format!("{shown}: the target {}", config.target))?;
    check_strata(&classes, &parts.train, &config.target, shown)?;
    Ok(parts)
}

/// The number of each of the data table's own rows' class.
pub fn class_ids(divided: &Divided<'_>, config: &FitPlan) -> Result<Vec<usize>> {
    split::class_ids(&divided.own_column(&config.target)?, &config.target, divided.place())
}

/// Refuses classes (one a row) of which --stratify leaves no row to train on. `shown` is the table's name.
fn check_strata(classes: &[String], train: &[usize], target: &str, shown: &str) -> Result<()> {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    classes.iter().for_each(|class| counts.entry(class).or_default().0 += 1);
    train.iter().for_each(|&row| counts.entry(&classes[row]).or_default().1 += 1);
    if let Some((class, (rows, _))) = counts.iter().find(|(_, (_, trained))| *trained == 0) {
        let rows = if *rows == 1 { "1 row".into() } else { format!("{rows} rows") };
        bail!(
            "{shown}: --stratify: class {class:?} of the target {target} has {rows}, too few for every part; \
             leave it out, join it to another class, or ask for fewer parts with --split"
        );
    }
    Ok(())
}

/// The target as text.
fn classes(divided: &Divided<'_>, config: &FitPlan) -> Result<Vec<String>> {
    let cells = texts(&divided.own_column(&config.target)?, &config.target, divided.place())?;
    Ok(cells.iter().map(|text| text.unwrap_or_default().to_string()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_that_is_nowhere_trained_on_is_named_with_its_rows() {
        let classes = ["a", "b", "a", "b", "c"].map(String::from);
        assert!(check_strata(&classes, &[0, 1, 4], "y", "t.csv").is_ok());
        let error = check_strata(&classes, &[0, 4], "y", "t.csv").unwrap_err().to_string();
        assert!(error.starts_with("t.csv: --stratify: class \"b\" of the target y has 2 rows"), "{error}");
    }
}
