//! Tables as people have them: exports of spreadsheets, of databases, of pandas and R, in every format.

use crate::common::Workdir;
use lockstep::data::source::read_table;
use polars::prelude::*;
use serde_json::Value;

/// `inspect`'s profile of a column.
fn column(report: &Value, name: &str) -> Value {
    let columns = report["columns"].as_array().unwrap();
    columns.iter().find(|column| column["name"] == name).unwrap_or_else(|| panic!("no column {name}: {report}")).clone()
}

fn names(report: &Value) -> Vec<&str> {
    report["columns"].as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap()).collect()
}

fn inspect(dir: &Workdir, file: &str, more: &[&str]) -> Value {
    dir.json(&[&["inspect", file][..], more].concat(), 0)
}

const QUICK: [&str; 10] = ["--epochs", "2", "--hidden", "none", "--device", "cpu", "--threads", "1", "--seed", "1"];

fn fit(dir: &Workdir, file: &str, more: &[&str]) -> Value {
    dir.json(&[&["fit", file][..], &QUICK, more].concat(), 0)
}

/// The one line with which `fit` refuses a table.
fn refusal(dir: &Workdir, file: &str, more: &[&str]) -> String {
    let out = dir.run(&[&["fit", file][..], &QUICK, more].concat(), 2);
    let stderr = String::from_utf8(out.stderr).unwrap();
    assert_eq!(stderr.trim_end().lines().count(), 1, "{stderr}");
    stderr
}

/// `rows` lines of what `row` gives, below `header`.
fn csv(header: &str, rows: usize, row: impl Fn(usize) -> String) -> String {
    let lines: Vec<String> = (0..rows).map(row).collect();
    format!("{header}\n{}\n", lines.join("\n"))
}

// csv.reader(text, skipinitialspace=True): 4 cells a row, mean of year 2004.5
#[test]
fn a_blank_before_a_quote_is_no_part_of_the_cell() {
    let dir = Workdir::new();
    dir.write(
        "t.csv",
        csv("price,size,place,year", 10, |row| format!("{},{row}, \"Bonn, {row}\", {}", 500 + row, 2000 + row)),
    );
    let report = inspect(&dir, "t.csv", &[]);
    assert_eq!(names(&report), ["price", "size", "place", "year"]);
    assert_eq!(column(&report, "year")["mean"], 2004.5);
    assert_eq!(column(&report, "place")["most_frequent"][0][0], "Bonn, 0");
}

#[test]
fn quotes_inside_cells_are_read_or_named_with_their_row() {
    let dir = Workdir::new();
    dir.write("t.csv", csv("part,x,y", 30, |row| format!("{}\" pipe,{row},{}.5", row + 1, row * 2)));
    let report = inspect(&dir, "t.csv", &[]);
    assert_eq!((&report["rows"], &column(&report, "part")["most_frequent"][0][0]), (&30.into(), &"1\" pipe".into()));
    dir.write("e.csv", csv("note,x,y", 30, |row| format!("\"a \\\"b\\\" {}\",{row},{}.5", row % 3, row * 2)));
    let stderr = refusal(&dir, "e.csv", &["--target", "y"]);
    assert!(stderr.contains("e.csv: row 1, cell 1: text stands behind its closing quote"), "{stderr}");
    // The advice is followed, and arrives.
    let report = inspect(&dir, "e.csv", &["--escape", "\\"]);
    assert_eq!(column(&report, "note")["most_frequent"][0], serde_json::json!(["a \"b\" 0", 10]));
    fit(&dir, "e.csv", &["--target", "y", "--escape", "\\"]);
}

