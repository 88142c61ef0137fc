//! A table written batch by batch into one file, whole or absent.

use super::table::Format;
use crate::runs::files::{self, Staging};
use anyhow::{Context, Result, bail};
use polars::io::{csv, ipc, json, parquet};
use polars::prelude::{
    CompatLevel, CsvWriter, DataFrame, IpcWriter, ParquetWriter, PolarsResult, Schema, SchemaExt, SerWriter,
};
use polars_arrow::io::ipc::write::default_ipc_fields;
use std::fs::File;
use std::path::Path;

/// Batches of the same columns, in one of the formats.
pub struct Sink {
    staging: Staging,
    format: Format,
    writer: Option<Writer>,
}

enum Writer {
    Csv(Box<csv::write::BatchedWriter<File>>),
    Parquet(Box<parquet::write::BatchedWriter<File>>),
    Ndjson(json::BatchedWriter<File>),
    Ipc(Box<ipc::BatchedWriter<File>>),
}

impl Sink {
    /// Will become `path`; fails now if nothing can be written there.
    pub fn open(path: &Path, format: Format) -> Result<Self> {
        files::remove_strays(files::folder_of(path));
        Ok(Self { staging: files::begin(path)?, format, writer: None })
    }

    pub fn write(&mut self, batch: &mut DataFrame) -> Result<()> {
        batch.align_chunks_par();
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => self.writer.insert(Writer::new(self.format, self.staging.file()?, batch.schema())?),
        };
        writer.write(batch).with_context(|| self.staging.cannot_write())
    }

    /// Ends the file and puts it in its place.
    pub fn finish(self) -> Result<()> {
        if let Some(writer) = self.writer {
            writer.finish().with_context(|| self.staging.cannot_write())?;
        }
        self.staging.finish()
    }
}

impl Writer {
    fn new(format: Format, file: File, schema: &Schema) -> Result<Self> {
        Ok(match format {
            Format::Csv => Self::Csv(Box::new(CsvWriter::new(file).batched(schema)?)),
            Format::Tsv => Self::Csv(Box::new(CsvWriter::new(file).with_separator(b'\t').batched(schema)?)),
            Format::Parquet => Self::Parquet(Box::new(ParquetWriter::new(file).batched(schema)?)),
            Format::Ndjson => Self::Ndjson(json::BatchedWriter::new(file)),
            Format::Ipc => {
                let fields = default_ipc_fields(schema.to_arrow(CompatLevel::newest()).iter_values());
                Self::Ipc(Box::new(IpcWriter::new(file).batched(schema, fields)?))
            }
            Format::Json | Format::Xlsx => bail!("{format} is only read"),
        })
    }

    fn write(&mut self, batch: &DataFrame) -> PolarsResult<()> {
        match self {
            Self::Csv(writer) => writer.write_batch(batch),
            Self::Parquet(writer) => writer.write_batch(batch),
            Self::Ndjson(writer) => writer.write_batch(batch),
            Self::Ipc(writer) => writer.write_batch(batch),
        }
    }

    fn finish(self) -> PolarsResult<()> {
        match self {
            Self::Csv(mut writer) => writer.finish(),
            Self::Parquet(writer) => writer.finish().map(|_| ()),
            Self::Ndjson(_) => Ok(()),
            Self::Ipc(mut writer) => writer.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::source::read_table;
    use crate::data::table;
    use polars::prelude::df;

    #[test]
    fn batches_become_one_table_in_every_format() {
        let folder = tempfile::tempdir().unwrap();
        for format in [Format::Csv, Format::Tsv, Format::Parquet, Format::Ndjson, Format::Ipc] {
            let path = folder.path().join(format!("t.{format}"));
            let mut sink = Sink::open(&path, format).unwrap();
            sink.write(&mut df!("a" => [1.5, 2.5], "b" => ["x", "y"]).unwrap()).unwrap();
            assert!(!path.exists(), "absent until it is whole");
            sink.write(&mut df!("a" => [3.5], "b" => ["z"]).unwrap()).unwrap();
            sink.finish().unwrap();
            let back = read_table(&path).unwrap();
            assert_eq!(table::names(&back), ["a", "b"], "{format}");
            assert_eq!(back.height(), 3, "{format}");
            assert_eq!(back.column("b").unwrap().str().unwrap().get(2), Some("z"), "{format}");
        }
    }
}
