//! `lockstep inspect` on a model.pt and on a table, and the schema that it saves.

use crate::common::Workdir;
use serde_json::{Value, json};

#[test]
fn it_shows_the_layers_of_the_tutorials_net_and_how_it_was_trained() {
    let dir = Workdir::with_model();
    let manifest = dir.json(&["inspect", "runs/moons/model.pt"], 0);
    assert_eq!(manifest["parameters"], 502);
    assert_eq!(manifest["epoch"], 20);
    assert_eq!(manifest["config"]["hidden"], 100);
    let names: Vec<_> = manifest["state"].as_array().unwrap().iter().map(|entry| entry["name"].clone()).collect();
    assert_eq!(names, ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]);
    assert_eq!(manifest["state"][0]["shape"], serde_json::json!([100, 2]));
    let text = String::from_utf8(dir.run(&["inspect", "runs/moons/model.pt"], 0).stdout).unwrap();
    for word in ["fc2.weight", "[2, 100]", "502", "accuracy", "x1, x2"] {
        assert!(text.contains(word), "{word} is missing in:\n{text}");
    }
}

#[test]
fn what_is_no_model_is_refused() {
    Workdir::with_model().refuses_what_is_no_model(|file| vec!["inspect".into(), file.into()]);
}

/// 200 rows, a column for every trouble.
fn troubled() -> String {
    let mut text = String::from(
        "name,row,class,code,copy,area,area2,always,never,price,weight,town,colour,far,skewed,limit,day,plain\n",
    );
    let mut lines = Vec::new();
    for row in 0..199 {
        // 1 row of d, 5 of c, 30 of b, 160 of a, 3 without a class.
        let class = match row {
            0 => "d",
            1..6 => "c",
            6..36 => "b",
            196.. => "",
            _ => "a",
        };
        let code = if class.is_empty() { 9 } else { u32::from(class.as_bytes()[0]) };
        let area = row * 7 % 13;
        let price = format!("\"{},{:03}.5\"", row % 9 + 1, row);
        let weight = if row % 4 == 0 { format!("{row} kg") } else { format!(" {row}") };
        let colour = ["red", "Red ", "green"][row % 3];
        let far = if row == 50 { 1e6 } else { (row % 10) as f64 };
        let limit = if row % 50 == 7 { "inf".into() } else { format!("{}.5", row % 5) };
        let skewed = (row % 10 / 9) * (1 + row / 10).pow(6);
        let day = format!("2024-{:02}-{:02}", row % 12 + 1, row % 28 + 1);
        lines.push(format!(
            "n{row},{row},{class},{code},{class},{area},{area},1,NA,{price},{weight},t{},{colour},{far},{skewed},{limit},{day},{}",
            row % 60,
            row % 8
        ));
    }
    text += &lines.join("\n");
    text + "\n"
}

fn numbers_of(report: &Value) -> Vec<(String, Vec<Value>, f64)> {
    let note = |note: &Value| {
        let columns = note["columns"].as_array().unwrap().clone();
        (note["kind"].as_str().unwrap().to_string(), columns, note["number"].as_f64().unwrap())
    };
    report["notes"].as_array().unwrap().iter().map(note).collect()
}

#[test]
fn each_trouble_of_a_table_is_found_and_nothing_else() {
    let dir = Workdir::new();
    dir.write("t.csv", troubled());
    let report = dir.json(&["inspect", "t.csv", "--target", "class"], 0);
    let notes = numbers_of(&report);
    let expected: &[(&str, &[&str], Option<f64>)] = &[
        ("missing-target", &["class"], Some(3.0)),
        ("single-row-class", &["class"], Some(1.0)),
        ("rare-class", &["class"], Some(1.0)),
        ("class-imbalance", &["class"], Some(160.0)),
        ("determines-target", &["code"], Some(4.0)),
        ("equals-target", &["copy"], Some(199.0)),
        ("equal-columns", &["area", "area2"], Some(199.0)),
        ("looks-like-id", &["name"], Some(199.0)),
        ("looks-like-id", &["row"], Some(199.0)),
        ("constant", &["always"], Some(199.0)),
        ("all-missing", &["never"], Some(199.0)),
        ("numbers-as-text", &["price"], Some(199.0)),
        ("numbers-as-text", &["weight"], Some(149.0)),
        ("many-categories", &["town"], Some(60.0)),
        ("spellings", &["colour"], Some(1.0)),
        ("outlier", &["far"], None),
        ("skewed", &["far"], None),
        ("skewed", &["skewed"], None),
        ("infinite", &["limit"], Some(4.0)),
        ("date", &["day"], Some(199.0)),
    ];
    for (kind, columns, number) in expected {
        let found = notes.iter().find(|note| note.0 == *kind && note.1 == *columns);
        let found = found.unwrap_or_else(|| panic!("{kind} of {columns:?} is missing in {notes:#?}"));
        assert!(number.is_none_or(|number| number == found.2), "{kind} of {columns:?}: {}", found.2);
    }
    let known = |note: &&(String, Vec<Value>, f64)| {
        expected.iter().any(|(kind, columns, _)| note.0 == *kind && note.1 == *columns)
    };
    let more: Vec<_> = notes.iter().filter(|note| !known(note)).collect();
    assert!(more.is_empty(), "{more:#?}");
    let roles: Vec<&str> = report["columns"].as_array().unwrap().iter().map(|c| c["role"].as_str().unwrap()).collect();
    assert_eq!(roles[..3], ["id", "id", "target"]);
    assert_eq!((roles[7], roles[8], roles[16], roles[17]), ("ignored", "ignored", "feature", "feature"));
}

