//! A run's folder: its files change all together, when the run is complete.
//!
//! Each rename is atomic, a row of them is not. So the row is written down first, in [`COMMIT`]: a run that is killed
//! between two renames is brought to its end by whoever opens the folder next.

use crate::runs::files::{self, COMMIT, Staged, TEMPORARY};
use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Files staged for one folder; nothing there changes before [`RunFolder::commit`].
pub struct RunFolder {
    path: PathBuf,
    staged: Vec<Staged>,
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
        Ok(Self { path: path.into(), staged: Vec::new() })
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

    /// Renames every staged file into its place, in the order staged.
    pub fn commit(self) -> Result<()> {
        // Two runs that end at once in one folder come one after the other.
        let _lock = files::lock(&self.path);
        complete(&self.path)?;
        let names: Vec<(String, String)> = self.staged.iter().map(Staged::names).collect();
        let (commit, place) = (files::begin(&self.path.join(COMMIT))?, self.path.join(COMMIT));
        serde_json::to_writer(commit.file()?, &names).with_context(|| commit.cannot_write())?;
        commit.finish()?;
        let renamed = self.staged.into_iter().try_for_each(Staged::commit).and_then(|()| files::sync(&self.path));
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

/// The renames that [`COMMIT`] lists and that were not made: a JSON list of `[from, to]`.
fn complete(folder: &Path) -> Result<()> {
    let place = folder.join(COMMIT);
    let Ok(file) = File::open(&place) else { return Ok(()) };
    let what = || format!("{}: a run was killed while it wrote its files; cannot complete them", place.display());
    let names: Vec<(String, String)> = serde_json::from_reader(&file).with_context(what)?;
    for (from, to) in names {
        // Only files of this folder, and only ours.
        let plain = |name: &str| Path::new(name).file_name().is_some_and(|file| file == name);
        if !(plain(&from) && plain(&to) && from.starts_with(TEMPORARY)) {
            bail!("{}: not a list of our files; remove it", place.display());
        }
        // Without its first name a file has its last one already.
        if folder.join(&from).exists() {
            std::fs::rename(folder.join(from), folder.join(to)).with_context(what)?;
        }
    }
    files::sync(folder)?;
    std::fs::remove_file(&place).with_context(what)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let names = [(".lockstep-1", "a"), (".lockstep-2", "b")];
        std::fs::write(home.path().join(COMMIT), serde_json::to_string(&names).unwrap()).unwrap();
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
        for names in [[".lockstep-1", "../a"], ["../.lockstep-1", "a"], ["b", "a"], ["", "a"]] {
            let home = killed_after(0);
            std::fs::write(home.path().join(COMMIT), serde_json::to_string(&[names]).unwrap()).unwrap();
            assert!(RunFolder::open(home.path()).is_err());
            assert_eq!(std::fs::read_to_string(home.path().join("a")).unwrap(), "old");
        }
    }
}
