//! Every mistake that a user can make with a table: one line that names the file, the place and the remedy.

use crate::common::Workdir;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

const QUICK: [&str; 6] = ["--epochs", "2", "--device", "cpu", "--threads", "1"];

/// 40 rows of `a` (a number), `b` (a number), `c` (text), `y` (a class).
fn rows() -> Vec<String> {
    (0..40)
        .map(|row| format!("{row},{},{},{}", row * 7 % 11, ["red", "blue"][row % 2], ["no", "yes"][row % 3 / 2]))
        .collect()
}

fn table(header: &str, rows: &[String]) -> String {
    format!("{header}\n{}\n", rows.join("\n"))
}

/// The table with `line` as its row `row`, counted from 1.
fn with_row(row: usize, line: &str) -> String {
    let mut rows = rows();
    rows[row - 1] = line.into();
    table("a,b,c,y", &rows)
}

fn sound() -> String {
    table("a,b,c,y", &rows())
}

fn arguments<'a>(flags: &[&'a str]) -> Vec<&'a str> {
    let target = if flags.contains(&"--target") { &[][..] } else { &["--target", "y"] };
    [&["fit", "t.csv"][..], target, &QUICK, flags].concat()
}

/// `fit` with `flags` on the table `content`, in t.csv, is refused with `words`.
fn refuses(content: impl AsRef<[u8]>, flags: &[&str], words: &[&str]) {
    let dir = Workdir::new();
    dir.write("t.csv", content);
    dir.refuses(&arguments(flags), words);
}

/// `fit` with `flags` on the table `content` works; its summary.
fn accepts(content: impl AsRef<[u8]>, flags: &[&str]) -> serde_json::Value {
    let dir = Workdir::new();
    dir.write("t.csv", content);
    dir.json(&[&arguments(flags)[..], &["--quiet"]].concat(), 0)
}

// The target.

#[test]
fn a_target_that_is_not_there_is_answered_with_the_nearest_column() {
    refuses(sound(), &["--target", "Y"], &["t.csv", "--target", "no column Y", "did you mean y?"]);
    refuses(table("a,b,c, y", &rows()), &[], &["t.csv", "no column y", "did you mean \" y\"?"]);
}

#[test]
fn a_target_with_one_class_is_refused() {
    let one: Vec<String> = (0..40).map(|row| format!("{row},x")).collect();
    refuses(table("a,y", &one), &[], &["t.csv", "target y", "only the class x", "two at least"]);
}

#[test]
fn text_is_no_target_for_a_regression() {
    let words = ["t.csv: row 1, column y", "\"no\"", "expected a number", "--task classification"];
    refuses(sound(), &["--task", "regression"], &words);
}

#[test]
fn a_row_whose_class_is_missing_is_left_out_and_counted() {
    let summary = accepts(with_row(8, "7,5,red,NaN"), &[]);
    assert_eq!(summary["rows"]["without_target"], 1);
}

#[test]
fn an_infinite_target_is_refused() {
    let numbers: Vec<String> =
        (0..40).map(|row| format!("{row},{}", if row == 8 { "-inf".into() } else { format!("{row}.5") })).collect();
    refuses(table("a,y", &numbers), &[], &["t.csv", "column y", "-inf", "finite"]);
}

#[test]
fn an_infinite_target_is_named_by_its_row_of_the_file() {
    for seed in ["0", "1", "2"] {
        let numbers: Vec<String> =
            (0..40).map(|row| format!("{row},{}", if row == 8 { "inf".into() } else { format!("{row}.5") })).collect();
        refuses(table("a,y", &numbers), &["--seed", seed], &["t.csv: row 9, column y"]);
    }
}

#[test]
fn a_class_with_one_row_cannot_be_stratified() {
    refuses(with_row(40, "1,2,red,maybe"), &["--stratify"], &["t.csv", "--stratify", "\"maybe\"", "1 row"]);
}

// The settings against the table.

#[test]
fn a_column_cannot_have_two_roles() {
    for (flags, words) in [
        (&["--features", "a,y"][..], &["--features", "y", "--target"][..]),
        (&["--features", "a,b", "--drop", "b"], &["--features", "b", "--drop"]),
        (&["--features", "a,a"], &["--features", "a stands twice"]),
        (&["--features", "a,b", "--id", "a"], &["--features", "a", "--id"]),
        (&["--drop", "y"], &["--drop", "y", "--target"]),
        (&["--categorical", "y"], &["--categorical", "y", "--task classification"]),
        (&["--id", "y"], &["--id y", "--target"]),
        (&["--sample-weight", "y"], &["--sample-weight y", "--target"]),
        (&["--split-column", "a", "--sample-weight", "a"], &["--sample-weight a", "--split-column"]),
    ] {
        refuses(sound(), flags, words);
    }
}

