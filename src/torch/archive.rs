//! The zip file around a checkpoint: read whole, held against its CRCs, and written anew for libtorch.
//!
//! libtorch does not look at the CRCs, and where a file is damaged or was made to do harm it may end the process. So it
//! gets an archive of ours that holds what was checked here, and nothing else.

use anyhow::{Result, anyhow, ensure};
use std::collections::BTreeMap;
use std::io::{Cursor, ErrorKind, Read, Write};
use zip::read::{ArchiveOffset, Config};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

/// Bytes that all entries may have beyond those of the file itself: code is compressed, weights are not.
const INFLATED: u64 = 64 << 20;

/// The files of an archive by their names, without the folder that all of them are in.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Every file in the zip with its bytes. Reading an entry to its end compares its CRC.
///
/// # Errors
/// Not a zip, a CRC that does not hold, entries in several folders or two of one name, more content than a checkpoint
/// has.
pub fn entries(bytes: &[u8]) -> Result<Files> {
    let damaged = |what: String| anyhow!("{what}: the file is damaged or not whole, take another copy");
    // The zip begins where the file does; a search for it takes some of Python's files for cut ones.
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let mut archive = ZipArchive::with_config(config, Cursor::new(bytes)).map_err(|_| anyhow!(no_zip(bytes)))?;
    let (mut files, mut folder, mut left) = (Files::new(), None, bytes.len() as u64 + INFLATED);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| damaged(format!("entry {index}: {error}")))?;
        let name = entry.name().map_err(|error| damaged(format!("entry {index}: {error}")))?.to_string();
        let mut content = Vec::new();
        let read = entry.by_ref().take(left + 1).read_to_end(&mut content);
        let size = read.map_err(|error| match error.kind() {
            ErrorKind::OutOfMemory => anyhow!("{name}: there is not enough memory to read it"),
            _ => damaged(format!("{name}: {error}")),
        })? as u64;
        let much = || damaged(format!("{name}: unpacks to more than {} MiB", INFLATED >> 20));
        left = left.checked_sub(size).ok_or_else(much)?;
        let Some((first, rest)) = name.split_once('/') else {
            return Err(anyhow!("a zip file, but not a model.pt of lockstep: {name} lies in no folder of it"));
        };
        ensure!(folder.get_or_insert(first.to_string()) == first, damaged(format!("{name}: in a folder of its own")));
        ensure!(files.insert(rest.to_string(), content).is_none(), damaged(format!("{name}: stands twice")));
    }
    Ok(files)
}

/// What the bytes are that are no zip file, and what to do about it.
fn no_zip(bytes: &[u8]) -> &'static str {
    // The pickled number 0x1950a86a20f9469cfc6c, by which torch.load knows what torch.save wrote before 1.6.
    const BEFORE_1_6: &[u8] = b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
    let after = |start: usize| bytes.get(start..).unwrap_or_default();
    if bytes.starts_with(b"\x80") && after(2).starts_with(BEFORE_1_6) {
        "in the format of torch.save before PyTorch 1.6; write it anew in Python by torch.save(torch.load(FILE), FILE)"
    } else if after(8).starts_with(b"{\"") {
        "a safetensors file, which has weights and no network; give the model.pt that stands beside it"
    } else if bytes.starts_with(b"\x89HDF") {
        "an HDF5 file, as Keras writes; expected a model.pt of lockstep"
    } else if bytes.starts_with(b"\x80") {
        "a pickle, as scikit-learn's models are; expected a model.pt of lockstep"
    } else if bytes.starts_with(b"PK") {
        "the file is cut off, not whole; take another copy of the model.pt"
    } else {
        "not a TorchScript file; expected a model.pt of lockstep"
    }
}

/// An archive of the files that libtorch needs, as they were checked. The extra files are not its business, and
/// `.debug_pkl` only names lines of the source.
pub fn for_libtorch(files: &Files) -> Result<Vec<u8>> {
    write(files.iter().filter(|(name, _)| !name.starts_with("extra/") && !name.ends_with(".debug_pkl")))
}

/// The archive of these files, as libtorch and Python read it.
pub fn write<'a>(files: impl IntoIterator<Item = (&'a String, &'a Vec<u8>)>) -> Result<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, content) in files {
        writer.start_file(format!("archive/{name}"), stored.large_file(content.len() > 1 << 31))?;
        writer.write_all(content)?;
    }
    Ok(writer.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn an_archive_comes_back_without_its_folder_and_without_what_is_not_libtorchs() {
        let bytes = archive(
            &[("x/data.pkl", b"a"), ("x/extra/lockstep.json", b"b"), ("x/code/m.py.debug_pkl", b"c")],
            CompressionMethod::Deflated,
        );
        let files = entries(&bytes).unwrap();
        assert_eq!(files.keys().collect::<Vec<_>>(), ["code/m.py.debug_pkl", "data.pkl", "extra/lockstep.json"]);
        let again = entries(&for_libtorch(&files).unwrap()).unwrap();
        assert_eq!(again, Files::from([("data.pkl".to_string(), b"a".to_vec())]));
    }

    #[test]
    fn what_is_no_zip_is_named_for_what_it_is() {
        // torch.save([1.0], f, _use_new_zipfile_serialization=False), torch 2.13
        let old = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.";
        // safetensors.torch.save({"w": torch.tensor([1.5])})
        let tensors =
            b"\x40\0\0\0\0\0\0\0{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}   \0\0\xc0\x3f";
        for (bytes, words) in [
            (&old[..], "before PyTorch 1.6; write it anew in Python by torch.save(torch.load(FILE), FILE)"),
            (&tensors[..], "a safetensors file"),
            (b"\x89HDF\r\n\x1a\n", "as Keras writes"),
            (b"\x80\x04\x95\x1b", "scikit-learn"),
            (b"PK\x03\x04", "not whole"),
            (b"hello", "not a TorchScript file"),
            (b"", "not a TorchScript file"),
        ] {
            let error = entries(bytes).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_small_file_that_unpacks_to_a_large_one_is_refused() {
        let zeros = vec![0; 70 << 20];
        let bytes = archive(&[("x/code/a", &zeros)], CompressionMethod::Deflated);
        assert!(bytes.len() < 1 << 20);
        assert!(entries(&bytes).unwrap_err().to_string().contains("unpacks to more than 64 MiB"));
        let half = &zeros[..40 << 20];
        let bytes = archive(&[("x/code/a", half), ("x/code/b", half)], CompressionMethod::Deflated);
        assert!(entries(&bytes).unwrap_err().to_string().contains("unpacks to more than 64 MiB"));
    }

    #[test]
    fn entries_outside_of_the_one_folder_are_refused() {
        for files in [[("x/a", b"".as_slice()), ("y/a", b"")], [("x/a", b""), ("b", b"")]] {
            assert!(entries(&archive(&files, CompressionMethod::Stored)).is_err());
        }
    }
}
