//! Files that are whole or absent: written beside their place, synced, then renamed into it.

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file that is complete on disk, but not yet in its place; dropped, it leaves no trace.
pub struct Staged {
    place: PathBuf,
    file: NamedTempFile,
}

/// A file beside `place` that is being written.
pub struct Staging(Staged);

/// Begins a file that will become `place`.
pub fn begin(place: &Path) -> Result<Staging> {
    // The permissions of an ordinary new file (the umask applies), not a temporary file's 0600.
    let mode = std::fs::Permissions::from_mode(0o666);
    let mut builder = tempfile::Builder::new();
    let file = builder.prefix(".lockstep-").permissions(mode).tempfile_in(folder_of(place));
    let file = file.with_context(|| format!("{}: cannot write", place.display()))?;
    Ok(Staging(Staged { place: place.into(), file }))
}

impl Staging {
    /// A handle to write through.
    pub fn file(&self) -> Result<File> {
        self.0.file.as_file().try_clone().with_context(|| self.cannot_write())
    }

    pub fn cannot_write(&self) -> String {
        format!("{}: cannot write", self.0.place.display())
    }

    /// Makes sure that all of it is on disk.
    pub fn staged(self) -> Result<Staged> {
        self.0.file.as_file().sync_all().with_context(|| self.cannot_write())?;
        Ok(self.0)
    }

    /// Puts the file in its place, to last.
    pub fn finish(self) -> Result<()> {
        let staged = self.staged()?;
        let folder = folder_of(&staged.place).to_path_buf();
        staged.commit()?;
        sync(&folder)
    }
}

/// Writes `bytes` beside `place`.
pub fn stage(place: &Path, bytes: &[u8]) -> Result<Staged> {
    let staging = begin(place)?;
    staging.file()?.write_all(bytes).with_context(|| staging.cannot_write())?;
    staging.staged()
}

impl Staged {
    /// Renames the file into its place; [`sync`] its folder afterwards.
    pub fn commit(self) -> Result<()> {
        self.file.persist(&self.place).with_context(|| format!("{}: cannot write", self.place.display()))?;
        Ok(())
    }
}

/// Makes the renames in `folder` last.
pub fn sync(folder: &Path) -> Result<()> {
    let folder_file = std::fs::File::open(folder).and_then(|file| file.sync_all());
    folder_file.with_context(|| format!("{}: cannot sync the folder", folder.display()))
}

/// Writes one file, whole or not at all.
pub fn write(place: &Path, bytes: &[u8]) -> Result<()> {
    let staging = begin(place)?;
    staging.file()?.write_all(bytes).with_context(|| staging.cannot_write())?;
    staging.finish()
}

/// SHA-256 of the content of `paths`, one after the other, in hexadecimal.
pub fn sha256(paths: &[PathBuf]) -> Result<String> {
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    for path in paths {
        let what = || format!("{}: cannot read", path.display());
        let mut file = File::open(path).with_context(what)?;
        loop {
            match file.read(&mut buffer).with_context(what)? {
                0 => break,
                count => hash.update(&buffer[..count]),
            }
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// SHA-256 of `bytes` in hexadecimal.
pub fn sha256_of(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn folder_of(place: &Path) -> &Path {
    place.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    // hashlib.sha256(b"abc").hexdigest()
    #[test]
    fn a_files_hash_is_that_of_its_bytes() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("a"), "abc").unwrap();
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(super::sha256(&[home.path().join("a")]).unwrap(), expected);
    }
}