#[test]
fn every_column_that_a_flag_names_has_to_be_there() {
    for flag in ["--features", "--drop", "--categorical", "--id", "--split-column", "--sample-weight"] {
        refuses(sound(), &[flag, "B"], &["t.csv", flag, "no column B", "did you mean b?"]);
    }
    refuses(sound(), &["--column", "B:impute=median"], &["t.csv", "--column", "no column B", "did you mean b?"]);
}

#[test]
fn a_header_of_numbers_is_probably_none() {
    let rows: Vec<String> = (0..40).map(|row| format!("5.{row},3.5,{}", row % 2)).collect();
    refuses(table("5.1,3.4,1", &rows), &[], &["t.csv", "no column y", "header", "numbers", "--no-header"]);
}

#[test]
fn a_weight_below_zero_or_missing_is_refused() {
    refuses(with_row(8, "7,-1,red,yes"), &["--sample-weight", "b"], &["--sample-weight b", "-1", "from 0 up"]);
    refuses(with_row(8, "7,,red,yes"), &["--sample-weight", "b"], &["--sample-weight b", "from 0 up"]);
    refuses(sound(), &["--sample-weight", "c"], &["column c", "expected a number"]);
}

#[test]
fn a_weight_below_zero_is_named_by_its_row() {
    refuses(with_row(8, "7,-1,red,yes"), &["--sample-weight", "b"], &["t.csv: row 8", "--sample-weight b", "-1"]);
}

// Cells.

#[test]
fn a_column_without_any_value_is_refused_with_the_flag_that_drops_it() {
    let rows: Vec<String> = (0..40).map(|row| format!("{row},,{}", ["x", "z"][row % 2])).collect();
    refuses(table("a,b,y", &rows), &[], &["t.csv: column b", "missing", "--drop b"]);
}

#[test]
fn nothing_is_left_when_every_row_has_a_gap_and_is_dropped() {
    let rows: Vec<String> =
        (0..40).map(|row| if row % 2 == 0 { format!("{row},,x") } else { format!(",{row},z") }).collect();
    refuses(table("a,b,y", &rows), &["--impute", "drop"], &["t.csv", "no training row is left", "dropped", "--impute"]);
}

#[test]
fn a_test_part_whose_every_row_is_dropped_is_refused() {
    let rows: Vec<String> =
        (0..40).map(|row| if row < 30 { format!("{row},train,{row}.5") } else { format!(",test,{row}.5") }).collect();
    let flags = ["--split-column", "part", "--impute", "drop"];
    refuses(table("a,part,y", &rows), &flags, &["t.csv", "test", "dropped"]);
}

#[test]
fn an_infinite_cell_is_refused() {
    for cell in ["inf", "-inf", "1e999"] {
        refuses(with_row(13, &format!("{cell},2,red,yes")), &[], &["t.csv: row ", "column a", "inf", "finite"]);
    }
}

#[test]
fn an_infinite_cell_is_named_by_its_row_of_the_file() {
    for seed in ["0", "1", "2"] {
        refuses(with_row(30, "inf,2,red,yes"), &["--seed", seed], &["t.csv: row 30, column a"]);
    }
}

#[test]
fn numbers_too_large_to_scale_are_refused_by_their_column() {
    let rows: Vec<String> = (1..41).map(|row| format!("{row}e300,{row}.5")).collect();
    refuses(table("a,y", &rows), &[], &["t.csv", "column a", "too large"]);
    let rows: Vec<String> = (1..41).map(|row| format!("{row}.5,{row}e300")).collect();
    refuses(table("a,y", &rows), &[], &["t.csv", "y", "too large"]);
}

#[test]
fn a_number_with_thousands_separators_is_named() {
    refuses(
        with_row(13, "\"1,234.5\",2,red,yes"),
        &[],
        &["t.csv: row 13, column a", "1,234.5", "--na", "--categorical a"],
    );
}

#[test]
fn a_nul_byte_is_refused() {
    refuses(with_row(6, "5,2,r\0d,yes"), &[], &["t.csv: row 6", "NUL"]);
}

// The file.

#[test]
fn a_name_that_stands_twice_in_the_header_is_refused() {
    refuses(table("a,a,c,y", &rows()), &[], &["t.csv", "column a stands twice"]);
    refuses(table("a,y,c,y", &rows()), &[], &["t.csv", "column y stands twice"]);
}

