//! Faults that lockstep had, each by what a user saw of it; the comment is its cause.

use crate::common::Workdir;

fn fit(dir: &Workdir, more: &[&str]) -> serde_json::Value {
    let quick = ["--target", "y", "--epochs", "2", "--device", "cpu", "--threads", "1"];
    dir.json(&[&["fit", "t.csv"], &quick[..], more].concat(), 0)
}

// A target's numbers were classes by their column's type alone, an integer; scikit-learn's type_of_target takes 0.0 and 1.0 for
// classes too.
#[test]
fn whole_numbers_written_with_a_point_are_classes_too() {
    let dir = Workdir::new();
    let rows: Vec<String> = (0..40).map(|row| format!("{row},{}.0", row % 2)).collect();
    dir.write("t.csv", format!("a,y\n{}\n", rows.join("\n")));
    assert_eq!(fit(&dir, &[])["task"], "classification");
}

// polars takes a number with blanks around it for text, and so did fit: each of the column's numbers was a category.
#[test]
fn blanks_around_numbers_do_not_make_them_text() {
    let dir = Workdir::new();
    let rows: Vec<String> = (0..40).map(|row| format!("{row}, {} ,{}", row * row % 17, row % 5)).collect();
    dir.write("t.csv", format!("a,b,y\n{}\n", rows.join("\n")));
    fit(&dir, &["--task", "regression"]);
    let report = dir.json(&["inspect", "runs/fit/model.pt"], 0);
    assert_eq!(report["table"]["inputs"]["numbers"].as_array().map(Vec::len), Some(2), "{report}");
}

// An error for an unknown name listed every column there is.
#[test]
fn a_table_with_a_thousand_columns_does_not_fill_the_screen_with_its_names() {
    let dir = Workdir::new();
    let names: Vec<String> = (0..1000).map(|column| format!("c{column}")).collect();
    dir.write("t.csv", format!("{}\n{}\n", names.join(","), vec!["1"; 1000].join(",")));
    let stderr = dir.run(&["fit", "t.csv", "--target", "c1001", "--device", "cpu"], 2).stderr;
    assert!(stderr.len() < 300, "{}", String::from_utf8_lossy(&stderr));
}

// A gap in the target was a class of its own to evaluate, where fit leaves the row out.
#[test]
fn evaluate_leaves_out_rows_without_a_target_as_fit_does() {
    let dir = Workdir::new();
    let row =
        |row: usize| format!("{row},{},{},{}", row * 7 % 11, ["red", "blue"][row % 2], ["no", "yes"][row % 3 / 2]);
    dir.write("t.csv", format!("a,b,c,y\n{}\n", (0..40).map(row).collect::<Vec<_>>().join("\n")));
    fit(&dir, &[]);
    dir.write("new.csv", "a,b,c,y\n1,2,red,no\n1,2,red,\n2,3,blue,yes\n");
    let report = dir.json(&["evaluate", "runs/fit/model.pt", "new.csv"], 0);
    assert_eq!((&report["rows"], &report["without_target"]), (&2.into(), &1.into()));
}

// label() parsed every class as a number, so that the text 007 was predicted as 7, +1 as 1.
#[test]
fn the_text_of_a_class_comes_back_as_it_was_written() {
    let dir = Workdir::new();
    let classes = ["007", "+1", "09x"];
    let rows: Vec<String> = (0..60).map(|row| format!("{},{}", row % 3 * 10, classes[row % 3])).collect();
    dir.write("t.csv", format!("a,y\n{}\n", rows.join("\n")));
    let training = ["fit", "t.csv", "--target", "y", "--epochs", "60", "--lr", "0.1", "--threads", "1", "--quiet"];
    dir.run(&training, 0);
    dir.write("new.csv", "a\n0\n10\n20\n");
    dir.run(&["predict", "runs/fit/model.pt", "new.csv", "-o", "p.csv"], 0);
    let table = String::from_utf8(dir.read("p.csv")).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], "prediction,probability_+1,probability_007,probability_09x");
    let predicted: Vec<&str> = lines[1..].iter().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(predicted, classes);
}

// Which checkpoint goes on was decided by the whole configuration but the epochs, though a run that goes on may change its
// engine: the finished model.pt was passed over for the checkpoint before it.
#[test]
fn a_folder_whose_run_changed_its_engine_is_gone_on_with_from_its_end() {
    let dir = Workdir::new();
    let moons = ["run", "moons", "--device", "cpu", "--threads", "1", "--out", "m"];
    dir.run(&[&moons[..], &["--epochs", "20", "--checkpoint-every", "10"]].concat(), 0);
    dir.run(&[&moons[..], &["--resume", "m", "--engine", "fused", "--epochs", "40"]].concat(), 0);
    let output = dir.run(&[&moons[..], &["--resume", "m", "--epochs", "50"]].concat(), 0);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("going on from m/model.pt after epoch 40"), "{stderr}");
}

