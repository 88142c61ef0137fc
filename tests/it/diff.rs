//! `lockstep diff`: pairs of real trainings with one planted reason each, recorded by `scripts/record.py` under a live Python.

use crate::common::{Workdir, python_with_torch};
use lockstep::python::interpreter;
use serde_json::Value;
use std::process::Command;

const PAIRS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/record_pairs.py");

/// Runs the script that makes the pairs, and gives its lines.
fn pairs(dir: &Workdir, arguments: &[&str], variables: &[(&str, &str)]) -> Option<String> {
    let mut command = Command::new(python_with_torch()?);
    let output = command.arg(PAIRS).arg(dir.path()).args(arguments).envs(variables.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

fn diff(dir: &Workdir, a: &str, b: &str, status: i32) -> Value {
    dir.json(&["diff", a, b], status)
}

fn causes(report: &Value) -> String {
    let causes: Vec<_> =
        report["causes"].as_array().unwrap().iter().map(|cause| cause["name"].as_str().unwrap()).collect();
    causes.join(",")
}

#[test]
fn each_planted_reason_is_named_and_none_where_the_runs_are_equal() {
    let dir = Workdir::new();
    let Some(lines) = pairs(&dir, &[], &[]) else { return };
    assert!(lines.lines().count() >= 45);
    for line in lines.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let (name, expected) = (words[0], words[1]);
        let report = diff(&dir, &format!("{name}.a.record"), &format!("{name}.b.record"), i32::from(expected != "-"));
        let cause = if matches!(expected, "-" | "?") { "" } else { expected };
        assert_eq!(causes(&report), cause, "{name}: {report:#}");
        let first = &report["first"];
        if expected == "-" {
            assert!(first.is_null() && report["compared"].as_u64().unwrap() > 300, "{report:#}");
            continue;
        }
        let found =
            format!("{} {} {}", first["step"], first["kind"].as_str().unwrap(), first["path"].as_str().unwrap());
        assert_eq!(found.trim(), words[2..].join(" "), "{name}");
        // The other way round the same is found.
        let back = diff(&dir, &format!("{name}.b.record"), &format!("{name}.a.record"), 1);
        assert_eq!(
            (causes(&back), &back["first"]["step"]),
            (causes(&report), &first["step"]),
            "{name}, other way round"
        );
    }
}

#[test]
fn threads_variables_and_versions_are_named_where_bits_differ_and_nothing_else_does() {
    let dir = Workdir::new();
    let run = |name, variables: &[(&str, &str)]| pairs(&dir, &[name], variables);
    if run("plain", &[]).is_none() {
        return;
    }
    run("threads", &[("OMP_NUM_THREADS", "2")]);
    run("environment", &[("MKL_CBWR", "COMPATIBLE")]);
    // Another version, as its header would say it.
    let other = String::from_utf8(dir.read("threads.record")).unwrap();
    let here =
        interpreter::versions(&python_with_torch().unwrap()).unwrap()["torch"].split('+').next().unwrap().to_string();
    let other = other.replacen(&format!("\"libtorch\": \"{here}\""), "\"libtorch\": \"2.99.0\"", 1);
    dir.write("libtorch.record", other.replacen("\"threads\": 2", "\"threads\": 1", 1));
    for (name, cause) in [("threads", "threads"), ("libtorch", "libtorch"), ("environment", "environment")] {
        let report = diff(&dir, "plain.record", &format!("{name}.record"), 1);
        assert!(causes(&report).contains(cause), "{name}: {report:#}");
        assert!(report["first"]["inputs"].as_str().unwrap().contains("equal"), "{report:#}");
    }
    // A run whose inputs are an ULP larger is how far honest runs part; the threads part less.
    let honest = ["diff", "plain.record", "environment.record", "--honest", "threads.record"];
    dir.run(&honest, 1);
    dir.run(&["diff", "plain.record", "threads.record", "--picture", "parts.png"], 1);
    assert!(dir.read("parts.png").starts_with(b"\x89PNG"));
}

#[test]
fn what_cannot_be_compared_is_one_line() {
    let dir = Workdir::new();
    let step = |kind: &str| {
        format!(
            "{{\"record\": 1, \"by\": \"x\"}}\n{{\"step\": 0, \"phase\": \"update\", \"kind\": \"{kind}\", \"path\": \"0\", \"value\": 0.1}}\n"
        )
    };
    dir.write("a.record", step("lr"));
    dir.write("b.record", step("lr"));
    dir.write("other.record", step("parameter"));
    dir.write("table.csv", "a,b\n1,2\n");
    dir.write("new.record", "{\"record\": 2, \"by\": \"x\"}\n");
    dir.run(&["diff", "a.record", "b.record"], 0);
    for (b, word) in [
        ("other.record", "no tensor is in both"),
        ("table.csv", "no record"),
        ("missing.record", "cannot read"),
        ("new.record", "format 2, expected 1"),
    ] {
        let output = dir.run(&["diff", "a.record", b], 2);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.contains(word) && error.contains(b) && error.trim().lines().count() == 1, "{error}");
    }
}
