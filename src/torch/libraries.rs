//! The shared libraries that this process runs on.

use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const MAPS: &str = "/proc/self/maps";
const OURS: [&str; 9] =
    ["libtorch", "libc10", "libcud", "libcublas", "libcupti", "libnv", "libnccl", "libgomp", "libshm"];

/// Those of libtorch and of CUDA, as the loader found them.
pub fn libraries() -> Result<BTreeSet<PathBuf>> {
    let maps = std::fs::read_to_string(MAPS).context(MAPS)?;
    let paths = maps.lines().filter_map(|line| line.find('/').map(|at| PathBuf::from(&line[at..])));
    Ok(paths.filter(|path| is_ours(path)).collect())
}

/// Whether a file is one of libtorch's or of CUDA's, by its name.
pub fn is_ours(path: &Path) -> bool {
    OURS.iter().any(|prefix| file_name(path).starts_with(prefix))
}

/// The last part of a path.
pub fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
