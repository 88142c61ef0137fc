//! Parquet and Arrow IPC: a batch is some row groups' worth of rows, or a record batch.

use super::{OnBatch, open};
use crate::data::caught::caught;
use anyhow::{Result, ensure};
use polars::prelude::*;
use polars_arrow::io::ipc::read::{FileReader, read_file_metadata};
use std::fs::File;
use std::path::Path;

/// Rows of a Parquet file that are read at once.
const ROWS: usize = 1 << 18;

pub fn parquet_schema(file: File, shown: &str) -> Result<Schema> {
    let schema = caught(shown, || ParquetReader::new(file).schema())?;
    Ok(Schema::from_arrow_schema(&schema))
}

pub fn parquet(path: &Path, shown: &str, columns: Option<&[String]>, see: &mut OnBatch<'_>) -> Result<()> {
    let mut footer = ParquetReader::new(open(path, shown)?);
    let rows = caught(shown, || footer.num_rows())?;
    let metadata = caught(shown, || footer.get_metadata().cloned())?;
    for first in (0..rows).step_by(ROWS) {
        let mut reader = ParquetReader::new(open(path, shown)?);
        reader.set_metadata(metadata.clone());
        let reader = reader.with_slice(Some((first, ROWS))).with_columns(columns.map(<[String]>::to_vec));
        let batch = caught(shown, || reader.finish())?;
        ensure!(batch.height() == ROWS.min(rows - first), "{shown}: fewer rows than it says; the file is damaged");
        see(batch, first)?;
    }
    Ok(())
}

pub fn ipc_schema(file: File, shown: &str) -> Result<Schema> {
    let schema = caught(shown, || IpcReader::new(file).schema())?;
    Ok(Schema::from_arrow_schema(&schema))
}

pub fn ipc(path: &Path, shown: &str, columns: Option<&[String]>, see: &mut OnBatch<'_>) -> Result<()> {
    let mut file = open(path, shown)?;
    let metadata = caught(shown, || read_file_metadata(&mut file))?;
    let names: Vec<&PlSmallStr> = metadata.schema.iter_names().collect();
    let wanted = |name: &PlSmallStr| columns.is_none_or(|columns| columns.iter().any(|column| name == column.as_str()));
    let projection = (0..names.len()).filter(|&index| wanted(names[index])).collect();
    let mut first = 0;
    let mut batches = FileReader::new(file, metadata, Some(projection), None);
    while let Some(batch) = caught(shown, || batches.next().transpose())? {
        let batch = caught(shown, || Ok(DataFrame::from(batch)))?;
        let height = batch.height();
        see(batch, first)?;
        first += height;
    }
    Ok(())
}
