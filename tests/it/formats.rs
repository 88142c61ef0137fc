//! Files that an earlier lockstep wrote (tests/data/README.md): every later one reads them, finds them sound, answers as they say,
//! and goes on with their trainings.

use crate::common::Workdir;
use crate::common::training::summary;
use serde_json::{Value, json};
use std::path::Path;

const ONE_THREAD: [&str; 4] = ["--device", "cpu", "--threads", "1"];

/// How far a float32 loss may lie from the stored one, relative: the files may be gone on with on another processor than they
/// were written on, whose kernels sum in another order, and every step of Adam carries the difference on. The same as
/// `lockstep compare` allows a stored trace.
const ELSEWHERE: f64 = 1e-5;

/// A copy of the files, for lockstep writes beside what it goes on with.
fn format1() -> Workdir {
    let dir = Workdir::new();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/format1");
    for folder in ["", "moons", "fit"] {
        let (from, to) = (from.join(folder), dir.path().join(folder));
        std::fs::create_dir_all(&to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
            }
        }
    }
    dir
}

/// Categories and classes with quotes, backslashes and other letters, as Python finds them in the file.
#[test]
fn a_model_of_format_2_answers_as_python_reads_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/format2");
    let dir = Workdir::new();
    for file in ["table.csv", "model.pt"] {
        dir.write(file, std::fs::read(folder.join(file)).unwrap());
    }
    assert_eq!(dir.json(&["inspect", "model.pt"], 0)["format"], 2);
    assert_eq!(dir.json(&[&["verify", "model.pt"][..], &ONE_THREAD].concat(), 0)["holds"], true);
    dir.run(&[&["predict", "model.pt", "table.csv", "-o", "p.ndjson"][..], &ONE_THREAD].concat(), 0);
    let text = String::from_utf8(dir.read("p.ndjson")).unwrap();
    let predicted = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["prediction"].clone());
    let answers = std::fs::read_to_string(folder.join("answers.txt")).unwrap();
    let expected: Vec<Value> = answers.lines().map(Value::from).collect();
    assert!(predicted.eq(expected.iter().cloned()), "{text}");
    assert!(["low", "mid \"2\"", "high"].iter().all(|class| expected.contains(&json!(class))), "{answers}");
}

/// `history.csv`: each epoch and its losses, those of training and, where there are any, of validation.
fn losses(dir: &Workdir, run: &str) -> Vec<(u64, Vec<f64>)> {
    let text = String::from_utf8(dir.read(&format!("{run}/history.csv"))).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let kept: Vec<bool> = header.split(',').map(|name| name.contains("loss")).collect();
    let row = |line: &str| {
        let cells = line.split(',').zip(&kept).filter(|(_, kept)| **kept);
        (line.split(',').next().unwrap().parse().unwrap(), cells.map(|(cell, _)| cell.parse().unwrap()).collect())
    };
    rows.lines().map(row).collect()
}

/// `run` has every epoch once, up to the last of `expected`, and its losses.
fn ends_as(dir: &Workdir, run: &str, expected: &[(u64, Vec<f64>)]) {
    let found = losses(dir, run);
    assert_eq!(found.len(), expected.len(), "epochs of {run}: {found:?}");
    for ((epoch, found), (other, expected)) in found.iter().zip(expected) {
        assert_eq!((epoch, found.len()), (other, expected.len()), "{run}");
        for (found, expected) in found.iter().zip(expected) {
            let off = (found - expected).abs() / expected.abs();
            assert!(off <= ELSEWHERE, "{run}, epoch {epoch}: {found}, stored {expected}, {off:e} off");
        }
    }
}

#[test]
fn every_file_of_format_1_is_inspected_verified_and_answers() {
    let dir = format1();
    for (file, program, epoch, parameters, table, rows) in [
        ("moons/model.pt", "moons", 30, 22, "moons/moons.csv", 20),
        ("moons/checkpoint-20.pt", "moons", 20, 22, "moons/moons.csv", 20),
        ("fit/model.pt", "fit", 12, 25, "table.csv", 60),
        ("fit/checkpoint-6.pt", "fit", 6, 25, "table.csv", 60),
    ] {
        let about = dir.json(&["inspect", file], 0);
        assert_eq!(
            [&about["format"], &about["program"], &about["epoch"], &about["parameters"], &about["seed"]],
            [&json!(1), &json!(program), &json!(epoch), &json!(parameters), &json!(7)],
            "{file}"
        );
        let report = dir.json(&[&["verify", file][..], &ONE_THREAD].concat(), 0);
        assert_eq!(report["holds"], true, "{file}: {report:#}");
        let predicted = dir.run(&[&["predict", file, table][..], &ONE_THREAD].concat(), 0).stdout;
        let predicted = String::from_utf8(predicted).unwrap();
        let numbers = predicted.lines().skip(1).flat_map(|line| line.split(','));
        assert!(numbers.clone().all(|cell| cell.parse::<f64>().unwrap().is_finite()), "{file}: {predicted}");
        assert_eq!(predicted.lines().count(), 1 + rows, "{file}");
    }
}

