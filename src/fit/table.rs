//! The tables that a fit reads, and what a model holds later tables to.

use super::columns::{indexes, needed};
use super::prepare::Prepared;
use crate::cpu::{room, threads};
use crate::data::schema::{ColumnSchema, Kind, Role, TableSchema};
use crate::data::source::Source;
use crate::data::store::Store;
use crate::fit::settings::FitPlan;
use crate::runs::files::sha256;
use anyhow::{Context, Result};
use polars::prelude::DataType;
use std::path::{Path, PathBuf};

/// What was read of a table.
pub struct ReadTable {
    /// The columns that the fit needs, or one of the trials of a search, in the types of the schema where there is one.
    pub store: Store,
    /// Of all its tables.
    pub sha256: String,
    /// What the user is to know of columns that are left out.
    pub notes: Vec<String>,
}

/// Reads the table, and those of `--valid` and `--test`, for the fit and the `trials` of a search.
pub fn read(data: &Path, config: &FitPlan, trials: &[FitPlan], schema: Option<&TableSchema>) -> Result<ReadTable> {
    let mut sources = open(data, config, schema)?;
    let (names, shown) = (sources[0].names(), sources[0].display_name.clone());
    let index_columns = sources[0].indexes();
    let mut columns = needed(&names, &index_columns, config, &shown)?;
    for (index, trial) in trials.iter().enumerate() {
        columns.extend(
            needed(&names, &index_columns, trial, &shown).with_context(|| format!("--param: trial {}", index + 1))?,
        );
    }
    let files: Vec<Vec<PathBuf>> = sources.iter().map(|source| source.files().to_vec()).collect();
    let hash = || files.iter().map(|files| sha256(files)).collect::<Result<Vec<_>>>();
    let (hashes, store) = threads::beside(hash, || Store::read(&mut sources, &columns))?;
    room::give_back();
    Ok(ReadTable { store, sha256: hashes.join(" "), notes: indexes(&index_columns, config) })
}

/// The table, and those of `--valid` and `--test`.
fn open(data: &Path, config: &FitPlan, schema: Option<&TableSchema>) -> Result<Vec<Source>> {
    let places = [Some(data), config.valid.as_deref(), config.test.as_deref()];
    let mut sources = Vec::new();
    for place in places.into_iter().flatten() {
        let mut source = Source::open(place, &config.read())?;
        if let Some(schema) = schema {
            schema.check_names(&source.names(), &source.display_name)?;
            source.pin(schema.clone());
        } else if source.schema().get(&config.target) == Some(&DataType::Boolean) {
            // The classes are called as the table calls them: True, TRUE or true.
            source.as_written(&config.target);
        }
        sources.push(source);
    }
    Ok(sources)
}

/// What a model holds a table to that it is asked about: the schema, else that what was text stays as it is written.
pub fn pinned(prepared: &Prepared, store: &Store, schema: Option<&TableSchema>) -> Vec<ColumnSchema> {
    if let Some(schema) = schema {
        return schema.columns.clone();
    }
    let text = |name: &String| store.dtype(name).is_ok_and(|dtype| *dtype == DataType::String);
    let pin = |name| ColumnSchema { name, kind: Kind::Text, role: Role::Feature, categorical: true, nullable: true };
    prepared.pipeline.inputs.names().into_iter().filter(text).map(pin).collect()
}