// Only a null was a gap in the target, and NaN a value: too large for float32 in a regression, a class in a classification.
#[test]
fn nan_in_the_target_is_a_gap() {
    let dir = Workdir::new();
    let row = |row: usize| format!("{row},{}", if row % 10 == 3 { "NaN".into() } else { format!("{}.5", row % 7) });
    dir.write("t.csv", format!("a,y\n{}\n", (0..60).map(row).collect::<Vec<_>>().join("\n")));
    let report = fit(&dir, &["--na", "?"]);
    assert_eq!((&report["task"], &report["rows"]["without_target"]), (&"regression".into(), &6.into()));
    let report = fit(&dir, &["--na", "?", "--task", "classification", "--stratify"]);
    assert_eq!(
        (&report["parameters"], &report["rows"]["without_target"]),
        (&(64 * 2 + 65 * 32 + 33 * 7).into(), &6.into())
    );
}

// A category was read as text from Float64 alone without its point: of a Float32 column, as preprocess writes it, it was 1.0.
#[test]
fn a_category_is_the_same_from_float32_and_from_whole_numbers() {
    use polars::prelude::{ParquetWriter, df};
    let dir = Workdir::new();
    let codes: Vec<f32> = (0..60).map(|row| [1.0, 2.0, 2.5][row % 3]).collect();
    let mut table = df!("code" => &codes, "y" => codes.iter().map(|code| code * 3.25).collect::<Vec<f32>>()).unwrap();
    ParquetWriter::new(std::fs::File::create(dir.path().join("t.parquet")).unwrap()).finish(&mut table).unwrap();
    let categorical =
        ["fit", "t.parquet", "--target", "y", "--categorical", "code", "--epochs", "2", "--task", "regression"];
    dir.run(&[&categorical[..], &["--device", "cpu", "--threads", "1", "--quiet"]].concat(), 0);
    dir.write("new.csv", "code\n1\n2\n2.5\n");
    dir.run(&["predict", "runs/fit/model.pt", "new.csv", "-o", "p.csv"], 0);
    assert_eq!(String::from_utf8(dir.read("p.csv")).unwrap().lines().count(), 4);
}

// A grid of more than a million trials was refused; a random search in a range filled the memory with its plan.
#[test]
fn a_search_of_more_trials_than_can_be_listed_is_refused() {
    let dir = Workdir::new();
    dir.write("t.csv", "a,y\n1,2\n");
    let search = ["tune", "t.csv", "--target", "y", "--search", "random", "--param", "lr=0.001..0.1"];
    dir.refuses(&[&search[..], &["--trials", "100000000"]].concat(), &["--trials 100000000", "1000000 at most"]);
}

// eprintln! panics where stderr cannot be written, with exit code 101 from a run that had succeeded.
#[test]
fn a_full_disk_behind_stderr_ends_nothing() {
    let dir = Workdir::new();
    let moons = "$LOCKSTEP run moons --samples 9 --epochs 3 --threads 1 --device cpu";
    for (arguments, code) in [("--json", 0), ("--resume nothing", 2), ("--nonsense", 2)] {
        let output = dir.shell(&format!("{moons} {arguments} 2>/dev/full >/dev/null")).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments}");
    }
}

// A number of the user's decided an allocation of Rust's, which ends the process with 134, or of libtorch's, whose own text came
// without the flag; boston and two-layer asked for the losses of all epochs before the first.
#[test]
fn a_number_that_asks_for_more_memory_than_there_is_is_named() {
    let dir = Workdir::new();
    dir.write("t.csv", (0..60).fold(String::from("a,y\n"), |text, row| format!("{text}{},{row}.5\n", row % 7)));
    for (arguments, words) in [
        (&["run", "moons", "--samples", "4000000000"][..], ["--samples 4000000000", "192 GB"]),
        (&["data", "moons", "--samples", "4000000000"], ["--samples 4000000000", "224 GB"]),
        (
            &["run", "moons", "--samples", "9000000", "--hidden", "1000000"],
            ["--samples or --hidden", "not enough memory"],
        ),
        (&["fit", "t.csv", "--target", "y", "--hidden", "1000000,1000000"], ["--hidden or --batch-size", "4.0 TB"]),
        (&["run", "boston", "--epochs", "4000000000"], ["--epochs", "100000000"]),
        (&["run", "descent", "--epochs", "4000000000"], ["--epochs", "100000000"]),
        (&["fit", "t.csv", "--target", "y", "--epochs", "4000000000"], ["'4000000000' for '--epochs", "100000000"]),
    ] {
        let limited = format!("ulimit -v 16000000; exec $LOCKSTEP {} --quiet", arguments.join(" "));
        let limited = if arguments[0] == "data" { limited.replace(" --quiet", "") } else { limited };
        let output = dir.shell(&limited).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), stderr.lines().count()), (Some(2), 1), "{arguments:?}: {stderr}");
        assert!(words.iter().all(|word| stderr.contains(word)), "{words:?}: {stderr}");
    }
    // Begun, it takes memory for the epochs that it has done.
    let many = "ulimit -v 16000000; exec $LOCKSTEP run two-layer --samples 4 --inputs 3 --hidden 2 --outputs 1 --quiet \
                --threads 1 --epochs 10000";
    assert!(dir.shell(many).output().unwrap().status.success());
    let history = String::from_utf8(dir.read("runs/two-layer/history.csv")).unwrap();
    assert_eq!(history.lines().count(), 10_001, "over several blocks of losses");
}
