//! A working folder per test; what fails shows command, folder, status, stdout and stderr.

#![allow(clippy::unwrap_used, reason = "a test helper fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

pub struct Workdir(TempDir);

#[allow(dead_code, reason = "each test file uses its own part")]
impl Workdir {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lockstep"));
        command.args(arguments).current_dir(self.path());
        command
    }

    /// Runs lockstep, expects `status`, and gives what it printed.
    pub fn run(&self, arguments: &[&str], status: i32) -> Output {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert_eq!(
            output.status.code(),
            Some(status),
            "lockstep {}\nin {}\nstdout: {}\nstderr: {}",
            arguments.join(" "),
            self.path().display(),
            text(&output.stdout),
            text(&output.stderr)
        );
        output
    }

    /// Runs lockstep with bad input: exit 2, one line that holds every one of `words`, and no file left.
    pub fn refuses(&self, arguments: &[&str], words: &[&str]) {
        let before = self.files();
        let stderr = String::from_utf8(self.run(arguments, 2).stderr).unwrap();
        assert_eq!(stderr.lines().count(), 1, "one line expected:\n{stderr}");
        assert!(stderr.starts_with("error: "), "{stderr}");
        for word in words {
            assert!(stderr.contains(word), "{word:?} is missing in: {stderr}");
        }
        assert_eq!(before, self.files(), "files changed");
    }

    /// Every file below the folder.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        found.sort();
        found
    }
}
