//! Links libtorch so that the binary finds it from any folder, and keeps CUDA linked where it is there.

use std::path::Path;

fn main() -> Result<(), String> {
    println!("cargo:rerun-if-changed=build.rs");
    // Handed on by torch-sys, to direct dependents only.
    let lib = std::env::var("DEP_TCH_LIBTORCH_LIB")
        .map_err(|_| "torch-sys did not say where libtorch is; run scripts/setup")?;
    let lib = std::fs::canonicalize(&lib).map_err(|error| format!("libtorch at {lib}: {error}; run scripts/setup"))?;
    let version = version(&lib)?;
    if !version.starts_with("2.13.") {
        return Err(format!("libtorch {version} at {}: tch 0.26 needs 2.13; run scripts/setup", lib.display()));
    }
    println!("cargo:rustc-env=LOCKSTEP_LIBTORCH_VERSION={version}");
    println!("cargo:rustc-env=LOCKSTEP_LIBTORCH_LIB={}", lib.display());
    println!("cargo:rustc-link-arg=-Wl,-rpath,{}", lib.display());
    bridge(lib.parent().unwrap_or(&lib));
    if lib.join("libtorch_cuda.so").exists() {
        // Nothing of ours calls into libtorch_cuda, so the linker would drop it and CUDA with it.
        println!("cargo:rustc-link-arg=-Wl,--no-as-needed");
        println!("cargo:rustc-link-arg=-ltorch_cuda");
        println!("cargo:rustc-link-arg=-Wl,--as-needed");
    }
    Ok(())
}

/// Compiles the C++ half of `torch::script`.
fn bridge(libtorch: &Path) {
    for file in ["mod.rs", "bridge.h", "bridge.cc"] {
        println!("cargo:rerun-if-changed=src/torch/script/{file}");
    }
    let include = libtorch.join("include");
    cxx_build::bridge("src/torch/script/mod.rs")
        .file("src/torch/script/bridge.cc")
        .std("c++20")
        .warnings(false)
        .include(&include)
        .include(include.join("torch/csrc/api/include"))
        .compile("lockstep-bridge");
}

/// The version in libtorch's own header, as `2.13.0`.
fn version(lib: &Path) -> Result<String, String> {
    let home = lib.parent().unwrap_or(lib);
    let header = home.join("include/torch/headeronly/version.h");
    println!("cargo:rerun-if-changed={}", header.display());
    let text = std::fs::read_to_string(&header)
        .map_err(|error| format!("{}: {error}; run scripts/setup", header.display()))?;
    let part = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("#define TORCH_VERSION_{name} ")));
        line.map(|value| value.trim().to_owned()).ok_or(format!("{}: no TORCH_VERSION_{name}", header.display()))
    };
    Ok(format!("{}.{}.{}", part("MAJOR")?, part("MINOR")?, part("PATCH")?))
}
