//! The files that a table is read from.

use anyhow::{Context, Result, anyhow, ensure};
use std::fs::File;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// The files that a pattern names, sorted; a name without `*`, `?` or `[` is itself.
pub fn expand(place: &Path, shown: &str) -> Result<Vec<PathBuf>> {
    if place.exists() || !shown.contains(['*', '?', '[']) {
        return Ok(vec![place.to_path_buf()]);
    }
    let found = glob::glob(shown).map_err(|error| anyhow!("{shown}: not a pattern: {error}"))?;
    let files = found.collect::<Result<Vec<PathBuf>, _>>().with_context(|| format!("{shown}: cannot read"))?;
    ensure!(!files.is_empty(), "{shown}: no file has such a name");
    Ok(files)
}

/// Standard input, copied to a file so that it can be read more than once.
pub fn standard_input() -> Result<NamedTempFile> {
    let mut copy = NamedTempFile::new().context("standard input: cannot make a temporary file to copy it to")?;
    std::io::copy(&mut std::io::stdin().lock(), &mut copy).context("standard input: cannot copy it")?;
    copy.flush().and_then(|()| copy.rewind()).context("standard input: cannot copy it")?;
    Ok(copy)
}

/// Opens a file of a table, which is named `shown` in errors.
pub fn open(path: &Path, shown: &str) -> Result<File> {
    let file = File::open(path).with_context(|| format!("{shown}: cannot read"))?;
    let manifest = file.metadata().with_context(|| format!("{shown}: cannot read"))?;
    ensure!(!manifest.is_dir(), "{shown}: is a folder, expected a file, or a pattern such as {shown}/*.csv");
    ensure!(!manifest.is_file() || manifest.len() > 0, "{shown}: the file is empty, expected a header and rows");
    Ok(file)
}
