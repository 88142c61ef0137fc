//! Files that are whole or absent: written beside their place, synced, then renamed into it.
//!
//! A file that is being written is locked, so that what a killed process left can be told from what a living one needs.

use crate::torch::libraries::file_name;
use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file that is complete on disk, but not yet in its place; dropped, it leaves no trace.
pub struct Staged {
    place: PathBuf,
    file: NamedTempFile,
}

/// A file beside `place` that is being written.
pub struct Staging(Staged);

/// How the name of a file that is being written begins.
pub const TEMPORARY: &str = ".lockstep-";
/// The list of a folder's temporary files that are on their way into their places ([`crate::runs::folder`]).
pub const COMMIT: &str = ".lockstep.commit";

/// Begins a file that will become `place`.
pub fn begin(place: &Path) -> Result<Staging> {
    let file = temporary(folder_of(place)).with_context(|| format!("{}: cannot write", place.display()))?;
    Ok(Staging(Staged { place: place.into(), file }))
}

/// A new file in `folder` that is gone when it is dropped, and that [`remove_strays`] leaves alone until then.
pub fn temporary(folder: &Path) -> std::io::Result<NamedTempFile> {
    loop {
        // The permissions of an ordinary new file (the umask applies), not a temporary file's 0600.
        let mode = std::fs::Permissions::from_mode(0o666);
        let file = tempfile::Builder::new().prefix(TEMPORARY).permissions(mode).tempfile_in(folder)?;
        // A file system without locks has no strays removed either.
        let locked = file.as_file().lock();
        // Between its making and its lock another process may have taken it for a stray.
        if locked.is_err() || file.as_file().metadata()?.nlink() > 0 {
            return Ok(file);
        }
    }
}

/// Removes the temporary files that killed processes left in `folder`: those with our prefix that nobody has locked.
/// What cannot be removed is left, and so is what belongs to a commit that was cut off.
pub fn remove_strays(folder: &Path) {
    let _lock = lock(folder);
    if folder.join(COMMIT).exists() {
        return;
    }
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(TEMPORARY);
        if !ours || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        if let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
        {
            // Gone already is as good.
            let _ = std::fs::remove_file(entry.path());
        }
    }
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
    stage_with(place, |out| Ok(out.write_all(bytes)?))
}

/// Writes what `content` writes beside `place`.
pub fn stage_with(place: &Path, content: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<Staged> {
    let staging = begin(place)?;
    let mut out = BufWriter::with_capacity(1 << 16, staging.file()?);
    content(&mut out).and_then(|()| Ok(out.flush()?)).with_context(|| staging.cannot_write())?;
    staging.staged()
}

impl Staged {
    /// The name that the file has until it is in its place, and the name of its place.
    pub fn names(&self) -> (String, String) {
        (file_name(self.file.path()), file_name(&self.place))
    }

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

/// Waits until nobody else moves files in `folder`, for as long as the answer lives. On a file system without locks nobody
/// waits.
pub fn lock(folder: &Path) -> std::io::Result<File> {
    let handle = File::open(folder)?;
    handle.lock()?;
    Ok(handle)
}

/// Writes one file, whole or not at all.
pub fn write(place: &Path, bytes: &[u8]) -> Result<()> {
    remove_strays(folder_of(place));
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
    Ok(hexadecimal(&hash.finalize()))
}

/// SHA-256 of `bytes` in hexadecimal.
pub fn sha256_of(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As [`stage_with`], with the SHA-256 of what was written, in hexadecimal.
pub fn stage_hashed(place: &Path, content: impl FnOnce(&mut dyn Write) -> Result<()>) -> Result<(Staged, String)> {
    let mut hash = Sha256::new();
    let staged = stage_with(place, |out| {
        // Larger than the buffer below it, so that both see the same few large pieces.
        let mut both = BufWriter::with_capacity(1 << 17, Hashing { out, hash: &mut hash });
        content(&mut both)?;
        Ok(both.flush()?)
    })?;
    Ok((staged, hexadecimal(&hash.finalize())))
}

/// Writes, and hashes what it writes.
struct Hashing<'a> {
    out: &'a mut dyn Write,
    hash: &'a mut Sha256,
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.hash.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

pub fn folder_of(place: &Path) -> &Path {
    place.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_removed_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let place = |name: &str| home.path().join(name);
        for name in [".lockstep-stray", ".lockstep", "lockstep-x", ".tmpx", "model.pt"] {
            std::fs::write(place(name), "x").unwrap();
        }
        std::fs::create_dir(place(".lockstep-folder")).unwrap();
        let living = stage(&place("a"), b"a").unwrap();
        remove_strays(home.path());
        assert!(!place(".lockstep-stray").exists());
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 6, "four files, a folder, the living one");
        living.commit().unwrap();
        assert_eq!(std::fs::read(place("a")).unwrap(), b"a");
    }

    // hashlib.sha256(b"abc").hexdigest()
    #[test]
    fn a_files_hash_is_that_of_its_bytes() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("a"), "abc").unwrap();
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(&[home.path().join("a")]).unwrap(), expected);
        let (staged, hash) = stage_hashed(&home.path().join("b"), |out| Ok(out.write_all(b"abc")?)).unwrap();
        staged.commit().unwrap();
        assert_eq!((hash.as_str(), std::fs::read(home.path().join("b")).unwrap()), (expected, b"abc".to_vec()));
    }
}
