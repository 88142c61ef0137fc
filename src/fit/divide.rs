//! Which rows of a table are trained on, validated with, and kept for the test.

use super::columns;
use super::strata;
use super::task::{Learnt, learnt};
use crate::data::location::Location;
use crate::data::store::Store;
use crate::data::table::known_rows;
use crate::fit::settings::FitPlan;
use crate::preprocess::inputs::texts;
use crate::preprocess::split::{self, Parts};
use anyhow::{Result, bail, ensure};
use polars::prelude::*;

/// The rows that a fit works on, and the part that each belongs to.
pub struct Divided<'a> {
    pub store: &'a Store,
    /// The rows of the table whose target is known. `parts` and `folds` hold indices into this list.
    pub rows: Vec<u32>,
    pub without_target: usize,
    pub classification: bool,
    /// What the user is to know of how the table is taken.
    pub notes: Vec<String>,
    pub parts: Parts,
    /// How many of `rows` come from the data table itself. Those of the tables `--valid` and `--test` follow them.
    own: usize,
    /// The folds of `--folds`; empty without it. The `test` part of a fold is the rows that it is scored on, its
    /// `train` part the others. Folds are made of the training part of `parts` alone: the rows kept for the test are in
    /// no fold.
    pub folds: Vec<Parts>,
}

/// Finds the rows that have a target, decides whether the target is a class, and divides the rows as the settings ask
/// for.
pub fn divide<'a>(store: &'a Store, config: &FitPlan, seed: u32) -> Result<Divided<'a>> {
    ensure!(
        store.height() < u32::MAX as usize,
        "{}: {} rows, expected fewer than 2^32",
        store.display_name,
        store.height()
    );
    let target = store.column(&config.target)?;
    let rows = known_rows(target.column(&config.target)?);
    ensure!(!rows.is_empty(), "{}: the target {} is missing in every row", store.display_name, config.target);
    let Learnt { classification, why } = learnt(&target, config, store.after(0))?;
    let notes = why.into_iter().chain(columns::notes(store, config)?).collect();
    let without_target = store.height() - rows.len();
    let own = rows.partition_point(|&row| (row as usize) < store.rows_of(0).end);
    drop(target);
    let (parts, folds) = (Parts::default(), vec![]);
    let mut divided = Divided { store, rows, without_target, classification, notes, parts, own, folds };
    divided.parts = self::parts(&divided, config, seed)?;
    divided.add_tables(config)?;
    if config.folds > 0 {
        let (train, valid) = (&mut divided.parts.train, &mut divided.parts.valid);
        train.append(valid);
        train.sort_unstable();
        divided.folds = self::folds(&divided, config, seed)?;
    }
    Ok(divided)
}

impl Divided<'_> {
    /// One column of the rows whose target is known, as a table of its own.
    pub fn column(&self, name: &str) -> Result<DataFrame> {
        let column = self.store.column(name)?;
        if self.rows.len() == self.store.height() { Ok(column) } else { split::take(&column, &self.rows) }
    }

    /// One column of the data table's own rows, without those of `--valid` and `--test`.
    pub(super) fn own_column(&self, name: &str) -> Result<DataFrame> {
        Ok(self.column(name)?.head(Some(self.own)))
    }

    /// Makes the rows of the tables `--valid` and `--test` the validation and the test part.
    fn add_tables(&mut self, config: &FitPlan) -> Result<()> {
        let mut source = 0;
        for (flag, given) in [("--valid", config.valid.is_some()), ("--test", config.test.is_some())] {
            if given {
                source += 1;
                let range = self.store.rows_of(source);
                let inside = |row: &u32| range.contains(&(*row as usize));
                let rows: Vec<usize> = (self.own..self.rows.len()).filter(|&index| inside(&self.rows[index])).collect();
                ensure!(!rows.is_empty(), "{flag}: no row of it has a target");
                if flag == "--valid" { self.parts.valid = rows } else { self.parts.test = rows }
            }
        }
        Ok(())
    }

    /// Where `rows` stand in the table, for errors.
    pub fn place(&self) -> Location<'_> {
        self.store.picked(&self.rows)
    }

    /// The numbers in the table of the rows of a part, which holds indices into `rows`.
    pub fn table_rows(&self, part: &[usize]) -> Vec<u32> {
        part.iter().map(|&index| self.rows[index]).collect()
    }
}

fn parts(divided: &Divided<'_>, config: &FitPlan, seed: u32) -> Result<Parts> {
    ensure!(
        divided.classification || !config.stratify,
        "--stratify: needs classes, the target {} is a number",
        config.target
    );
    let shares = config.shares();
    if let Some(name) = &config.split_column {
        return parts_by_column(divided, name);
    }
    if let Some(name) = &config.split_time {
        return split::time_parts(&split::time_order(&divided.own_column(name)?, name, divided.place())?, shares);
    }
    if let Some(name) = &config.group {
        return split::group_parts(&split::group_ids(&divided.own_column(name)?, name, divided.place())?, shares, seed);
    }
    if config.stratify {
        return strata::parts(divided, config, shares, seed);
    }
    if shares[0] == 1.0 && !config.order.is_default() {
        // Nothing is divided, and whoever names an order means that of the table.
        return Ok(Parts { train: (0..divided.own).collect(), ..Parts::default() });
    }
    split::parts(divided.own, shares, seed)
}

/// Divides the training part into folds.
fn folds(divided: &Divided<'_>, config: &FitPlan, seed: u32) -> Result<Vec<Parts>> {
    let rows = &divided.parts.train;
    let held = if let Some(name) = &config.group {
        let ids = split::group_ids(&divided.own_column(name)?, name, divided.place())?;
        split::group_k_fold(&rows.iter().map(|&row| ids[row]).collect::<Vec<_>>(), config.folds)?
    } else if config.stratify {
        let ids = strata::class_ids(divided, config)?;
        let of_rows: Vec<usize> = rows.iter().map(|&row| ids[row]).collect();
        split::stratified_k_fold(&of_rows, config.folds, seed)?
    } else {
        split::k_fold(rows.len(), config.folds, seed)?
    };
    let fold = |held: Vec<usize>| {
        let mut is_held = vec![false; rows.len()];
        held.iter().for_each(|&place| is_held[place] = true);
        let train = rows.iter().zip(&is_held).filter(|(_, held)| !**held).map(|(&row, _)| row).collect();
        Parts { train, valid: Vec::new(), test: held.into_iter().map(|place| rows[place]).collect() }
    };
    Ok(held.into_iter().map(fold).collect())
}

/// The parts as the column `name` gives them, which says train, valid or test in each row.
fn parts_by_column(divided: &Divided<'_>, name: &str) -> Result<Parts> {
    let mut parts = Parts::default();
    let place = divided.place();
    for (row, cell) in texts(&divided.column(name)?, name, place)?.iter().enumerate() {
        match cell {
            Some("train") => parts.train.push(row),
            Some("valid") => parts.valid.push(row),
            Some("test") => parts.test.push(row),
            other => bail!(
                "{}, --split-column {name}: {:?}, expected train, valid or test",
                place.row(row),
                other.unwrap_or_default()
            ),
        }
    }
    ensure!(!parts.train.is_empty(), "{}: --split-column {name}: no row says train", place.file);
    Ok(parts)
}
