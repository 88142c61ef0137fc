//! Whether each class can be spread over the parts.

use anyhow::{Result, bail};
use std::collections::BTreeMap;

/// Refuses classes (one a row) of which --stratify leaves no row to train on. `shown` is the table's name.
pub fn check(classes: &[String], train: &[usize], target: &str, shown: &str) -> Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_that_is_nowhere_trained_on_is_named_with_its_rows() {
        let classes = ["a", "b", "a", "b", "c"].map(String::from);
        assert!(check(&classes, &[0, 1, 4], "y", "t.csv").is_ok());
        let error = check(&classes, &[0, 4], "y", "t.csv").unwrap_err().to_string();
        assert!(error.starts_with("t.csv: --stratify: class \"b\" of the target y has 2 rows"), "{error}");
    }
}
