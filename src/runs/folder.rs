//! A run's folder: its files change all together, when the run is complete.
//!
//! Each rename is atomic, a row of them is not. So the row is written down first, in [`COMMIT`]: a run that is killed
//! between two renames is brought to its end by whoever opens the folder next. What the run before wrote and this one does
//! not goes in the same step.

use crate::runs::earlier;
use crate::runs::files::{self, COMMIT, Staged, TEMPORARY};
use anyhow::{Context, Result, bail};
use glob::Pattern;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Files staged for one folder; nothing there changes before [`RunFolder::commit`].
pub struct RunFolder {
    path: PathBuf,
    staged: Vec<Staged>,
    /// Files of this run that are written otherwise.
    others: Vec<String>,
    /// Names of files that this run reads, or patterns of them: they stay, whoever wrote them.
    read: Vec<Pattern>,
}

/// What a commit does: the renames in their order, then the removals.
#[derive(Default, Serialize, Deserialize)]
struct Commit {
    renames: Vec<(String, String)>,
    removals: Vec<String>,
}

/// A commit as it lies in a folder; an earlier lockstep wrote its renames alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listed {
    Now(Commit),
    Before(Vec<(String, String)>),
}

impl RunFolder {
    /// Opens `path`, making it if need be, and fails now rather than after the training if it cannot be written. What a
    /// killed run left there is completed or removed.
    pub fn open(path: &Path) -> Result<Self> {
        let shown = path.display();
        if path.exists() && !path.is_dir() {
            bail!("--out {shown}: is a file, expected a folder");
        }
        std::fs::create_dir_all(path).with_context(|| format!("--out {shown}: cannot make the folder"))?;
        files::temporary(path).with_context(|| format!("--out {shown}: cannot write there"))?;
        settle(path)?;
        files::remove_strays(path);
        Ok(Self { path: path.into(), staged: vec![], others: vec![], read: vec![] })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `bytes` to a temporary file that will become `name`.
    pub fn stage(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.staged.push(files::stage(&self.path.join(name), bytes)?);
        Ok(())
    }

    /// As [`RunFolder::stage`], of what `content` writes; its SHA-256 in hexadecimal.
    pub fn stage_hashed(&mut self, name: &str, content: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<String> {
        let (staged, hash) = files::stage_hashed(&self.path.join(name), content)?;
        self.staged.push(staged);
        Ok(hash)
    }

    /// Counts a file that this run writes otherwise among its own.
    pub fn add_written(&mut self, name: &str) {
        self.others.push(name.into());
    }

    /// Leaves alone what this run reads, should it lie in the folder; its name may be a pattern.
    pub fn add_read(&mut self, path: &Path) {
        let same = |folder: &Path| folder.canonicalize().ok().zip(self.path.canonicalize().ok());
        let here = same(files::folder_of(path)).is_some_and(|(folder, own)| folder == own);
        self.read.extend(path.file_name().filter(|_| here).and_then(|name| Pattern::new(&name.to_string_lossy()).ok()));
    }

    /// The files that this run leaves, in the order written.
    pub fn names(&self) -> Vec<String> {
        let staged = self.staged.iter().map(|staged| staged.names().1);
        self.others.iter().cloned().chain(staged).collect()
    }

    /// What the run before wrote here and this one does not.
    fn removals(&self) -> Vec<String> {
        let own = self.names();
        let goes = |name: &String| !own.contains(name) && !self.read.iter().any(|read| read.matches(name));
        earlier::files(&self.path).into_iter().filter(goes).collect()
    }

    /// Renames every staged file into its place, in the order staged, and removes those of the run before.
    pub fn commit(self) -> Result<()> {
        // Two runs that end at once in one folder come one after the other.
        let _lock = files::lock(&self.path);
        complete(&self.path)?;
        let names = Commit { renames: self.staged.iter().map(Staged::names).collect(), removals: self.removals() };
        let (commit, place) = (files::begin(&self.path.join(COMMIT))?, self.path.join(COMMIT));
        serde_json::to_writer(commit.file()?, &names).with_context(|| commit.cannot_write())?;
        commit.finish()?;
        let renamed = self.staged.into_iter().try_for_each(Staged::commit);
        let renamed = renamed.and_then(|()| remove(&self.path, &names.removals)).and_then(|()| files::sync(&self.path));
        std::fs::remove_file(&place).with_context(|| format!("{}: cannot remove", place.display()))?;
        renamed
    }
}

/// Completes the commit of a run that was killed in the middle of it; waits for one that is living.
///
/// # Errors
/// A rename that fails, as in a folder that cannot be written.
pub fn settle(folder: &Path) -> Result<()> {
    if !folder.join(COMMIT).exists() {
        return Ok(());
    }
    let _lock = files::lock(folder);
    complete(folder)
}

/// Removes those of `names` that are files.
fn remove(folder: &Path, names: &[String]) -> Result<()> {
    for place in names.iter().map(|name| folder.join(name)).filter(|place| place.is_file()) {
        std::fs::remove_file(&place)
            .with_context(|| format!("{}: cannot remove the earlier run's file", place.display()))?;
    }
    Ok(())
}

/// What [`COMMIT`] lists and was not done.
fn complete(folder: &Path) -> Result<()> {
    let place = folder.join(COMMIT);
    let Ok(file) = File::open(&place) else { return Ok(()) };
    let what = || format!("{}: a run was killed while it wrote its files; cannot complete them", place.display());
    let Commit { renames, removals } = match serde_json::from_reader(&file).with_context(what)? {
        Listed::Now(commit) => commit,
        Listed::Before(renames) => Commit { renames, ..Commit::default() },
    };
    // Only files of this folder, and only ours.
    let plain = |name: &String| Path::new(name).file_name().is_some_and(|file| file == &**name);
    let ours = |(from, to): &(String, String)| plain(from) && plain(to) && from.starts_with(TEMPORARY);
    if !renames.iter().all(ours) || !removals.iter().all(plain) {
        bail!("{}: not a list of our files; remove it", place.display());
    }
    for (from, to) in renames {
        // Without its first name a file has its last one already.
        if folder.join(&from).exists() {
            std::fs::rename(folder.join(from), folder.join(to)).with_context(what)?;
        }
    }
    remove(folder, &removals)?;
    files::sync(folder)?;
    std::fs::remove_file(&place).with_context(what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nothing_is_there_before_the_commit_and_nothing_else_after() {
        let home = tempfile::tempdir().unwrap();
        let out = home.path().join("runs/x");
        let mut folder = RunFolder::open(&out).unwrap();
        folder.stage("a.txt", b"whole").unwrap();
        assert!(!out.join("a.txt").exists());
        folder.commit().unwrap();
        let names: Vec<_> = std::fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["a.txt"]);
    }

    #[test]
    fn a_dropped_folder_leaves_the_old_files_alone() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("a.txt"), "old").unwrap();
        let mut folder = RunFolder::open(home.path()).unwrap();
        folder.stage("a.txt", b"new").unwrap();
        drop(folder);
        assert_eq!(std::fs::read_to_string(home.path().join("a.txt")).unwrap(), "old");
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
    }

