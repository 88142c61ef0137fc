//! `lockstep run exhaustive` as a user runs it.

use crate::common::Workdir;
use crate::common::process::Running;

fn summary(dir: &Workdir, arguments: &[&str]) -> serde_json::Value {
    let output = dir.run(&[&["run", "exhaustive", "--json", "--quiet"], arguments].concat(), 0);
    serde_json::from_slice(&output.stdout).unwrap()
}

// python scripts/original/exhaustive.py
#[test]
fn the_tutorials_search_prints_what_python_prints_and_leaves_its_folder() {
    let dir = Workdir::new();
    let output = dir.run(&["run", "exhaustive"], 0);
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        stdout.starts_with("best k:1.500000000000003,best b:1.9999999999999574\nloss:7.000000000000096\n"),
        "{stdout}"
    );
    let names: Vec<_> = dir.files().iter().map(|path| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["fit.png", "summary.json"]);
    let text = std::fs::read_to_string(dir.path().join("runs/exhaustive/summary.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(summary["loss"], 7.000000000000096);
    for key in ["program", "seed", "k", "b", "loss", "seconds", "device", "threads", "environment", "config"] {
        assert!(!summary[key].is_null(), "{key} is missing");
    }
}

// print('area,price'); np.random.seed(4); x = np.random.randn(200); y = 3 * x - 1 + np.random.randn(200)
// python scripts/original/exhaustive.py --loss mse --k-min 2 --k-max 4 --k-step 0.03 --b-min -3 --b-max 3 --b-step 0.07
//     --data points.csv
#[test]
fn a_table_of_200_points_is_summed_as_numpy_sums_it() {
    let dir = Workdir::new();
    let mut rng = lockstep::python::random::NumpyRandom::seed(4);
    let x: Vec<f64> = (0..200).map(|_| rng.randn()).collect();
    let rows = x.iter().map(|x| format!("{x},{}\n", 3.0 * x - 1.0 + rng.randn()));
    std::fs::write(dir.path().join("points.csv"), "area,price\n".to_string() + &rows.collect::<String>()).unwrap();
    let grid = ["--k-min=2", "--k-max=4", "--k-step=0.03", "--b-min", "-3", "--b-max=3", "--b-step=0.07"];
    let found = summary(&dir, &[&["--loss", "mse", "--data", "points.csv"], &grid[..]].concat());
    assert_eq!(
        [&found["k"], &found["b"], &found["loss"]].map(|value| value.as_f64().unwrap()),
        [3.049999999999993, -0.9000000000000048, 1.0230838439447996]
    );
}

#[test]
fn ctrl_c_ends_a_large_search_and_leaves_no_file() {
    let dir = Workdir::new();
    let endless = dir.command(&["run", "exhaustive", "--k-step", "1e-7", "--b-step", "1e-6"]);
    let (code, stderr) = Running::start(endless).wait_until_at_work().end("-INT");
    assert_eq!(code, Some(130), "{stderr}");
    assert_eq!(dir.files(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn bad_settings_are_refused_in_one_line() {
    let dir = Workdir::new();
    for (flag, value, word) in [
        ("--k-step", "0", "--k-step"),
        ("--b-step", "0", "--b-step"),
        ("--k-min", "3", "empty"),
        ("--b-max", "-10", "empty"),
        ("--k-step", "-0.1", "empty"),
        ("--k-step", "1e-300", "steps"),
        ("--k-min", "nan", "--k-min"),
        ("--b-max", "inf", "--b-max"),
        ("--loss", "mean", "mae"),
        ("--device", "cuda", "--device cpu"),
        ("--threads", "0", "--threads"),
    ] {
        dir.refuses(&["run", "exhaustive", flag, value], &[word]);
    }
    dir.refuses(&["run", "exhaustive", "--k-max", "1e308", "--k-min", "1e307", "--k-step", "1e307"], &["finite"]);
    dir.refuses(&["run", "exhaustive", "--k-step", "1e-12", "--b-step", "1e-12"], &["too many"]);
}

#[test]
fn a_table_that_is_not_one_of_houses_is_refused_with_file_row_and_column() {
    let dir = Workdir::new();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("text.csv", "area,price\n50,82\n80,cheap\n");
    write("nan.csv", "area,price\n50,82\nnan,119\n");
    write("missing.csv", "area,price\n50,82\n80,\n");
    write("column.csv", "area\n50\n80\n");
    write("names.csv", "x,y\n50,82\n80,119\n");
    write("one.csv", "area,price\n50,82\n");
    write("constant.csv", "area,price\n50,82\n50,119\n");
    write("header.csv", "area,price\n");
    write("empty.csv", "");
    for program in ["exhaustive", "descent"] {
        for (file, words) in [
            ("none.csv", &["none.csv", "cannot read"][..]),
            ("text.csv", &["text.csv", "row 2", "price", "cheap"]),
            ("nan.csv", &["nan.csv", "row 2", "area"]),
            ("missing.csv", &["missing.csv", "row 2", "price"]),
            ("column.csv", &["column.csv", "no column price"]),
            ("names.csv", &["names.csv", "no column area", "x, y"]),
            ("one.csv", &["one.csv", "two"]),
            ("constant.csv", &["constant.csv", "area", "50"]),
            ("header.csv", &["header.csv", "no rows"]),
            ("empty.csv", &["empty.csv", "empty"]),
        ] {
            dir.refuses(&["run", program, "--data", file], words);
        }
    }
}
