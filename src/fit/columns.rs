//! Which columns of a table are learnt from, and as what.

use super::divide::Divided;
use super::text_column::{TextColumn, distinct};
use crate::data::shapes::Meaning;
use crate::data::store::Store;
use crate::fit::settings::FitPlan;
use crate::preprocess::categories::TRUTHS;
use crate::preprocess::dates::{Date, DatePart};
use crate::preprocess::inputs::{Category, Inputs, Number, texts};
use anyhow::{Result, ensure};
use polars::prelude::{DataFrame, DataType};
use std::collections::{BTreeSet, HashSet};

/// The columns that a fit has to read, of all the `names` in the table.
///
/// # Errors
/// A setting that names a column which is not there.
pub fn needed(names: &[String], indexes: &[String], config: &FitPlan, shown: &str) -> Result<Vec<String>> {
    config.check_columns(names, shown)?;
    let mut columns = features(names, indexes, config);
    ensure!(!columns.is_empty(), "{shown}: no column is left to learn from beside the target {}", config.target);
    let others = config.roles().into_iter().filter(|(flag, _)| *flag != "--id");
    columns.extend(others.map(|(_, name)| name.to_string()));
    Ok(columns)
}

/// The columns to learn from.
fn features(names: &[String], indexes: &[String], config: &FitPlan) -> Vec<String> {
    let chosen = if config.features.is_empty() { names } else { &config.features };
    let roles = config.roles().into_iter().map(|(_, name)| name);
    let others: HashSet<&str> = config.drop.iter().map(String::as_str).chain(roles).collect();
    let left_out = |name: &String| others.contains(name.as_str()) || is_left_out(name, indexes, config);
    chosen.iter().filter(|name| !left_out(name)).cloned().collect()
}

/// Whether a column is an index that nobody asked for.
fn is_left_out(name: &String, indexes: &[String], config: &FitPlan) -> bool {
    indexes.contains(name) && !config.features.contains(name) && !config.categorical.contains(name)
}

/// What is to be said of the indexes that pandas or R wrote beside the columns, which are not learnt from.
pub fn indexes(indexes: &[String], config: &FitPlan) -> Vec<String> {
    let roles = config.roles();
    let other = |name: &String| config.drop.contains(name) || roles.iter().any(|(_, role)| role == name);
    let left_out = indexes.iter().filter(|name| is_left_out(name, indexes, config) && !other(name));
    let said = |name| {
        format!(
            "{name} is the index that pandas or R wrote beside the columns, and is left out; --features takes it in"
        )
    };
    left_out.map(said).collect()
}

/// What is to be said of columns that count the rows, and are learnt from.
pub fn notes(store: &Store, config: &FitPlan) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    let features = features(&store.names(), &[], config);
    for name in features.iter().filter(|name| store.dtype(name).is_ok_and(DataType::is_integer)) {
        if !config.features.contains(name) && counts_rows(store, name)? {
            notes.push(format!("{name} counts the rows, and is learnt from; --drop {name} leaves it out"));
        }
    }
    Ok(notes)
}

/// Whether each cell of a column of whole numbers is one more than that before it.
fn counts_rows(store: &Store, name: &str) -> Result<bool> {
    let height = store.height();
    if height < FEW_ROWS {
        return Ok(false);
    }
    let table = store.column(name)?;
    let cells = table.column(name)?.cast(&DataType::Int64)?;
    let (cells, mut last) = (cells.i64()?, None);
    Ok(cells.iter().all(|cell| {
        let next = cell.is_some() && (last.is_none() || cell == last.map(|last: i64| last.wrapping_add(1)));
        last = cell;
        next
    }))
}