/// What the summaries of the time say of the models, found again in the models' answers.
#[test]
fn models_of_format_1_are_as_good_as_they_were() {
    let dir = format1();
    let predict = |model: &str, table: &str| {
        let stdout = dir.run(&[&["predict", model, table][..], &ONE_THREAD].concat(), 0).stdout;
        let text = String::from_utf8(stdout).unwrap();
        text.lines().skip(1).map(|line| line.split(',').next().unwrap().parse().unwrap()).collect::<Vec<f64>>()
    };
    let truth = |table: &str| {
        let text = String::from_utf8(dir.read(table)).unwrap();
        text.lines().skip(1).map(|line| line.rsplit(',').next().unwrap().parse().unwrap()).collect::<Vec<f64>>()
    };
    let classes = predict("moons/model.pt", "moons/moons.csv");
    let hits = classes.iter().zip(truth("moons/moons.csv")).filter(|(found, y)| **found == *y).count();
    assert_eq!(hits as f64 / 20.0, summary(&dir, "moons")["accuracy"].as_f64().unwrap());
    // The mean absolute error over all rows is that of the parts, each by its rows.
    let (told, prices) = (summary(&dir, "fit"), predict("fit/model.pt", "table.csv"));
    let mae = prices.iter().zip(truth("table.csv")).map(|(found, y)| (found - y).abs()).sum::<f64>() / 60.0;
    let of = |part: &str| told["metrics"][part]["mae"].as_f64().unwrap() * told["rows"][part].as_f64().unwrap();
    let expected = (of("train") + of("valid") + of("test")) / 60.0;
    assert!((mae / expected - 1.0).abs() <= ELSEWHERE, "{mae}, then {expected}");
    let report = dir.json(&["evaluate", "fit/model.pt", "table.csv"], 0);
    assert!((report["metrics"]["mae"].as_f64().unwrap() / expected - 1.0).abs() <= ELSEWHERE, "{report}");
}

#[test]
fn a_moons_run_of_format_1_is_gone_on_with_to_the_end_it_had() {
    let dir = format1();
    let resume = ["run", "moons", "--resume", "moons/checkpoint-20.pt", "--epochs", "30", "--out", "rest", "--quiet"];
    dir.run(&[&resume[..], &ONE_THREAD].concat(), 0);
    ends_as(&dir, "rest", &losses(&dir, "moons"));
    assert_eq!(summary(&dir, "rest")["resumed"][0]["epoch"], 20);
    dir.run(&["verify", "rest/model.pt", "--quiet"], 0);
}

/// Dropout, mini-batches, a schedule and the memory of early stopping go on with it.
#[test]
fn a_fit_of_format_1_is_gone_on_with_to_the_end_it_had() {
    let dir = format1();
    let resume = ["fit", "table.csv", "--resume", "fit/checkpoint-6.pt", "--out", "rest", "--quiet"];
    dir.run(&[&resume[..], &ONE_THREAD].concat(), 0);
    ends_as(&dir, "rest", &losses(&dir, "fit"));
    let (then, now) = (summary(&dir, "fit"), summary(&dir, "rest"));
    for key in ["rows", "features", "parameters", "best_epoch", "stopped_early", "task", "loss_function"] {
        assert_eq!(then[key], now[key], "{key}");
    }
    dir.run(&["verify", "rest/model.pt", "--quiet"], 0);
}

#[test]
fn a_finished_run_of_format_1_is_trained_further() {
    let dir = format1();
    let before = losses(&dir, "moons");
    let more = ["run", "moons", "--resume", "moons/model.pt", "--epochs", "40", "--out", "more", "--quiet"];
    dir.run(&[&more[..], &ONE_THREAD].concat(), 0);
    let after = losses(&dir, "more");
    assert_eq!(after.iter().map(|row| row.0).collect::<Vec<_>>(), (1..=40).collect::<Vec<_>>());
    assert_eq!(after[..30], before, "what was trained stands as it was written");
    assert!(after[39].1[0] < after[29].1[0], "{after:?}");
}

/// Whether the bytes are the same is a question to the processor; what was asked for is not.
#[test]
fn a_run_of_format_1_is_run_again_from_its_summary() {
    let dir = format1();
    for run in ["moons", "fit"] {
        // The pictures are not kept, so the answer is never that everything is equal.
        let report = dir.json(&["rerun", run], 1);
        for what in ["seed", "config", "data_sha256"] {
            let compared = report["compared"].as_array().unwrap();
            let one = compared.iter().find(|one| one["what"] == what).unwrap();
            assert_eq!(one["difference"], Value::Null, "{run}: {report:#}");
        }
    }
}
