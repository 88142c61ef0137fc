//! The Python that the original programs run under.

use crate::torch::libtorch::{self, waiting};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The packages that the original programs import.
pub const PACKAGES: [&str; 4] = ["torch", "numpy", "scikit-learn", "matplotlib"];

/// Asks for the packages' versions without the seconds that importing them takes.
const VERSIONS: &str = "
import importlib.metadata, platform, sys
print('python', platform.python_version())
for name in sys.argv[1:]:
    try:
        print(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        pass
";

/// The first that is there: `.venv` here, the active environment, `.venv` beside libtorch; else `python3` on the PATH.
pub fn find() -> PathBuf {
    let beside = libtorch::built_home().parent().map(|home| home.join(".venv"));
    let active = std::env::var_os("VIRTUAL_ENV").map(PathBuf::from);
    [Some(PathBuf::from(".venv")), active, beside]
        .into_iter()
        .flatten()
        .map(|home| home.join("bin/python"))
        .find(|python| python.exists())
        .unwrap_or_else(|| "python3".into())
}

/// The versions of `python` itself and of those of [`PACKAGES`] that it has.
pub fn versions(python: &Path) -> Result<BTreeMap<String, String>> {
    let shown = python.display();
    let output = waiting::command(python)
        .args(["-c", VERSIONS])
        .args(PACKAGES)
        .output()
        .with_context(|| format!("Python {shown}: cannot start it; give --python PATH"))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("Python {shown}: {}", stderr.lines().last().unwrap_or("it failed without a word"));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(|line| line.split_once(' ')).map(|(k, v)| (k.into(), v.into())).collect())
}