/// The feature columns, sorted by their types into numbers, dates and categories. The categories are the texts that
/// occur in the rows `train` of the table.
pub fn inputs(divided: &Divided<'_>, config: &FitPlan, train: &[u32]) -> Result<Inputs> {
    let store = divided.store;
    let mut training = vec![false; store.height()];
    train.iter().for_each(|&row| training[row as usize] = true);
    let mut inputs = Inputs { numbers: vec![], dates: vec![], categories: vec![] };
    for name in features(&store.names(), &[], config) {
        let choice = config.choice(&name);
        let dtype = store.dtype(&name)?;
        let text = matches!(dtype, DataType::String | DataType::Boolean);
        let found = match dtype {
            _ if text || config.categorical.contains(&name) => categories(store, &name, &training, config)?,
            DataType::Date => Found::Dates { times: false },
            DataType::Datetime(..) => Found::Dates { times: true },
            _ => Found::Numbers,
        };
        match found {
            Found::Numbers => inputs.numbers.push(Number { name, choice }),
            Found::Dates { times } => inputs.dates.push(Date { name, parts: parts(config, times), choice }),
            Found::Categories(values) => {
                inputs.categories.push(Category { name, values: values.into(), choice });
            }
        }
    }
    Ok(inputs)
}

/// What kind of feature a column is.
enum Found {
    Numbers,
    Dates {
        times: bool,
    },
    /// The distinct texts of the training rows, sorted.
    Categories(Vec<String>),
}

/// The parts that a date is taken apart into: those of `--date-parts`, else year, month, day and weekday, and for times
/// the hour too.
fn parts(config: &FitPlan, times: bool) -> Vec<DatePart> {
    if !config.date_parts.is_empty() {
        return config.date_parts.clone();
    }
    let calendar = [DatePart::Year, DatePart::Month, DatePart::Day, DatePart::Weekday];
    calendar.into_iter().chain(times.then_some(DatePart::Hour)).collect()
}

/// The distinct texts of a column among the training rows; or numbers or dates, where every cell of the table is one.
fn categories(store: &Store, name: &str, training: &[bool], config: &FitPlan) -> Result<Found> {
    if *store.dtype(name)? == DataType::Boolean {
        // Both are known, however rare one of them is.
        return Ok(Found::Categories(["false", "true"].map(String::from).to_vec()));
    }
    let mut values = BTreeSet::new();
    let (mut text, mut trained) = (TextColumn::default(), 0);
    let found = |batch: DataFrame, first: usize| {
        let cells = texts(&batch, name, store.after(first))?;
        let found = distinct(&cells, |row| training[first + row]).into_iter();
        Ok((first, found.map(|(cell, seen)| (cell.to_string(), seen)).collect::<Vec<_>>()))
    };
    store.each(&[name.to_string()], found, |(first, cells)| {
        let at = store.after(first);
        for (cell, seen) in cells {
            text.see(&cell, seen.count as u64, || at.row(seen.row));
            trained += seen.trained;
            if seen.trained > 0 && values.len() <= MOST_CATEGORIES {
                values.insert(cell);
            }
        }
        Ok(())
    })?;
    if *store.dtype(name)? == DataType::String && !config.categorical.iter().any(|other| other == name) {
        match text.meaning() {
            Meaning::Dates { times } => return Ok(Found::Dates { times }),
            Meaning::Numbers => return Ok(Found::Numbers),
            _ => text.check(name, &format!("or take the column as categories with --categorical {name}"))?,
        }
        ensure!(
            values.len() < trained || trained <= FEW,
            "{}: column {name}: every cell is another text, from which nothing can be learnt; leave it out with --drop \
             {name}, or name it with --id",
            store.display_name
        );
    }
    ensure!(
        values.len() <= MOST_CATEGORIES,
        "{}: column {name}: more than {MOST_CATEGORIES} categories; leave it out with --drop {name}, or name it with --id",
        store.display_name
    );
    both_truths(&mut values);
    Ok(Found::Categories(values.into_iter().collect()))
}

/// `True` brings `False` with it, in the same spelling: a truth value may be so rare that no training row has it.
fn both_truths(values: &mut BTreeSet<String>) {
    for [yes, no] in TRUTHS {
        if values.iter().all(|value| value == yes || value == no) && !values.is_empty() {
            values.extend([yes, no].map(String::from));
        }
    }
}

/// Of fewer rows than this, whole numbers may count by chance.
const FEW_ROWS: usize = 10;
/// More texts than this are no categories.
const MOST_CATEGORIES: usize = 100_000;
/// With no more training rows than this, each may have a category of its own.
const FEW: usize = 20;
