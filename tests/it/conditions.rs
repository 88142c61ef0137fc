//! What bits depend on beside settings, seed and data: it is recorded, and named where bits differ.

use crate::common::Workdir;
use serde_json::{Value, json};
use std::process::{Command, Output};

/// Every variable that is recorded.
const VARIABLES: [&str; 7] = [
    "ATEN_CPU_CAPABILITY",
    "DNNL_MAX_CPU_ISA",
    "MKL_CBWR",
    "MKL_ENABLE_INSTRUCTIONS",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "ONEDNN_MAX_CPU_ISA",
];
const MOONS: [&str; 7] = ["run", "moons", "--epochs", "20", "--device", "cpu", "--quiet"];
const ONE: [&str; 2] = ["--threads", "1"];
const FORCED: (&str, &str) = ("ATEN_CPU_CAPABILITY", "default");

/// lockstep with these variables set and none of the others.
fn under(dir: &Workdir, variables: &[(&str, &str)], arguments: &[&str], status: i32) -> Output {
    let mut command: Command = dir.command(arguments);
    VARIABLES.iter().for_each(|name| {
        command.env_remove(name);
    });
    let output = command.envs(variables.iter().copied()).output().unwrap();
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {output:?}");
    output
}

fn parsed(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn summary(dir: &Workdir, run: &str) -> Value {
    serde_json::from_slice(&dir.read(&format!("{run}/summary.json"))).unwrap()
}

/// `model name` of the first processor, as the kernel has it.
fn processor() -> Value {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap();
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"));
    line.map_or(Value::Null, |line| line.split_once(':').unwrap().1.trim().into())
}

#[test]
fn a_run_records_processor_and_environment_in_its_summary_and_its_model_files() {
    let dir = Workdir::new();
    let out = |out: &'static str| [&MOONS[..], &["--out", out]].concat();
    under(&dir, &[], &[&out("plain")[..], &ONE].concat(), 0);
    under(&dir, &[("MKL_CBWR", "COMPATIBLE"), ("OMP_NUM_THREADS", "1")], &out("both"), 0);
    // With --threads the variable for threads does not act.
    under(&dir, &[("OMP_NUM_THREADS", "2")], &[&out("given")[..], &ONE].concat(), 0);
    under(&dir, &[("MKL_CBWR", "COMPATIBLE")], &["run", "boston", "--epochs", "3", "--quiet", "--out", "boston"], 0);
    for (run, environment) in [
        ("plain", json!({})),
        ("both", json!({"MKL_CBWR": "COMPATIBLE", "OMP_NUM_THREADS": "1"})),
        ("given", json!({})),
        ("boston", json!({"MKL_CBWR": "COMPATIBLE"})),
    ] {
        let summary = summary(&dir, run);
        let model = dir.json(&["inspect", &format!("{run}/model.pt")], 0);
        for found in [&summary, &model] {
            assert_eq!((&found["environment"], &found["processor"]), (&environment, &processor()), "{run}: {found:#}");
            assert!(found["cpu_capability"].is_string() && found["device"] == "cpu", "{run}: {found:#}");
            assert_eq!(found["threads"], summary["threads"], "{run}");
        }
        assert!(summary["libtorch"].as_str().unwrap().starts_with("2."), "{summary:#}");
    }
}

#[test]
fn a_program_without_libtorch_neither_loads_nor_records_it() {
    let dir = Workdir::new();
    let nowhere = [("LIBTORCH", "/nonexistent")];
    for run in [&["run", "exhaustive"][..], &["run", "descent", "--epochs", "5"]] {
        let folder = format!("runs/{}", run[1]);
        under(&dir, &nowhere, &[run, &["--quiet"]].concat(), 0);
        let summary = summary(&dir, &folder);
        assert!(summary.get("libtorch").is_none() && summary.get("cpu_capability").is_none(), "{summary:#}");
        assert_eq!((&summary["environment"], &summary["processor"]), (&json!({}), &processor()));
        let report = parsed(&under(&dir, &nowhere, &["rerun", &folder, "--json"], 0));
        assert_eq!((&report["equal"], &report["first_difference"]), (&true.into(), &Value::Null), "{report:#}");
        // An earlier lockstep recorded it all the same.
        let mut older = summary.clone();
        older["libtorch"] = "2.13.0".into();
        dir.write(&format!("{folder}/summary.json"), older.to_string());
        let report = parsed(&under(&dir, &nowhere, &["rerun", &folder, "--json"], 0));
        assert_eq!(report["first_difference"], Value::Null, "{report:#}");
    }
    // One that needs it is refused there.
    under(&dir, &nowhere, &MOONS, 2);
}

#[test]
fn rerun_names_the_variable_that_is_set_now_where_the_bytes_differ_and_is_silent_where_they_are_equal() {
    let dir = Workdir::new();
    under(&dir, &[], &[&MOONS[..], &ONE].concat(), 0);
    let said = text(&under(&dir, &[FORCED], &["rerun", "runs/moons"], 1).stdout);
    let line = said.lines().find(|line| line.starts_with("what differs in how they were made: ")).expect(&said);
    assert!(line.contains("ATEN_CPU_CAPABILITY was unset, now default"), "{line}");
    let report = parsed(&under(&dir, &[FORCED], &["rerun", "runs/moons", "--json"], 1));
    let conditions = report["conditions"].as_array().unwrap();
    assert!(conditions.contains(&"ATEN_CPU_CAPABILITY was unset, now default".into()), "{report:#}");
    let same = text(&under(&dir, &[], &["rerun", "runs/moons"], 0).stdout);
    assert!(!same.contains("how they were made"), "{same}");
    // A program that libtorch has no part in comes to the same bytes under any of them.
    under(&dir, &[], &["run", "descent", "--epochs", "5", "--quiet"], 0);
    let report = parsed(&under(&dir, &[FORCED], &["rerun", "runs/descent", "--json"], 0));
    assert_eq!(report["conditions"], json!([]));
}

#[test]
fn rerun_names_the_processor_of_a_run_that_was_made_on_another() {
    let dir = Workdir::new();
    under(&dir, &[], &[&MOONS[..], &ONE].concat(), 0);
    let mut elsewhere = summary(&dir, "runs/moons");
    elsewhere["processor"] = "AMD EPYC 7B13".into();
    elsewhere["environment"] = json!({"MKL_CBWR": "AVX2"});
    dir.write("runs/moons/summary.json", elsewhere.to_string());
    assert_eq!(parsed(&under(&dir, &[], &["rerun", "runs/moons", "--json"], 0))["conditions"], json!([]));
    let history = text(&dir.read("runs/moons/history.csv"));
    dir.write("runs/moons/history.csv", history.replacen("\n3,", "\n3,1", 1));
    let said = text(&under(&dir, &[], &["rerun", "runs/moons"], 1).stdout);
    if processor().is_string() {
        assert!(said.contains(&format!("processor was \"AMD EPYC 7B13\", now {}", processor())), "{said}");
    }
    assert!(said.contains("MKL_CBWR was AVX2, now unset"), "{said}");
}

#[test]
fn a_run_that_goes_on_under_another_variable_says_so_once_and_keeps_it() {
    let dir = Workdir::new();
    dir.write("t.csv", "x,y\n".to_string() + &"1,2\n2,4\n3,7\n5,9\n8,17\n9,18\n".repeat(5));
    let fit = ["fit", "t.csv", "--target", "y", "--device", "cpu", "--quiet"];
    for (program, first) in [("moons", &MOONS[..]), ("fit", &[&fit[..], &["--epochs", "20"]].concat())] {
        let begin = [first, &ONE].concat();
        under(&dir, &[], &begin, 0);
        let folder = format!("runs/{program}");
        let command = if program == "fit" { &["fit", "t.csv"][..] } else { &["run", "moons"] };
        let go_on = [command, &["--resume", &folder, "--epochs", "25", "--device", "cpu", "--threads", "1"]].concat();
        let said = text(&under(&dir, &[FORCED], &go_on, 0).stderr);
        assert_eq!(said.matches("ATEN_CPU_CAPABILITY: unset before, default now").count(), 1, "{said}");
        assert!(said.contains("the bits may be others"), "{said}");
        let kept = json!({"was": null, "now": "default"});
        assert_eq!(summary(&dir, &folder)["resumed"][0]["ATEN_CPU_CAPABILITY"], kept);
        let model = dir.json(&["inspect", &format!("{folder}/model.pt")], 0);
        assert_eq!(model["resumed"][0]["ATEN_CPU_CAPABILITY"], kept);
        // Under the same there is nothing to say.
        let go_on = [command, &["--resume", &folder, "--epochs", "30", "--device", "cpu", "--threads", "1"]].concat();
        let said = text(&under(&dir, &[FORCED], &go_on, 0).stderr);
        assert!(!said.contains("ATEN_CPU_CAPABILITY") && !said.contains("processor"), "{said}");
    }
}

#[test]
fn compare_names_what_a_trace_was_made_under_where_bits_differ() {
    let dir = Workdir::new();
    let reference = |file: &str| format!("{}/data/reference/{file}", env!("CARGO_MANIFEST_DIR"));
    let stored = |file: &str| -> Value { serde_json::from_slice(&std::fs::read(reference(file)).unwrap()).unwrap() };
    let compared = |program: &str, trace: &Value, status: i32, format: &[&str]| {
        dir.write("trace.json", trace.to_string());
        let arguments = [&["compare", program, "--reference", "trace.json", "--device", "cpu"], format].concat();
        under(&dir, &[], &[&arguments[..], &ONE].concat(), status)
    };
    let elsewhere = |mut trace: Value| {
        trace["processor"] = "A Processor".into();
        trace["environment"] = json!({"MKL_CBWR": "COMPATIBLE", "OMP_NUM_THREADS": "1"});
        trace
    };
    let mut trace = elsewhere(stored("moons-seed0.json"));
    trace["scalars"]["accuracy"] = 0.5.into();
    let said = text(&compared("moons", &trace, 1, &[]).stdout);
    let line = said.lines().find(|line| line.starts_with("what differs in how they were made: ")).expect(&said);
    assert!(line.contains("MKL_CBWR was COMPATIBLE, now unset") && !line.contains("OMP_NUM_THREADS"), "{line}");
    if processor().is_string() {
        assert!(line.contains(&format!("processor was \"A Processor\", now {}", processor())), "{line}");
    }
    // Equal to the bit: nothing to say.
    let report = parsed(&compared("descent", &elsewhere(stored("descent.json")), 0, &["--json"]));
    assert_eq!(report["conditions"], json!([]), "{report:#}");
}

#[test]
fn doctor_lists_the_variables_that_are_set() {
    let dir = Workdir::new();
    let set = [("MKL_CBWR", "AVX2"), ("DNNL_MAX_CPU_ISA", "AVX2"), ("ATEN_CPU_CAPABILITY", "avx2")];
    let items = parsed(&under(&dir, &set, &["doctor", "--json"], 0))["items"].clone();
    let notes: Vec<&Value> = items.as_array().unwrap().iter().filter(|item| item["state"] == "note").collect();
    for (name, value) in set {
        let naming = |item: &&&Value| item["found"].as_str().unwrap().contains(&format!("{name}={value} is set"));
        let [note] = notes.iter().filter(naming).collect::<Vec<_>>()[..] else { panic!("{name} once: {items:#}") };
        assert!(note["remedy"].as_str().unwrap().contains(&format!("unset {name}")), "{note}");
    }
    let said = text(&under(&dir, &[], &["doctor"], 0).stdout);
    assert!(VARIABLES.iter().all(|name| !said.contains(name)), "{said}");
}

#[test]
fn a_model_file_from_before_they_were_recorded_is_read_and_says_nothing_of_them() {
    let dir = Workdir::new();
    let old = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/format1/moons/model.pt");
    dir.write("old.pt", std::fs::read(old).unwrap());
    let model = dir.json(&["inspect", "old.pt"], 0);
    assert!(model.get("processor").is_none() && model.get("environment").is_none(), "{model:#}");
    assert_eq!(model["threads"], 1);
    let said = text(&under(&dir, &[("MKL_CBWR", "COMPATIBLE")], &["verify", "old.pt", "--threads", "1"], 0).stdout);
    assert!(!said.contains("MKL_CBWR") && !said.contains("processor"), "{said}");
}