#[test]
fn spreadsheets_delimiters_comments_and_titles_are_no_rows() {
    let dir = Workdir::new();
    let rows = |delimiter: &str| {
        csv(&["x", "z", "y"].join(delimiter), 30, |row| format!("{row}{delimiter}{}{delimiter}{}.5", row % 7, row * 2))
    };
    dir.write("sep.csv", format!("sep=;\n{}", rows(";")));
    dir.write("semicolons.csv", rows(";"));
    dir.write("bars.txt", rows("|"));
    dir.write("tabs.tsv", rows("\t"));
    dir.write("tabs.txt", rows("\t"));
    for (file, more) in [
        ("sep.csv", &[][..]),
        ("sep.csv", &["--delimiter", ";"]),
        ("semicolons.csv", &[]),
        ("bars.txt", &[]),
        ("tabs.tsv", &[]),
        ("tabs.txt", &[]),
    ] {
        let report = inspect(&dir, file, more);
        assert_eq!((&report["rows"], names(&report)), (&30.into(), vec!["x", "z", "y"]), "{file}");
        assert_eq!(column(&report, "x")["mean"], 14.5, "{file}");
    }
    dir.write("c.csv", format!("# exported by a service\n# \"version\n{}# the end\n", rows(",")));
    assert_eq!(inspect(&dir, "c.csv", &["--comment", "#"])["rows"], 30);
    dir.write("title.csv", format!("Sales of \"2024\"\n\n{}", rows(",")));
    let report = inspect(&dir, "title.csv", &["--skip-rows", "2"]);
    assert_eq!((&report["rows"], names(&report)), (&30.into(), vec!["x", "z", "y"]));
    assert!(
        refusal(&dir, "title.csv", &["--target", "y", "--skip-rows", "99"])
            .contains("--skip-rows 99: there are only 33 lines")
    );
}

#[test]
fn words_for_missing_hold_in_every_format() {
    let dir = Workdir::new();
    let cell = |row: usize| if row % 10 == 3 { "\"NA\"".to_string() } else { format!("{row}.5") };
    let rows: Vec<String> = (0..30).map(|row| format!("{{\"x\": {}, \"y\": {row}}}", cell(row))).collect();
    dir.write("t.ndjson", rows.join("\n"));
    dir.write("t.json", format!("[{}]", rows.join(",\n")));
    let kinds = ["n/a", "b", "<NA>", "#N/A", "a", " ? "];
    dir.write("t.csv", csv("kind,y", 30, |row| format!("{},{row}", kinds[row % 6])));
    let mut frame =
        df!("kind" => (0..30).map(|row| kinds[row % 6]).collect::<Vec<_>>(), "y" => (0..30).collect::<Vec<i32>>(),
        "z" => (0..30).map(|row| if row % 10 == 0 { -200 } else { row }).collect::<Vec<i32>>())
        .unwrap();
    ParquetWriter::new(std::fs::File::create(dir.path().join("t.parquet")).unwrap()).finish(&mut frame).unwrap();
    for file in ["t.ndjson", "t.json"] {
        let x = column(&inspect(&dir, file, &[]), "x");
        // np.nanmean([row + .5 for row in range(30) if row % 10 != 3])
        assert_eq!((&x["missing"], &x["kind"]), (&3.into(), &"number".into()), "{file}");
        assert!((x["mean"].as_f64().unwrap() - 15.166666666666666).abs() < 1e-12, "{x}");
        assert_eq!(fit(&dir, file, &["--target", "y"])["task"], "regression");
    }
    for file in ["t.csv", "t.parquet"] {
        let kind = column(&inspect(&dir, file, &[]), "kind");
        assert_eq!((&kind["missing"], &kind["distinct"]), (&20.into(), &2.into()), "{file}");
    }
    // A number that means missing is given as it is, in a column of numbers too.
    let z = |more: &[&str]| column(&inspect(&dir, "t.parquet", more), "z");
    assert_eq!((&z(&["--na", "-200"])["missing"], &z(&[])["missing"]), (&3.into(), &0.into()));
    fit(&dir, "t.parquet", &["--target", "y", "--na", "-200,n/a"]);
    // So are a date, and a number that Float32 does not hold as it is written.
    let day = Column::new("day".into(), (0..30).map(|row| row % 3 - 25_567).collect::<Vec<i32>>())
        .cast(&DataType::Date)
        .unwrap();
    let low = Column::new(
        "low".into(),
        (0..30).map(|row| if row % 5 == 0 { -999.9 } else { row as f32 }).collect::<Vec<f32>>(),
    );
    let mut frame = DataFrame::new(30, vec![day, low]).unwrap();
    ParquetWriter::new(std::fs::File::create(dir.path().join("d.parquet")).unwrap()).finish(&mut frame).unwrap();
    let report = inspect(&dir, "d.parquet", &["--na", "1900-01-01,-999.9"]);
    assert_eq!((&column(&report, "day")["missing"], &column(&report, "low")["missing"]), (&10.into(), &6.into()));
}

