//! `lockstep run boston` as a user runs it.

use crate::common::Workdir;
use lockstep::torch::safetensors;

const BOSTON: &str = include_str!("../../data/boston.csv");
const QUICK: [&str; 8] = ["run", "boston", "--epochs", "20", "--device", "cpu", "--threads", "1"];

fn summary(dir: &Workdir, arguments: &[&str]) -> serde_json::Value {
    let output = dir.run(&[&QUICK[..], &["--json", "--quiet"], arguments].concat(), 0);
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_run_leaves_its_whole_folder_and_names_the_tutorials_slips() {
    let dir = Workdir::new();
    let stdout = String::from_utf8(dir.run(&QUICK, 0).stdout).unwrap();
    let names: Vec<_> = dir.files().iter().map(|path| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["history.csv", "loss.png", "model.pt", "summary.json", "weights.safetensors"]);
    let bytes = std::fs::read(dir.path().join("runs/boston/weights.safetensors")).unwrap();
    let weights = safetensors::from_bytes(&bytes).unwrap();
    let found: Vec<_> = weights.iter().map(|(name, tensor)| (name.as_str(), tensor.size(), tensor.kind())).collect();
    let kind = tch::Kind::Double;
    let expected =
        [("b1", vec![10], kind), ("b2", vec![1], kind), ("w1", vec![13, 10], kind), ("w2", vec![10, 1], kind)];
    assert_eq!(found, expected);
    for option in ["--train-bias", "--mean-gradient", "--exclude B"] {
        assert!(stdout.contains(option), "{option} is missing in {stdout}");
    }
}

// python scripts/original/boston.py --seed 3 --epochs 1 prints w1 and w2
#[test]
fn weights_are_printed_as_python_prints_them() {
    let dir = Workdir::new();
    let arguments = ["run", "boston", "--seed", "3", "--epochs", "1", "--device", "cpu", "--threads", "1"];
    let stdout = String::from_utf8(dir.run(&arguments, 0).stdout).unwrap();
    assert!(stdout.starts_with(PRINTED), "{stdout}");
}

const PRINTED: &str = "\
w1=[[ 1.78917712  0.43315701  0.09395635 -1.86037984 -0.28027678 -0.35393851
  -0.08083994 -0.63084633 -0.04036485 -0.47604113]
 [-1.3133719   0.89689635  0.88635311  1.70614353  0.05369483 -0.40497797
  -0.54729118 -1.54707082  0.9794508  -1.09453069]
 [-1.18408107 -0.21479769  1.48284007  0.24196596 -1.02980454 -0.71120682
   0.62779887 -0.16486769 -0.76357142 -0.23386225]
 [ 0.74485174  1.98074393 -1.24665477 -0.62529959 -0.80534487 -2.4171054
  -0.92208778 -1.02653208  1.12455206 -0.12956991]
 [-1.62255216  0.64041625 -0.36057974 -1.73799732 -0.60221464 -0.58665412
  -0.87079253  0.0249124  -2.24290491 -0.26999457]
 [ 1.01219911  0.86708495  1.11595542  1.11494046  1.49163416 -1.1165589
   0.84203283 -1.86284924 -0.60588271 -1.90616207]
 [ 1.0482048   1.33056166 -0.20193997  1.77841445 -0.67964019  0.15224544
   0.15532204 -1.06764723  0.4417933   1.93204496]
 [-1.02495563  0.90611835 -0.15107601  1.76541038  0.4885196   0.67403758
   0.64060607  0.25267921 -1.39953902  1.39369985]
 [-1.36970961  0.23299214  0.61154047 -0.83333771  0.14103419  1.16787002
  -0.02214348 -0.89449344 -2.91053316 -0.97469852]
 [-0.58995592 -0.52294976 -0.96299696  0.38210652 -0.57940616 -0.10915093
   0.68104869 -0.86116325 -0.29476368  2.15328634]
 [ 0.8744365  -1.30834674 -0.08329523  0.56697835  1.2320052   0.1477834
  -0.52817845 -0.73184568  0.64684979  0.30471128]
 [-0.51717545 -0.18661006 -0.41466843  0.72183075 -0.68825313  0.48460648
   0.84909751  0.4894292  -0.83715637  1.33965327]
 [-0.67725257  0.41655675 -0.76016891 -1.73879549  0.22085382  0.28777264
  -0.07373295  0.27348467 -0.64395068 -0.73982893]] 
 w2=[[-0.13661636]
 [ 1.93386868]
 [ 0.83819421]
 [-0.44735501]
 [ 0.59710382]
 [-0.45444995]
 [-0.43843836]
 [ 0.89035789]
 [-0.47613335]
 [-1.64646555]]\n";

// python scripts/original/boston.py --seed 5 --data other.csv --hidden 4 --lr 1e-5 --epochs 300 --trace -: the last
// loss, where other.csv holds the columns CRIM, RM, LSTAT, MEDV and the first 100 rows
#[test]
fn another_table_is_pythons_within_1e_12() {
    let dir = Workdir::new();
    let rows = BOSTON.lines().take(101).map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        [cells[0], cells[5], cells[12], cells[13]].join(",") + "\n"
    });
    std::fs::write(dir.path().join("other.csv"), rows.collect::<String>()).unwrap();
    let arguments = ["--data", "other.csv", "--seed", "5", "--hidden", "4", "--lr", "1e-5"];
    let run = ["run", "boston", "--epochs", "300", "--device", "cpu", "--json", "--quiet"];
    let output = dir.run(&[&run[..], &arguments].concat(), 0);
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let loss = summary["loss"].as_f64().unwrap();
    assert!((loss / 74.11966048139192 - 1.0).abs() < 1e-12, "{loss}");
}

