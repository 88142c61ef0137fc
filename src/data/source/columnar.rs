//! Parquet and Arrow IPC: a batch is some row groups' worth of rows, or a record batch.

use super::Give;
use super::files::open;
use super::types::read_as;
use crate::cpu::threads::{self, AT_ONCE};
use crate::data::caught::caught;
use anyhow::{Context, Result, anyhow, ensure};
use polars::prelude::*;
use polars_arrow::io::ipc::read as arrow;
use std::collections::HashSet;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::panic::catch_unwind;
use std::path::Path;

/// Rows of a Parquet file that are read at once.
const ROWS: usize = 1 << 18;
/// What an Arrow file begins with; a stream has no mark.
const ARROW: &[u8] = b"ARROW1";

/// Names and types; a type that polars does not know, or reads wrongly, is [`DataType::Unknown`].
fn schema(fields: &ArrowSchema, parquet: bool, shown: &str) -> Result<Schema> {
    let unknown = DataType::Unknown(UnknownKind::Any);
    let known = |field: &ArrowField| match field.dtype() {
        // What polars 0.55 makes of Parquet's half-precision numbers, if no Arrow schema stands beside them.
        ArrowDataType::FixedSizeBinary(2) if parquet => unknown.clone(),
        // Parquet holds them as milliseconds, which polars 0.55 takes for seconds.
        ArrowDataType::Time32(ArrowTimeUnit::Second) if parquet => unknown.clone(),
        _ => catch_unwind(|| DataType::from_arrow_field(field)).unwrap_or_else(|_| unknown.clone()),
    };
    // Inside, the panics that are caught for each column stay silent.
    caught(shown, || Ok(fields.iter_values().map(|field| Field::new(field.name.clone(), known(field))).collect()))
}

/// The columns to read: those asked for, or all that can be.
fn projection(schema: &Schema, columns: Option<&[String]>) -> Vec<usize> {
    let asked: Option<HashSet<&str>> = columns.map(|columns| columns.iter().map(String::as_str).collect());
    let wanted = |name: &PlSmallStr, dtype: &DataType| match &asked {
        Some(asked) => asked.contains(name.as_str()),
        None => read_as(dtype).is_some(),
    };
    schema.iter().enumerate().filter(|(_, (name, dtype))| wanted(name, dtype)).map(|(index, _)| index).collect()
}

pub fn parquet_schema(file: File, shown: &str) -> Result<Schema> {
    let fields = caught(shown, || ParquetReader::new(file).schema())?;
    schema(&fields, true, shown)
}

pub fn parquet<T: Send>(path: &Path, shown: &str, columns: Option<&[String]>, give: Give<'_, T>) -> Result<()> {
    let mut footer = ParquetReader::new(open(path, shown)?);
    let rows = caught(shown, || footer.num_rows())?;
    let metadata = caught(shown, || footer.get_metadata().cloned())?;
    let fields = caught(shown, || footer.schema())?;
    let projection = projection(&schema(&fields, true, shown)?, columns);
    let Give { finish, see } = give;
    let groups = metadata.row_groups.iter().map(|group| group.num_rows());
    let slices = slices(groups, rows);
    let read = |(first, count): (usize, usize)| {
        let mut reader = ParquetReader::new(open(path, shown)?);
        reader.set_metadata(metadata.clone());
        let reader = reader.with_slice(Some((first, count))).with_projection(Some(projection.clone()));
        let batch = caught(shown, || reader.finish())?;
        ensure!(batch.height() == count, "{shown}: fewer rows than it says; the file is damaged");
        finish(batch, first)
    };
    threads::ordered(slices.into_iter(), AT_ONCE, read, |made: Result<T>| see(made?))
}

