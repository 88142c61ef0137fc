//! Records: those that `--record` writes, those of scripts/record.py around programs that stay as they are, and that of a program
//! on tch.
//!
//! Without a Python that has torch the tests say that they were skipped.

use crate::common::{Workdir, python_with_torch};
use std::path::{Path, PathBuf};

#[path = "../examples/moons_tch.rs"]
mod moons_tch;

const TUTORIAL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/original/moons.py");

/// `compare --script` with the tutorial's program beside `record`: its exit code is to be `status`; what it printed.
fn beside_the_tutorial(dir: &Workdir, python: &Path, record: &str, status: i32) -> String {
    let python = python.to_str().unwrap();
    let ours = [
        "compare",
        "--record",
        record,
        "--output",
        "python.record",
        "--python",
        python,
        "--picture",
        "parts.png",
        "--script",
        TUTORIAL,
    ];
    let output = dir.run(&[&ours[..], &["--epochs", "20", "--seed", "3", "--threads", "1"]].concat(), status);
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_tutorials_program_and_ours_are_equal_step_by_step() {
    let Some(python) = python_with_torch() else { return };
    let dir = Workdir::new();
    let run = ["run", "moons", "--epochs", "20", "--seed", "3", "--threads", "1", "--device", "cpu", "--quiet"];
    dir.run(&[&run[..], &["--record", "moons.record", "--values", "0,19"]].concat(), 0);
    let text = beside_the_tutorial(&dir, &python, "moons.record", 0);
    assert!(text.contains("over 20 steps"), "{text}");
    // The program's values are kept of the steps whose values ours kept.
    for step in ["start", "step0", "step19"] {
        assert!(!dir.read(&format!("python.record.{step}.safetensors")).is_empty());
        assert!(!dir.read(&format!("moons.record.{step}.safetensors")).is_empty());
    }
    // The fused engine's numbers part at rounding, and the first of them is named.
    dir.run(&[&run[..], &["--engine", "fused", "--record", "fused.record", "--values", "0"]].concat(), 0);
    let text = beside_the_tutorial(&dir, &python, "fused.record", 1);
    assert!(text.starts_with("step 0, "), "{text}");
}

#[test]
fn a_port_on_tch_differs_by_its_first_weights_and_by_adam() {
    let Some(python) = python_with_torch() else { return };
    let dir = Workdir::new();
    lockstep::torch::libtorch::load().unwrap();
    tch::set_num_threads(1);
    moons_tch::train(3, 20, &dir.path().join("port.record"), None).unwrap();
    let text = beside_the_tutorial(&dir, &python, "port.record", 1);
    assert!(text.starts_with("step 0, start: the parameter fc1."), "{text}");
    for cause in ["(draw-order)", "(init-bounds)", "(adam-order)"] {
        assert!(text.contains(cause), "{cause}: {text}");
    }
    // From the same weights Adam alone is left.
    let weights = dir.path().join("python.record.start.safetensors");
    moons_tch::train(3, 20, &dir.path().join("port.record"), Some(&weights)).unwrap();
    let text = beside_the_tutorial(&dir, &python, "port.record", 1);
    assert!(text.starts_with("step 1, update: the parameter fc1.") && text.contains("(adam-order)"), "{text}");
    assert!(!text.contains("(draw-order)"), "{text}");
}

#[test]
fn a_script_that_fails_or_is_not_there_is_one_line_of_ours() {
    let dir = Workdir::new();
    let run = ["run", "moons", "--epochs", "2", "--threads", "1", "--device", "cpu", "--quiet"];
    dir.run(&[&run[..], &["--record", "ours.record"]].concat(), 0);
    let refused = |arguments: &[&str], word: &str| {
        let output = dir.run(&[&["compare", "--record"], arguments].concat(), 2);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.lines().last().unwrap_or_default().contains(word), "{error}");
    };
    refused(&["ours.record", "--script", "none.py"], "no such file");
    refused(&["ours.record"], "--script");
    dir.write("ours.py", "raise SystemExit(5)\n");
    refused(&["ours.record", "--script", "ours.py"], "would take its place");
    let Some(python) = python_with_torch() else { return };
    let python = python.to_str().unwrap();
    dir.write("train.py", "import sys\nsys.exit(f'no table {sys.argv[1:]}')\n");
    refused(&["ours.record", "--python", python, "--script", "train.py", "--lr", "1"], "exit status: 1");
    dir.write("idle.py", "print('nothing is trained')\n");
    refused(&["ours.record", "--python", python, "--script", "idle.py"], "no tensor is in both");
    dir.run(&[&run[..], &["--values", "0"]].concat(), 2);
    let nowhere: PathBuf = dir.path().join("no/folder/a.record");
    dir.run(&[&run[..], &["--record", nowhere.to_str().unwrap()]].concat(), 2);
}
