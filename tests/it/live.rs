//! `lockstep predict MODEL -`: rows that are answered as they come.

use crate::common::Workdir;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

/// A prediction that waits for rows.
struct Waiting {
    process: Child,
    rows: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Waiting {
    fn start(dir: &Workdir, arguments: &[&str]) -> Self {
        let mut command = dir.command(&[&["predict", "m/model.pt", "-"][..], arguments].concat());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let (rows, answers) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        Self { process, rows, answers }
    }

    fn give(&mut self, text: &str) {
        self.rows.write_all(text.as_bytes()).unwrap();
        self.rows.flush().unwrap();
    }

    /// The next line, for which nothing more is sent.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        line.trim_end().to_string()
    }

    /// What is left to be said, and the exit code. Standard input is closed first, unless it is to stay open.
    fn end(mut self, close: bool) -> (i32, String, String) {
        let rows = self.rows;
        let kept = if close { drop_it(rows) } else { Some(rows) };
        let (mut out, mut err) = (String::new(), String::new());
        self.answers.read_to_string(&mut out).unwrap();
        self.process.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        let code = self.process.wait().unwrap().code().unwrap();
        drop(kept);
        (code, out, err)
    }
}

fn drop_it(rows: ChildStdin) -> Option<ChildStdin> {
    drop(rows);
    None
}

/// A model of a number, a date and a category with gaps.
fn with_model() -> Workdir {
    let dir = Workdir::new();
    let mut table = String::from("x,day,kind,y\n");
    for row in 0..60 {
        let kind = ["", "a", "b, c"][row % 3];
        let quote = if kind.contains(',') { "\"" } else { "" };
        table += &format!("{}.5,2024-01-{:02},{quote}{kind}{quote},{}\n", row % 7, row % 28 + 1, row % 5);
    }
    dir.write("t.csv", &table);
    let fit = ["fit", "t.csv", "--target", "y", "--task", "regression", "--epochs", "3", "--out", "m", "--quiet"];
    dir.run(&[&fit[..], &["--device", "cpu", "--threads", "1", "--unseen", "ignore"]].concat(), 0);
    dir
}

/// What a file with all rows is answered with.
fn whole(dir: &Workdir, table: &str, arguments: &[&str]) -> Vec<String> {
    dir.write("whole.csv", table);
    let out = dir.run(&[&["predict", "m/model.pt", "whole.csv"][..], arguments].concat(), 0).stdout;
    String::from_utf8(out).unwrap().lines().map(String::from).collect()
}

/// Holds lines against those of a whole file. A product of one row may round otherwise than one of many: 1e-5 of a number are some
/// hundred roundings of float32.
#[track_caller]
fn assert_close(found: &[String], expected: &[String]) {
    assert_eq!(found.len(), expected.len(), "{found:?} {expected:?}");
    for (found, expected) in found.iter().zip(expected) {
        let same = found.split(',').zip(expected.split(',')).all(|(a, b)| match (a.parse::<f64>(), b.parse::<f64>()) {
            (Ok(a), Ok(b)) => (a - b).abs() <= 1e-5 * b.abs().max(1.0),
            _ => a == b,
        });
        assert!(same && found.split(',').count() == expected.split(',').count(), "{found} {expected}");
    }
}

#[test]
fn each_row_is_answered_before_the_next_one_is_there() {
    let dir = with_model();
    // Whole numbers first and fractions later, a gap, an open quote over two writes, a date, the id as it is written.
    let rows = [
        "1,2024-01-05,a,007\n",
        "2.5,2024-02-29,,x\n",
        ",2023-12-31,\"b, c\",8\n",
        "-3,2024-01-05,\"b, c\",\"a\nb\"\n",
        "1e3,2024-01-05,new,9\n",
    ];
    let header = "x,day,kind,name\n";
    let expected = whole(&dir, &[&[header], &rows[..]].concat().concat(), &["--id", "name"]);
    let mut waiting = Waiting::start(&dir, &["--id", "name"]);
    waiting.give(header);
    let mut found = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        // In two pieces, the first of which ends in the middle of a cell.
        let (first, rest) = row.split_at(row.len() / 2);
        waiting.give(first);
        waiting.give(rest);
        let lines = if index == 0 { 2 } else { 1 } + usize::from(row.contains("a\nb"));
        (0..lines).for_each(|_| found.push(waiting.line()));
    }
    assert_close(&found, &expected);
    let (code, out, err) = waiting.end(true);
    assert_eq!((code, out.as_str()), (0, ""), "{err}");
    assert!(err.contains("unseen categories: kind 1"), "{err}");
}

#[test]
fn objects_are_answered_with_objects_whatever_keys_the_first_one_has() {
    let dir = with_model();
    let csv = "x,day,kind\n1,2024-01-05,\n2.5,2024-01-06,a\n,2024-01-07,\"b, c\"\n";
    let expected: Vec<f64> = whole(&dir, csv, &[])[1..].iter().map(|line| line.parse().unwrap()).collect();
    let mut waiting = Waiting::start(&dir, &["--format", "ndjson", "--to", "ndjson"]);
    let rows = [
        r#"{"day": "2024-01-05", "x": 1}"#,
        r#"{"x": 2.5, "kind": "a", "more": [1], "day": "2024-01-06"}"#,
        r#"{"kind": "b, c", "x": null, "day": "2024-01-07"}"#,
    ];
    for (row, expected) in rows.iter().zip(expected) {
        waiting.give(&format!("{row}\n"));
        let answer: serde_json::Value = serde_json::from_str(&waiting.line()).unwrap();
        let answer = answer["prediction"].as_f64().unwrap();
        assert_close(&[answer.to_string()], &[expected.to_string()]);
    }
    assert_eq!(waiting.end(true).0, 0);
}