// pandas.read_json(lines=True): column b has 90 missing cells and the mean 0.5
#[test]
fn a_key_that_first_occurs_late_is_a_column_like_the_others() {
    let dir = Workdir::new();
    let row = |row: usize| {
        let filler = "n".repeat(200_000);
        let late = if row >= 90 { format!(", \"b\": {}", row % 2) } else { String::new() };
        format!("{{\"a\": {}, \"note\": \"{filler}\", \"y\": {row}.5{late}}}", row % 7)
    };
    dir.write("t.ndjson", (0..100).map(row).collect::<Vec<_>>().join("\n"));
    let b = column(&inspect(&dir, "t.ndjson", &[]), "b");
    assert_eq!((&b["missing"], &b["mean"]), (&90.into(), &0.5.into()));
    fit(&dir, "t.ndjson", &["--target", "y", "--features", "a,b"]);
}

#[test]
fn a_nested_column_is_named_and_does_not_matter_where_it_is_not_used() {
    let dir = Workdir::new();
    let row =
        |row: usize| format!("{{\"x\": {}, \"place\": {{\"lat\": {row}}}, \"tags\": [1, 2], \"y\": {row}.5}}", row % 7);
    dir.write("t.ndjson", (0..30).map(row).collect::<Vec<_>>().join("\n"));
    let report = inspect(&dir, "t.ndjson", &["--save", "s.toml"]);
    assert_eq!(names(&report), ["x", "y"]);
    let notes: Vec<&Value> =
        report["notes"].as_array().unwrap().iter().filter(|note| note["kind"] == "unreadable").collect();
    assert_eq!((notes.len(), &notes[0]["columns"][0]), (2, &"place".into()));
    let stderr = refusal(&dir, "t.ndjson", &["--target", "y"]);
    assert!(stderr.contains("column place has objects in its cells") && stderr.contains("--drop place"), "{stderr}");
    fit(&dir, "t.ndjson", &["--target", "y", "--drop", "place,tags"]);
    // What is saved of it is ignored.
    fit(&dir, "t.ndjson", &["--target", "y", "--schema", "s.toml"]);
}

#[test]
fn numbers_in_disguise_are_refused_alike_as_feature_and_as_target() {
    let dir = Workdir::new();
    dir.write("t.csv", csv("share,price,x,y", 60, |row| format!("{}%,{}€,{row},{row}.5", row * 5, row)));
    for (target, column) in [("share", "share"), ("y", "share")] {
        let stderr = refusal(&dir, "t.csv", &["--target", target, "--drop", "price"]);
        assert!(stderr.contains(&format!("t.csv: row 1, column {column}: \"0%\", expected a number")), "{stderr}");
    }
    let report = inspect(&dir, "t.csv", &[]);
    let notes = report["notes"].as_array().unwrap();
    assert_eq!(notes.iter().filter(|note| note["kind"] == "numbers-as-text").count(), 2, "{report}");
    // Classes are learnt of it only where that is said.
    assert_eq!(fit(&dir, "t.csv", &["--target", "x", "--features", "y"])["task"], "regression");
}

