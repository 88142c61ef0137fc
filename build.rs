//! Makes the bridge: the C++ of tch and of lockstep as one shared library for the libtorch that is there, which travels inside
//! the program and is loaded while it runs (src/torch/libtorch). The program itself is linked without libtorch.

#[allow(dead_code, reason = "the program uses the rest of it")]
#[path = "src/torch/libtorch/version.rs"]
mod version;

use std::path::{Path, PathBuf};
use std::process::Command;
use version::{Version, supported};

fn main() {
    if let Err(error) = build() {
        // One line instead of a panic's: cargo shows it under the name of the crate.
        eprintln!("error: {error}");
        std::process::exit(1);
    }
}

fn build() -> Result<(), String> {
    for file in ["build.rs", "src/torch/bridge", "src/torch/libtorch/version.rs"] {
        println!("cargo:rerun-if-changed={file}");
    }
    let home = libtorch()?;
    let version = Version::of(&home).ok_or(format!("{}: says no version; run scripts/setup", home.display()))?;
    if !version.is_supported() {
        let shown = home.display();
        return Err(format!("libtorch {version} at {shown}: supported are {}; run scripts/setup", supported()));
    }
    println!("cargo:rustc-env=LOCKSTEP_LIBTORCH_VERSION={version}");
    println!("cargo:rustc-env=LOCKSTEP_LIBTORCH_HOME={}", home.display());
    let out = PathBuf::from(variable("OUT_DIR")?);
    let torch_sys = torch_sys()?;
    let calls = calls(&torch_sys)?;
    write(&out.join("calls.txt"), &calls.join("\n"))?;
    let lines = calls.iter().enumerate().map(|(index, name)| format!("lockstep_call {index}, {name}\n"));
    write(&out.join("calls.s"), &lines.collect::<String>())?;
    bridge(&home, &torch_sys, &calls, &out)
}

fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|error| format!("{name}: {error}"))
}

fn read(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}

/// `LIBTORCH`, else the view of one that scripts/setup makes.
fn libtorch() -> Result<PathBuf, String> {
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    let given = std::env::var_os("LIBTORCH").filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = Path::new(&variable("CARGO_MANIFEST_DIR")?).join(given.unwrap_or("libtorch".into()));
    // One that is not there would have cargo build anew every time.
    let files = ["include/torch/headeronly/version.h", "version.py", "build-version", "lib/libtorch_cpu.so"];
    for file in files.map(|file| home.join(file)).iter().filter(|file| file.exists()) {
        println!("cargo:rerun-if-changed={}", file.display());
    }
    if !home.join("lib/libtorch_cpu.so").exists() {
        return Err(format!("{}: there is no libtorch; run scripts/setup", home.display()));
    }
    Ok(home)
}

/// The folder of torch-sys' source, as cargo found it. torch-sys itself is built without C++ (its feature `doc-only`): it knows
/// one version of libtorch, and would link it to the program.
fn torch_sys() -> Result<PathBuf, String> {
    let cargo = Command::new(variable("CARGO")?)
        .args(["metadata", "--format-version=1", "--offline", "--locked", "--filter-platform", &variable("TARGET")?])
        .current_dir(variable("CARGO_MANIFEST_DIR")?)
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    let text = String::from_utf8_lossy(&cargo.stdout);
    let manifests = text.split("\"manifest_path\":\"").filter_map(|rest| rest.split('"').next());
    let manifest = manifests.map(Path::new).find(|path| path.parent().is_some_and(is_torch_sys));
    let found = manifest.and_then(Path::parent).map(Path::to_path_buf);
    found.ok_or_else(|| format!("cargo metadata: no torch-sys; {}", String::from_utf8_lossy(&cargo.stderr).trim()))
}

/// In the registry the folder has the version in its name, among vendored sources it has not.
fn is_torch_sys(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    name == "torch-sys" || name.starts_with("torch-sys-")
}

/// The functions in C that Rust calls: those that torch-sys and src/torch/bridge/mod.rs declare.
fn calls(torch_sys: &Path) -> Result<Vec<String>, String> {
    let mut calls = Vec::new();
    let files = ["lib.rs", "cuda.rs", "c_generated.rs"].map(|file| torch_sys.join("src").join(file));
    for file in files.into_iter().chain(["src/torch/bridge/mod.rs".into()]) {
        let mut declares = false;
        for line in read(&file)?.lines() {
            match line {
                _ if line.ends_with("extern \"C\" {") => declares = true,
                "}" => declares = false,
                _ if declares => {
                    let name = line.trim().trim_start_matches("pub ").strip_prefix("fn ");
                    calls.extend(name.and_then(|name| name.split('(').next()).map(str::to_owned));
                }
                _ => {}
            }
        }
    }
    Ok(calls)
}

fn bridge(home: &Path, torch_sys: &Path, calls: &[String], out: &Path) -> Result<(), String> {
    let include = home.join("include");
    let mut cpp = cc::Build::new();
    cpp.cpp(true).std("c++20").pic(true).warnings(false);
    cpp.include(&include).include(include.join("torch/csrc/api/include"));
    cpp.define("_GLIBCXX_USE_CXX11_ABI", "1").define("GLOG_USE_GLOG_EXPORT", None);
    let own = ["module.cc", "streams.cc"].map(|file| Path::new("src/torch/bridge").join(file));
    let tch = ["torch_api.cpp", "torch_api_generated.cpp"].map(|file| torch_sys.join("libtch").join(file));
    let mut objects = cpp.clone().files(own).try_compile_intermediates().map_err(|error| error.to_string())?;
    let lacks = std::fs::canonicalize("src/torch/bridge/lacks.h").map_err(|error| error.to_string())?;
    cpp.flag("-include").flag(lacks).files(tch);
    objects.extend(cpp.try_compile_intermediates().map_err(|error| error.to_string())?);

    let exported = out.join("bridge.map");
    write(
        &exported,
        &format!("{{ global: lockstep_set_streams; lockstep_torch_version; {}; local: *; }};", calls.join("; ")),
    )?;
    let lib = home.join("lib");
    let mut link = cpp.get_compiler().to_command();
    link.arg("-shared").arg("-o").arg(out.join("bridge.so")).args(&objects).arg("-L").arg(&lib);
    link.args(["-lc10", "-ltorch_cpu", "-Wl,--no-undefined", "-Wl,--allow-shlib-undefined", "-Wl,--gc-sections", "-s"]);
    link.arg(format!("-Wl,--version-script={}", exported.display()));
    let done = link.output().map_err(|error| format!("linking the bridge: {error}"))?;
    match done.status.success() {
        true => Ok(()),
        false => Err(format!("linking the bridge: {}", String::from_utf8_lossy(&done.stderr))),
    }
}
