//! Whether a shared library is whole. The loader maps a file that is cut off as if it were not, and the process dies of it.

use crate::torch::libraries::{file_name, is_ours};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// What is wrong with the file, in words, if it is no ELF file or if a part that the loader maps lies beyond its end.
pub fn fault(path: &Path) -> Result<(), String> {
    let shown = path.display();
    let failed = |error: std::io::Error| format!("{shown}: {error}");
    // Before it is opened: a pipe would wait for somebody to write.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(format!("{shown}: is no file"));
    }
    let file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let cut_off = || format!("{shown}: the file is cut off, it has {size} bytes");
    let mut head = [0; 64];
    file.read_exact_at(&mut head, 0).map_err(|_| cut_off())?;
    if !head.starts_with(b"\x7fELF\x02\x01") {
        return Err(format!("{shown}: is no shared library of 64 bits"));
    }
    // Offset, size and count of the program headers; in each the offset and the size of what is mapped.
    let (offset, each, count) = (number(&head, 0x20, 8), number(&head, 0x36, 2), number(&head, 0x38, 2));
    for index in 0..count {
        let mut part = [0; 56];
        file.read_exact_at(&mut part, offset.saturating_add(index * each)).map_err(|_| cut_off())?;
        if number(&part, 8, 8).saturating_add(number(&part, 32, 8)) > size {
            return Err(cut_off());
        }
    }
    Ok(())
}

/// As [`fault`] for each of libtorch's and CUDA's libraries in a folder: the loader takes those that one asks for by itself.
pub fn fault_in(folder: &Path) -> Result<(), String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut libraries: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    libraries.retain(|path| is_ours(path) && file_name(path).contains(".so"));
    libraries.sort();
    // PyTorch's C++ archives may have libtorch.so as a text for the linker.
    libraries.iter().filter(|path| !path.ends_with("libtorch.so")).try_for_each(|path| fault(path))
}

/// `size` bytes at `at`, the lowest first.
fn number(bytes: &[u8], at: usize, size: usize) -> u64 {
    bytes[at..at + size].iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_whole_or_named_as_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("lib.so");
        let whole = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        for size in [0, 3, 63, 70, 200, 4096, whole.len() / 2] {
            std::fs::write(&file, &whole[..size]).unwrap();
            assert!(fault(&file).unwrap_err().contains("cut off"), "{size}");
        }
        std::fs::write(&file, &whole).unwrap();
        assert_eq!(fault(&file), Ok(()));
        std::fs::write(&file, [b'x'; 100]).unwrap();
        assert!(fault(&file).unwrap_err().contains("no shared library"));
    }
}
