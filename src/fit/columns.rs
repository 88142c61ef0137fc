//! Which columns of a table are learnt from, and as what.

use super::config::FitConfig;
use super::divide::Divided;
use super::roles;
use crate::data::place::Place;
use crate::data::store::Store;
use crate::preprocess::inputs::{Category, Inputs, Number, texts};
use anyhow::{Result, ensure};
use polars::prelude::DataType;
use std::collections::BTreeSet;

/// The columns that a fit has to read, of all the `names` in the table.
///
/// # Errors
/// A setting that names a column which is not there.
pub fn needed(names: &[String], config: &FitConfig, shown: &str) -> Result<Vec<String>> {
    roles::present(names, config, shown)?;
    let mut columns = features(names, config);
    ensure!(!columns.is_empty(), "{shown}: no column is left to learn from beside the target {}", config.target);
    columns.extend(apart(config).into_iter().flatten().filter(|name| Some(*name) != config.id.as_ref()).cloned());
    Ok(columns)
}

/// The columns to learn from.
fn features(names: &[String], config: &FitConfig) -> Vec<String> {
    let chosen = if config.features.is_empty() { names } else { &config.features };
    let left_out = |name: &&String| config.drop.contains(name) || apart(config).contains(&Some(*name));
    chosen.iter().filter(|name| !left_out(name)).cloned().collect()
}

/// The columns that have another task than to be learnt from.
fn apart(config: &FitConfig) -> [Option<&String>; 6] {
    let (parts, group, time) = (&config.split_column, &config.group, &config.split_time);
    let others = [&config.id, parts, group, time, &config.sample_weight].map(Option::as_ref);
    let [id, parts, group, time, weight] = others;
    [Some(&config.target), id, parts, group, time, weight]
}

/// The columns to learn from, told apart by their types; categories are those of the rows `train` of the table.
pub fn inputs(divided: &Divided<'_>, config: &FitConfig, train: &[u32]) -> Result<Inputs> {
    let store = divided.store;
    let mut training = vec![false; store.height()];
    train.iter().for_each(|&row| training[row as usize] = true);
    let mut inputs = Inputs { numbers: vec![], categories: vec![] };
    for name in features(&store.names(), config) {
        let choice = config.choice(&name)?;
        let text = matches!(store.dtype(&name)?, DataType::String | DataType::Boolean);
        if text || config.categorical.contains(&name) {
            let values = categories(store, &name, &training, config)?;
            inputs.categories.push(Category { name, values, choice });
        } else {
            inputs.numbers.push(Number { name, choice });
        }
    }
    Ok(inputs)
}

/// The distinct texts of a column among the training rows, sorted.
fn categories(store: &Store, name: &str, training: &[bool], config: &FitConfig) -> Result<Vec<String>> {
    let mut values = BTreeSet::new();
    let mut numbers = Numbers::default();
    store.batches(&[name.to_string()], &mut |batch, first| {
        let at = Place::after(&store.shown, first);
        for (row, cell) in texts(&batch, name, at)?.iter().enumerate() {
            let Some(cell) = cell else { continue };
            numbers.see(cell, || at.row(row));
            if training[first + row] && !values.contains(cell) {
                values.insert(cell.to_string());
            }
        }
        Ok(())
    })?;
    if *store.dtype(name)? == DataType::String && !config.categorical.iter().any(|other| other == name) {
        numbers.refuse(name)?;
    }
    Ok(values.into_iter().collect())
}

/// A text column most of whose cells are numbers is a number column with a slip in it, not a category.
#[derive(Default)]
struct Numbers {
    present: usize,
    numbers: usize,
    /// The first cell that is not a number as it stands, and its place.
    slip: Option<(String, String)>,
}

impl Numbers {
    fn see(&mut self, cell: &str, place: impl Fn() -> String) {
        self.present += 1;
        let plain = cell.trim().parse::<f64>().is_ok();
        if !plain && self.slip.is_none() {
            self.slip = Some((place(), cell.to_string()));
        }
        self.numbers += usize::from(plain || cell.contains(',') && cell.trim().replace(',', "").parse::<f64>().is_ok());
    }

    fn refuse(self, name: &str) -> Result<()> {
        let Self { present, numbers, slip: Some((place, cell)) } = self else { return Ok(()) };
        ensure!(
            numbers * 2 <= present,
            "{place}, column {name}: {cell:?} is not a number, while {numbers} of {present} cells are; write it as one, \
             name it with --na if it means missing, or take the column as categories with --categorical {name}"
        );
        Ok(())
    }
}