/// What is read at once, as the first row and a number of rows: several small row groups, or a piece of a large one. What spans
/// two row groups would have both decoded twice.
fn slices(groups: impl Iterator<Item = usize>, rows: usize) -> Vec<(usize, usize)> {
    let mut slices: Vec<(usize, usize)> = Vec::new();
    let mut first = 0;
    for group in groups {
        // A file may claim more rows in its groups than it has.
        let group = group.min(rows - first);
        match slices.last_mut() {
            Some((_, count)) if *count + group <= ROWS => *count += group,
            _ => {
                let pieces = group.div_ceil(ROWS).max(1);
                let ends = (0..=pieces).map(|piece| first + group * piece / pieces).collect::<Vec<_>>();
                slices.extend(ends.windows(2).map(|ends| (ends[0], ends[1] - ends[0])));
            }
        }
        first += group;
    }
    if first < rows {
        slices.push((first, rows - first));
    }
    slices.retain(|(_, count)| *count > 0);
    slices
}

/// The columns that pandas wrote as its index, by what it says of them in the file.
pub fn indexes(path: &Path, shown: &str, parquet: bool) -> Result<Vec<String>> {
    let mut file = open(path, shown)?;
    let said = if parquet {
        let mut footer = ParquetReader::new(file);
        let metadata = caught(shown, || footer.get_metadata().cloned())?;
        let said = metadata.key_value_metadata.iter().flatten().find(|entry| entry.key == PANDAS);
        said.and_then(|entry| entry.value.clone())
    } else {
        let metadata = match is_stream(&mut file, shown)? {
            true => {
                let metadata = caught(shown, || arrow::read_stream_metadata(&mut BufReader::new(file)))?;
                metadata.custom_schema_metadata.map(std::sync::Arc::new)
            }
            false => caught(shown, || arrow::read_file_metadata(&mut file))?.custom_schema_metadata,
        };
        metadata.and_then(|metadata| metadata.get(PANDAS).map(|said| said.to_string()))
    };
    let said: serde_json::Value = serde_json::from_str(&said.unwrap_or_default()).unwrap_or_default();
    // An index that counts the rows is no column, but an object that says from where to where.
    let names = said["index_columns"].as_array().into_iter().flatten().filter_map(|name| name.as_str());
    Ok(names.map(String::from).collect())
}

/// Where pandas says in a file what its columns were.
const PANDAS: &str = "pandas";

/// Whether an Arrow file is a stream: what Python's `pyarrow.ipc.new_stream` and DuckDB write.
fn is_stream(file: &mut File, shown: &str) -> Result<bool> {
    let cannot = || format!("{shown}: cannot read");
    let mut start = Vec::new();
    file.by_ref().take(ARROW.len() as u64).read_to_end(&mut start).with_context(cannot)?;
    file.rewind().with_context(cannot)?;
    // Feather of before Arrow's own format is neither.
    ensure!(!start.starts_with(b"FEA1"), "{shown}: Feather version 1; write it again as version 2 or as Parquet");
    Ok(start != ARROW)
}

pub fn ipc_schema(mut file: File, shown: &str) -> Result<Schema> {
    if is_stream(&mut file, shown)? {
        let metadata = caught(shown, || arrow::read_stream_metadata(&mut BufReader::new(file)))?;
        return schema(&metadata.schema, false, shown);
    }
    let metadata = caught(shown, || arrow::read_file_metadata(&mut file))?;
    schema(&metadata.schema, false, shown)
}

