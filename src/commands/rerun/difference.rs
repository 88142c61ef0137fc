//! Where two runs of the same command first differ.

use super::recorded::Record;
use crate::checkpoint::ModelFile;
use crate::checkpoint::resume::other_table;
use crate::fit::settings::FitSettings;
use crate::runs::files;
use crate::torch::archive::entries;
use crate::torch::safetensors::{self, Named};
use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value};
use std::path::Path;

/// The description inside a model.pt: it names versions and the checkpoints gone on from, so it is compared by its keys.
const ABOUT: &str = "extra/lockstep.json";
/// The settings of a fit.
const CONFIG: &str = "config.toml";

/// One thing that was compared; none in `difference`: equal.
pub struct Compared {
    pub what: String,
    pub difference: Option<String>,
}

/// Compares what was recorded of two runs: seed, settings, data, versions, threads. A record without one says so; but what a
/// program does not use is not recorded any more.
pub fn records(was: &Record, now: &Record) -> Vec<Compared> {
    let keys =
        ["seed", "config", "data_sha256", "init_from", "threads", "device", "libtorch", "lockstep", "cpu_capability"];
    let used = |key: &&str| match *key {
        "libtorch" | "cpu_capability" => now.summary.contains_key(*key),
        "init_from" => was.summary.contains_key(*key) || now.summary.contains_key(*key),
        _ => true,
    };
    keys.into_iter()
        .filter(used)
        .map(|key| Compared { what: key.into(), difference: differs(key, &was.summary, &now.summary) })
        .collect()
}

fn differs(key: &str, was: &Map<String, Value>, now: &Map<String, Value>) -> Option<String> {
    match (was.get(key), now.get(key)) {
        (Some(Value::Object(was)), Some(Value::Object(now))) => {
            let new = now
                .keys()
                .filter(|inner| !(was.contains_key(*inner) || key == "config" && is_default(inner, &now[*inner])));
            let keys = was.keys().chain(new);
            // A table may have been moved; its content is compared by its hash.
            keys.filter(|key| *key != "data").find_map(|inner| Some(format!("{inner}: {}", differs(inner, was, now)?)))
        }
        (was, now) if was == now => None,
        (was, now) => {
            let shown = |value: Option<&Value>| value.map_or("not recorded".to_string(), Value::to_string);
            Some(format!("{} then, {} now", shown(was), shown(now)))
        }
    }
}

/// Whether a setting that an earlier lockstep did not know is what it did.
fn is_default(key: &str, value: &Value) -> bool {
    serde_json::to_value(FitSettings::default()).is_ok_and(|defaults| defaults.get(key) == Some(value))
}

/// What a model.pt says of its run, where that is not what the summary beside it says.
pub fn mixed(folder: &Path, record: &Record) -> Result<Option<String>> {
    let path = folder.join("model.pt");
    if !path.exists() {
        return Ok(None);
    }
    let manifest = ModelFile::read(&path)?.manifest;
    let described = serde_json::to_value(&manifest)?;
    let Value::Object(described) = described else { return Ok(None) };
    for key in ["seed", "config", "data_sha256", "threads"] {
        let both = record.summary.contains_key(key) && described.contains_key(key);
        if let Some(difference) = both.then(|| differs(key, &record.summary, &described)).flatten() {
            let difference = difference.replace(" then,", " in summary.json,").replace(" now", " in model.pt");
            return Ok(Some(format!("{key}: {difference}")));
        }
    }
    Ok(None)
}

/// Compares every file of `now` with that of the same name in `was`, but those that hold times, and with `moved` the
/// report, which names the table's place.
pub fn folders(was: &Path, now: &Path, moved: bool) -> Result<Vec<Compared>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(now).with_context(|| now.display().to_string())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let left_out = name == "summary.json" || (moved && name == "report.html");
        if !left_out && !name.starts_with("events.out.tfevents.") {
            names.push(name);
        }
    }
    // What is read first says most: numbers before pictures.
    names.sort_by_key(|name| (name.ends_with(".png") || name.ends_with(".html"), name != "history.csv", name.clone()));
    let compare = |name: String| {
        let (path, again) = (was.join(&name), now.join(&name));
        let difference =
            if path.exists() { file(&name, &path, &again)? } else { Some("it is not there any more".into()) };
        Ok(Compared { what: name, difference })
    };
    names.into_iter().map(compare).collect()
}

fn file(name: &str, was: &Path, now: &Path) -> Result<Option<String>> {
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("{}: cannot read", path.display()));
    let (was, now) = (read(was)?, read(now)?);
    if was == now {
        return Ok(None);
    }
    Ok(match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("toml") if name == CONFIG => settings(&was, &now).unwrap_or_else(|_| lines(&was, &now)),
        Some("csv" | "toml") => lines(&was, &now),
        Some("safetensors") => tensors(&was, &now).unwrap_or_else(|_| Some(bytes(&was, &now))),
        Some("pt") => archive(&was, &now)?,
        _ => Some(bytes(&was, &now)),
    })
}

