//! Parquet and Arrow IPC: a batch is some row groups' worth of rows, or a record batch.

use super::{See, open};
use crate::data::table::one_line;
use anyhow::{Result, anyhow};
use polars::prelude::*;
use polars_arrow::io::ipc::read::{FileReader, read_file_metadata};
use std::fs::File;
use std::path::Path;

/// Rows of a Parquet file that are read at once.
const ROWS: usize = 1 << 18;

pub fn parquet_schema(file: File, shown: &str) -> Result<Schema> {
    let schema = ParquetReader::new(file).schema().map_err(|error| failed(shown, &error))?;
    Ok(Schema::from_arrow_schema(&schema))
}

pub fn parquet(path: &Path, shown: &str, columns: Option<&[String]>, see: &mut See<'_>) -> Result<()> {
    let rows = ParquetReader::new(open(path, shown)?).num_rows().map_err(|error| failed(shown, &error))?;
    for first in (0..rows).step_by(ROWS) {
        let reader = ParquetReader::new(open(path, shown)?);
        let reader = reader.with_slice(Some((first, ROWS))).with_columns(columns.map(<[String]>::to_vec));
        see(reader.finish().map_err(|error| failed(shown, &error))?, first)?;
    }
    Ok(())
}

pub fn ipc_schema(file: File, shown: &str) -> Result<Schema> {
    let schema = IpcReader::new(file).schema().map_err(|error| failed(shown, &error))?;
    Ok(Schema::from_arrow_schema(&schema))
}

pub fn ipc(path: &Path, shown: &str, columns: Option<&[String]>, see: &mut See<'_>) -> Result<()> {
    let mut file = open(path, shown)?;
    let metadata = read_file_metadata(&mut file).map_err(|error| failed(shown, &error))?;
    let names: Vec<&PlSmallStr> = metadata.schema.iter_names().collect();
    let wanted = |name: &PlSmallStr| columns.is_none_or(|columns| columns.iter().any(|column| name == column.as_str()));
    let projection = (0..names.len()).filter(|&index| wanted(names[index])).collect();
    let mut first = 0;
    for batch in FileReader::new(file, metadata, Some(projection), None) {
        let batch = DataFrame::from(batch.map_err(|error| failed(shown, &error))?);
        let height = batch.height();
        see(batch, first)?;
        first += height;
    }
    Ok(())
}

fn failed(shown: &str, error: &PolarsError) -> anyhow::Error {
    anyhow!("{shown}: {}", one_line(error))
}