// pandas.read_csv(sep=";", decimal=",", thousands=".")
#[test]
fn decimal_commas_and_thousands_are_the_users() {
    let dir = Workdir::new();
    dir.write("t.csv", csv("price;x;y", 30, |row| format!("1.{:03},99;0,{:02};{},5", row * 7, row, row * 2)));
    let stderr = refusal(&dir, "t.csv", &["--target", "y"]);
    assert!(stderr.contains("say --decimal ,"), "{stderr}");
    let german = ["--decimal", ",", "--thousands", "."];
    let report = inspect(&dir, "t.csv", &german);
    let near = |value: &Value, expected: f64| assert!((value.as_f64().unwrap() - expected).abs() < 1e-9, "{value}");
    near(&column(&report, "price")["max"], 1203.99);
    near(&column(&report, "x")["mean"], 0.145);
    assert_eq!(fit(&dir, "t.csv", &[&["--target", "y"], &german[..]].concat())["task"], "regression");
    // The model reads tables as it was fitted to.
    let answers = |more: &[&str]| {
        let out = dir.run(&[&["predict", "runs/fit/model.pt", "t.csv"][..], more].concat(), 0);
        String::from_utf8(out.stdout).unwrap()
    };
    assert_eq!(answers(&[]), answers(&german));
    dir.write("plain.csv", csv("price,x,y", 30, |row| format!("1{:03}.99,0.{:02},{}.5", row * 7, row, row * 2)));
    let out = dir.run(&["predict", "runs/fit/model.pt", "plain.csv", "--decimal", ".", "--thousands", "none"], 0);
    assert_eq!(String::from_utf8(out.stdout).unwrap(), answers(&[]));
}

#[test]
fn blanks_behind_commas_make_neither_texts_nor_classes() {
    let dir = Workdir::new();
    dir.write("t.csv", csv("x, sex, y", 60, |row| format!("{row}, {}, {}.5", ["M", "F", "?"][row % 3], row)));
    let report = inspect(&dir, "t.csv", &[]);
    assert_eq!(column(&report, " sex")["missing"], 20);
    assert_eq!(column(&report, " y")["kind"], "number");
    assert_eq!(fit(&dir, "t.csv", &["--target", " y"])["task"], "regression");
}

// pd.to_datetime(column, format="%d/%m/%Y").dt.month
#[test]
fn dates_in_another_order_are_named_and_read_with_their_format() {
    let dir = Workdir::new();
    let date = |row: usize| format!("{:02}/{:02}/2022", row % 28 + 1, row % 12 + 1);
    dir.write("t.csv", csv("day,x,y", 80, |row| format!("{},{row},{}.5", date(row), row % 12)));
    let stderr = refusal(&dir, "t.csv", &["--target", "y"]);
    assert!(
        stderr.contains("t.csv: row 1, column day: \"01/01/2022\" looks like a date") && stderr.contains("'%d/%m/%Y'"),
        "{stderr}"
    );
    assert_eq!(column(&inspect(&dir, "t.csv", &[]), "day")["kind"], "text");
    let day = column(&inspect(&dir, "t.csv", &["--date-format", "%d/%m/%Y"]), "day");
    assert_eq!((&day["kind"], &day["min"], &day["max"]), (&"date".into(), &"2022-01-01".into(), &"2022-12-24".into()));
    fit(&dir, "t.csv", &["--target", "y", "--date-format", "%d/%m/%Y"]);
    let answers = |data: &str| String::from_utf8(dir.run(&["predict", "runs/fit/model.pt", data], 0).stdout).unwrap();
    let iso = |row: usize| format!("2022-{:02}-{:02}", row % 12 + 1, row % 28 + 1);
    dir.write("iso.csv", csv("day,x", 80, |row| format!("{},{row}", iso(row))));
    assert_eq!(answers("t.csv"), answers("iso.csv"));
    // Whole numbers are dates where a column is named.
    dir.write("n.csv", csv("day,x,y", 80, |row| format!("{},{row},{}.5", iso(row).replace('-', ""), row % 12)));
    assert_eq!(column(&inspect(&dir, "n.csv", &["--date-format", "day=%Y%m%d"]), "day")["max"], "2022-12-24");
    assert!(
        refusal(&dir, "n.csv", &["--target", "y", "--date-format", "d=%Y"])
            .contains("--date-format d=%Y: does not say")
    );
}

#[test]
fn a_slip_among_dates_is_named() {
    let dir = Workdir::new();
    let date = |row: usize| {
        if row == 11 { "0000-00-00".into() } else { format!("2022-{:02}-{:02}", row % 12 + 1, row % 28 + 1) }
    };
    dir.write("t.csv", csv("day,x,y", 80, |row| format!("{},{row},{row}.5", date(row))));
    let stderr = refusal(&dir, "t.csv", &["--target", "y"]);
    assert!(
        stderr.contains("t.csv: row 12, column day: \"0000-00-00\" is not a date, while 79 of 80 cells are"),
        "{stderr}"
    );
    fit(&dir, "t.csv", &["--target", "y", "--na", "0000-00-00"]);
}