#[test]
fn options_that_mend_change_the_run_and_are_no_longer_spoken_of() {
    let dir = Workdir::new();
    let plain = summary(&dir, &[])["loss"].as_f64().unwrap();
    let biased = summary(&dir, &["--train-bias"])["loss"].as_f64().unwrap();
    // 1/n of the gradient at 506 times the learning rate is the tutorial's step, but for rounding.
    let mean = summary(&dir, &["--mean-gradient", "--lr", "506e-6"])["loss"].as_f64().unwrap();
    assert!(biased < plain, "{biased} {plain}");
    assert!((mean / plain - 1.0).abs() < 1e-12, "{mean} {plain}");
    let mended = [&QUICK[..], &["--train-bias", "--mean-gradient", "--exclude", "B"]].concat();
    let stdout = String::from_utf8(dir.run(&mended, 0).stdout).unwrap();
    assert!(!stdout.contains("as in the tutorial"), "{stdout}");
}

#[test]
fn a_test_set_is_kept_apart_and_reported() {
    let dir = Workdir::new();
    let split = summary(&dir, &["--split"]);
    assert_eq!((&split["rows"], &split["test_rows"]), (&404.into(), &102.into()));
    assert!(split["test_loss"].as_f64().unwrap() > 0.0);
    assert_eq!(summary(&dir, &["--split", "0.5"])["test_rows"], 253);
    assert!(summary(&dir, &[])["test_loss"].is_null());
}

#[test]
fn excluded_columns_are_left_out() {
    let dir = Workdir::new();
    let found = summary(&dir, &["--exclude", "B,CRIM"]);
    assert_eq!(found["features"].as_array().unwrap().len(), 11);
    assert_eq!(found["parameters"], 11 * 10 + 10 + 10 + 1);
}

/// The checkpoint answers for raw rows; `verify` recomputes the answers that it carries.
#[test]
fn the_model_predicts_raw_rows_in_the_targets_units() {
    let dir = Workdir::new();
    dir.run(&["run", "boston", "--train-bias", "--epochs", "3000", "--device", "cpu", "--threads", "1"], 0);
    dir.run(&["verify", "runs/boston/model.pt", "--device", "cpu"], 0);
    std::fs::write(dir.path().join("boston.csv"), BOSTON).unwrap();
    let output = dir.run(&["predict", "runs/boston/model.pt", "boston.csv", "--device", "cpu"], 0);
    let text = String::from_utf8(output.stdout).unwrap();
    let predicted: Vec<f64> = text.lines().skip(1).map(|line| line.parse().unwrap()).collect();
    let truth = BOSTON.lines().skip(1).map(|line| line.rsplit(',').next().unwrap().parse::<f64>().unwrap());
    let squares: f64 = truth.zip(&predicted).map(|(y, p)| (y - p) * (y - p)).sum();
    let mse = squares / 506.0;
    let history = std::fs::read_to_string(dir.path().join("runs/boston/history.csv")).unwrap();
    let last: f64 = history.lines().last().unwrap().split_once(',').unwrap().1.parse().unwrap();
    // The history's last loss is that before the last of 3000 small steps.
    assert!(mse < last && mse > 0.99 * last, "{mse} {last}");
}

#[test]
fn a_constant_column_becomes_zero_and_is_named() {
    let dir = Workdir::new();
    std::fs::write(dir.path().join("constant.csv"), "a,b,y\n1,7,2\n2,7,4\n3,7,5\n").unwrap();
    let output = dir.run(&[&QUICK[..], &["--data", "constant.csv"]].concat(), 0);
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("constant") && stdout.contains(": b\n"), "{stdout}");
}

#[test]
fn bad_input_is_refused_in_one_line() {
    let dir = Workdir::new();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("text.csv", "CRIM,RM,MEDV\n1,six,3\n2,3,4\n");
    write("empty-cell.csv", "CRIM,RM,MEDV\n1,,3\n2,3,4\n");
    write("target.csv", "MEDV\n1\n2\n");
    write("one.csv", "CRIM,MEDV\n1,2\n");
    for (arguments, words) in [
        (&["--exclude", "RACE"][..], &["RACE", "PTRATIO, B, LSTAT"][..]),
        (&["--exclude", "MEDV"], &["MEDV", "target"]),
        (&["--data", "none.csv"], &["none.csv", "cannot read"]),
        (&["--data", "text.csv"], &["text.csv", "row 1", "RM", "six"]),
        (&["--data", "empty-cell.csv"], &["row 1", "RM", "empty"]),
        (&["--data", "target.csv"], &["target.csv", "no feature"]),
        (&["--data", "one.csv", "--split"], &["--split", "1 row"]),
        (&["--split", "0"], &["--split", "between 0 and 1"]),
        (&["--split", "1.5"], &["--split", "between 0 and 1"]),
        (&["--hidden", "0"], &["--hidden"]),
        (&["--epochs", "0"], &["--epochs"]),
        (&["--lr", "-1"], &["--lr"]),
        (&["--lr", "10"], &["epoch", "loss", "--lr"]),
    ] {
        dir.refuses(&[&["run", "boston", "--device", "cpu", "--threads", "1"], arguments].concat(), words);
    }
}
