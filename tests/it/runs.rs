//! What a finished run says of itself, in whatever way it is asked, and what becomes of the one before it.

use crate::common::Workdir;
use crate::common::process::Running;
use crate::common::training::{checkpoints, same, summary};
use std::process::{Child, Command, Stdio};

const RENTS: [&str; 9] =
    ["fit", "rents.csv", "--target", "rent_eur", "--id", "listing_id", "--device", "cpu", "--quiet"];

/// The rents that ship, and a few epochs on them.
fn rents(dir: &Workdir, more: &[&str]) {
    dir.run(&[&RENTS[..], &["--epochs", "3", "--engine", "fused", "--importance", "none"], more].concat(), 0);
}

fn with_rents() -> Workdir {
    let dir = Workdir::new();
    dir.run(&["data", "rents", "-o", "rents.csv"], 0);
    dir
}

#[test]
fn the_table_to_try_is_the_one_that_ships_in_every_format() {
    let dir = with_rents();
    assert_eq!(dir.read("rents.csv"), std::fs::read("data/rents.csv").unwrap());
    dir.run(&["data", "rents", "-o", "rents.parquet"], 0);
    let columns = |file: &str| dir.json(&["inspect", file], 0)["columns"].clone();
    assert_eq!(columns("rents.csv"), columns("rents.parquet"));
}

#[test]
fn the_settings_file_alone_repeats_the_run() {
    let dir = with_rents();
    rents(&dir, &["--seed", "7", "--threads", "1", "--out", "one"]);
    let config = String::from_utf8(dir.read("one/config.toml")).unwrap();
    assert!(config.starts_with("seed = 7\nthreads = 1\n"), "{config}");
    let fit = ["fit", "rents.csv", "--config", "one/config.toml", "--device", "cpu", "--quiet"];
    dir.run(&[&fit[..], &["--out", "two"]].concat(), 0);
    for file in ["model.pt", "history.csv", "config.toml", "report.html"] {
        assert_eq!(dir.read(&format!("one/{file}")), dir.read(&format!("two/{file}")), "{file}");
    }
    // A flag wins over the file.
    dir.run(&[&fit[..], &["--seed", "8", "--out", "three"]].concat(), 0);
    assert_eq!(summary(&dir, "three")["seed"], 8);
    dir.write("wrong.toml", config.replace("seed = 7", "seed = \"x\""));
    dir.refuses(&["fit", "rents.csv", "--config", "wrong.toml"], &["--seed"]);
}

#[test]
fn another_run_in_the_default_folder_keeps_the_one_before_and_all_are_listed() {
    let dir = with_rents();
    rents(&dir, &["--lr", "0.01"]);
    let first = dir.read("runs/fit/model.pt");
    rents(&dir, &["--lr", "0.01"]);
    assert!(!dir.path().join("runs/fit-1").exists(), "the same run again");
    rents(&dir, &["--lr", "0.02"]);
    assert_eq!(dir.read("runs/fit-1/model.pt"), first);
    assert!(dir.read("runs/fit/model.pt") != first);
    // A folder that is named is meant.
    rents(&dir, &["--out", "runs/mine"]);
    rents(&dir, &["--out", "runs/mine", "--lr", "0.03"]);
    assert!(!dir.path().join("runs/mine-1").exists());
    let listed = dir.json(&["runs"], 0);
    let folders: Vec<&str> =
        listed["runs"].as_array().unwrap().iter().map(|run| run["folder"].as_str().unwrap()).collect();
    assert_eq!(folders.len(), 3);
    assert!(folders.contains(&"runs/fit-1") && folders.contains(&"runs/mine"), "{folders:?}");
    assert!(listed["runs"][0]["score"]["value"].as_f64().is_some_and(f64::is_finite), "{listed}");
    let text = String::from_utf8(dir.run(&["runs", "--best"], 0).stdout).unwrap();
    assert!(text.contains("lr=0.02") && text.contains("test r2"), "{text}");
    dir.run(&["predict", "runs/fit", "rents.csv", "-o", "p.csv", "--quiet"], 0);
    dir.refuses(&["runs", "none"], &["none: cannot read"]);
}