#[test]
fn ten_whole_numbers_in_ten_rows_are_numbers_and_the_choice_is_said() {
    let dir = Workdir::new();
    dir.write("t.csv", csv("dose,count", 10, |row| format!("{row},{}", row * row + 100)));
    let out = dir.run(&[&["fit", "t.csv", "--target", "count"][..], &QUICK].concat(), 0);
    let stderr = String::from_utf8(out.stdout).unwrap();
    assert!(stderr.contains("task: regression, for count has 10 different whole numbers in 10 rows"), "{stderr}");
    assert!(stderr.contains("--task classification"), "{stderr}");
    // The original's two classes of whole numbers stay classes.
    dir.write("c.csv", csv("a,y", 10, |row| format!("{row},{}", row % 2)));
    assert_eq!(fit(&dir, "c.csv", &["--target", "y"])["task"], "classification");
}

#[test]
fn the_index_that_pandas_and_r_write_is_not_learnt_from() {
    let dir = Workdir::new();
    dir.write("r.csv", csv("\"\",\"x\",\"y\"", 30, |row| format!("\"{}\",{}.39,{}.5", row + 1, row % 7, row * 2)));
    dir.write("table.txt", csv("\"x\" \"y\"", 30, |row| format!("\"{}\" {}.39 {}.5", row + 1, row % 7, row * 2)));
    let mut frame = df!("x" => (0..30).map(|row| row % 7).collect::<Vec<i32>>(), "y" => (0..30).map(|row| f64::from(row) * 2.0).collect::<Vec<_>>(),
        "__index_level_0__" => (0..30).map(|row| row * 37 % 31).collect::<Vec<i64>>()).unwrap();
    IpcWriter::new(std::fs::File::create(dir.path().join("t.feather")).unwrap()).finish(&mut frame).unwrap();
    for (file, index, more) in [
        ("r.csv", "Unnamed: 0", &[][..]),
        ("table.txt", "Unnamed: 0", &["--delimiter", " "]),
        ("t.feather", "__index_level_0__", &[]),
    ] {
        let report = inspect(&dir, file, more);
        assert_eq!(column(&report, index)["role"], "id", "{file}");
        let out = dir.run(&[&["fit", file, "--target", "y"][..], &QUICK, more].concat(), 0);
        assert!(
            String::from_utf8(out.stdout).unwrap().contains(&format!("{index} is the index that pandas or R wrote"))
        );
        let model = dir.json(&["inspect", "runs/fit/model.pt"], 0);
        assert_eq!(model["table"]["inputs"]["numbers"].as_array().unwrap().len(), 1, "{file}");
        let learnt =
            fit(&dir, file, &[&["--target", "y", "--features"], &[format!("x,{index}").as_str()][..], more].concat());
        assert_eq!(learnt["features"], 2, "{file}");
    }
    // Another column that counts the rows is learnt from, and that is said.
    dir.write("n.csv", csv("row,x,y", 30, |row| format!("{row},{}.5,{row}.5", row % 7)));
    let out = dir.run(&[&["fit", "n.csv", "--target", "y"][..], &QUICK].concat(), 0);
    assert!(String::from_utf8(out.stdout).unwrap().contains("row counts the rows, and is learnt from; --drop row"));
}

