//! The points that the tutorial fits a line to.

use super::location::Location;
use super::source::read_table;
use super::table;
use anyhow::{Context, Result, ensure};
use polars::prelude::DataFrame;
use std::path::Path;

/// The tutorial's four points, `data/houses.csv`, inside the program.
pub const CSV: &str = include_str!("../../data/houses.csv");

/// Points with `x` the area and `y` the price; the two are equally long.
#[derive(Debug, Clone, PartialEq)]
pub struct Houses {
    pub x: Vec<f64>,
    pub y: Vec<f64>,
}

impl Houses {
    /// The columns `area` and `price` of `file`, or the tutorial's four points.
    ///
    /// # Errors
    /// A file that cannot be read or lacks a column; a cell that is no finite number; fewer than two areas that differ,
    /// through which many lines fit equally well.
    pub fn load(file: Option<&Path>) -> Result<Self> {
        let houses = match file {
            Some(file) => Self::of(&read_table(file)?, &file.display().to_string())?,
            None => Self::built_in()?,
        };
        let shown = file.map_or("houses.csv".into(), |file| file.display().to_string());
        let first = houses.x.first().with_context(|| format!("{shown}: no rows, expected two at least"))?;
        ensure!(
            houses.x.iter().any(|x| x != first),
            "{shown}: column area: every value is {first}, a line needs two different ones at least"
        );
        Ok(houses)
    }

    /// The smallest and the largest x.
    pub fn ends(&self) -> [f64; 2] {
        let x = || self.x.iter().copied();
        [x().fold(f64::INFINITY, f64::min), x().fold(f64::NEG_INFINITY, f64::max)]
    }

    fn of(data: &DataFrame, shown: &str) -> Result<Self> {
        let data = table::numbers(data, &["area", "price"], Location::start(shown))?;
        let column = |name| -> Result<Vec<f64>> { Ok(data.column(name)?.f64()?.into_no_null_iter().collect()) };
        Ok(Self { x: column("area")?, y: column("price")? })
    }

    fn built_in() -> Result<Self> {
        let mut houses = Self { x: Vec::new(), y: Vec::new() };
        for line in CSV.lines().skip(1) {
            let (x, y) = line.split_once(',').context("houses.csv: expected two columns")?;
            houses.x.push(x.parse().context("houses.csv: area")?);
            houses.y.push(y.parse().context("houses.csv: price")?);
        }
        Ok(houses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // x = np.array([50,80,100,200]), y = np.array([82,119,172,302])
    #[test]
    fn the_built_in_points_are_the_tutorials_and_those_of_the_table_reader() {
        let houses = Houses::load(None).unwrap();
        assert_eq!(houses, Houses { x: vec![50.0, 80.0, 100.0, 200.0], y: vec![82.0, 119.0, 172.0, 302.0] });
        assert_eq!(houses, Houses::of(&table::parse_csv(CSV).unwrap(), "houses.csv").unwrap());
    }
}
