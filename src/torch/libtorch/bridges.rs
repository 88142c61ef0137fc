//! The bridges: the C++ of tch and of lockstep as one library for each version of libtorch. One travels inside the program, for
//! the libtorch that it was built with; others may lie in `lib/lockstep` beside the program's folder (`scripts/package`).

use super::version::Version;
use std::io;
use std::os::fd::AsRawFd;
use std::path::PathBuf;

static BUILT_IN: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/bridge.so"));

/// Where the build left it. While it is there it is taken as it lies: profilers find it, and a limit on the size of files, which
/// holds for those in memory too, does not matter.
const BUILT_AT: &str = concat!(env!("OUT_DIR"), "/bridge.so");

/// The version of the libtorch that the program was built with.
pub const BUILT_FOR: &str = env!("LOCKSTEP_LIBTORCH_VERSION");

#[derive(Debug, PartialEq, Eq)]
pub enum Bridge {
    BuiltIn,
    File(PathBuf),
}

/// The one for a libtorch of this version.
pub fn find(version: Version) -> Option<Bridge> {
    if Version::parse(BUILT_FOR).is_some_and(|built| built.is_like(version)) {
        return Some(Bridge::BuiltIn);
    }
    let name = format!("liblockstep-torch-{}.{}.so", version.major, version.minor);
    folder().map(|folder| folder.join(name)).filter(|file| file.exists()).map(Bridge::File)
}

/// The versions that there is a bridge for, as `2.13`.
pub fn versions() -> Vec<String> {
    let all = super::version::SUPPORTED.map(|minor| Version { major: 2, minor, patch: 0 });
    all.into_iter().filter(|version| find(*version).is_some()).map(|version| format!("2.{}", version.minor)).collect()
}

fn folder() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    Some(program.parent()?.parent()?.join("lib/lockstep"))
}

impl Bridge {
    /// Hands `open` a path under which the loader finds the library.
    pub fn with_path<T>(&self, open: impl FnOnce(PathBuf) -> T) -> io::Result<T> {
        match self {
            Self::File(file) => Ok(open(file.clone())),
            Self::BuiltIn if std::fs::read(BUILT_AT).is_ok_and(|bytes| bytes == BUILT_IN) => Ok(open(BUILT_AT.into())),
            Self::BuiltIn => {
                // In memory: nothing is left behind, whatever ends the program.
                let memory = rustix::fs::memfd_create("lockstep-torch", rustix::fs::MemfdFlags::CLOEXEC)?;
                let mut file = std::fs::File::from(memory);
                io::Write::write_all(&mut file, BUILT_IN)?;
                Ok(open(format!("/proc/self/fd/{}", file.as_raw_fd()).into()))
            }
        }
    }
}
