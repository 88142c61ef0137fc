//! `lockstep predict MODEL DATA`.

use super::at_work::AtWork;
use super::job::prepare;
use super::print::{Verdict, print_err, print_out, report};
use super::progress::Interrupt;
use crate::checkpoint::{Manifest, ModelFile, TableModel};
use crate::cli::Predict;
use crate::cpu::threads;
use crate::data::sink::Sink;
use crate::data::source::{ReadOptions, Source};
use crate::data::table::{self, Format};
use crate::evaluate::predict::{Asked, predictions};
use crate::preprocess::inputs::Counts;
use anyhow::{Context, Result, ensure};
use polars::prelude::{CsvWriter, DataFrame, DataType, Field, Schema, SerWriter};
use serde_json::json;
use std::path::Path;

pub(super) fn run(args: &Predict) -> Result<Verdict> {
    // The ending of the file's name is checked before anything is computed.
    let format = args.output.as_deref().map(Format::to_write).transpose()?;
    ensure!(!args.printing.json || format.is_some(), "--json: stdout holds the predictions, give them a file with -o");
    // From here on Ctrl-C ends it in order: without half a file.
    Interrupt::catch()?;
    let file = ModelFile::read(&args.model)?;
    ensure!(
        matches!(args.to, Format::Csv | Format::Tsv | Format::Ndjson),
        "--to {}: expected csv, tsv or ndjson",
        args.to
    );
    let options = ReadOptions { live: true, ..args.reading.over(read(&file.manifest))? };
    let mut source = Source::open(&args.data, &options)?;
    if let Some(of_table) = &file.manifest.table {
        source.expect(&types(of_table, args.id.as_deref()));
        of_table.check_columns(&source.names(), &source.display_name)?;
        source.pin(of_table.schema());
    }
    let names = source.names();
    let id = args.id.clone().or(file.manifest.table.as_ref().and_then(|table| table.id.clone()));
    // An id column that the model was fitted beside is handed on where it is there; one asked for must be.
    let id = id.filter(|id| args.id.is_some() || names.contains(id));
    if let Some(id) = &id {
        source.as_written(id);
    }
    let shown = source.display_name.clone();
    let columns = columns(&file.manifest, id.as_deref(), &names);
    let device = prepare(&args.compute)?;
    let model = file.load(device).with_context(|| args.model.display().to_string())?;
    let mut out = Out::open(args.output.as_deref().zip(format), args.to)?;
    // Where the answers go to the terminal they show that it works.
    let waiting = AtWork::begin(args.printing.quiet || args.output.is_none());
    let (mut rows, mut counts) = (0, Counts::default());
    let of_table = model.manifest.table.as_ref();
    let asked = |batch: DataFrame, first: usize| Asked::of(batch, first, of_table, &shown);
    threads::behind(
        |mut answers: DataFrame| out.write(&mut answers),
        |write| {
            source.each(columns.as_deref(), asked, &mut |asked| {
                let answers = predictions(&model, asked?, id.as_deref(), device, &shown)?;
                rows += answers.table.height();
                counts.add(answers.counts);
                write(answers.table)
            })
        },
    )?;
    out.finish()?;
    drop(waiting);
    let met = counts.describe();
    if !met.is_empty() && !args.printing.quiet {
        print_err(&format!("{shown}: {met}"));
    }
    if let Some(output) = &args.output {
        let place = output.display().to_string();
        let object = json!({"rows": rows, "output": place, "counts": counts});
        report(args.printing, &format!("{rows} rows -> {place}"), &object)?;
    }
    Ok(Verdict::Holds)
}

/// How tables are read for the model.
fn read(manifest: &Manifest) -> ReadOptions {
    manifest.table.as_ref().map_or_else(ReadOptions::default, TableModel::read)
}

/// The columns to read: a model of a user's table takes its own and the id; a tutorial's model looks at all.
fn columns(manifest: &Manifest, id: Option<&str>, names: &[String]) -> Option<Vec<String>> {
    let wanted = manifest.table.as_ref()?.inputs.names();
    Some(names.iter().filter(|name| wanted.contains(name) || id == Some(name.as_str())).cloned().collect())
}

/// The types in which the model's columns hold whatever may come, for rows that are not there yet.
fn types(of_table: &TableModel, id: Option<&str>) -> Schema {
    let inputs = &of_table.inputs;
    let numbers = inputs.numbers.iter().map(|column| (&column.name, DataType::Float64));
    let dates = inputs.dates.iter().map(|column| (&column.name, DataType::String));
    let categories = inputs.categories.iter().map(|column| (&column.name, DataType::String));
    let columns = numbers.chain(dates).chain(categories).map(|(name, dtype)| (name.as_str(), dtype));
    let id = id.map(|id| (id, DataType::String));
    columns.chain(id).map(|(name, dtype)| Field::new(name.into(), dtype)).collect()
}

/// Where predictions go, batch by batch.
enum Out {
    File(Box<Sink>),
    /// Text on stdout, and whether it has begun.
    Stdout(Format, bool),
}

impl Out {
    fn open(file: Option<(&Path, Format)>, stdout: Format) -> Result<Self> {
        match file {
            Some((path, format)) => Ok(Self::File(Box::new(Sink::open(path, format)?))),
            None => Ok(Self::Stdout(stdout, false)),
        }
    }

    fn write(&mut self, batch: &mut DataFrame) -> Result<()> {
        match self {
            Self::File(sink) => sink.write(batch),
            Self::Stdout(format, begun) => {
                let mut bytes = Vec::new();
                match format {
                    Format::Ndjson => table::write(batch, Format::Ndjson, &mut bytes)?,
                    _ => {
                        let separator = if *format == Format::Tsv { b'\t' } else { b',' };
                        let writer = CsvWriter::new(&mut bytes).with_separator(separator);
                        writer.include_header(!*begun).finish(batch)?;
                    }
                }
                *begun = true;
                print_out(&bytes)
            }
        }
    }

    fn finish(self) -> Result<()> {
        match self {
            Self::File(sink) => sink.finish(),
            Self::Stdout(..) => Ok(()),
        }
    }
}
