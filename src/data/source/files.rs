//! The files that a table is read from.

use crate::data::table::Format;
use anyhow::{Context, Result, anyhow, bail, ensure};
use std::fs::File;
use std::path::{Path, PathBuf};

/// The files that `place` names: those of a pattern with `*`, `?` or `[`, those of a folder, each sorted; or itself.
///
/// # Errors
/// A pattern or folder without such a file, a folder with tables in folders of its own.
pub fn expand(place: &Path, shown: &str) -> Result<Vec<PathBuf>> {
    if place.is_dir() {
        return inside(place, shown);
    }
    if place.exists() || !shown.contains(['*', '?', '[']) {
        return Ok(vec![place.to_path_buf()]);
    }
    let found = glob::glob(shown).map_err(|error| anyhow!("{shown}: not a pattern: {error}"))?;
    let files = found.collect::<Result<Vec<PathBuf>, _>>().with_context(|| format!("{shown}: cannot read"))?;
    ensure!(!files.is_empty(), "{shown}: no file has such a name");
    Ok(files)
}

/// The tables in a folder. Names that begin with a point or an underscore are those of other programs, such as
/// `_SUCCESS`.
fn inside(folder: &Path, shown: &str) -> Result<Vec<PathBuf>> {
    let cannot = || format!("{shown}: cannot read the folder");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(['.', '_']) {
            continue;
        }
        if path.is_dir() {
            bail!(
                "{shown}: is a folder that has the folder {name} in it, whose name is no column here; name the files, as '{shown}/*/*.parquet'"
            );
        }
        if Format::of(&path).is_ok() {
            files.push(path);
        }
    }
    ensure!(!files.is_empty(), "{shown}: is a folder without a table, expected files such as .csv or .parquet");
    files.sort();
    Ok(files)
}

/// Opens a file of a table, which is named `shown` in errors.
pub fn open(path: &Path, shown: &str) -> Result<File> {
    let file = File::open(path).with_context(|| format!("{shown}: cannot read"))?;
    let attributes = file.metadata().with_context(|| format!("{shown}: cannot read"))?;
    ensure!(!attributes.is_dir(), "{shown}: is a folder, expected a file");
    ensure!(!attributes.is_file() || attributes.len() > 0, "{shown}: the file is empty, expected a header and rows");
    Ok(file)
}
