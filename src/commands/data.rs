//! `lockstep data <name>`: the tutorial's data sets, and one to try, as tables.

use super::print::{Verdict, print_out, write_table};
use crate::cli::{Data, DataOut};
use crate::cpu::room;
use crate::data::location::Location;
use crate::data::moons::make_moons;
use crate::data::table::{self, Format};
use crate::data::{boston, houses};
use crate::python::random::NumpyRandom;
use crate::runs::files;
use anyhow::Result;
use polars::prelude::DataFrame;

/// A table to try `fit` on (data/README.md), inside the program.
const RENTS: &str = include_str!("../../data/rents.csv");

pub(super) fn run(args: &Data) -> Result<Verdict> {
    match args {
        Data::Moons(args) => {
            // The points, their order, and the columns of the table.
            room::check(&format!("--samples {}", args.samples), u128::from(args.samples) * (24 + 8 + 24))?;
            let moons = make_moons(args.samples as usize, args.noise, &mut NumpyRandom::seed(args.seed));
            write(moons.table()?, &args.out)
        }
        Data::Boston(out) => built_in(boston::CSV, out),
        Data::Houses(out) => built_in(houses::CSV, out),
        Data::Rents(out) => match out.output.as_deref().map(Format::to_write).transpose()? {
            None | Some(Format::Csv) => built_in(RENTS, out),
            Some(_) => write(table::parse_typed_csv(RENTS)?, out),
        },
    }
}

/// As CSV the very text in data/; else its numbers.
fn built_in(csv: &'static str, out: &DataOut) -> Result<Verdict> {
    match &out.output {
        None => print_out(csv.as_bytes())?,
        Some(file) if Format::to_write(file)? == Format::Csv => files::write(file, csv.as_bytes())?,
        Some(_) => {
            let table = table::parse_csv(csv)?;
            return write(table::numbers(&table, &table::names(&table), Location::start("built-in table"))?, out);
        }
    }
    Ok(Verdict::Holds)
}

fn write(mut table: DataFrame, out: &DataOut) -> Result<Verdict> {
    let format = out.output.as_deref().map(Format::to_write).transpose()?;
    write_table(&mut table, out.output.as_deref().zip(format))?;
    Ok(Verdict::Holds)
}