#[test]
fn what_is_wrong_ends_it_at_once_and_names_the_row() {
    let dir = with_model();
    for (begin, wrong, said) in [
        ("x,day,kind\n1,2024-01-05,a\n", "word,2024-01-05,a\n", "standard input: row 2, column x: \"word\""),
        ("x,day,kind\n1,2024-01-05,a\n", "1,2\n", "standard input: row 2: 2 cells, expected 3"),
        ("", "x,kind\n1,a\n", "standard input: no column day"),
        ("", "x,x\n1,a\n", "standard input: the column x stands twice"),
    ] {
        let mut waiting = Waiting::start(&dir, &[]);
        waiting.give(begin);
        if !begin.is_empty() {
            assert_eq!(waiting.line(), "prediction");
            waiting.line();
        }
        waiting.give(wrong);
        let (code, _, err) = waiting.end(false);
        assert_eq!(code, 2, "{err}");
        assert!(err.starts_with(&format!("error: {said}")) && err.trim_end().lines().count() == 1, "{err}");
    }
    let (code, _, err) = Waiting::start(&dir, &[]).end(true);
    assert!(code == 2 && err.contains("standard input: the file is empty"), "{err}");
    let mut waiting = Waiting::start(&dir, &[]);
    waiting.give("x,day,kind\n");
    let (code, _, err) = waiting.end(true);
    assert!(code == 2 && err.contains("standard input: no rows"), "{err}");
}

#[test]
fn a_last_row_without_a_line_end_and_compressed_rows_are_answered_at_the_end() {
    let dir = with_model();
    let expected = whole(&dir, "x,day,kind\n1,2024-01-05,a\n2,2024-01-05,a", &[]);
    let mut waiting = Waiting::start(&dir, &[]);
    waiting.give("x,day,kind\n1,2024-01-05,a\n2,2024-01-05,a");
    let (code, out, err) = waiting.end(true);
    assert_eq!(code, 0, "{err}");
    assert_close(&out.lines().map(String::from).collect::<Vec<_>>(), &expected);
    let packed = dir.shell("gzip -c whole.csv | \"$LOCKSTEP\" predict m/model.pt -").output().unwrap();
    let lines = String::from_utf8(packed.stdout).unwrap();
    assert_close(&lines.lines().map(String::from).collect::<Vec<_>>(), &expected);
    // A file in the place of standard input is there as a whole: its answers have the bits of one that is named.
    let file = dir.shell("\"$LOCKSTEP\" predict m/model.pt - < whole.csv").output().unwrap();
    let lines = String::from_utf8(file.stdout).unwrap();
    assert_eq!(lines.lines().map(String::from).collect::<Vec<_>>(), expected);
    dir.refuses(&["predict", "m/model.pt", "whole.csv", "--to", "parquet"], &["--to parquet", "csv, tsv or ndjson"]);
}

#[test]
fn a_first_row_without_an_end_is_refused_before_it_fills_the_memory() {
    let dir = with_model();
    for begin in ["", "x,day,kind\n"] {
        let mut waiting = Waiting::start(&dir, &[]);
        waiting.give(begin);
        // It may end before all of it is written.
        let piece = vec![b'7'; 1 << 20];
        for _ in 0..80 {
            if waiting.rows.write_all(&piece).is_err() {
                break;
            }
        }
        let (code, out, err) = waiting.end(false);
        let said = "error: standard input: row 1: longer than 64 MiB without a line end";
        assert!(code == 2 && out.is_empty() && err.starts_with(said), "{begin:?} {err}");
    }
}

#[test]
fn a_cell_of_another_kind_in_ndjson_is_read_as_in_a_file_or_named() {
    let dir = with_model();
    let good = "{\"x\":1.5,\"day\":\"2024-01-03\",\"kind\":\"a\"}\n";
    for (cell, words) in [
        ("\"2.5\"", None),
        ("\"abc\"", Some("standard input: row 2, column x: \"abc\", expected a number")),
        ("{\"a\":1}", Some("standard input: row 2, column x: an object, expected a number")),
        ("[1]", Some("standard input: row 2, column x: a list, expected a number")),
    ] {
        let mut waiting = Waiting::start(&dir, &["--format", "ndjson"]);
        waiting.give(good);
        waiting.line();
        waiting.line();
        waiting.give(&good.replace("1.5", cell));
        let (code, out, err) = waiting.end(true);
        match words {
            None => assert_eq!((code, out.lines().count()), (0, 1), "{err}"),
            Some(words) => assert!(code == 2 && err.contains(words), "{err}"),
        }
    }
    let mut waiting = Waiting::start(&dir, &[]);
    waiting.give(good);
    let (code, _, err) = waiting.end(true);
    assert!(code == 2 && err.contains("say --format ndjson"), "{err}");
}