#[test]
fn a_column_without_a_name_gets_that_of_pandas() {
    assert!(accepts(table(",b,c,y", &rows()), &[])["remarks"].to_string().contains("Unnamed: 0 is the index"));
    assert!(!accepts(table("a,  ,c,y", &rows()), &[])["remarks"].to_string().contains("Unnamed: 1"));
    refuses(table(",b,c,y", &rows()), &["--features", "b,d"], &["t.csv", "no column d", "Unnamed: 0"]);
}

#[test]
fn a_row_with_too_many_cells_is_refused() {
    refuses(with_row(11, "10,2,red,yes,9"), &[], &["t.csv"]);
}

#[test]
fn a_row_with_too_many_or_too_few_cells_is_named_by_its_row() {
    refuses(with_row(11, "10,2,red,yes,9"), &[], &["t.csv: row 11", "5 cells", "expected 4"]);
    refuses(with_row(11, "10,2"), &[], &["t.csv: row 11", "2 cells", "expected 4"]);
}

#[test]
fn utf_16_is_read_by_its_mark_and_refused_without() {
    let encoded = |bytes: fn(u16) -> [u8; 2], mark: &[u8]| {
        [mark.to_vec(), sound().encode_utf16().flat_map(bytes).collect::<Vec<u8>>()].concat()
    };
    let plain = accepts(sound(), &[]);
    for content in [encoded(u16::to_le_bytes, b"\xff\xfe"), encoded(u16::to_be_bytes, b"\xfe\xff")] {
        assert_eq!(accepts(content, &[])["metrics"], plain["metrics"]);
    }
    refuses(encoded(u16::to_le_bytes, b""), &[], &["t.csv", "a NUL byte", "--encoding utf-16le"]);
    assert_eq!(accepts(encoded(u16::to_le_bytes, b""), &["--encoding", "utf-16le"])["metrics"], plain["metrics"]);
}

#[test]
fn latin_1_is_refused_with_its_row() {
    let latin = |text: String| text.chars().map(|letter| letter as u8).collect::<Vec<u8>>();
    refuses(latin(with_row(13, "12,2,grün,yes")), &[], &["t.csv: row 13", "UTF-8"]);
    refuses(latin(table("a,b,größe,y", &rows())), &[], &["t.csv", "header", "UTF-8"]);
}

#[test]
fn a_quote_that_never_closes_is_named_by_the_row_that_opens_it() {
    refuses(with_row(6, "5,2,\"red,yes"), &[], &["t.csv: row 6", "quote", "never closed"]);
    refuses(with_row(40, "5,2,red,\"yes"), &[], &["t.csv: row 40", "quote", "never closed"]);
}

#[test]
fn a_quote_that_never_closes_is_refused() {
    refuses(with_row(6, "5,2,\"red,yes"), &[], &["t.csv"]);
}

#[test]
fn an_empty_file_and_one_with_a_header_only_are_refused() {
    refuses("", &[], &["t.csv", "empty", "expected a header and rows"]);
    refuses("a,b,c,y\n", &[], &["t.csv", "no rows", "expected one at least"]);
    refuses("a,b,c,y", &[], &["t.csv", "no rows", "expected one at least"]);
}

#[test]
fn a_file_of_blank_lines_is_refused_as_an_empty_one() {
    refuses("\n\n\n", &[], &["t.csv", "empty", "expected a header and rows"]);
}

#[test]
fn line_ends_of_an_old_mac_are_named() {
    refuses(sound().replace('\n', "\r"), &[], &["t.csv", "line end"]);
}

#[test]
fn another_separator_is_seen_or_named_with_its_flag() {
    let plain = accepts(sound(), &[]);
    assert_eq!(accepts(sound().replace(',', ";"), &[])["metrics"], plain["metrics"]);
    refuses(sound().replace(',', ";"), &["--delimiter", ","], &["t.csv", "--delimiter ';'"]);
    refuses(sound().replace(',', "\t"), &["--delimiter", ","], &["t.csv", "--delimiter tab"]);
}

#[test]
fn a_folder_and_a_file_that_is_not_there_are_refused() {
    let dir = Workdir::new();
    std::fs::create_dir(dir.path().join("t.csv")).unwrap();
    dir.refuses(&arguments(&[]), &["t.csv: is a folder without a table"]);
    let other = Workdir::new();
    other.refuses(&arguments(&[]), &["t.csv", "cannot read", "No such file"]);
}