#[test]
fn a_run_is_gone_on_with_by_its_folder_alone() {
    let dir = with_rents();
    let fit = [&RENTS[..], &["--epochs", "800", "--threads", "1", "--importance", "none"]].concat();
    dir.run(&[&fit[..], &["--out", "whole"]].concat(), 0);
    let parts = dir.command(&[&fit[..], &["--checkpoint-every", "1", "--out", "parts"]].concat());
    let (code, stderr) = Running::start(parts)
        .wait_until("a checkpoint", |_| dir.path().join("parts").is_dir() && !checkpoints(&dir, "parts").is_empty())
        .end("-INT");
    assert!(code == Some(130) && stderr.contains("lockstep fit rents.csv --resume parts"), "{stderr}");
    dir.run(&["fit", "--resume", "parts", "--device", "cpu", "--quiet"], 0);
    same(&dir, "whole", "parts");
    // One that has come to its end is found by its summary.
    dir.run(&["fit", "--resume", "parts", "--epochs", "801", "--device", "cpu", "--quiet"], 0);
    dir.refuses(&["fit", "--target", "rent_eur"], &["<DATA>"]);
}

#[test]
fn classes_are_scored_one_by_one_and_what_looks_wrong_is_said() {
    let dir = Workdir::new();
    let mut table = String::from("x,phone,twin,y\n");
    for row in 0..400_u32 {
        let y = if row % 20 == 0 { "rare" } else { "usual" };
        let x = f64::from(row * 37 % 100) / 10.0 + if row % 20 == 0 { 8.0 } else { 0.0 };
        table += &format!("{x},{},{},{y}\n", 100_000 + row * 7919 % 100_003, u32::from(row % 20 == 0));
    }
    dir.write("t.csv", table);
    let fit = ["fit", "t.csv", "--target", "y", "--epochs", "40", "--device", "cpu", "--out", "m"];
    let output = dir.run(&fit, 0);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(err.contains("phone: no two of its 240 whole numbers are the same"), "{err}");
    assert!(err.contains("twin: its correlation with the target is") && err.contains("a leak?"), "{err}");
    assert!(out.contains("test rows             precision     recall   f1-score   support"), "{out}");
    let summary = summary(&dir, "m");
    let classes = &summary["classes"];
    let support = |class: &str| classes["scores"][class]["support"].as_u64().unwrap();
    assert_eq!((&classes["rows"], support("rare") + support("usual")), (&"test".into(), 80));
    assert_eq!(classes["confusion"]["classes"], serde_json::json!(["rare", "usual"]));
    assert!(summary["remarks"].to_string().contains("a leak?"), "{summary}");
    let evaluated = dir.json(&["evaluate", "m", "t.csv"], 0);
    assert_eq!(evaluated["classes"]["scores"]["rare"]["support"], 20);
    let report = String::from_utf8(dir.read("m/report.html")).unwrap();
    for words in
        ["f1-score", "SHA-256 of the data", "lockstep fit t.csv --config config.toml", "<th scope=\"col\">test</th>"]
    {
        assert!(report.contains(words), "{words}");
    }
}

/// Rows on standard input, behind which it stays open.
fn input(dir: &Workdir) -> Child {
    let mut shell = Command::new("sh");
    shell.args(["-c", "cat rents.csv; exec sleep 600"]).current_dir(dir.path()).stdout(Stdio::piped()).spawn().unwrap()
}

#[test]
fn commands_that_wait_for_rows_are_interrupted_and_leave_nothing() {
    let dir = with_rents();
    rents(&dir, &["--out", "m"]);
    std::fs::create_dir(dir.path().join("to")).unwrap();
    let left =
        || std::fs::read_dir(dir.path().join("to")).unwrap().map(|file| file.unwrap().file_name()).collect::<Vec<_>>();
    // Half a file of predictions, and copies of standard input.
    let predict = ["predict", "m", "-", "-o", "to/p.csv"];
    for (command, signal) in [(&predict[..], "-INT"), (&["evaluate", "m", "-"], "-TERM"), (&["inspect", "-"], "-INT")] {
        let mut input = input(&dir);
        let mut command = dir.command(command);
        command.env("TMPDIR", dir.path().join("to")).stdin(input.stdout.take().unwrap());
        let running = Running::start(command).wait_until("a file", |_| !left().is_empty());
        let (code, stderr) = running.end(signal);
        input.kill().unwrap();
        input.wait().unwrap();
        assert!(code == Some(130) && stderr.starts_with("error: interrupted"), "{stderr}");
        assert!(left().is_empty(), "{:?}", left());
    }
}
