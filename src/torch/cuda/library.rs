//! Where CUDA's own libraries are: in libtorch's folder, in those of the CUDA libraries that libtorch has loaded, in those of
//! NVIDIA's wheels beside them, or where the system's loader looks.
#![allow(unsafe_code, reason = "loading a library runs its code")]

use crate::torch::libraries::{file_name, libraries};
use crate::torch::libtorch;
use anyhow::{Result, anyhow};
use libloading::os::unix::{Library, RTLD_LAZY, RTLD_LOCAL};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// What the runtime compiler is called, newest first.
const COMPILERS: [&str; 2] = ["libnvrtc.so.13", "libnvrtc.so.12"];
const DRIVER: &str = "libcuda.so.1";

/// The functions of a library, which is looked for once in a process; so is what stood in the way.
pub fn once<T>(loaded: &'static OnceLock<Result<T, String>>, load: impl FnOnce() -> Result<T>) -> Result<&'static T> {
    loaded.get_or_init(|| load().map_err(|error| format!("{error:#}"))).as_ref().map_err(|why| anyhow!("{why}"))
}

/// The driver's library.
pub fn driver() -> Result<Library> {
    open(Path::new(DRIVER)).map_err(|why| anyhow!("the NVIDIA driver: {why}"))
}

/// The runtime compiler's.
pub fn compiler() -> Result<Library> {
    let folders = folders()?;
    let files = folders.iter().flat_map(|folder| in_folder(folder));
    let mut refused = Vec::new();
    for file in files.chain(COMPILERS.map(PathBuf::from)) {
        match open(&file) {
            Ok(library) => return Ok(library),
            Err(why) => refused.push(why),
        }
    }
    let shown: Vec<String> = folders.iter().map(|folder| folder.display().to_string()).collect();
    Err(anyhow!(
        "NVRTC: no {} in {}: {}; `pip install nvidia-cuda-nvrtc` brings it",
        COMPILERS.join(" or "),
        shown.join(", "),
        refused.join("; ")
    ))
}

fn folders() -> Result<Vec<PathBuf>> {
    let mut found = vec![libtorch::load()?.libtorch.lib.clone()];
    for folder in libraries()?.iter().filter_map(|file| file.parent()) {
        found.push(folder.to_path_buf());
        // torch's wheel lies beside NVIDIA's: site-packages/torch/lib, site-packages/nvidia/<part>/lib.
        let parts = folder.ancestors().nth(2).and_then(|packages| std::fs::read_dir(packages.join("nvidia")).ok());
        found.extend(parts.into_iter().flatten().flatten().map(|part| part.path().join("lib")));
    }
    found.retain(|folder| folder.is_dir());
    found.sort();
    found.dedup();
    Ok(found)
}

/// In PyTorch's C++ archives a hash stands in the name: `libnvrtc-b51b459d.so.12`.
fn in_folder(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_one = |path: &PathBuf| {
        let name = file_name(path);
        name.starts_with("libnvrtc") && name.contains(".so.") && !name.contains("builtins") && !name.contains(".alt.")
    };
    let mut files: Vec<PathBuf> = entries.filter(is_one).collect();
    files.sort();
    files.reverse();
    files
}

fn open(file: &Path) -> Result<Library, String> {
    // SAFETY: the code that runs is the initialisation of NVIDIA's libraries, which need nothing from us.
    unsafe { Library::open(Some(file), RTLD_LAZY | RTLD_LOCAL) }.map_err(|error| libtorch::cause(&error))
}
