//! The tables that `fit`, `evaluate` and `predict` read: formats, dialects, several files, standard input, dates.

use crate::common::Workdir;
use lockstep::data::location::Location;
use lockstep::data::source::read_table;
use lockstep::data::table;
use serde_json::Value;
use std::io::Write;
use std::process::Stdio;

const QUICK: [&str; 10] = ["--device", "cpu", "--threads", "1", "--epochs", "20", "--hidden", "none", "--lr", "0.05"];

/// The rows of a table whose target is a sum of its number, its city and its date's month.
fn rows(delimiter: &str, from: usize, to: usize) -> String {
    let row = |row: usize| {
        let (number, city, month) = ((row * 7 % 13) as f64 / 2.0, ["Rome", "Oslo", "Bonn"][row % 3], row % 12 + 1);
        let price = number * 2.0 + if city == "Oslo" { 5.0 } else { 0.0 } + month as f64;
        let date = format!("20{:02}-{month:02}-{:02}", 10 + row % 9, row % 28 + 1);
        [format!("r{row}"), number.to_string(), city.into(), date, price.to_string()].join(delimiter) + "\n"
    };
    (from..to).map(row).collect()
}

const HEADER: &str = "id,number,city,day,price\n";

fn fit(dir: &Workdir, data: &str, arguments: &[&str]) -> Value {
    dir.json(&[&["fit", data, "--target", "price", "--id", "id"][..], &QUICK, arguments].concat(), 0)
}

