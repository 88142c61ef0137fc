//! `fit --importance`: on how many rows, what is said of it, and tables so wide that some columns or all are left out.

use crate::common::Workdir;
use crate::common::training::with_table;
use std::fmt::Write;

const QUICK: [&str; 5] = ["--device", "cpu", "--threads", "1", "--quiet"];

/// `rows` of `columns` numbers, and a class.
fn wide(rows: usize, columns: usize) -> String {
    let mut text = (0..columns).map(|column| format!("g{column},")).collect::<String>() + "y\n";
    for row in 0..rows {
        for column in 0..columns {
            write!(text, "{},", (row * 7919 + column * 104_729 + row * column) % 1000).unwrap();
        }
        writeln!(text, "{}", ["a", "b"][row % 2]).unwrap();
    }
    text
}

#[test]
fn all_rows_some_or_none() {
    let dir = with_table();
    let fit = |importance: &[&str], out: &str| {
        let fit = ["fit", "t.csv", "--target", "kind", "--epochs", "20", "--out", out];
        dir.json(&[&fit[..], &QUICK, importance].concat(), 0)
    };
    let (auto, all) = (fit(&[], "auto"), fit(&["--importance", "all"], "all"));
    assert_eq!(auto["importance"], all["importance"], "so small a table is shuffled whole");
    assert_eq!(all["importance_from"], serde_json::json!({"part": "test", "rows": 30, "of": 30, "repeats": 5}));
    assert!(all["importance"]["width"]["mean"].as_f64() > Some(0.1), "{}", all["importance"]);
    let page = |out: &str| String::from_utf8(dir.read(&format!("{out}/report.html"))).unwrap();
    assert!(page("all").contains("importance: each column shuffled 5 times among all 30 test rows"));
    let some = fit(&["--importance", "12"], "some");
    assert_eq!(some["importance_from"]["rows"], 12);
    assert_ne!(some["importance"], all["importance"]);
    assert!(page("some").contains("among 12 of 30 test rows"));
    let none = fit(&["--importance", "none"], "none");
    assert_eq!((&none["importance"], &none["importance_from"]["rows"]), (&serde_json::json!({}), &0.into()));
    assert!(!dir.path().join("none/importance.png").exists() && !page("none").contains("mportance: "));
    // It is a key of a settings file too, a number with or without quotes.
    dir.write("c.toml", "importance = 12\n");
    assert_eq!(fit(&["--config", "c.toml"], "file")["importance"], some["importance"]);
    for wrong in ["0", "-1", "some"] {
        let fit = ["fit", "t.csv", "--target", "kind", "--importance", wrong];
        dir.refuses(&fit, &["--importance", wrong, "a number of rows"]);
    }
}

/// 1,500 columns of 100 rows: 7,500 passes through 96,000 parameters.
#[test]
fn of_a_wide_table_the_columns_with_the_largest_weights_are_shuffled() {
    let dir = Workdir::new();
    dir.write("w.csv", wide(100, 1500));
    let fit = ["fit", "w.csv", "--target", "y", "--epochs", "2", "--device", "cpu", "--threads", "1"];
    let output = dir.run(&[&fit[..], &["--out", "w"]].concat(), 0);
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|line| line.starts_with("importance: ")).unwrap();
    for words in [" of 1500 columns", "largest weights in the first layer", "all 20 test rows", "--importance all"] {
        assert!(line.contains(words), "{words}: {line}");
    }
    assert!(dir.path().join("w/importance.png").exists());
    let some: serde_json::Value = serde_json::from_slice(&dir.read("w/summary.json")).unwrap();
    let shuffled = some["importance"].as_object().unwrap();
    let from = &some["importance_from"];
    assert_eq!((&from["columns"], &from["of_columns"]), (&shuffled.len().into(), &1500.into()));
    assert!((500..1500).contains(&shuffled.len()), "{}", shuffled.len());
    // Each is shuffled as it would be among all of them.
    let all = dir.json(&[&fit[..], &["--out", "all", "--importance", "all", "--quiet"]].concat(), 0);
    assert_eq!(all["importance"].as_object().unwrap().len(), 1500);
    assert_eq!(all["importance_from"]["columns"], serde_json::Value::Null);
    for (name, importance) in shuffled {
        assert_eq!(importance, &all["importance"][name], "{name}");
    }
}

/// 200 columns through 1.6 million parameters, with 600 rows to be shuffled: there is time for two columns.
#[test]
fn where_there_is_time_for_a_few_columns_only_it_is_left_out_until_it_is_asked_for() {
    let dir = Workdir::new();
    dir.write("w.csv", wide(3000, 200));
    let fit = ["fit", "w.csv", "--target", "y", "--hidden", "8192", "--epochs", "1", "--device", "cpu"];
    let output = dir.run(&[&fit[..], &["--out", "w"]].concat(), 0);
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|line| line.starts_with("importance was left out: ")).unwrap();
    for words in ["200 columns", "1000 passes of 600 test rows", "--importance all", "--importance N"] {
        assert!(line.contains(words), "{words}: {line}");
    }
    assert!(!dir.path().join("w/importance.png").exists());
    let some = dir.json(&[&fit[..], &["--out", "w", "--importance", "3", "--quiet"]].concat(), 0);
    assert_eq!(some["importance"].as_object().unwrap().len(), 200);
    assert!(dir.path().join("w/importance.png").exists());
}
