//! `lockstep run descent` as a user runs it.

use crate::common::Workdir;

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/reference/descent.json");

fn summary(dir: &Workdir, arguments: &[&str]) -> serde_json::Value {
    let output = dir.run(&[&["run", "descent", "--json", "--quiet"], arguments].concat(), 0);
    serde_json::from_slice(&output.stdout).unwrap()
}

// python scripts/original/descent.py prints 1000 lines; these are its first two and its last.
#[test]
fn every_improvement_is_printed_as_python_prints_it() {
    let dir = Workdir::new();
    let stdout = String::from_utf8(dir.run(&["run", "descent"], 0).stdout).unwrap();
    let lines: Vec<&str> = stdout.lines().filter(|line| line.starts_with("best_k :")).collect();
    assert_eq!(lines.len(), 1000);
    assert_eq!(lines[..2], ["best_k :10,best_b :10", "best_k :20.496875000000003,best_b :25.3375"]);
    assert_eq!(lines[999], "best_k :293.9042247003746,best_b :10.793610721731095");
    assert!(stdout.contains("10.7936 became 0.0540; --mend"), "{stdout}");
    assert!(dir.run(&["run", "descent", "--quiet"], 0).stdout.is_empty());
    // python scripts/original/descent.py --start-k 10 --start-b -2.5e-7 --epochs 1
    let output = dir.run(&["run", "descent", "--start-k", "10", "--start-b", "-2.5e-7", "--epochs", "1"], 0);
    assert!(output.stdout.starts_with(b"best_k :10.0,best_b :-2.5e-07\n"));
}

/// Every loss, k and b of the 1000 epochs, bit for bit: nothing in this program depends on the processor.
#[test]
fn the_whole_history_is_the_stored_traces() {
    let dir = Workdir::new();
    let found = summary(&dir, &[]);
    let text = std::fs::read_to_string(REFERENCE).unwrap();
    let trace = lockstep::python::trace::Trace::parse(&text).unwrap();
    for key in ["normalised_k", "normalised_b", "k", "b", "loss"] {
        assert_eq!(found[key], trace.scalars[key], "{key}");
    }
    let history = std::fs::read_to_string(dir.path().join("runs/descent/history.csv")).unwrap();
    let losses: Vec<f64> =
        history.lines().skip(1).map(|line| line.split_once(',').unwrap().1.parse().unwrap()).collect();
    assert_eq!(losses, trace.series["loss"]);
    let names: Vec<_> = dir.files().iter().map(|path| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["fit.png", "history.csv", "summary.json"]);
}

#[test]
fn mended_the_intercept_stays_and_nothing_else_changes() {
    let dir = Workdir::new();
    let (slip, mended) = (summary(&dir, &[]), summary(&dir, &["--mend"]));
    assert_eq!(mended["b"], slip["normalised_b"]);
    assert_eq!(mended["k"], slip["k"]);
    let stdout = String::from_utf8(dir.run(&["run", "descent", "--mend"], 0).stdout).unwrap();
    assert!(!stdout.contains("--mend"));
}

/// Both end near the least-squares line of the four points, b = 10.51, loss 75.78 (numpy.polyfit).
#[test]
fn stochastic_and_mini_batch_depend_on_the_seed_and_come_near_the_best_line() {
    let dir = Workdir::new();
    for method in [&["--method", "stochastic"][..], &["--method", "mini-batch", "--batch-size", "2"]] {
        let run = |seed: &str| summary(&dir, &[method, &["--seed", seed, "--lr", "0.02", "--epochs", "4000"]].concat());
        let (first, again, other) = (run("0"), run("0"), run("1"));
        assert_eq!(first["loss"], again["loss"]);
        assert_ne!(first["loss"], other["loss"]);
        for summary in [first, other] {
            let loss = summary["loss"].as_f64().unwrap();
            assert!((75.7..77.0).contains(&loss), "{method:?}: {loss}");
        }
    }
}

/// All samples in one batch, shuffled: the same updates as batch descent but for the order of the sums.
#[test]
fn a_batch_of_all_samples_is_batch_descent() {
    let dir = Workdir::new();
    let batch = summary(&dir, &[])["loss"].as_f64().unwrap();
    for size in ["4", "99"] {
        let mini = summary(&dir, &["--method", "mini-batch", "--batch-size", size])["loss"].as_f64().unwrap();
        assert!((mini / batch - 1.0).abs() < 1e-9, "{mini} {batch}");
    }
}

#[test]
fn bad_settings_are_refused_in_one_line() {
    let dir = Workdir::new();
    for (arguments, word) in [
        (&["--method", "newton"][..], "mini-batch"),
        (&["--method", "mini-batch", "--batch-size", "0"], "--batch-size"),
        (&["--method", "mini-batch", "--batch-size", "-1"], "--batch-size"),
        (&["--method", "mini-batch"], "--batch-size"),
        (&["--batch-size", "2"], "--method mini-batch"),
        (&["--epochs", "0"], "--epochs"),
        (&["--lr", "0"], "--lr"),
        (&["--start-k", "inf"], "--start-k"),
        (&["--start-b", "ten"], "--start-b"),
        (&["--device", "cuda:0"], "--device cpu"),
        (&["--lr", "10"], "--lr"),
    ] {
        dir.refuses(&[&["run", "descent"], arguments].concat(), &[word]);
    }
    dir.refuses(&["run", "descent", "--lr", "10"], &["epoch", "loss became inf"]);
    std::fs::write(dir.path().join("zero.csv"), "area,price\n-1,2\n0,3\n").unwrap();
    dir.refuses(&["run", "descent", "--data", "zero.csv"], &["largest", "0"]);
}
