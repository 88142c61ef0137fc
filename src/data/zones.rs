//! Times of a time zone by the clocks on its walls, as pandas and polars read them.

use super::dates::zone_offset;
use anyhow::{Result, bail};
use polars::prelude::*;

/// The same times without the zone; a column that has none stays as it is. `shown` is the table's name for errors.
///
/// # Errors
/// An unknown zone.
pub fn wall(times: &Series, shown: &str) -> Result<Series> {
    let DataType::Datetime(unit, Some(zone)) = times.dtype() else { return Ok(times.clone()) };
    let Some(ahead) = zone_offset(zone) else {
        bail!("{shown}: column {}: unknown time zone {zone}, expected a name such as Europe/Berlin", times.name());
    };
    let per_second = match unit {
        TimeUnit::Milliseconds => 1_000,
        TimeUnit::Microseconds => 1_000_000,
        TimeUnit::Nanoseconds => 1_000_000_000,
    };
    let utc = times.to_physical_repr().cast(&DataType::Int64)?;
    let clock = |time: i64| time + ahead(time.div_euclid(per_second)) * per_second;
    let wall: Int64Chunked = utc.i64()?.iter().map(|time| time.map(clock)).collect();
    Ok(wall.with_name(times.name().clone()).into_datetime(*unit, None).into_series())
}