    /// A folder as a kill leaves it, `done` of two renames into the commit.
    fn killed_after(done: usize) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        for name in ["a", "b"] {
            std::fs::write(home.path().join(name), "old").unwrap();
        }
        std::fs::write(home.path().join("old.png"), "old").unwrap();
        let names = [(".lockstep-1", "a"), (".lockstep-2", "b")];
        let commit = json!({"renames": names, "removals": ["old.png", "gone.png"]});
        std::fs::write(home.path().join(COMMIT), commit.to_string()).unwrap();
        for (index, (from, to)) in names.into_iter().enumerate() {
            std::fs::write(home.path().join(if index < done { to } else { from }), "new").unwrap();
        }
        home
    }

    #[test]
    fn a_commit_that_was_cut_off_is_completed_by_the_next_to_come() {
        for done in 0..=2 {
            let home = killed_after(done);
            drop(RunFolder::open(home.path()).unwrap());
            for name in ["a", "b"] {
                assert_eq!(std::fs::read_to_string(home.path().join(name)).unwrap(), "new", "after {done} renames");
            }
            assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 2);
        }
    }

    #[test]
    fn a_commit_that_names_files_elsewhere_is_refused() {
        let renames = [[".lockstep-1", "../a"], ["../.lockstep-1", "a"], ["b", "a"], ["", "a"]];
        let commits = renames.map(|names| json!([names])).into_iter();
        let removals = ["../a", "/etc/passwd", "", ".."].map(|name| json!({"renames": [], "removals": [name]}));
        for commit in commits.chain(removals) {
            let home = killed_after(0);
            std::fs::write(home.path().join(COMMIT), commit.to_string()).unwrap();
            assert!(RunFolder::open(home.path()).is_err(), "{commit}");
            assert_eq!(std::fs::read_to_string(home.path().join("a")).unwrap(), "old");
        }
    }

    #[test]
    fn the_commit_of_an_earlier_lockstep_is_completed_too() {
        let home = killed_after(1);
        std::fs::write(home.path().join(COMMIT), r#"[[".lockstep-1", "a"], [".lockstep-2", "b"]]"#).unwrap();
        settle(home.path()).unwrap();
        assert_eq!(std::fs::read_to_string(home.path().join("b")).unwrap(), "new");
        assert!(home.path().join("old.png").exists() && !home.path().join(COMMIT).exists());
    }

    #[test]
    fn what_the_run_before_wrote_goes_and_what_is_not_its_stays() {
        let home = tempfile::tempdir().unwrap();
        let summary = json!({"program": "fit", "lockstep": "0", "files": ["old.png", "part-1.csv", "kept.csv", "a"]});
        std::fs::write(home.path().join("summary.json"), summary.to_string()).unwrap();
        for name in ["old.png", "part-1.csv", "kept.csv", "a", "notes.txt"] {
            std::fs::write(home.path().join(name), "old").unwrap();
        }
        let mut folder = RunFolder::open(home.path()).unwrap();
        folder.stage("a", b"new").unwrap();
        folder.stage("summary.json", b"{}").unwrap();
        folder.add_written("kept.csv");
        folder.add_read(&home.path().join("part-*.csv"));
        folder.add_read(Path::new("old.png"));
        assert_eq!(folder.names(), ["kept.csv", "a", "summary.json"]);
        folder.commit().unwrap();
        let mut names: Vec<_> =
            std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["a", "kept.csv", "notes.txt", "part-1.csv", "summary.json"]);
    }
}
