//! Where a libtorch is that this lockstep can work with: the one that `LIBTORCH` names; the one that lockstep was built with;
//! that of a Python.

use super::bridges;
use super::pythons::{pythons, torch_of};
use super::version::{Version, supported};
use std::fmt;
use std::path::{Path, PathBuf};

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
            Ok(home) => fits(&home, Origin::Python(python)),
            Err(why) => Err(Refused { origin: Origin::Python(python), why }),
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
    if let Err(error) = std::fs::metadata(lib.join(CPU_PART)) {
        let shown = lib.join(CPU_PART).display().to_string();
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        return refuse(if missing { format!("there is no {shown}") } else { format!("{shown}: {error}") });
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