#[test]
fn truth_values_are_both_known_however_rare_one_is() {
    let dir = Workdir::new();
    for [yes, no] in [["True", "False"], ["TRUE", "FALSE"], ["true", "false"]] {
        dir.write(
            "t.csv",
            csv("rare,x,y", 40, |row| format!("{},{row},{}.5", if row == 5 { yes } else { no }, row * 2)),
        );
        fit(&dir, "t.csv", &["--target", "y"]);
        // The same values as another program writes them.
        for [yes, no] in [["True", "False"], ["TRUE", "FALSE"], ["true", "false"]] {
            dir.write("n.csv", format!("rare,x\n{yes},1\n{no},2\n"));
            let answers = dir.run(&["predict", "runs/fit/model.pt", "n.csv"], 0).stdout;
            let mut frame = df!("rare" => [true, false], "x" => [1, 2]).unwrap();
            ParquetWriter::new(std::fs::File::create(dir.path().join("n.parquet")).unwrap())
                .finish(&mut frame)
                .unwrap();
            assert_eq!(answers, dir.run(&["predict", "runs/fit/model.pt", "n.parquet"], 0).stdout);
        }
        // Classes come back as the table calls them.
        dir.write("c.csv", csv("x,y", 40, |row| format!("{},{}", row % 2, if row % 2 == 0 { yes } else { no })));
        fit(&dir, "c.csv", &["--target", "y", "--out", "c"]);
        let answers = String::from_utf8(dir.run(&["predict", "c/model.pt", "c.csv"], 0).stdout).unwrap();
        assert!(answers.starts_with(&format!("prediction,probability_{no},probability_{yes}\n")), "{answers}");
    }
}

#[test]
fn compressed_text_and_other_encodings_are_seen() {
    let dir = Workdir::new();
    let text = csv("x,städt,y", 30, |row| format!("{row},{},{}.5", ["Köln", "Bonn"][row % 2], row * 2));
    dir.write("t.csv", text.clone());
    let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
    std::fs::write(dir.path().join("latin.csv"), latin).unwrap();
    let utf16: Vec<u8> = std::iter::once(0xfeff_u16).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    std::fs::write(dir.path().join("utf16.csv"), utf16).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, text.as_bytes()).unwrap();
    std::fs::write(dir.path().join("g.csv.gz"), gzip.finish().unwrap()).unwrap();
    std::fs::write(dir.path().join("z.csv.zst"), zstd::encode_all(text.as_bytes(), 3).unwrap()).unwrap();
    let expected = inspect(&dir, "t.csv", &[])["columns"].clone();
    for (file, more) in
        [("latin.csv", &["--encoding", "latin1"][..]), ("utf16.csv", &[]), ("g.csv.gz", &[]), ("z.csv.zst", &[])]
    {
        assert_eq!(inspect(&dir, file, more)["columns"], expected, "{file}");
    }
    assert!(
        refusal(&dir, "latin.csv", &["--target", "y"]).contains("not UTF-8 text (byte 0xe4); say which encoding it is")
    );
    dir.write("broken.csv.gz", "\u{1f}");
    std::fs::write(dir.path().join("cut.csv.gz"), &std::fs::read(dir.path().join("g.csv.gz")).unwrap()[..60]).unwrap();
    assert!(refusal(&dir, "cut.csv.gz", &["--target", "y"]).contains("cut.csv.gz: cannot read"));
}

#[test]
fn a_folder_of_files_is_one_table() {
    let dir = Workdir::new();
    std::fs::create_dir(dir.path().join("parts")).unwrap();
    dir.write("parts/b.csv", csv("x,y", 20, |row| format!("{},{row}.5", row + 20)));
    dir.write("parts/a.csv", csv("x,y", 20, |row| format!("{row},{row}.5")));
    dir.write("parts/_SUCCESS", "");
    dir.write("parts/notes.md", "no table");
    let report = inspect(&dir, "parts", &[]);
    assert_eq!((&report["rows"], &column(&report, "x")["mean"]), (&40.into(), &19.5.into()));
    std::fs::create_dir(dir.path().join("parts/year=2024")).unwrap();
    assert!(refusal(&dir, "parts", &["--target", "y"]).contains("has the folder year=2024 in it"));
    dir.write("shop.sqlite", "SQLite format 3");
    assert!(refusal(&dir, "shop.sqlite", &["--target", "y"]).contains("a database; export the rows first"));
}

