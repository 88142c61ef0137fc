//! Which columns of a table are learnt from, and as what.

use super::config::FitConfig;
use super::divide::Divided;
use crate::data::place::Place;
use crate::data::store::Store;
use crate::names::unknown;
use crate::preprocess::inputs::{Category, Inputs, Number, texts};
use crate::preprocess::split::take;
use anyhow::{Result, bail, ensure};
use polars::prelude::DataType;

/// The columns that a fit has to read, of all the `names` in the table.
///
/// # Errors
/// A setting that names a column which is not there.
pub fn needed(names: &[String], config: &FitConfig, shown: &str) -> Result<Vec<String>> {
    for (flag, listed) in
        [("--features", &config.features), ("--drop", &config.drop), ("--categorical", &config.categorical)]
    {
        if let Some(stranger) = listed.iter().find(|name| !names.contains(name)) {
            bail!("{shown}: {flag}: no column {}", unknown(stranger, names));
        }
    }
    let named = [
        ("--target", Some(&config.target)),
        ("--id", config.id.as_ref()),
        ("--split-column", config.split_column.as_ref()),
        ("--sample-weight", config.sample_weight.as_ref()),
    ];
    for (flag, name) in named {
        if let Some(stranger) = name.filter(|name| !names.contains(name)) {
            bail!("{shown}: {flag}: no column {}", unknown(stranger, names));
        }
    }
    let mut columns = features(names, config);
    ensure!(!columns.is_empty(), "{shown}: no column is left to learn from beside the target {}", config.target);
    let others = [Some(&config.target), config.split_column.as_ref(), config.sample_weight.as_ref()];
    columns.extend(others.into_iter().flatten().cloned());
    Ok(columns)
}

/// The columns to learn from.
fn features(names: &[String], config: &FitConfig) -> Vec<String> {
    let chosen = if config.features.is_empty() { names } else { &config.features };
    let left_out = |name: &&String| {
        let named = [config.id.as_ref(), config.split_column.as_ref(), config.sample_weight.as_ref()];
        **name == config.target || config.drop.contains(name) || named.contains(&Some(*name))
    };
    chosen.iter().filter(|name| !left_out(name)).cloned().collect()
}

/// The columns to learn from, told apart by their types; categories are those of the rows `train` of the table.
pub fn inputs(divided: &Divided<'_>, config: &FitConfig, train: &[u32]) -> Result<Inputs> {
    let (store, place) = (divided.store, Place::picked(&divided.store.shown, train));
    let mut inputs = Inputs { numbers: vec![], categories: vec![] };
    for name in features(&store.names(), config) {
        let choice = config.choice(&name)?;
        let text = matches!(store.dtype(&name)?, DataType::String | DataType::Boolean);
        if text || config.categorical.contains(&name) {
            refuse_numbers_as_text(store, &name, config)?;
            inputs.categories.push(Category::fit(&name, &take(&store.column(&name)?, train)?, &choice, place)?);
        } else {
            inputs.numbers.push(Number { name, choice });
        }
    }
    Ok(inputs)
}

/// A text column most of whose cells are numbers is a number column with a slip in it, not a category.
fn refuse_numbers_as_text(store: &Store, name: &str, config: &FitConfig) -> Result<()> {
    if config.categorical.iter().any(|other| other == name) || *store.dtype(name)? != DataType::String {
        return Ok(());
    }
    let place = Place::start(&store.shown);
    let cells = texts(&store.column(name)?, name, place)?;
    let number = |cell: &str| cell.trim().replace(',', "").parse::<f64>().is_ok();
    let present = cells.iter().flatten().count();
    let numbers = cells.iter().flatten().filter(|cell| number(cell)).count();
    if numbers * 2 <= present {
        return Ok(());
    }
    let slip = cells.iter().position(|cell| cell.is_some_and(|cell| cell.trim().parse::<f64>().is_err()));
    let row = slip.unwrap_or_default();
    bail!(
        "{}, column {name}: {:?} is not a number, while {numbers} of {present} cells are; write it as one, \
         name it with --na if it means missing, or take the column as categories with --categorical {name}",
        place.row(row),
        cells.get(row).unwrap_or_default()
    );
}
