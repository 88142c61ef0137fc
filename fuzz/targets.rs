//! Everything that reads a file, as functions of bytes: shared by `cargo fuzz` and by `tests/fuzz.rs`.
//!
//! Each either takes the bytes or answers with an error of one line; a panic, an abort, a hang or memory without bound is
//! a finding.
#![allow(dead_code, clippy::unwrap_used, reason = "each fuzz target is a program that uses its own function")]

use lockstep::checkpoint::Checkpoint;
use lockstep::checkpoint::verify;
use lockstep::data::schema::TableSchema;
use lockstep::data::source::{ReadOptions, Source};
use lockstep::data::store::Store;
use lockstep::data::table::Format;
use lockstep::fit::settings::FitSettings;
use lockstep::python::compare;
use lockstep::python::trace::Trace;
use lockstep::torch::safetensors;
use lockstep::tune;
use lockstep::tutorial::moons::start;
use std::io::{Cursor, Read, Write};
use tch::Device;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// A function that reads bytes.
pub type Target = fn(&[u8]);

/// Every target under the name of its corpus.
pub const ALL: [(&str, Target); 10] = [
    ("checkpoint", checkpoint),
    ("safetensors", safetensors),
    ("schema", schema),
    ("config", config),
    ("space", space),
    ("delimited", delimited),
    ("ndjson", ndjson),
    ("columnar", columnar),
    ("trace", trace),
    ("pickle", pickle),
];

/// A `model.pt`: as it is, and with every CRC put right, so that the bytes come as far as libtorch.
pub fn checkpoint(bytes: &[u8]) {
    answered(read_model(bytes));
    if let Some(repaired) = repaired(bytes) {
        answered(read_model(&repaired));
    }
}

fn read_model(bytes: &[u8]) -> anyhow::Result<()> {
    let model = Checkpoint::from_bytes(bytes, Device::Cpu)?;
    verify::verify(&model, Device::Cpu).map(|_| ())
}

/// What Python's `torch.save` writes, as it is and with every CRC put right.
pub fn pickle(bytes: &[u8]) {
    answered(start::of_python(bytes));
    if let Some(repaired) = repaired(bytes) {
        answered(start::of_python(&repaired));
    }
}

/// The same archive with right CRCs; none where there is no archive.
pub fn repaired(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).ok()?;
        let name = entry.name().ok()?.to_string();
        let mut content = Vec::new();
        // At a wrong CRC this fails when all of the content is there.
        let _ = entry.by_ref().take(1 << 24).read_to_end(&mut content);
        writer.start_file(name, stored).ok()?;
        writer.write_all(&content).ok()?;
    }
    Some(writer.finish().ok()?.into_inner())
}

pub fn safetensors(bytes: &[u8]) {
    answered(safetensors::from_bytes(bytes));
}

/// A schema that is taken is written and read back as the same.
pub fn schema(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(schema) = answered(TableSchema::parse(text, "schema.toml")) {
        assert_eq!(TableSchema::parse(&schema.to_toml().unwrap(), "schema.toml").unwrap(), schema);
    }
}

/// Settings that are taken are written and read back as the same.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let resolve =
        |text: &str| FitSettings::resolve(text, "settings.toml", toml::Table::new()).and_then(FitSettings::check);
    if let Some(config) = answered(resolve(text)) {
        let again = resolve(&toml::to_string(&config).unwrap()).unwrap();
        assert_eq!(format!("{again:?}"), format!("{config:?}"));
    }
}

/// The settings of a search, from TOML and as `--param` has them.
pub fn space(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let none = toml::Table::new;
    answered(tune::config::resolve(text, "settings.toml", none(), none(), &[]));
    for line in text.lines() {
        answered(tune::config::resolve("", "settings.toml", none(), none(), &[line.into()]));
    }
}

/// A CSV with what other programs write between the cells.
pub fn delimited(bytes: &[u8]) {
    let csv = ReadOptions { format: Some(Format::Csv), ..ReadOptions::default() };
    table(bytes, &csv);
    table(bytes, &ReadOptions { delimiter: ";".into(), quote: "none".into(), header: false, ..csv.clone() });
    let (decimal, thousands, date_format) = (",".into(), ".".into(), vec!["%d/%m/%y".into()]);
    table(bytes, &ReadOptions { escape: "\\".into(), comment: "#".into(), decimal, thousands, date_format, ..csv });
}

pub fn ndjson(bytes: &[u8]) {
    table(bytes, &ReadOptions { format: Some(Format::Ndjson), ..ReadOptions::default() });
}

/// Parquet and Arrow IPC.
pub fn columnar(bytes: &[u8]) {
    for format in [Format::Parquet, Format::Ipc] {
        table(bytes, &ReadOptions { format: Some(format), ..ReadOptions::default() });
    }
}

fn table(bytes: &[u8], options: &ReadOptions) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    answered(Source::open(file.path(), options).and_then(|mut source| {
        let names = source.names();
        let store = Store::read(std::slice::from_mut(&mut source), &names)?;
        let rows = store.column(&names[0])?.height();
        assert_eq!(rows, store.height());
        Ok(())
    }));
}

/// A trace beside itself.
pub fn trace(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(trace) = answered(Trace::parse(text)) {
        answered(compare::compare(&trace, &trace, &compare::Bounds::BITS));
    }
}

/// What was read; an error must say something.
fn answered<T>(result: anyhow::Result<T>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            assert!(!format!("{error:#}").trim().is_empty());
            None
        }
    }
}
