//! `lockstep inspect DATA`: profile, notes, schema.

use super::show::text;
use crate::cli::{InspectTable, Printing};
use crate::commands::at_work::AtWork;
use crate::commands::print::{Verdict, report};
use crate::commands::progress::Interrupt;
use crate::cpu::threads;
use crate::data::profile::{Profile, TableProfile};
use crate::data::source::{ReadOptions, Source};
use crate::runs::files;
use crate::train::observer::Interrupted;
use anyhow::Result;
use polars::prelude::{DataFrame, DataType, Schema};
use serde_json::Value;
use std::path::Path;

pub(super) fn run(file: &Path, args: &InspectTable, printing: Printing) -> Result<Verdict> {
    Interrupt::catch()?;
    let working = AtWork::begin(printing.quiet);
    let mut source = Source::open(file, &args.reading.over(ReadOptions::default())?)?;
    let (shown, bytes) = (source.display_name.clone(), source.bytes()?);
    let profile = profile(&mut source, args.target.as_deref())?.finish(&source.unreadable(), &source.indexes());
    drop(working);
    let saved = args.save.as_deref().map(|place| save(&profile, place, &shown)).transpose()?;
    let saved_text = saved.map_or(String::new(), |place| format!("\n\nschema written to {place}"));
    report(printing, &format!("{}{saved_text}", text(&profile, &shown, bytes)), &object(&profile, &shown, bytes)?)?;
    Ok(Verdict::Holds)
}

/// What there is in the columns that can be read.
fn profile(source: &mut Source, target: Option<&str>) -> Result<Profile> {
    loop {
        let (mut profile, types) = (Profile::new(target, &source.display_name), source.schema().clone());
        // The next batch is read while one is looked at.
        let read = |give: &mut dyn FnMut(DataFrame) -> Result<()>| source.batches(None, &mut |batch, _| give(batch));
        match threads::behind(|batch| profile.see(&batch), read) {
            Ok(()) if !became_text(&types, source.schema()) => return Ok(profile),
            // What was read as numbers before a word came is text as it is written: 007, True.
            Ok(()) => {}
            Err(error) if error.is::<Interrupted>() || !source.leave_out_broken() => return Err(error),
            Err(_) => {}
        }
    }
}

/// Whether a column that was none of text before the table was read is one now.
fn became_text(before: &Schema, now: &Schema) -> bool {
    let other = |dtype: &DataType| !matches!(dtype, DataType::String | DataType::Null);
    before.iter().any(|(name, dtype)| other(dtype) && now.get(name) == Some(&DataType::String))
}

/// Writes the schema, whole or not at all, and says where.
fn save(profile: &TableProfile, place: &Path, shown: &str) -> Result<String> {
    let head = format!(
        "# The columns of {}, as `lockstep inspect` found them: look them through, then `lockstep fit --schema`.\n\
         # kind: {}\n# role: {}\n# and, if you like: categorical = true, nullable = false\n\n",
        shown.replace(['\n', '\r'], " "),
        crate::data::schema::Kind::NAMES.join(", "),
        crate::data::schema::Role::NAMES.join(", "),
    );
    files::write(place, (head + &profile.schema().to_toml()?).as_bytes())?;
    Ok(place.display().to_string())
}

fn object(profile: &TableProfile, shown: &str, bytes: u64) -> Result<Value> {
    let mut object = serde_json::Map::new();
    object.insert("data".into(), shown.into());
    object.insert("bytes".into(), bytes.into());
    if let Value::Object(found) = serde_json::to_value(profile)? {
        object.extend(found);
    }
    Ok(object.into())
}