#[test]
fn rows_that_repeat_are_counted_and_a_tidy_table_has_no_notes() {
    let dir = Workdir::new();
    dir.write("twice.csv", "a,b\n1.5,x\n2,y\n1.5,x\nNA,x\nNA,x\n1.5,x\n");
    // pd.DataFrame({"a": [1.5, 2, 1.5, None, None, 1.5], "b": list("xyxxxx")}).duplicated().sum()
    let report = dir.json(&["inspect", "twice.csv"], 0);
    assert_eq!((&report["duplicate_rows"], &report["duplicate_rows_exact"]), (&json!(3), &json!(true)));
    assert_eq!(numbers_of(&report), [("duplicate-rows".to_string(), vec![], 3.0)]);
    let rows: Vec<String> = (0..40).map(|row| format!("{}.25,{}", row * 11 % 40, ["x", "y"][row % 2])).collect();
    dir.write("tidy.csv", format!("a,b\n{}\n", rows.join("\n")));
    assert_eq!(dir.json(&["inspect", "tidy.csv", "--target", "b"], 0)["notes"], json!([]));
    assert!(dir.run(&["inspect", "tidy.csv", "--quiet"], 0).stdout.is_empty());
}

#[test]
fn people_get_columns_that_stand_under_each_other() {
    let dir = Workdir::new();
    dir.write("t.csv", "width,colour,day\n1.5,red,2024-01-31\nNA,blü,2023-12-24\n4,red,2024-02-29\n4,-,2024-02-29\n");
    let text = String::from_utf8(dir.run(&["inspect", "t.csv", "--na", "NA,-"], 0).stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("t.csv: 4 rows, 3 columns, 87 bytes on disk"), "{text}");
    let line = |word: &str| *lines.iter().find(|line| line.starts_with(word)).unwrap();
    // pd.Series([1.5, None, 4, 4]).describe()
    let words: Vec<&str> = line("width").split_whitespace().collect();
    assert_eq!(
        words[1..],
        ["feature", "number", "1", "(25.0", "%)", "2", "1.5", "2.75", "4", "4", "4", "3.1667", "1.4434"]
    );
    assert!(line("colour").contains("red 2, blü 1"), "{text}");
    assert!(line("day").ends_with("2023-12-24  2024-02-29"), "{text}");
    let head = lines[lines.iter().position(|line| line.starts_with("width")).unwrap() - 1];
    assert_eq!(head.find("median").map(|at| at + 6), line("width").find("4  ").map(|at| at + 1), "{text}");
}

#[test]
fn what_is_no_table_is_refused_and_so_are_options_of_tables_for_models() {
    let dir = Workdir::new();
    dir.write("t.csv", "a,b\n1,2\n");
    dir.write("t.log", "a,b\n1,2\n");
    dir.refuses(&["inspect", "none.csv"], &["none.csv", "cannot read"]);
    dir.refuses(&["inspect", "t.log"], &["t.log", ".csv, .tsv, .txt, .parquet", "--format"]);
    dir.refuses(&["inspect", "t.csv", "--target", "aa"], &["--target", "no column aa", "there are a, b"]);
    dir.refuses(&["inspect", "t.csv", "--save", "no/such/s.toml"], &["no/such/s.toml", "cannot write"]);
    dir.refuses(&["inspect", "m.pt", "--save", "s.toml"], &["--save", "m.pt is a model"]);
}

const FIT: [&str; 8] = ["fit", "t.csv", "--epochs", "5", "--device", "cpu", "--threads", "1"];

/// A table whose postcodes begin with zeros, with a class to predict.
fn with_schema() -> Workdir {
    let dir = Workdir::new();
    let row =
        |row: usize| format!("{},{:03},{}.5,{},{}", row + 1, row % 4, row % 7, 1 + row % 3, ["no", "yes"][row % 4 / 2]);
    dir.write("t.csv", format!("row,zip,area,rooms,sold\n{}\n", (0..80).map(row).collect::<Vec<_>>().join("\n")));
    dir.run(&["inspect", "t.csv", "--target", "sold", "--save", "s.toml", "--quiet"], 0);
    dir
}

