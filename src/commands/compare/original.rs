//! One of the tutorial's programs under Python.

use crate::python::trace::Trace;
use crate::torch::device;
use crate::torch::libtorch::{self, waiting};
use crate::tutorial::parity::Parity;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use tch::Device;
use tempfile::NamedTempFile;

/// Runs the original with these settings; one that runs on torch, with our thread count and on `device`.
pub(super) fn run(program: &Parity, python: &Path, config: &Value, seed: u32, device: Device) -> Result<Trace> {
    let shown = python.display();
    let (options, _table) = options(program, config, seed, device)?;
    let mut child = waiting::command(python)
        .arg("-")
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("Python {shown}: cannot start it; give --python PATH"))?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(program.source.as_bytes()).with_context(|| format!("Python {shown}: cannot feed it"))?;
    }
    let output = child.wait_with_output().with_context(|| format!("Python {shown}"))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let last = stderr.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no message").trim();
        bail!(
            "Python {shown}: {last}; it needs torch 2.13, numpy and scikit-learn (scripts/setup --python, or --python PATH)"
        );
    }
    let trace = Trace::parse(&String::from_utf8_lossy(&output.stdout)).with_context(|| format!("Python {shown}"))?;
    check_torch(program, &trace, &shown.to_string())?;
    Ok(trace)
}

/// The command line, and the file that holds our copy of the table for as long as it is needed.
fn options(
    program: &Parity,
    config: &Value,
    seed: u32,
    device: Device,
) -> Result<(Vec<String>, Option<NamedTempFile>)> {
    let mut options = vec![format!("--seed={seed}"), "--trace=-".into()];
    if program.torch {
        options.push(format!("--threads={}", tch::get_num_threads()));
        options.push(format!("--device={}", device::name(device)));
    }
    let mut table = None;
    for setting in program.settings {
        let value = match (&config[*setting], program.table) {
            (Value::Null, Some((_, csv))) if *setting == "data" => {
                let mut file = NamedTempFile::new().context("a temporary file for Python")?;
                file.write_all(csv.as_bytes()).context("a temporary file for Python")?;
                table.insert(file).path().display().to_string()
            }
            (Value::Null, _) => continue,
            (Value::String(text), _) => text.clone(),
            (value, _) => value.to_string(),
        };
        // With an equals sign: a value such as -1e-5 looks like an option to Python's argparse.
        options.push(format!("--{}={value}", setting.replace('_', "-")));
    }
    Ok((options, table))
}

/// Another torch has other kernels, and so other bits.
fn check_torch(program: &Parity, trace: &Trace, shown: &str) -> Result<()> {
    let torch = trace.versions.get("torch").cloned().unwrap_or_default();
    let expected = libtorch::version().unwrap_or_default();
    ensure!(
        !program.torch || torch.starts_with(&expected),
        "Python {shown}: torch {torch}, expected {expected}: other kernels, other bits"
    );
    Ok(())
}
