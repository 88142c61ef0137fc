//! A working folder per test; what fails shows command, folder, status, stdout and stderr.

pub mod process;
/// The guard of `src`, over this process' generator.
#[path = "../../../src/torch/testing.rs"]
pub mod testing;
pub mod training;

use lockstep::python::interpreter;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A Python with torch, if there is one; its path is good in every folder.
pub fn python_with_torch() -> Option<PathBuf> {
    let python = interpreter::find();
    let found = interpreter::versions(&python).is_ok_and(|versions| versions.contains_key("torch"));
    if !found {
        eprintln!("skipped: {} has no torch; run scripts/setup --python", python.display());
    }
    // Not the file behind a link: a virtual environment is told by the link's place.
    found.then(|| std::path::absolute(&python).unwrap())
}

pub struct Workdir(TempDir);

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

    /// A shell with `$LOCKSTEP`, for limits that only a shell can set.
    pub fn shell(&self, script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(self.path());
        command.env("LOCKSTEP", env!("CARGO_BIN_EXE_lockstep"));
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

    /// A short moons run in `runs/moons`, with `model.pt` and `moons.csv`.
    pub fn with_model() -> Self {
        let dir = Self::new();
        dir.run(&["run", "moons", "--epochs", "20", "--device", "cpu", "--threads", "1", "--quiet"], 0);
        dir
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path().join(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).unwrap()
    }

    /// What lockstep prints with `--json`, parsed.
    pub fn json(&self, arguments: &[&str], status: i32) -> serde_json::Value {
        serde_json::from_slice(&self.run(&[arguments, &["--json"]].concat(), status).stdout).unwrap()
    }

    /// Every command that reads a model refuses each file that is not a whole model.pt of ours, and says what it is.
    pub fn refuses_what_is_no_model(&self, arguments: impl Fn(&str) -> Vec<String>) {
        let model = self.read("runs/moons/model.pt");
        self.write("empty.pt", b"");
        self.write("cut.pt", &model[..model.len() / 2]);
        self.write("text.pt", b"hello, I am no model");
        let mut flipped = model.clone();
        let weight = flipped.windows(8).position(|window| window.starts_with(b"archive/")).unwrap() + 200;
        flipped[weight] ^= 1;
        self.write("flipped.pt", &flipped);
        self.write("foreign.pt", foreign(&model));
        for (file, word) in [
            ("none.pt", "cannot read"),
            ("runs", "is a folder"),
            ("empty.pt", "empty"),
            ("cut.pt", "not whole"),
            ("text.pt", "not a TorchScript file"),
            ("flipped.pt", "damaged"),
            ("foreign.pt", "not a model.pt of lockstep"),
        ] {
            let arguments = arguments(file);
            self.refuses(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), &[file, word]);
        }
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

/// The same TorchScript file as somebody else would have saved it: without our extra files.
fn foreign(model: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(model)).unwrap();
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).unwrap();
        if !entry.name().unwrap().contains("/extra/") {
            writer.raw_copy_file(entry).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}
