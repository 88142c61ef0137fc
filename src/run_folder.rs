//! A run's folder: every file is written whole beside its place, then renamed into it.

use anyhow::{Context, Result, bail};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Files staged for one folder; nothing there changes before [`RunFolder::commit`].
pub struct RunFolder {
    path: PathBuf,
    staged: Vec<(String, NamedTempFile)>,
}

impl RunFolder {
    /// Opens `path`, making it if need be, and fails now rather than after the training if it cannot be written.
    pub fn open(path: &Path) -> Result<Self> {
        let shown = path.display();
        if path.exists() && !path.is_dir() {
            bail!("--out {shown}: is a file, expected a folder");
        }
        std::fs::create_dir_all(path).with_context(|| format!("--out {shown}: cannot make the folder"))?;
        NamedTempFile::new_in(path).with_context(|| format!("--out {shown}: cannot write there"))?;
        Ok(Self { path: path.into(), staged: Vec::new() })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `bytes` to a temporary file that will become `name`.
    pub fn stage(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let what = || format!("{}: cannot write", self.path.join(name).display());
        // The permissions of an ordinary new file (the umask applies), not a temporary file's 0600.
        let mode = std::fs::Permissions::from_mode(0o666);
        let mut builder = tempfile::Builder::new();
        let mut file = builder.prefix(".lockstep-").permissions(mode).tempfile_in(&self.path).with_context(what)?;
        file.write_all(bytes).with_context(what)?;
        file.as_file().sync_all().with_context(what)?;
        self.staged.push((name.into(), file));
        Ok(())
    }

    /// Renames every staged file into its place, in the order staged.
    pub fn commit(self) -> Result<()> {
        for (name, file) in self.staged {
            let place = self.path.join(name);
            file.persist(&place).with_context(|| format!("{}: cannot write", place.display()))?;
        }
        let folder = std::fs::File::open(&self.path).and_then(|folder| folder.sync_all());
        folder.with_context(|| format!("{}: cannot sync the folder", self.path.display()))
    }
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
}
