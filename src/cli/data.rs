//! `lockstep data <name>`.

use super::numbers::{self, not_negative, whole};
use clap::{Args, Subcommand};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub enum Data {
    /// Two moons, drawn as `run moons` draws them: x1,x2,y
    Moons(DataMoons),
    /// Boston house prices, 506 rows (data/README.md says what is wrong with them)
    Boston(DataOut),
    /// The tutorial's four houses: area,price
    Houses(DataOut),
    /// 500 made-up flats with dates, text and gaps, to try fit on: …,rent_eur
    Rents(DataOut),
}

#[derive(Debug, Args)]
pub struct DataMoons {
    /// Number of points, two at least
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = numbers::samples)]
    pub samples: u32,
    /// Standard deviation of the points' noise
    #[arg(long, value_name = "X", default_value_t = 0.2, value_parser = not_negative)]
    pub noise: f64,
    /// Seed of NumPy's generator, 0 to 4294967295
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole(0..=u32::MAX))]
    pub seed: u32,
    #[command(flatten)]
    pub out: DataOut,
}

#[derive(Debug, Args)]
pub struct DataOut {
    /// File to write, .csv, .parquet or .ndjson [default: CSV on stdout]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}
