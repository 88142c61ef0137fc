//! `lockstep rerun`: a run again from its summary.

use crate::common::Workdir;
use serde_json::Value;

const QUICK: [&str; 5] = ["--device", "cpu", "--threads", "1", "--quiet"];

fn table() -> String {
    let rows = (0..60).map(|row| format!("{},{},{}\n", row % 7, row * 5 % 11, if row % 7 > 3 { "a" } else { "b" }));
    format!("x,z,y\n{}", rows.collect::<String>())
}

fn change(dir: &Workdir, file: &str, key: &str, value: impl Into<Value>) {
    let mut summary: Value = serde_json::from_slice(&dir.read(file)).unwrap();
    summary[key] = value.into();
    dir.write(file, summary.to_string());
}

#[test]
fn every_program_comes_to_the_same_bytes() {
    let dir = Workdir::new();
    dir.write("houses.csv", "area,price\n1,2\n2,4.5\n5,9\n");
    dir.run(&["data", "boston", "-o", "b.csv"], 0);
    let runs: [&[&str]; 8] = [
        &["moons", "--epochs", "20", "--hidden", "9", "--seed", "3"],
        &["two-layer", "--epochs", "5", "--inputs", "20"],
        &["boston", "--epochs", "20", "--train-bias", "--split", "0.3", "--exclude", "B,CHAS"],
        &["boston", "--epochs", "20", "--data", "b.csv"],
        &["descent", "--epochs", "30"],
        &["descent", "--epochs", "30", "--method", "mini-batch", "--batch-size", "2", "--start-k=-1.5", "--mend"],
        &["exhaustive", "--k-step", "0.5", "--loss", "mse", "--k-min=-3"],
        &["exhaustive", "--b-step", "2", "--data", "houses.csv"],
    ];
    for (index, run) in runs.into_iter().enumerate() {
        let out = format!("run{index}");
        dir.run(&[&["run"], run, &QUICK, &["--out", &out]].concat(), 0);
        let report = dir.json(&["rerun", &out], 0);
        assert_eq!(
            (&report["equal"], &report["first_difference"]),
            (&true.into(), &Value::Null),
            "{run:?}: {report:#}"
        );
    }
}

#[test]
fn a_fit_and_one_that_was_resumed_come_to_the_same_bytes() {
    let dir = Workdir::new();
    dir.write("t.csv", table());
    let settings = ["--target", "y", "--dropout", "0.2", "--schedule", "step:step_size=3", "--seed", "2"];
    dir.run(&[&["fit", "t.csv", "--epochs", "4"][..], &settings, &QUICK].concat(), 0);
    dir.run(&[&["fit", "t.csv", "--epochs", "9", "--resume", "runs/fit"][..], &QUICK].concat(), 0);
    let before = dir.files();
    let report = dir.json(&["rerun", "runs/fit"], 0);
    let compared: Vec<&str> =
        report["compared"].as_array().unwrap().iter().filter_map(|one| one["what"].as_str()).collect();
    for what in ["seed", "config", "data_sha256", "threads", "libtorch", "history.csv", "model.pt", "model.safetensors"]
    {
        assert!(compared.contains(&what), "{what} in {compared:?}");
    }
    assert_eq!(before, dir.files());
}

#[test]
fn what_differs_is_named_and_the_exit_code_is_1() {
    let dir = Workdir::new();
    dir.write("t.csv", table());
    dir.run(&[&["fit", "t.csv", "--target", "y", "--epochs", "4"][..], &QUICK].concat(), 0);
    dir.run(&[&["run", "two-layer", "--epochs", "5", "--inputs", "20"][..], &QUICK].concat(), 0);
    let first = |run: &str| dir.json(&["rerun", run], 1)["first_difference"].clone();
    let history = String::from_utf8(dir.read("runs/fit/history.csv")).unwrap();
    dir.write("runs/fit/history.csv", history.replacen("\n3,", "\n3,1", 1));
    let found = first("runs/fit");
    assert_eq!(found["what"], "history.csv");
    assert!(found["difference"].as_str().unwrap().starts_with("line 4: 3,1"), "{found}");
    dir.write("runs/fit/history.csv", history);
    // The summary of a run with another seed beside this model.
    change(&dir, "runs/fit/summary.json", "seed", 5);
    let found = first("runs/fit");
    assert_eq!(found["difference"], "seed: 5 in summary.json, 0 in model.pt", "{found}");
    change(&dir, "runs/fit/summary.json", "seed", 0);
    dir.write("t.csv", table() + "1,1,a\n");
    let found = first("runs/fit");
    let hash = |text: String| lockstep::runs::files::sha256_of(text.as_bytes());
    let difference = found["difference"].as_str().unwrap();
    assert!(difference.contains(&hash(table())) && difference.contains(&hash(table() + "1,1,a\n")), "{found}");
    // Of a program without a model file, its weights tell.
    change(&dir, "runs/two-layer/summary.json", "seed", 1);
    let report = dir.json(&["rerun", "runs/two-layer"], 1);
    let differ: Vec<&Value> = report["compared"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| !one["difference"].is_null())
        .map(|one| &one["what"])
        .collect();
    assert_eq!(differ, ["history.csv", "weights.safetensors", "loss.png"]);
}

#[test]
fn a_version_that_differs_is_said() {
    let dir = Workdir::new();
    dir.run(&[&["run", "descent", "--epochs", "5"][..], &QUICK].concat(), 0);
    change(&dir, "runs/descent/summary.json", "lockstep", "0.0.1");
    let report = dir.json(&["rerun", "runs/descent"], 0);
    let found = &report["first_difference"];
    assert_eq!((&report["equal"], &found["what"]), (&true.into(), &"lockstep".into()));
    assert!(found["difference"].as_str().unwrap().contains("0.0.1"), "{found}");
}

#[test]
fn what_is_no_run_is_refused() {
    let dir = Workdir::new();
    dir.write("t.csv", table());
    dir.refuses(&["rerun", "none"], &["none/summary.json", "cannot read"]);
    dir.run(&[&["fit", "t.csv", "--target", "y", "--epochs", "2"][..], &QUICK].concat(), 0);
    std::fs::rename(dir.path().join("t.csv"), dir.path().join("moved.csv")).unwrap();
    dir.refuses(&["rerun", "runs/fit"], &["t.csv", "--data FILE"]);
    assert_eq!(dir.json(&["rerun", "runs/fit", "--data", "moved.csv"], 0)["equal"], true);
    change(&dir, "runs/fit/summary.json", "program", "tune");
    dir.refuses(&["rerun", "runs/fit", "--data", "moved.csv"], &["a run of tune"]);
}