// pd.Series(pd.to_datetime(["2024-02-29 23:30Z"])).dt.tz_convert("Europe/Berlin").dt.day is 1, .dt.hour 0
#[test]
fn times_of_a_zone_are_those_of_its_clocks() {
    let dir = Workdir::new();
    let zone = TimeZone::opt_try_new(Some(PlSmallStr::from_static("Europe/Berlin"))).unwrap();
    let utc: Vec<i64> = (0..30).map(|row| 1_709_249_400_000 + row * 3_600_000).collect();
    let at = Int64Chunked::from_slice("at".into(), &utc).into_datetime(TimeUnit::Milliseconds, zone).into_column();
    let y = Column::new("y".into(), (0..30).map(f64::from).collect::<Vec<_>>());
    let mut frame = DataFrame::new(30, vec![at, y]).unwrap();
    ParquetWriter::new(std::fs::File::create(dir.path().join("t.parquet")).unwrap()).finish(&mut frame).unwrap();
    let rows: Vec<String> = (0..30).map(|row| format!("2024-03-01 {:02}:30:00+01,{row}.0", row)).collect();
    dir.write("t.csv", format!("at,y\n{}\n", rows[..24].join("\n")));
    for file in ["t.parquet", "t.csv"] {
        let arguments = [
            "preprocess",
            file,
            "--target",
            "y",
            "--scale",
            "none",
            "--to",
            "parquet",
            "--split",
            "1,0,0",
            "--date-parts",
            "month,day,hour",
        ];
        dir.run(&arguments, 0);
        let table = read_table(&dir.path().join("runs/preprocess/train.parquet")).unwrap();
        let first = ["at.month", "at.day", "at.hour"].map(|name| table.column(name).unwrap().f32().unwrap().get(0));
        assert_eq!(first, [Some(3.0), Some(1.0), Some(0.0)], "{file}");
    }
}

/// A table that another program wrote; tests/data/README.md says how.
fn other(name: &str) -> String {
    format!("{}/tests/data/others/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn what_pandas_calls_its_index_is_left_out_and_gaps_in_its_categories_are_read() {
    let dir = Workdir::new();
    for file in ["pandas.feather", "pandas.parquet"].map(other) {
        let report = inspect(&dir, &file, &[]);
        assert_eq!((&column(&report, "c")["missing"], &column(&report, "row")["role"]), (&10.into(), &"id".into()));
        let summary = fit(&dir, &file, &["--target", "y"]);
        assert_eq!((&summary["features"], &summary["task"]), (&2.into(), &"regression".into()));
        assert!(summary["remarks"].to_string().contains("row is the index that pandas or R wrote"), "{summary}");
    }
}

// openpyxl's cells: dates, times of day (12:00 is 43200 s), truth values
#[test]
fn a_sheet_of_a_workbook_is_a_table() {
    let dir = Workdir::new();
    let file = other("workbook.xlsx");
    let report = inspect(&dir, &file, &["--skip-rows", "1"]);
    assert_eq!(names(&report), ["n", "word", "day", "at", "flag", "y"]);
    let kinds =
        ["n", "word", "day", "at", "flag", "y"].map(|name| column(&report, name)["kind"].as_str().unwrap().to_string());
    assert_eq!(kinds, ["integer", "text", "date", "integer", "bool", "number"]);
    assert_eq!((&column(&report, "word")["missing"], &column(&report, "at")["min"]), (&3.into(), &43200.into()));
    fit(&dir, &file, &["--target", "y", "--skip-rows", "1"]);
    assert_eq!(inspect(&dir, &file, &["--sheet", "Other"])["rows"], 5);
    let stderr = refusal(&dir, &file, &["--target", "y", "--sheet", "None"]);
    assert!(stderr.contains("--sheet None: there is no such sheet, expected Orders, Other"), "{stderr}");
}

#[test]
fn blanks_and_carriage_returns_are_neither_rows_nor_the_end_of_a_fit() {
    let dir = Workdir::new();
    dir.write("t.ndjson", "{\"x\":1,\"y\":2}\n   \n{\"x\":3,\"y\":4}\n\n{\"x\":5,\"y\":7}\n");
    let report = inspect(&dir, "t.ndjson", &[]);
    assert_eq!((&report["rows"], &column(&report, "x")["missing"]), (&3.into(), &0.into()));
    dir.write("t.csv", csv("a,y", 30, |row| format!("\"g\r\nh{}\",{row}.5", row % 3)));
    fit(&dir, "t.csv", &["--target", "y"]);
}
