//! Which columns of a table are learnt from, and as what.

use super::divide::Divided;
use crate::data::store::Store;
use crate::fit::settings::FitPlan;
use crate::preprocess::dates::{self, Date, DatePart};
use crate::preprocess::inputs::{Category, Inputs, Number, texts};
use anyhow::{Result, ensure};
use polars::prelude::{DataType, InitHashMaps, PlHashMap, StringChunked};
use std::collections::BTreeSet;

/// The columns that a fit has to read, of all the `names` in the table.
///
/// # Errors
/// A setting that names a column which is not there.
pub fn needed(names: &[String], config: &FitPlan, shown: &str) -> Result<Vec<String>> {
    config.check_columns(names, shown)?;
    let mut columns = features(names, config);
    ensure!(!columns.is_empty(), "{shown}: no column is left to learn from beside the target {}", config.target);
    let others = config.roles().into_iter().filter(|(flag, _)| *flag != "--id");
    columns.extend(others.map(|(_, name)| name.to_string()));
    Ok(columns)
}

/// The columns to learn from.
fn features(names: &[String], config: &FitPlan) -> Vec<String> {
    let chosen = if config.features.is_empty() { names } else { &config.features };
    let roles = config.roles();
    let left_out = |name: &String| config.drop.contains(name) || roles.iter().any(|(_, other)| other == name);
    chosen.iter().filter(|name| !left_out(name)).cloned().collect()
}

/// The feature columns, sorted by their types into numbers, dates and categories. The categories are the texts that
/// occur in the rows `train` of the table.
pub fn inputs(divided: &Divided<'_>, config: &FitPlan, train: &[u32]) -> Result<Inputs> {
    let store = divided.store;
    let mut training = vec![false; store.height()];
    train.iter().for_each(|&row| training[row as usize] = true);
    let mut inputs = Inputs { numbers: vec![], dates: vec![], categories: vec![] };
    for name in features(&store.names(), config) {
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
            Found::Categories(values) => inputs.categories.push(Category { name, values, choice }),
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

/// The distinct texts of a column among the training rows; or dates, where every cell of the table is one.
fn categories(store: &Store, name: &str, training: &[bool], config: &FitPlan) -> Result<Found> {
    let mut values = BTreeSet::new();
    let mut numbers = Numbers::default();
    let (mut dates, mut times, mut trained) = (0, false, 0);
    store.batches(&[name.to_string()], &mut |batch, first| {
        let at = store.after(first);
        let cells = texts(&batch, name, at)?;
        let mut seen = distinct(&cells, &training[first..]);
        seen.sort_unstable_by_key(|(_, seen)| seen.row);
        for (cell, seen) in seen {
            // One cell that is no date settles it.
            if dates == numbers.present && dates::parse(cell).is_some() {
                dates += seen.count;
                times |= cell.len() > "2024-02-29".len();
            }
            numbers.see(cell, seen.count, || at.row(seen.row));
            trained += seen.trained;
            if seen.trained > 0 && !values.contains(cell) && values.len() <= MOST_CATEGORIES {
                values.insert(cell.to_string());
            }
        }
        Ok(())
    })?;
    if *store.dtype(name)? == DataType::String && !config.categorical.iter().any(|other| other == name) {
        if dates > 0 && dates == numbers.present {
            return Ok(Found::Dates { times });
        }
        // Blanks around every number made it text.
        if numbers.present > 0 && numbers.slip.is_none() {
            return Ok(Found::Numbers);
        }
        numbers.refuse(name)?;
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
    Ok(Found::Categories(values.into_iter().collect()))
}

/// Where a text occurs in a batch, and how often.
struct Seen {
    /// Its first row.
    row: usize,
    count: usize,
    /// How many of its rows are training rows.
    trained: usize,
}

/// The distinct texts of a batch.
fn distinct<'a>(cells: &'a StringChunked, training: &[bool]) -> Vec<(&'a str, Seen)> {
    let mut seen: PlHashMap<&str, Seen> = PlHashMap::new();
    for (row, cell) in cells.iter().enumerate() {
        let Some(cell) = cell else { continue };
        let seen = seen.entry(cell).or_insert(Seen { row, count: 0, trained: 0 });
        seen.count += 1;
        seen.trained += usize::from(training[row]);
    }
    seen.into_iter().collect()
}

/// More texts than this are no categories.
const MOST_CATEGORIES: usize = 100_000;
/// With no more training rows than this, each may have a category of its own.
const FEW: usize = 20;

/// A text column most of whose cells are numbers is a number column with a slip in it, not a category.
#[derive(Default)]
struct Numbers {
    present: usize,
    numbers: usize,
    /// The first cell that is not a number as it stands, and its place.
    slip: Option<(String, String)>,
}

impl Numbers {
    /// Takes in a text that `count` cells have, the first of them at `place`.
    fn see(&mut self, cell: &str, count: usize, place: impl Fn() -> String) {
        self.present += count;
        let plain = cell.trim().parse::<f64>().is_ok();
        if !plain && self.slip.is_none() {
            self.slip = Some((place(), cell.to_string()));
        }
        if plain || cell.contains(',') && cell.trim().replace(',', "").parse::<f64>().is_ok() {
            self.numbers += count;
        }
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