pub fn ipc<T: Send>(path: &Path, shown: &str, columns: Option<&[String]>, give: Give<'_, T>) -> Result<()> {
    let mut file = open(path, shown)?;
    let mut first = 0;
    let mut hand_on = |batch: DataFrame| {
        let height = batch.height();
        (give.see)((give.finish)(batch, first)?)?;
        first += height;
        anyhow::Ok(())
    };
    if is_stream(&mut file, shown)? {
        let mut file = BufReader::new(file);
        let metadata = caught(shown, || arrow::read_stream_metadata(&mut file))?;
        let projection = projection(&schema(&metadata.schema, false, shown)?, columns);
        let mut batches = arrow::StreamReader::new(file, metadata, Some(projection));
        while let Some(state) = caught(shown, || batches.next().transpose())? {
            // Nothing more is there yet: of a file that is its end, cut off.
            let arrow::StreamState::Some(batch) = state else {
                anyhow::bail!("{shown}: ends in the middle of a batch; the file is cut off")
            };
            hand_on(caught(shown, || Ok(DataFrame::from(batch)))?)?;
        }
        return Ok(());
    }
    let mut metadata = caught(shown, || arrow::read_file_metadata(&mut file))?;
    let projection = projection(&schema(&metadata.schema, false, shown)?, columns);
    let dictionaries = Dictionaries::of(&mut file, &mut metadata, shown)?;
    let mut batches = arrow::FileReader::new(file, metadata, Some(projection), None);
    while let Some(batch) = caught(shown, || batches.next().transpose())? {
        hand_on(dictionaries.texts(caught(shown, || Ok(DataFrame::from(batch)))?, shown)?)?;
    }
    Ok(())
}

/// The categories of an Arrow file's columns. Their keys are read as numbers: below a gap pandas leaves -1, which polars'
/// reader of dictionaries refuses.
struct Dictionaries(Vec<(PlSmallStr, Series)>);

impl Dictionaries {
    /// Reads them, and makes columns of numbers of the columns in `metadata`.
    fn of(file: &mut File, metadata: &mut arrow::FileMetadata, shown: &str) -> Result<Self> {
        let all = caught(shown, || arrow::read_file_dictionaries(file, metadata, &mut vec![], Default::default()))?;
        let mut fields = (*metadata.schema).clone();
        let mut categories = Vec::new();
        for (field, ids) in fields.iter_values_mut().zip(&mut metadata.ipc_schema.fields) {
            let ArrowDataType::Dictionary(key, ..) = field.dtype else { continue };
            let values = ids.dictionary_id.take().and_then(|id| all.get(&id));
            let values = values.with_context(|| format!("{shown}: column {} has no categories", field.name))?;
            let series = caught(shown, || Series::try_from((field.name.clone(), values.clone())))?;
            // Categories of numbers are numbers, as in Parquet.
            let number = series.dtype().is_primitive_numeric() || series.dtype().is_temporal();
            let series = if number { series } else { series.cast(&DataType::String)? };
            categories.push((field.name.clone(), series));
            (field.dtype, field.metadata) = (key.into(), None);
        }
        metadata.schema = std::sync::Arc::new(fields);
        metadata.dictionaries = None;
        Ok(Self(categories))
    }

    /// The batch with categories for keys.
    fn texts(&self, mut batch: DataFrame, shown: &str) -> Result<DataFrame> {
        for (name, categories) in &self.0 {
            let Ok(keys) = batch.column(name) else { continue };
            let places = keys.strict_cast(&IDX_DTYPE).and_then(|keys| categories.take(keys.idx()?));
            let texts = places.map_err(|_| anyhow!("{shown}: column {name} has keys without categories"))?;
            batch.replace(name, texts.with_name(name.clone()).into_column())?;
        }
        Ok(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_groups_are_read_together_while_they_are_small_and_in_pieces_where_they_are_large() {
        let slices = |groups: &[usize], rows| slices(groups.iter().copied(), rows);
        assert_eq!(slices(&[ROWS, ROWS, 5], 2 * ROWS + 5), [(0, ROWS), (ROWS, ROWS), (2 * ROWS, 5)]);
        assert_eq!(slices(&[10, 20, 0, 30], 60), [(0, 60)]);
        assert_eq!(slices(&[600_000, 1], 600_001), [(0, 200_000), (200_000, 200_000), (400_000, 200_001)]);
        assert_eq!(slices(&[], 0), []);
        // A footer whose groups and rows differ: the reader finds the rows or refuses.
        assert_eq!(slices(&[4, 4], 6), [(0, 6)]);
        assert_eq!(slices(&[4], 6), [(0, 4), (4, 2)]);
    }
}
