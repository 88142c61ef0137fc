//! Which libtorch a folder holds, by its own files. `build.rs` compiles this file too.

use std::fmt;
use std::path::{Path, PathBuf};

/// The minor versions of libtorch 2 that lockstep works with.
pub const SUPPORTED: [u32; 5] = [11, 12, 13, 14, 15];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

impl Version {
    /// That of the libtorch in `home`, which holds `include` and `lib`: its header, or the wheel's `version.py`, or the file
    /// `build-version` of PyTorch's C++ archives.
    pub fn of(home: &Path) -> Option<Self> {
        let is_file = |path: &PathBuf| path.metadata().is_ok_and(|found| found.is_file());
        let read =
            |file: &str| Some(home.join(file)).filter(is_file).and_then(|path| std::fs::read_to_string(path).ok());
        if let Some(header) = read("include/torch/headeronly/version.h") {
            let part = |name: &str| {
                let start = format!("#define TORCH_VERSION_{name} ");
                header.lines().find_map(|line| line.strip_prefix(&start)?.trim().parse().ok())
            };
            return Some(Self { major: part("MAJOR")?, minor: part("MINOR")?, patch: part("PATCH")? });
        }
        if let Some(text) = read("version.py") {
            let line = text.lines().find_map(|line| line.strip_prefix("__version__ = ").map(str::to_owned));
            return Self::parse(line?.trim_matches(['\'', '"']));
        }
        Self::parse(&read("build-version")?)
    }

    /// `2.13.0`, with or without `+cu130` behind it.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.trim().split(['+', 'a', 'r', 'd']).next()?.trim_end_matches('.');
        let mut parts = plain.split('.').map(str::parse);
        let version =
            Self { major: parts.next()?.ok()?, minor: parts.next()?.ok()?, patch: parts.next().unwrap_or(Ok(0)).ok()? };
        parts.next().is_none().then_some(version)
    }

    pub fn is_supported(self) -> bool {
        self.major == 2 && SUPPORTED.contains(&self.minor)
    }

    /// Whether both have the same functions.
    pub fn is_like(self, other: Self) -> bool {
        (self.major, self.minor) == (other.major, other.minor)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// `2.11, 2.12, 2.13, 2.14 and 2.15`.
pub fn supported() -> String {
    let names = SUPPORTED.map(|minor| format!("2.{minor}"));
    let (last, others) = names.split_last().unwrap_or((&names[0], &[]));
    format!("{} and {last}", others.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_what_each_kind_of_libtorch_brings() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path();
        assert_eq!(Version::of(home), None);
        let version = |minor, patch| Some(Version { major: 2, minor, patch });
        std::fs::write(home.join("build-version"), "2.11.0+cpu\n").unwrap();
        assert_eq!(Version::of(home), version(11, 0));
        std::fs::write(home.join("version.py"), "from typing import Optional\n__version__ = '2.12.1+cu130'\n").unwrap();
        assert_eq!(Version::of(home), version(12, 1));
        std::fs::create_dir_all(home.join("include/torch/headeronly")).unwrap();
        let header = "#define TORCH_VERSION_MAJOR 2\n\n#define TORCH_VERSION_MINOR 15\n#define TORCH_VERSION_PATCH 3\n";
        std::fs::write(home.join("include/torch/headeronly/version.h"), header).unwrap();
        assert_eq!(Version::of(home), version(15, 3));
    }

    #[test]
    fn builds_of_the_day_and_candidates_have_the_version_they_lead_to() {
        for text in ["2.15.0", "2.15.0a0+gitb4efadd", "2.15.0.dev20261001+cpu", "2.15.0rc3", "2.15"] {
            assert_eq!(Version::parse(text), Some(Version { major: 2, minor: 15, patch: 0 }), "{text}");
        }
        assert_eq!(Version::parse("none"), None);
        assert!(Version::parse("2.11.0").unwrap().is_supported());
        for text in ["2.9.1", "2.10.0", "2.16.0", "1.13.0", "3.13.0"] {
            assert!(!Version::parse(text).unwrap().is_supported(), "{text}");
        }
        assert_eq!(supported(), "2.11, 2.12, 2.13, 2.14 and 2.15");
    }
}
