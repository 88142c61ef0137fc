//! `lockstep predict` with the tutorial's model.

use crate::common::Workdir;
use lockstep::data::location::Location;
use lockstep::data::source::read_table;
use lockstep::data::table;
use polars::prelude::DataFrame;

const MODEL: &str = "runs/moons/model.pt";

fn predicted(dir: &Workdir, arguments: &[&str], output: &str) -> DataFrame {
    dir.run(&[&["predict", MODEL][..], arguments, &["-o", output]].concat(), 0);
    read_table(&dir.path().join(output)).unwrap()
}

#[test]
fn classes_and_probabilities_are_softmax_of_the_modules_own_answers() {
    let dir = Workdir::with_model();
    dir.write("points.csv", "x1,x2\n0.5,-0.25\n-1,1.5\n");
    let answers = predicted(&dir, &["points.csv"], "p.parquet");
    assert_eq!(table::names(&answers), ["prediction", "probability_0", "probability_1"]);
    let module = tch::CModule::load(dir.path().join(MODEL)).unwrap();
    let x = tch::Tensor::from_slice(&[0.5_f32, -0.25, -1.0, 1.5]).view([2, 2]);
    let expected = module.forward_ts(&[x]).unwrap().softmax(1, tch::Kind::Double);
    for (column, class) in [("probability_0", 0), ("probability_1", 1)] {
        for row in 0..2 {
            let found = answers.column(column).unwrap().f64().unwrap().get(row).unwrap();
            assert_eq!(found, expected.double_value(&[row as i64, class]), "{column}, row {row}");
            let other = expected.double_value(&[row as i64, 1 - class]);
            let prediction = answers.column("prediction").unwrap().i64().unwrap().get(row).unwrap();
            assert_eq!(prediction == class, found > other);
        }
    }
}

#[test]
fn the_same_answers_come_in_every_format_and_on_stdout() {
    let dir = Workdir::with_model();
    let stdout = dir.run(&["predict", MODEL, "runs/moons/moons.csv"], 0).stdout;
    let csv = predicted(&dir, &["runs/moons/moons.csv"], "p.csv");
    assert_eq!(stdout, dir.read("p.csv"));
    assert_eq!(csv.height(), 200);
    let columns = ["prediction", "probability_0", "probability_1"];
    let csv = table::numbers(&csv, &columns, Location::start("p.csv")).unwrap();
    for output in ["p.parquet", "p.ndjson"] {
        let same = predicted(&dir, &["runs/moons/moons.csv"], output);
        assert!(table::numbers(&same, &columns, Location::start(output)).unwrap().equals(&csv), "{output}");
    }
}

#[test]
fn an_id_column_is_handed_on_as_it_is() {
    let dir = Workdir::with_model();
    dir.write("points.csv", "name,x1,x2\n007,0,0\n\"a,b\",1,1\n");
    let stdout = String::from_utf8(dir.run(&["predict", MODEL, "points.csv", "--id", "name"], 0).stdout).unwrap();
    let first: Vec<_> = stdout.lines().map(|line| line.rsplitn(4, ',').last().unwrap()).collect();
    assert_eq!(first, ["name", "007", "\"a,b\""]);
}

#[test]
fn a_table_that_does_not_fit_the_model_is_refused_with_the_place() {
    let dir = Workdir::with_model();
    for (content, words) in [
        ("x1\n1\n", &["no column x2", "x1, x2"][..]),
        ("x1,x2,z\n1,2,3\n", &["column z", "--id"]),
        ("x2,x1\n1,2\n", &["x1, x2", "order"]),
        ("x1,x2\n1,2\n1,two\n", &["row 2", "column x2", "two"]),
        ("x1,x2\nnan,2\n", &["row 1", "column x1", "empty"]),
        ("x1,x2\n1,\n", &["row 1", "column x2", "empty"]),
        ("x1,x2\n1,inf\n", &["row 1", "column x2", "inf"]),
        ("x1,x2\n", &["no rows"]),
        ("x1,x2\n1,2,3\n", &["t.csv"]),
        ("", &["empty"]),
    ] {
        dir.write("t.csv", content);
        dir.refuses(&["predict", MODEL, "t.csv"], &[&["t.csv"], words].concat());
    }
}

#[test]
fn files_that_cannot_be_read_or_written_are_refused() {
    let dir = Workdir::with_model();
    let moons = "runs/moons/moons.csv";
    dir.refuses(&["predict", MODEL, "none.csv"], &["none.csv", "cannot read"]);
    dir.refuses(&["predict", MODEL, "runs/moons/summary.json"], &["summary.json", "orient=\"records\""]);
    dir.refuses(&["predict", MODEL, moons, "-o", "p.xlsx"], &["p.xlsx", ".parquet"]);
    dir.refuses(&["predict", MODEL, moons, "-o", "none/p.csv"], &["none/p.csv", "cannot write"]);
    dir.refuses(&["predict", MODEL, moons, "--json"], &["--json", "-o"]);
    dir.refuses(&["predict", MODEL, moons, "--id", "name"], &["no column name", "--id"]);
}

#[test]
fn what_is_no_model_is_refused() {
    let arguments = |file: &str| vec!["predict".into(), file.into(), "runs/moons/moons.csv".into()];
    Workdir::with_model().refuses_what_is_no_model(arguments);
}
