//! `lockstep compare` against the stored traces; the live comparison is in `scripts/test`.

use crate::common::Workdir;
use serde_json::Value;

/// Program, stored trace, and the number of its quantities.
const STORED: [(&str, &str, usize); 9] = [
    ("exhaustive", "exhaustive.json", 3),
    ("descent", "descent.json", 10),
    ("two-layer", "two-layer-seed0.json", 4),
    ("two-layer", "two-layer-seed1.json", 4),
    ("boston", "boston-seed0.json", 10),
    ("boston", "boston-seed1.json", 10),
    ("moons", "moons-seed0.json", 14),
    ("moons", "moons-seed1.json", 14),
    ("moons", "moons-seed2.json", 14),
];

fn reference(file: &str) -> String {
    format!("{}/data/reference/{file}", env!("CARGO_MANIFEST_DIR"))
}

fn stored(file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(reference(file)).unwrap()).unwrap()
}

/// Compares with a trace, expects `status`, and gives the report. One thread: tests run side by side.
fn compare(dir: &Workdir, program: &str, file: &str, status: i32) -> Value {
    let arguments = ["compare", program, "--reference", file, "--device", "cpu", "--threads", "1", "--json"];
    serde_json::from_slice(&dir.run(&arguments, status).stdout).unwrap()
}

#[test]
fn every_stored_trace_of_python_holds_within_the_stated_bounds() {
    let dir = Workdir::new();
    for (program, file, rows) in STORED {
        let report = compare(&dir, program, &reference(file), 0);
        assert_eq!(report["holds"], true, "{file}");
        assert_eq!(report["program"], program);
        assert_eq!(report["rows"].as_array().unwrap().len(), rows, "{file}: {report:#}");
    }
}

/// A change just beyond the bound of each kind of quantity, in each precision.
#[test]
fn a_changed_trace_breaks_the_bound_and_says_where() {
    let dir = Workdir::new();
    let broken = |program: &str, file: &str, quantity: &str, change: &dyn Fn(&mut Value)| {
        let mut trace = stored(file);
        change(&mut trace);
        std::fs::write(dir.path().join("changed.json"), trace.to_string()).unwrap();
        let report = compare(&dir, program, "changed.json", 1);
        assert_eq!(report["holds"], false);
        for row in report["rows"].as_array().unwrap() {
            assert_eq!(row["holds"], row["quantity"] != quantity, "{file} {quantity}: {row}");
        }
    };
    let scaled = |value: &mut Value, by: f64| *value = (value.as_f64().unwrap() * (1.0 + by)).into();
    broken("moons", "moons-seed0.json", "loss", &|trace| scaled(&mut trace["series"]["loss"][499], 2e-5));
    broken("moons", "moons-seed0.json", "accuracy", &|trace| scaled(&mut trace["scalars"]["accuracy"], 0.01));
    broken("boston", "boston-seed0.json", "loss", &|trace| scaled(&mut trace["series"]["loss"][4321], 2e-11));
    broken("boston", "boston-seed1.json", "final.w2", &|trace| scaled(&mut trace["tensors"][5]["data"][3], 1e-9));
    broken("two-layer", "two-layer-seed0.json", "parameters", &|trace| trace["scalars"]["parameters"] = 101001.into());
    broken("descent", "descent.json", "k", &|trace| scaled(&mut trace["series"]["k"][0], 1e-10));
    broken("exhaustive", "exhaustive.json", "b", &|trace| scaled(&mut trace["scalars"]["b"], 1e-10));
}

#[test]
fn a_quantity_that_only_one_side_has_is_an_error() {
    let dir = Workdir::new();
    let mut trace = stored("exhaustive.json");
    trace["series"]["loss"] = vec![7.0].into();
    std::fs::write(dir.path().join("more.json"), trace.to_string()).unwrap();
    let mut trace = stored("two-layer-seed0.json");
    trace["left_out"] = Value::Array(vec![]);
    std::fs::write(dir.path().join("less.json"), trace.to_string()).unwrap();
    dir.refuses(&["compare", "exhaustive", "--reference", "more.json"], &["series loss"]);
    dir.refuses(&["compare", "two-layer", "--reference", "less.json", "--threads", "1"], &["tensor", "in our trace"]);
}

#[test]
fn a_trace_or_python_that_is_not_one_is_refused() {
    let dir = Workdir::new();
    std::fs::write(dir.path().join("bad.json"), "{}").unwrap();
    dir.refuses(&["compare", "moons", "--reference", "none.json"], &["none.json"]);
    dir.refuses(&["compare", "moons", "--reference", "bad.json"], &["bad.json", "trace"]);
    dir.refuses(&["compare", "descent", "--reference", &reference("exhaustive.json")], &["a trace of exhaustive"]);
    for program in ["exhaustive", "descent", "two-layer", "boston", "moons", "all"] {
        dir.refuses(&["compare", program, "--python", "/none/python"], &["/none/python", "--python"]);
    }
}

#[test]
fn settings_beside_a_stored_trace_are_refused() {
    let dir = Workdir::new();
    for (program, flag, value) in [
        ("moons", "--seed", "1"),
        ("moons", "--samples", "10"),
        ("descent", "--start-k", "1"),
        ("exhaustive", "--loss", "mse"),
        ("two-layer", "--hidden", "3"),
        ("boston", "--epochs", "3"),
    ] {
        dir.refuses(&["compare", program, "--reference", "x.json", flag, value], &["--reference", flag]);
    }
    dir.refuses(&["compare", "all", "--reference", "x.json"], &["--reference"]);
}
