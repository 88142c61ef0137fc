//! Features in a file that the system reads and writes as they are touched: those of a table that memory does not hold.

use crate::cpu::room::{shown, touch_at_random};
use crate::torch::memory::Floats;
use anyhow::{Context, Result, anyhow};
use rustix::fs::{FallocateFlags, fallocate, statvfs};
use rustix::io::Errno;
use std::fs::File;
use std::path::Path;
use tch::{Device, Kind, Tensor};
use tempfile::NamedTempFile;

/// Zeros, float32 `[rows, columns]` on the CPU: in memory, or in a file of the temporary folder, which is gone when the tensor is.
///
/// # Errors
/// A temporary folder without room.
pub(super) fn zeros([rows, columns]: [usize; 2], in_file: bool) -> Result<Tensor> {
    let size = [rows as i64, columns as i64];
    if !in_file || rows * columns == 0 {
        return Ok(Tensor::f_zeros(size, (Kind::Float, Device::Cpu))?);
    }
    let folder = std::env::temp_dir();
    let bytes = (rows * columns * size_of::<f32>()) as u64;
    let file = NamedTempFile::new_in(&folder).map_err(|error| full(&folder, bytes, &error))?;
    reserve(file.as_file(), &folder, bytes)?;
    let path =
        file.path().to_str().with_context(|| format!("TMPDIR: {}: a path of UTF-8 is needed", folder.display()))?;
    // The mapping stays when the name goes.
    let x = Tensor::f_from_file(path, true, size[0] * size[1], (Kind::Float, Device::Cpu))?.f_view(size)?;
    // Rows are in a drawn order, and batches draw again.
    Floats::of(&x)?.write(touch_at_random);
    Ok(x)
}

/// Takes the room on the disk before it is written to: a mapping for which there is none ends the process.
fn reserve(file: &File, folder: &Path, bytes: u64) -> Result<()> {
    match fallocate(file, FallocateFlags::empty(), 0, bytes) {
        Ok(()) => Ok(()),
        // A file system that knows no reservation.
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
            let room = statvfs(folder).map_or(u64::MAX, |disk| disk.f_bavail.saturating_mul(disk.f_frsize));
            let grown = if room < bytes { Err(Errno::NOSPC.into()) } else { file.set_len(bytes) };
            grown.map_err(|error| full(folder, bytes, &error))
        }
        Err(error) => Err(full(folder, bytes, &error.into())),
    }
}

fn full(folder: &Path, bytes: u64, error: &std::io::Error) -> anyhow::Error {
    let (folder, bytes) = (folder.display(), shown(bytes.into()));
    anyhow!(
        "{folder}: no room for the {bytes} of features that memory does not hold ({error}); set TMPDIR to a folder with room"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_what_memory_would_and_leaves_nothing_behind() {
        let mut x = zeros([1000, 7], true).unwrap();
        assert_eq!((x.size(), x.kind(), x.is_contiguous()), (vec![1000, 7], Kind::Float, true));
        assert_eq!(x.sum(Kind::Double).double_value(&[]), 0.0);
        Floats::of(&x).unwrap().write(|x| x[7 * 999 + 6] = 2.5);
        assert_eq!(x.double_value(&[999, 6]), 2.5);
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let line = maps.lines().find(|line| line.contains(&std::env::temp_dir().display().to_string()));
        assert!(line.is_some_and(|line| line.ends_with("(deleted)")), "{line:?}");
        x = zeros([0, 7], true).unwrap();
        assert_eq!(x.size(), [0, 7]);
    }

    #[test]
    fn a_folder_without_room_is_named_before_anything_is_written() {
        let error = zeros([1 << 40, 1 << 10], true).unwrap_err().to_string();
        let begin = format!("{}: no room for the 4.5 PB of features", std::env::temp_dir().display());
        assert!(error.starts_with(&begin) && error.ends_with("set TMPDIR to a folder with room"), "{error}");
    }
}
