//! A text column that is to be learnt from: what it means, and which cell is a slip.

use crate::cpu::threads;
use crate::data::shapes::{Meaning, Shape, Shapes};
use anyhow::{Result, bail};
use polars::prelude::{InitHashMaps, PlHashMap, StringChunked};

/// Where a text occurs in a column, and how often.
pub struct Seen {
    /// Its first row.
    pub row: usize,
    pub count: usize,
    /// How many of its rows are training rows.
    pub trained: usize,
}

/// The distinct texts of a column, by their first rows.
pub fn distinct(cells: &StringChunked, is_training: impl Fn(usize) -> bool) -> Vec<(&str, Seen)> {
    let mut seen = PlHashMap::new();
    count(cells.iter().enumerate(), is_training, &mut seen);
    sorted(seen)
}

/// [`distinct`] of a long column, several pieces at once; no row of it is a training row.
pub fn distinct_of_many(cells: &StringChunked) -> Result<Vec<(&str, Seen)>> {
    let mut pieces = Vec::new();
    let mut first = 0;
    for chunk in cells.downcast_iter() {
        pieces.extend((0..chunk.len()).step_by(PIECE).map(|start| (chunk, start, first)));
        first += chunk.len();
    }
    let of_pieces = threads::map(pieces.len(), usize::MAX, |piece| {
        let (chunk, start, first) = pieces[piece];
        let rows = start..chunk.len().min(start + PIECE);
        let mut seen = PlHashMap::new();
        count(rows.map(|row| (first + row, chunk.get(row))), |_| false, &mut seen);
        Ok(seen)
    })?;
    let mut all: PlHashMap<&str, Seen> = PlHashMap::new();
    for (cell, more) in of_pieces.into_iter().flatten() {
        let row = more.row;
        let seen = all.entry(cell).or_insert(Seen { row, count: 0, trained: 0 });
        (seen.row, seen.count) = (seen.row.min(row), seen.count + more.count);
    }
    Ok(sorted(all))
}

/// Rows of a long column that are looked at on one thread.
const PIECE: usize = 1 << 16;

fn count<'a>(
    cells: impl Iterator<Item = (usize, Option<&'a str>)>,
    is_training: impl Fn(usize) -> bool,
    all: &mut PlHashMap<&'a str, Seen>,
) {
    for (row, cell) in cells {
        let Some(cell) = cell else { continue };
        let seen = all.entry(cell).or_insert(Seen { row, count: 0, trained: 0 });
        seen.count += 1;
        seen.trained += usize::from(is_training(row));
    }
}

fn sorted(seen: PlHashMap<&str, Seen>) -> Vec<(&str, Seen)> {
    let mut seen: Vec<_> = seen.into_iter().collect();
    seen.sort_unstable_by_key(|(_, seen)| seen.row);
    seen
}

/// What the cells of a text column say, and the first that says something else.
#[derive(Default)]
pub struct TextColumn {
    shapes: Shapes,
    /// The first cell that is no plain number, and its place.
    no_number: Option<(String, String)>,
    /// The first cell that is no ISO 8601 date.
    no_date: Option<(String, String)>,
}

impl TextColumn {
    /// Takes in a text that `count` cells have, the first of them at `place`.
    pub fn see(&mut self, cell: &str, count: u64, place: impl Fn() -> String) {
        let shape = self.shapes.see(cell, count);
        let found = || Some((place(), cell.to_string()));
        if shape != Shape::Plain && self.no_number.is_none() {
            self.no_number = found();
        }
        if !matches!(shape, Shape::Date | Shape::Datetime) && self.no_date.is_none() {
            self.no_date = found();
        }
    }

    pub fn meaning(&self) -> Meaning {
        self.shapes.meaning()
    }

    /// Refuses a column that is meant to be numbers or dates, and is not; `otherwise` says how it is taken as it is.
    ///
    /// # Errors
    /// The first cell that is a slip, or is written in another way.
    pub fn check(&self, name: &str, otherwise: &str) -> Result<()> {
        let (shapes, present) = (&self.shapes, self.shapes.present);
        let (plain, numbers, dates) = (shapes.count(Shape::Plain), shapes.numbers(), shapes.dates());
        match (shapes.meaning(), &self.no_number, &self.no_date) {
            (Meaning::MostlyNumbers, Some((place, cell)), _) if plain * 2 > present => bail!(
                "{place}, column {name}: {cell:?} is not a number, while {plain} of {present} cells are; {}, name it with \
                 --na if it means missing, {otherwise}",
                shapes.remedy()
            ),
            (Meaning::MostlyNumbers, Some((place, cell)), _) => bail!(
                "{place}, column {name}: {cell:?}, expected a number such as 1234.5; {numbers} of {present} cells are numbers, \
                 {}: {}, name it with --na if it means missing, {otherwise}",
                shapes.ways(),
                shapes.remedy()
            ),
            (Meaning::MostlyDates, _, Some((place, cell))) => bail!(
                "{place}, column {name}: {cell:?} is not a date, while {dates} of {present} cells are; write it as one, name it \
                 with --na if it means missing, {otherwise}"
            ),
            (Meaning::OtherDates, _, Some((place, cell))) => bail!(
                "{place}, column {name}: {cell:?} looks like a date that is not written in ISO 8601, as do {} of {present} \
                 cells; say --date-format {}, {otherwise}",
                shapes.other_dates.count,
                shapes
                    .other_dates
                    .formats()
                    .iter()
                    .map(|format| format!("'{format}'"))
                    .collect::<Vec<_>>()
                    .join(" or ")
            ),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(cells: &[&str]) -> Option<String> {
        let mut column = TextColumn::default();
        cells.iter().enumerate().for_each(|(row, cell)| column.see(cell, 1, || format!("t.csv: row {}", row + 1)));
        column.check("a", "or leave it").err().map(|error| error.to_string())
    }

    #[test]
    fn a_slip_is_named_with_its_row_and_the_remedy() {
        for (cells, expected) in [
            (["1", "2", "x"], "t.csv: row 3, column a: \"x\" is not a number, while 2 of 3 cells are; write it as one"),
            (
                ["5%", "6%", "7%"],
                "t.csv: row 1, column a: \"5%\", expected a number such as 1234.5; 3 of 3 cells are numbers",
            ),
            (["1,5", "2,5", "x"], "t.csv: row 1, column a: \"1,5\", expected a number"),
            (
                ["2024-01-02", "2024-01-03", "0000-00-00"],
                "t.csv: row 3, column a: \"0000-00-00\" is not a date, while 2 of 3",
            ),
            (["23/02/2022", "24/02/2022", "x"], "t.csv: row 1, column a: \"23/02/2022\" looks like a date"),
        ] {
            let found = refusal(&cells).unwrap();
            assert!(found.starts_with(expected) && found.ends_with("or leave it"), "{found}");
        }
        assert!(refusal(&["1,5", "2,5"]).unwrap().contains("say --decimal ,"));
        assert!(refusal(&["23/02/2022"]).unwrap().contains("--date-format '%d/%m/%Y'"));
        assert_eq!(refusal(&["a", "b", "3"]), None);
        assert_eq!(refusal(&["007", "12"]), None);
    }
}