#[test]
fn a_byte_order_mark_and_line_ends_of_windows_are_read_as_if_they_were_not_there() {
    let plain = accepts(sound(), &[]);
    let marked = accepts([b"\xef\xbb\xbf", sound().as_bytes()].concat(), &["--id", "a"]);
    assert_eq!(marked["features"], accepts(sound(), &["--id", "a"])["features"], "the first name has no mark");
    for content in [[b"\xef\xbb\xbf", sound().as_bytes()].concat(), sound().replace('\n', "\r\n").into()] {
        let summary = accepts(content, &[]);
        assert_eq!((&summary["loss"], &summary["features"]), (&plain["loss"], &plain["features"]));
    }
}

/// A line of `length` bytes without an end, piece by piece.
fn write_long_line(dir: &Workdir, length: u64) {
    let mut file = std::fs::File::create(dir.path().join("t.csv")).unwrap();
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..length >> 20 {
        file.write_all(&piece).unwrap();
    }
}

/// `fit` on t.csv is refused, in less than a minute and in less than a gibibyte and a half; libtorch's CUDA build takes
/// half a gibibyte by itself. What it says.
fn refused_in_bounds(dir: &Workdir) -> String {
    let mut child = dir.command(&arguments(&[])).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let (start, mut peak) = (Instant::now(), 0);
    let status = loop {
        peak = peak.max(resident_kib(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(status.code(), Some(2), "{stderr}");
    assert!(peak < 3 << 19, "{} MiB", peak >> 10);
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    stderr
}

/// The most memory that a process has held so far.
fn resident_kib(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

#[test]
fn one_endless_line_is_refused_in_bounded_memory() {
    let dir = Workdir::new();
    for length in [100 << 20, 2 << 30] {
        write_long_line(&dir, length);
        let stderr = refused_in_bounds(&dir);
        for word in ["t.csv", "64 MiB", "line end"] {
            assert!(stderr.contains(word), "{word} is missing in: {stderr}");
        }
    }
}

#[test]
fn a_line_of_100_megabytes_takes_no_gigabytes() {
    let dir = Workdir::new();
    write_long_line(&dir, 100 << 20);
    let stderr = refused_in_bounds(&dir);
    assert!(stderr.len() < 1000 && stderr.starts_with("error: t.csv"), "{} bytes", stderr.len());
}

// Another table for a model.

fn fitted(content: &str, flags: &[&str]) -> Workdir {
    let dir = Workdir::new();
    dir.write("t.csv", content);
    dir.run(&[&arguments(flags)[..], &["--quiet"]].concat(), 0);
    dir
}

#[test]
fn evaluate_and_predict_name_the_column_or_cell_that_does_not_fit_the_model() {
    let dir = fitted(&sound(), &["--unseen", "error"]);
    for (content, words) in [
        ("A,b,c,y\n1,2,red,no\n", &["new.csv", "no column a", "did you mean A?"][..]),
        ("a,b,c,y\none,2,red,no\n", &["new.csv: row 1, column a", "\"one\"", "expected a number"]),
        ("a,b,c,y\n1,2,red,no\n1,2,green,no\n", &["new.csv: row 2, column c", "\"green\"", "--unseen"]),
        ("a,b,c,y\n1,2,red,no\ninf,2,red,no\n", &["new.csv: row 2, column a", "inf"]),
        ("a,b,c,y\n1,2,red,no\n1e300,2,red,no\n", &["new.csv: row 2", "too large"]),
        ("a,b,c,y\n", &["new.csv", "no rows"]),
        ("", &["new.csv", "empty"]),
    ] {
        dir.write("new.csv", content);
        for command in ["evaluate", "predict"] {
            dir.refuses(&[command, "runs/fit/model.pt", "new.csv"], words);
        }
    }
    dir.write("new.csv", "a,b,c,y\n1,2,red,no\n1,2,red,never\n");
    dir.refuses(&["evaluate", "runs/fit/model.pt", "new.csv"], &["new.csv: row 2", "target y", "\"never\""]);
    dir.write("new.csv", "a,b,c\n1,2,red\n");
    dir.refuses(&["evaluate", "runs/fit/model.pt", "new.csv"], &["new.csv", "no column y"]);
    dir.run(&["predict", "runs/fit/model.pt", "new.csv"], 0);
}

#[test]
fn a_feature_may_have_the_name_of_an_output_an_id_may_not() {
    let header = "prediction,probability_no,c,y";
    let dir = fitted(&table(header, &rows()), &[]);
    dir.run(&["predict", "runs/fit/model.pt", "t.csv"], 0);
    refuses(table(header, &rows()), &["--id", "prediction"], &["--id prediction", "rename"]);
    let dir = fitted(&table(header, &rows()), &["--id", "probability_no"]);
    dir.refuses(&["predict", "runs/fit/model.pt", "t.csv"], &["t.csv", "column probability_no", "rename", "--id"]);
}

// Tables that users have, and that have to work.

#[test]
fn names_with_blanks_and_letters_of_any_script_are_columns_like_others() {
    let rows: Vec<String> = (0..40).map(|row| format!("{row}.25,{row},{}", ["ä", "ö"][row % 2])).collect();
    let dir = fitted(&table("\"the price, in $\",größe cm,日本", &rows), &["--target", "the price, in $"]);
    let stdout = String::from_utf8(dir.run(&["predict", "runs/fit/model.pt", "t.csv"], 0).stdout).unwrap();
    assert_eq!(stdout.lines().count(), 41);
}

#[test]
fn ids_beyond_the_reach_of_floats_are_handed_on_as_they_are() {
    // 2**53 + 1 and its successors
    let rows: Vec<String> = (0..40).map(|row| format!("{},{row},{row}.5", 9_007_199_254_740_993_u64 + row)).collect();
    let dir = fitted(&table("id,a,y", &rows), &["--id", "id"]);
    let stdout = String::from_utf8(dir.run(&["predict", "runs/fit/model.pt", "t.csv"], 0).stdout).unwrap();
    let found: Vec<&str> = stdout.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!((found[0], found[39]), ("9007199254740993", "9007199254741032"));
}

#[test]
fn ids_are_handed_on_letter_by_letter() {
    let rows: Vec<String> = (0..40).map(|row| format!("{:030},{row},{row}.5", 10_u128.pow(25) + row)).collect();
    let dir = fitted(&table("id,a,y", &rows), &["--id", "id"]);
    let stdout = String::from_utf8(dir.run(&["predict", "runs/fit/model.pt", "t.csv"], 0).stdout).unwrap();
    assert!(stdout.starts_with("id,prediction\n000010000000000000000000000000,"), "{stdout}");
}

#[test]
fn two_rows_are_enough_where_no_part_is_asked_for() {
    let summary = accepts("a,y\n1,x\n2,z\n", &["--split", "1,0,0"]);
    assert_eq!(summary["rows"]["train"], 2);
    refuses("a,y\n1,x\n2,z\n", &[], &["--split", "2 rows"]);
}

/// A name for each row is no class: it would be an output and a probability a row.
#[test]
fn a_target_of_too_many_classes_is_refused_before_anything_is_made_for_them() {
    let dir = Workdir::new();
    let table = |name: &str, classes: usize| {
        (0..classes).fold(String::from("a,y\n"), |text, row| format!("{text}{},{name}{row}\n", row % 7))
    };
    dir.write("t.csv", table("name", 2_001));
    let fit = ["fit", "t.csv", "--target", "y"];
    for command in ["fit", "preprocess", "tune"] {
        let searched = if command == "tune" { &["--param", "lr=0.1,0.2"][..] } else { &[] };
        let arguments = [&[command, "t.csv", "--target", "y"], searched].concat();
        dir.refuses(&arguments, &["t.csv: the target y has 2001 classes", "2000 at most", "another --target"]);
    }
    dir.write("t.csv", table("", 2_001));
    dir.refuses(
        &[&fit[..], &["--task", "classification"]].concat(),
        &["2001 classes", "leave --task classification out"],
    );
    dir.run(&[&fit[..], &["--epochs", "1", "--device", "cpu", "--threads", "1"]].concat(), 0);
}

#[test]
fn of_more_than_a_hundred_classes_no_matrix_is_drawn() {
    let dir = Workdir::new();
    let rows: String = (0..606).map(|row| format!("{},{},c{}\n", row % 7, row % 11, row % 101)).collect();
    dir.write("t.csv", format!("a,b,y\n{rows}"));
    let fit = ["fit", "t.csv", "--target", "y", "--stratify", "--split", "0.5,0.25,0.25", "--epochs", "1"];
    let output = dir.run(&[&fit[..], &["--device", "cpu", "--threads", "1"]].concat(), 0);
    let line = "no confusion matrix is drawn: 101 classes, of 100 at most it is";
    assert!(String::from_utf8(output.stdout).unwrap().lines().any(|found| found == line));
    assert!(String::from_utf8(dir.read("runs/fit/report.html")).unwrap().contains(line));
    assert!(!dir.path().join("runs/fit/confusion_matrix.png").exists());
    assert!(dir.path().join("runs/fit/roc.png").exists());
}