fn change(dir: &Workdir, from: &str, to: &str) {
    let text = String::from_utf8(dir.read("s.toml")).unwrap();
    assert!(text.contains(from), "{from} is missing in {text}");
    dir.write("s.toml", text.replace(from, to));
}

#[test]
fn a_saved_schema_stands_in_for_the_flags() {
    let dir = with_schema();
    dir.run(&[&FIT[..], &["--schema", "s.toml", "--quiet"]].concat(), 0);
    dir.run(&[&FIT[..], &["--target", "sold", "--id", "row", "--out", "flags", "--quiet"]].concat(), 0);
    for file in ["history.csv", "model.safetensors"] {
        assert_eq!(dir.read(&format!("runs/fit/{file}")), dir.read(&format!("flags/{file}")), "{file}");
    }
    let settings = String::from_utf8(dir.read("runs/fit/config.toml")).unwrap();
    for line in ["schema = \"schema.toml\"", "target = \"sold\"", "id = \"row\""] {
        assert!(settings.lines().any(|found| found == line), "{line} is missing in {settings}");
    }
    // From another folder, and without the first schema.
    std::fs::remove_file(dir.path().join("s.toml")).unwrap();
    std::fs::create_dir(dir.path().join("else")).unwrap();
    let data = dir.path().join("t.csv").display().to_string();
    let again = ["fit", &data, "--config", "../runs/fit/config.toml", "--device", "cpu", "--threads", "1", "--quiet"];
    let status = dir.command(&again).current_dir(dir.path().join("else")).status().unwrap();
    assert!(status.success());
    for file in ["history.csv", "model.safetensors", "config.toml", "schema.toml"] {
        assert_eq!(dir.read(&format!("runs/fit/{file}")), dir.read(&format!("else/runs/fit/{file}")), "{file}");
    }
}

#[test]
fn pinned_types_hold_for_the_training_and_for_the_predictions() {
    let dir = with_schema();
    change(&dir, "\"zip\",   kind = \"integer\"", "\"zip\", kind = \"text\"");
    let summary =
        dir.json(&[&FIT[..], &["--schema", "s.toml", "--drop", "area,rooms", "--unseen", "error"]].concat(), 0);
    assert_eq!(summary["features"], 4, "one for each postcode");
    let manifest = dir.json(&["inspect", "runs/fit/model.pt"], 0);
    assert_eq!(manifest["table"]["inputs"]["categories"][0]["values"], json!(["000", "001", "002", "003"]));
    // A postcode 1 is not 001, and 001 is one that the model knows.
    dir.write("new.csv", "zip\n001\n003\n");
    dir.run(&["predict", "runs/fit/model.pt", "new.csv"], 0);
    dir.run(&["evaluate", "runs/fit/model.pt", "t.csv"], 0);
    dir.write("wrong.csv", "zip\n001\n1\n");
    dir.refuses(&["predict", "runs/fit/model.pt", "wrong.csv"], &["wrong.csv: row 2", "zip", "\"1\""]);
}

#[test]
fn a_table_that_is_not_as_the_schema_says_is_refused() {
    let dir = with_schema();
    let refuses = |words: &[&str]| dir.refuses(&[&FIT[..], &["--schema", "s.toml"]].concat(), words);
    let table = String::from_utf8(dir.read("t.csv")).unwrap();
    dir.write("t.csv", table.replace("\n3,002,2.5,", "\n3,002,wide,"));
    refuses(&["t.csv: row 3, column area", "\"wide\" is not a number", "schema"]);
    dir.write("t.csv", table.replace(",area,", ",aria,"));
    refuses(&["t.csv: no column area, did you mean aria?"]);
    let more: Vec<String> = table.lines().map(|line| format!("{line},extra")).collect();
    dir.write("t.csv", more.join("\n"));
    refuses(&["t.csv: the column extra is not in the schema"]);
    dir.write("t.csv", &table);
    change(&dir, "kind = \"text\"", "kind = \"txt\"");
    refuses(&["s.toml: column sold: kind txt, did you mean text?"]);
    dir.refuses(&[&FIT[..], &["--schema", "none.toml"]].concat(), &["none.toml: cannot read"]);
}

// pandas.read_csv(path, dtype=str)["n"].value_counts()
#[test]
fn a_word_late_in_a_table_makes_texts_of_all_cells_before_it() {
    let dir = Workdir::new();
    let row = |cell: &str| format!("{cell},{}\n", "p".repeat(1000));
    let mut table = String::from("n,pad\n") + &row("007").repeat(6000) + &row("7").repeat(3000);
    table += &row("abc");
    dir.write("t.csv", table);
    let report = dir.json(&["inspect", "t.csv"], 0);
    let column = &report["columns"][0];
    assert_eq!((&column["kind"], &column["distinct"]), (&json!("text"), &json!(3)), "{column}");
    assert_eq!(column["most_frequent"], json!([["007", 6000], ["7", 3000], ["abc", 1]]));
}
