//! Where a libtorch is that this lockstep can work with: the one that `LIBTORCH` names; the one that lockstep was built with;
//! that of a Python.

use super::bridges;
use super::version::{Version, supported};
use super::waiting::command;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Who says that a libtorch is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The environment variable `LIBTORCH`.
    Variable,
    /// The folder that lockstep was built with.
    Built,
    /// The torch of this Python.
    Python(PathBuf),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable => write!(f, "LIBTORCH"),
            Self::Built => write!(f, "the one lockstep was built with"),
            Self::Python(python) => write!(f, "the torch of {}", python.display()),
        }
    }
}

/// A libtorch that can be loaded, as far as its files tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Libtorch {
    /// The folder that holds `libtorch_cpu.so`.
    pub lib: PathBuf,
    pub version: Version,
    pub origin: Origin,
}

/// A place that was looked at, and why what is there cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub origin: Origin,
    pub why: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.why)
    }
}

/// The library without which nothing goes.
pub const CPU_PART: &str = "libtorch_cpu.so";

/// The first that fits, or every place that was looked at. `LIBTORCH` is taken at its word: if what it names does not fit, no
/// other is looked for.
pub fn find() -> Result<Libtorch, Vec<Refused>> {
    if let Some(home) = std::env::var_os("LIBTORCH").filter(|value| !value.is_empty()) {
        return fits(Path::new(&home), Origin::Variable).map_err(|refused| vec![refused]);
    }
    let mut refused = Vec::new();
    match fits(built_home(), Origin::Built) {
        Ok(found) => return Ok(found),
        Err(why) => refused.push(why),
    }
    for python in pythons() {
        let found = match torch_of(&python) {
            Some(home) => fits(&home, Origin::Python(python)),
            None => Err(Refused { origin: Origin::Python(python), why: "there is no torch".into() }),
        };
        match found {
            Ok(found) => return Ok(found),
            Err(why) => refused.push(why),
        }
    }
    Err(refused)
}

/// The libtorch that lockstep was built with; scripts/setup makes it.
pub fn built_home() -> &'static Path {
    Path::new(env!("LOCKSTEP_LIBTORCH_HOME"))
}

fn fits(home: &Path, origin: Origin) -> Result<Libtorch, Refused> {
    let refuse = |why: String| Err(Refused { origin: origin.clone(), why });
    let lib = std::path::absolute(home).unwrap_or_else(|_| home.to_path_buf()).join("lib");
    if !lib.join(CPU_PART).exists() {
        return refuse(format!("there is no {}", lib.join(CPU_PART).display()));
    }
    let Some(version) = Version::of(home) else {
        return refuse(format!("{} does not say which version it is", home.display()));
    };
    if !version.is_supported() {
        return refuse(format!("{} is libtorch {version}, supported are {}", home.display(), supported()));
    }
    if bridges::find(version).is_none() {
        let (shown, ours, minor) = (home.display(), bridges::versions().join(", "), version.minor);
        return refuse(format!(
            "{shown} is libtorch {version}, this lockstep was built for {ours} (`scripts/setup --torch 2.{minor} && cargo build \
             --release` builds it for 2.{minor})"
        ));
    }
    Ok(Libtorch { lib, version, origin })
}

/// Those that a user may mean: of the active environment, of `.venv` here, else of the path.
fn pythons() -> Vec<PathBuf> {
    let active = ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter().filter_map(std::env::var_os);
    let active = active.map(|home| Path::new(&home).join("bin/python")).chain([".venv/bin/python".into()]);
    active.filter(|python| python.exists()).chain([PathBuf::from("python3"), PathBuf::from("python")]).collect()
}

/// The folder of a Python's torch, without the seconds that its import takes.
fn torch_of(python: &Path) -> Option<PathBuf> {
    const WHERE: &str = "import importlib.util; print(importlib.util.find_spec('torch').origin)";
    let run = command(python).args(["-c", WHERE]).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let file = String::from_utf8(run.stdout).ok()?;
    run.status.success().then(|| Path::new(file.trim()).parent().map(Path::to_path_buf))?
}