/// Runs with `input` on standard input.
fn piped(dir: &Workdir, arguments: &[&str], input: &str) -> (Option<i32>, String, String) {
    let mut command = dir.command(arguments);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_same_rows_give_the_same_model_whatever_they_are_written_in() {
    let dir = Workdir::new();
    dir.write("t.csv", HEADER.to_string() + &rows(",", 0, 90));
    dir.write("part-1.csv", HEADER.to_string() + &rows(",", 0, 40));
    dir.write("part-2.csv", HEADER.to_string() + &rows(",", 40, 90));
    dir.write("t.txt", HEADER.replace(',', ";") + &rows(";", 0, 90));
    let expected = fit(&dir, "t.csv", &[]);
    let weights = dir.read("runs/fit/model.safetensors");
    for (data, arguments) in [("part-*.csv", &[][..]), ("t.txt", &["--format", "csv", "--delimiter", ";"][..])] {
        let summary = fit(&dir, data, &[arguments, &["--out", "other"]].concat());
        assert_eq!(summary["metrics"], expected["metrics"], "{data}");
        assert!(dir.read("other/model.safetensors") == weights, "{data}");
    }
    let arguments =
        [&["fit", "-", "--target", "price", "--id", "id", "--out", "piped", "--quiet"][..], &QUICK].concat();
    let (status, _, stderr) = piped(&dir, &arguments, &(HEADER.to_string() + &rows(",", 0, 90)));
    assert_eq!((status, stderr.as_str()), (Some(0), ""));
    assert!(dir.read("piped/model.safetensors") == weights);
}

#[test]
fn predictions_stream_from_standard_input_and_come_out_in_every_format() {
    let dir = Workdir::new();
    dir.write("t.csv", HEADER.to_string() + &rows(",", 0, 90));
    fit(&dir, "t.csv", &[]);
    let (status, stdout, _) =
        piped(&dir, &["predict", "runs/fit/model.pt", "-"], &(HEADER.to_string() + &rows(",", 0, 90)));
    assert_eq!((status, stdout.lines().count(), stdout.lines().next()), (Some(0), 91, Some("id,prediction")));
    dir.run(&["predict", "runs/fit/model.pt", "t.csv", "-o", "p.csv"], 0);
    assert_eq!(String::from_utf8(dir.read("p.csv")).unwrap(), stdout);
    let read = |name: &str| {
        let table = read_table(&dir.path().join(name)).unwrap();
        let numbers = table::numbers(&table, &["prediction"], Location::start(name)).unwrap();
        (table.column("id").unwrap().clone(), numbers)
    };
    let expected = read("p.csv");
    for name in ["p.parquet", "p.ndjson", "p.ipc"] {
        dir.run(&["predict", "runs/fit/model.pt", "t.csv", "-o", name], 0);
        assert_eq!(read(name), expected, "{name}");
    }
    let report = dir.json(&["evaluate", "runs/fit/model.pt", "t.csv"], 0);
    assert_eq!(report["rows"], 90);
}

#[test]
fn a_table_is_looked_at_wherever_it_comes_from() {
    let dir = Workdir::new();
    let text = HEADER.to_string() + &rows(",", 0, 90);
    dir.write("part-1.csv", &text);
    dir.write("part-2.csv", &text);
    let both = dir.json(&["inspect", "part-*.csv"], 0);
    assert_eq!((both["rows"].as_u64(), both["bytes"].as_u64()), (Some(180), Some(2 * text.len() as u64)));
    let (status, stdout, _) = piped(&dir, &["inspect", "-", "--json", "--quiet"], &text);
    assert_eq!(status, Some(0));
    let one: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(one["rows"].as_u64(), Some(90));
}

#[test]
fn a_date_is_learnt_from_by_its_parts() {
    let dir = Workdir::new();
    dir.write("t.csv", HEADER.to_string() + &rows(",", 0, 240));
    let long = ["--epochs", "200", "--features", "number,city,day", "--date-parts", "month"];
    let summary = dir.json(
        &[&["fit", "t.csv", "--target", "price", "--hidden", "none", "--lr", "0.05", "--threads", "1"][..], &long]
            .concat(),
        0,
    );
    assert!(summary["metrics"]["test"]["r2"].as_f64() > Some(0.999), "{summary}");
    assert_eq!(summary["features"], 1 + 1 + 3);
    assert!(summary["importance"]["day"]["mean"].as_f64() > Some(0.1));
    dir.write("wrong.csv", "number,city,day\n1,Oslo,29.02.2024\n");
    let predict = ["predict", "runs/fit/model.pt", "wrong.csv"];
    dir.refuses(&predict, &["wrong.csv: row 1, column day", "29.02.2024", "expected a date"]);
    fit(&dir, "t.csv", &["--categorical", "day", "--unseen", "ignore"]);
}

#[test]
fn the_parts_may_be_tables_of_their_own() {
    let dir = Workdir::new();
    for (name, from, to) in [("t.csv", 0, 60), ("v.csv", 60, 80), ("e.csv", 80, 90)] {
        dir.write(name, HEADER.to_string() + &rows(",", from, to));
    }
    let count = |arguments: &[&str]| fit(&dir, "t.csv", arguments)["rows"].clone();
    let expected =
        |train, valid, test| serde_json::json!({"train": train, "valid": valid, "test": test, "without_target": 0});
    assert_eq!(count(&["--valid", "v.csv", "--test", "e.csv"]), expected(60, 20, 10));
    // 0.6 and 0.2 of the rows, scaled to sum to 1: 45 and 15.
    assert_eq!(count(&["--test", "e.csv"]), expected(45, 15, 10));
    assert_eq!(count(&["--valid", "v.csv"]), expected(45, 20, 15));
    let report = dir.json(&["evaluate", "runs/fit/model.pt", "v.csv"], 0);
    let summary: Value = serde_json::from_slice(&dir.read("runs/fit/summary.json")).unwrap();
    let (ours, theirs) =
        (report["metrics"]["mse"].as_f64().unwrap(), summary["metrics"]["valid"]["mse"].as_f64().unwrap());
    assert!((ours / theirs - 1.0).abs() < 1e-9, "{ours} {theirs}");
    let base = ["fit", "t.csv", "--target", "price", "--id", "id", "--test"];
    dir.write("less.csv", "id,number,city,price\nr,1,Oslo,2\n");
    dir.refuses(&[&base[..], &["less.csv"]].concat(), &["less.csv: no column day", "t.csv"]);
    dir.write("words.csv", HEADER.to_string() + "r,many,Oslo,2020-01-01,2\n");
    dir.refuses(&[&base[..], &["words.csv"]].concat(), &["words.csv: column number is text"]);
    dir.write("new.csv", HEADER.to_string() + "r,1,Oslo,2020-01-01,2\nr,1,Mars,2020-01-01,2\n");
    let strict = [&base[..], &["new.csv", "--unseen", "error"]].concat();
    dir.refuses(&strict, &["new.csv: row 2, column city", "Mars"]);
    dir.refuses(&[&base[..], &["e.csv", "--split-column", "city"]].concat(), &["--split-column", "--test"]);
}