/// Settings by their keys: one that is new, and has its default, is no difference.
fn settings(was: &[u8], now: &[u8]) -> Result<Option<String>> {
    let table = |text: &[u8]| -> Result<Map<String, Value>> {
        let table: toml::Table = toml::from_str(std::str::from_utf8(text)?)?;
        Ok(Map::from_iter([("config".to_string(), serde_json::to_value(table)?)]))
    };
    Ok(differs("config", &table(was)?, &table(now)?))
}

fn bytes(was: &[u8], now: &[u8]) -> String {
    match was.iter().zip(now).position(|(was, now)| was != now) {
        Some(at) => format!("byte {at}: {:#04x} then, {:#04x} now", was[at], now[at]),
        None => format!("{} bytes then, {} now", was.len(), now.len()),
    }
}

fn lines(was: &[u8], now: &[u8]) -> Option<String> {
    let (was, now) = (String::from_utf8_lossy(was), String::from_utf8_lossy(now));
    let (mut was, mut now) = (was.lines(), now.lines());
    for number in 1.. {
        match (was.next(), now.next()) {
            (None, None) => break,
            (was, now) if was == now => {}
            (was, now) => {
                let (was, now) = (was.unwrap_or("nothing"), now.unwrap_or("nothing"));
                return Some(format!("line {number}: {was} then, {now} now"));
            }
        }
    }
    Some("the ends of its lines".into())
}

fn tensors(was: &[u8], now: &[u8]) -> Result<Option<String>> {
    let (was, now) = (safetensors::from_bytes(was)?, safetensors::from_bytes(now)?);
    for (name, tensor) in &now {
        if let Some(difference) = tensor_difference(&was, name, tensor)? {
            return Ok(Some(format!("{name}: {difference}")));
        }
    }
    let gone = was.iter().find(|(name, _)| now.iter().all(|(other, _)| other != name));
    Ok(gone.map(|(name, _)| format!("{name}: only then")))
}

fn tensor_difference(was: &Named, name: &str, now: &tch::Tensor) -> Result<Option<String>> {
    let Ok(was) = safetensors::find(was, name) else { return Ok(Some("only now".into())) };
    let (size, other) = (was.size(), now.size());
    if size != other || was.kind() != now.kind() {
        return Ok(Some(format!("{size:?} {:?} then, {other:?} {:?} now", was.kind(), now.kind())));
    }
    let values = |tensor: &tch::Tensor| -> Result<Vec<f64>> {
        Ok(Vec::try_from(tensor.f_to_kind(tch::Kind::Double)?.f_contiguous()?.f_view(-1)?)?)
    };
    let (was, now) = (values(was)?, values(now)?);
    let first = was.iter().zip(&now).position(|(was, now)| was.to_bits() != now.to_bits());
    Ok(first.map(|at| format!("value {at}: {:e} then, {:e} now", was[at], now[at])))
}

/// Entry by entry, for the description inside may tell of checkpoints and versions.
fn archive(was: &[u8], now: &[u8]) -> Result<Option<String>> {
    let (was, now) = (entries(was)?, entries(now)?);
    ensure!(!now.is_empty(), "an empty model.pt");
    for (inner, content) in &now {
        let Some(before) = was.get(inner) else {
            return Ok(Some(format!("{inner}: only now")));
        };
        // libtorch counts in it what the process had saved before.
        if before == content || inner == ".data/serialization_id" {
            continue;
        }
        let difference = match inner.as_str() {
            ABOUT => described(before, content)?,
            _ if inner.ends_with(".safetensors") => tensors(before, content)?,
            _ => Some(bytes(before, content)),
        };
        if let Some(difference) = difference {
            return Ok(Some(format!("{inner}: {difference}")));
        }
    }
    Ok(None)
}

fn described(was: &[u8], now: &[u8]) -> Result<Option<String>> {
    let (was, now): (Map<_, _>, Map<_, _>) = (serde_json::from_slice(was)?, serde_json::from_slice(now)?);
    let keys = ["program", "seed", "config", "schema", "classes", "metrics", "table"];
    Ok(keys.into_iter().find_map(|key| Some(format!("{key}: {}", differs(key, &was, &now)?))))
}

/// Refuses to compare with tables that are others by now.
pub fn data_difference(record: &Record, data: &Path) -> Result<Option<String>> {
    let Some(was) = record.text("data_sha256") else { return Ok(None) };
    let config = |key: &str| record.summary.get("config")?.get(key)?.as_str().map(Path::new);
    let own = if record.program == "fit" { [config("valid"), config("test")] } else { [None, None] };
    let tables: Vec<&Path> = [data].into_iter().chain(own.into_iter().flatten()).collect();
    let shown: Vec<String> = tables.iter().map(|table| table.display().to_string()).collect();
    // The files of a pattern are listed and hashed where they are read.
    if shown.iter().any(|shown| shown.contains(['*', '?', '['])) {
        return Ok(None);
    }
    let hashes = tables.iter().map(|table| files::sha256(&[table.to_path_buf()])).collect::<Result<Vec<_>>>()?;
    let (shown, now): (Vec<&str>, String) = (shown.iter().map(String::as_str).collect(), hashes.join(" "));
    let other = other_table(&shown, was, &now);
    Ok(other.map(|(shown, was, now)| format!("{shown}: SHA-256 {was} then, {now} now")))
}
