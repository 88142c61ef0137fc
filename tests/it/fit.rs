//! `lockstep fit`, and `evaluate` and `predict` with its model.

use crate::common::Workdir;
use serde_json::Value;

const QUICK: [&str; 4] = ["--device", "cpu", "--threads", "1"];

/// 120 rows: two informative numbers with gaps, a text column, a class and a number to predict, a name for each row.
fn table() -> String {
    let mut text = String::from("id,width,height,colour,kind,price\n");
    for row in 0..120 {
        let (width, height) = (f64::from(row % 17) - 8.0, f64::from(row * 7 % 23) / 3.0);
        let colour = ["red", "green", "blü"][row as usize % 3];
        let kind = if width + height > 3.0 { "large" } else { "small" };
        let price = 100.0 + 3.0 * width - height + if colour == "red" { 5.0 } else { 0.0 };
        let width = if row % 11 == 5 { "NA".into() } else { width.to_string() };
        text += &format!("r{row},{width},{height},{colour},{kind},{price}\n");
    }
    text
}

fn with_table() -> Workdir {
    let dir = Workdir::new();
    dir.write("t.csv", table());
    dir
}

fn fit(dir: &Workdir, arguments: &[&str]) -> Value {
    let epochs = if arguments.contains(&"--epochs") { &[][..] } else { &["--epochs", "30"] };
    dir.json(&[&["fit", "t.csv", "--id", "id"][..], &QUICK, epochs, arguments].concat(), 0)
}

#[test]
fn a_class_is_learnt_from_numbers_text_and_gaps() {
    let dir = with_table();
    let summary = fit(&dir, &["--target", "kind", "--drop", "price"]);
    assert_eq!(summary["task"], "classification");
    assert_eq!(summary["rows"], serde_json::json!({"train": 72, "valid": 24, "test": 24, "without_target": 0}));
    assert!(summary["metrics"]["train"]["accuracy"].as_f64() > summary["baseline"]["train"]["accuracy"].as_f64());
    assert!(summary["metrics"]["test"]["accuracy"].as_f64() > Some(0.8), "{summary}");
    let imputed: u64 =
        ["train", "valid", "test"].iter().filter_map(|part| summary["counts"][part]["imputed"]["width"].as_u64()).sum();
    assert_eq!(imputed, 11, "the gaps in width are counted");
    for file in ["model.pt", "model.safetensors", "history.csv", "config.toml", "report.html", "confusion_matrix.png"] {
        assert!(dir.path().join("runs/fit").join(file).exists(), "{file}");
    }
}

#[test]
fn a_number_is_learnt_in_its_own_units() {
    let dir = with_table();
    let linear = ["--hidden", "none", "--lr", "0.05", "--column", "width:impute=drop"];
    let summary = fit(&dir, &[&["--target", "price", "--drop", "kind"][..], &linear].concat());
    assert_eq!(summary["task"], "regression");
    // The price is linear in the columns, so a linear model finds it, but for the rows that have a gap.
    assert!(summary["metrics"]["test"]["r2"].as_f64() > Some(0.99), "{summary}");
    let fall = |name: &str| summary["importance"][name]["mean"].as_f64().unwrap();
    assert!(fall("width") > fall("height") && fall("height") > 0.0, "{}", summary["importance"]);
    let report = dir.json(&["evaluate", "runs/fit/model.pt", "t.csv"], 0);
    assert!(report["metrics"]["r2"].as_f64() > Some(0.99), "{report}");
    assert_eq!((&report["rows"], &report["counts"]["dropped_rows"]), (&109.into(), &11.into()));
}

#[test]
fn the_saved_settings_give_the_same_bytes_again() {
    let dir = with_table();
    fit(&dir, &["--target", "kind", "--dropout", "0.2", "--schedule", "cosine", "--clip-grad", "1", "--seed", "7"]);
    let common =
        ["fit", "t.csv", "--config", "runs/fit/config.toml", "--seed", "7", "--device", "cpu", "--threads", "1"];
    dir.run(&[&common[..], &["--out", "again"]].concat(), 0);
    for file in ["history.csv", "model.safetensors", "config.toml"] {
        assert_eq!(dir.read(&format!("runs/fit/{file}")), dir.read(&format!("again/{file}")), "{file}");
    }
}

/// The lengths of a TFRecord file's records; each is framed by 12 bytes before it and 4 behind.
fn records(file: &[u8]) -> Vec<usize> {
    let (mut at, mut lengths) = (0, Vec::new());
    while at < file.len() {
        let length = file[at..at + 8].iter().rev().fold(0, |length, &byte| length << 8 | usize::from(byte));
        lengths.push(length);
        at += 16 + length;
    }
    assert_eq!(at, file.len(), "the last record is whole");
    lengths
}

// What the records say is read by TensorBoard itself in scripts/check_events.py.
#[test]
fn tensorboard_finds_one_event_file_that_belongs_to_the_run() {
    let dir = with_table();
    let events = || {
        let names = dir.files().into_iter().filter(|file| file.display().to_string().contains("tfevents"));
        names.collect::<Vec<_>>()
    };
    fit(&dir, &["--target", "kind", "--log", "tensorboard"]);
    let first = events();
    let bytes = std::fs::read(&first[0]).unwrap();
    assert_eq!(records(&bytes).len(), 1 + 1 + 30 + 1, "version, settings, epochs, metrics");
    let has = |tag: &[u8]| bytes.windows(tag.len()).any(|window| window == tag);
    for tag in ["brain.Event:2", "loss/train", "loss/valid", "lr", "metrics/test/accuracy", "config/text_summary"] {
        assert!(has(tag.as_bytes()), "{tag}");
    }
    // A run that diverges leaves the finished one's files; one that ends replaces them.
    let diverging = ["fit", "t.csv", "--target", "price", "--drop", "id", "--optimizer", "sgd", "--lr", "1e10"];
    let diverging = [&diverging[..], &["--log", "tensorboard", "--quiet"]].concat();
    dir.refuses(&diverging, &["at epoch", "try a smaller --lr"]);
    assert_eq!(events(), first);
    fit(&dir, &["--target", "kind", "--log", "tensorboard", "--epochs", "4"]);
    let second = events();
    assert_eq!((second.len(), records(&std::fs::read(&second[0]).unwrap()).len()), (1, 7));
    fit(&dir, &["--target", "kind"]);
    assert!(events().is_empty(), "{:?}", events());
    dir.refuses(&["fit", "t.csv", "--target", "kind", "--log", "tensorbord"], &["did you mean tensorboard?"]);
}

#[test]
fn a_model_of_one_or_two_numbers_is_drawn_over_them() {
    let dir = with_table();
    for (arguments, picture) in [
        (&["--target", "kind", "--features", "width,height"][..], Some("decision_surface")),
        (&["--target", "price", "--features", "width,height"], Some("prediction_surface")),
        (&["--target", "price", "--features", "height", "--column", "height:scale=none"], Some("prediction_curve")),
        (&["--target", "kind", "--features", "width,height,colour"], None),
        (&["--target", "kind", "--features", "width,colour"], None),
    ] {
        let out = arguments.concat().replace("--", "");
        fit(&dir, &[arguments, &["--epochs", "3", "--out", &out]].concat());
        let drawn = ["decision_surface", "prediction_surface", "prediction_curve"];
        let found = drawn.into_iter().find(|name| dir.path().join(&out).join(format!("{name}.png")).exists());
        assert_eq!(found, picture, "{out}");
        let page = String::from_utf8(dir.read(&format!("{out}/report.html"))).unwrap();
        let pictures = std::fs::read_dir(dir.path().join(&out)).unwrap();
        let pictures =
            pictures.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "png"));
        assert_eq!(page.matches("<img alt=\"").count(), pictures.count(), "{out}: each picture is in the page");
        assert!(!page.contains("<img alt=\"\""), "{out}");
    }
}

#[test]
fn settings_are_shown_whole_and_a_flag_wins_over_the_file() {
    let dir = with_table();
    dir.write("c.toml", "target = \"kind\"\nlr = 0.5\nhidden = [8]\n");
    let arguments = ["fit", "t.csv", "--config", "c.toml", "--lr", "0.25", "--print-config"];
    let shown = String::from_utf8(dir.run(&arguments, 0).stdout).unwrap();
    for line in ["lr = 0.25", "hidden = [8]", "batch_size = 32", "impute = \"mean\""] {
        assert!(shown.lines().any(|found| found == line), "{line} is missing in:\n{shown}");
    }
}

#[test]
fn prediction_needs_no_target_keeps_ids_and_follows_the_policy() {
    let dir = with_table();
    fit(&dir, &["--target", "kind", "--drop", "price", "--unseen", "ignore"]);
    dir.write("new.csv", "colour,height,width,id\nviolet,1.5,2,a\nred,NA,-3,b\n");
    let output = dir.run(&["predict", "runs/fit/model.pt", "new.csv"], 0);
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(stdout.starts_with("id,prediction,probability_large,probability_small\na,"), "{stdout}");
    assert!(stderr.contains("unseen categories: colour 1") && stderr.contains("imputed: height 1"), "{stderr}");
}

#[test]
fn a_column_may_say_which_rows_are_which_and_what_they_weigh() {
    let dir = Workdir::new();
    let mut text = String::from("x,part,weight,y\n");
    for row in 0..100 {
        let part = ["train", "train", "train", "valid", "test"][row % 5];
        // Half of the rows contradict the other half and weigh nothing.
        let (weight, y) = if row % 2 == 0 { (1, 2 * row) } else { (0, 1000 - row) };
        text += &format!("{row},{part},{weight},{y}\n");
    }
    dir.write("t.csv", text);
    let columns = ["--target", "y", "--task", "regression", "--split-column", "part", "--sample-weight", "weight"];
    let arguments = [&columns[..], &["--hidden", "none", "--lr", "0.1", "--epochs", "300"]].concat();
    let summary = dir.json(&[&["fit", "t.csv"][..], &QUICK, &arguments].concat(), 0);
    assert_eq!(summary["rows"], serde_json::json!({"train": 60, "valid": 20, "test": 20, "without_target": 0}));
    assert_eq!(summary["features"], 1, "neither the part nor the weight is learnt from");
    dir.write("new.csv", "x\n10\n70\n");
    let stdout = String::from_utf8(dir.run(&["predict", "runs/fit/model.pt", "new.csv"], 0).stdout).unwrap();
    let found: Vec<f64> = stdout.lines().skip(1).map(|line| line.parse().unwrap()).collect();
    assert!((found[0] - 20.0).abs() < 2.0 && (found[1] - 140.0).abs() < 2.0, "{found:?}");
}

/// 60 rows: a number that two others explain but for a wave, groups of unequal size, and a date.
fn wave() -> String {
    let mut text = String::from("a,b,team,day,y\n");
    for row in 0..60 {
        let (a, b) = (f64::from(row * 7 % 13), f64::from(row * 5 % 11));
        let y = 2.0 * a - b + 0.5 * f64::from(row * row % 17);
        text += &format!("{a},{b},{},2024-{:02}-{:02},{y}\n", row % 10 * (row % 2), 12 - row / 5 % 12, 1 + row % 5);
    }
    text
}

fn close(found: &Value, expected: f64) {
    let near = found.as_f64().is_some_and(|found| (found - expected).abs() < 1e-5);
    assert!(near, "{found}, scikit-learn's {expected}");
}

/// Settings with which a linear model ends at the least squares.
const LINEAR: [&str; 10] =
    ["--target", "y", "--hidden", "none", "--lr", "0.05", "--epochs", "1500", "--batch-size", "full"];

// rows = [(r*7%13, r*5%11, 2*(r*7%13) - r*5%11 + 0.5*(r*r%17)) for r in range(60)]; x, y = numpy.array(rows)[:, :2], …[:, 2]
// rest = numpy.sort(numpy.random.RandomState(3).permutation(60)[12:])
// cross_val_score(LinearRegression(), x[rest], y[rest], cv=KFold(4, shuffle=True, random_state=3)) and, scoring=
// "neg_mean_absolute_error"; LinearRegression().fit(x[rest], y[rest]).score(x[test], y[test])
#[test]
fn folds_are_scored_as_scikit_learns_cross_validation_scores_them() {
    let dir = Workdir::new();
    dir.write("t.csv", wave());
    let arguments =
        [&["fit", "t.csv", "--drop", "team,day", "--folds", "4", "--seed", "3"][..], &QUICK, &LINEAR].concat();
    let summary = dir.json(&arguments, 0);
    let r2 = [0.814380229389501, 0.9024185166240175, 0.8938584706597729, 0.8481612472738167];
    for (fold, expected) in summary["folds"].as_array().unwrap().iter().zip(r2) {
        close(&fold["metrics"]["r2"], expected);
        assert_eq!((&fold["train"], &fold["held_out"]), (&36.into(), &12.into()));
    }
    assert_eq!(summary["folds"].as_array().unwrap().len(), 4);
    close(&summary["cross_validation"]["r2"]["mean"], 0.8647046159867771);
    close(&summary["cross_validation"]["r2"]["std"], 0.035631841372341586);
    close(&summary["cross_validation"]["mae"]["mean"], 2.8339274645958024);
    // The model that is kept has seen all rows but the test part.
    assert_eq!(summary["rows"], serde_json::json!({"train": 48, "valid": 0, "test": 12, "without_target": 0}));
    close(&summary["metrics"]["test"]["r2"], 0.9025274988283305);
    let shown = String::from_utf8(dir.run(&arguments, 0).stdout).unwrap();
    assert!(shown.contains("4 folds, mean ± standard deviation") && shown.contains("0.8647 ± 0.0356"), "{shown}");
}

// team = numpy.array([r % 10 * (r % 2) for r in range(60)]), rest and test by GroupShuffleSplit(1, test_size=0.2,
// random_state=0); [len(t) for _, t in GroupKFold(3).split(rest, groups=team[rest])]; day as above, its 36 oldest rows for
// LinearRegression().fit, its 12 newest for .score
#[test]
fn groups_stay_together_and_time_divides_old_from_new() {
    let dir = Workdir::new();
    dir.write("t.csv", wave());
    let fit = |more: &[&str]| dir.json(&[&["fit", "t.csv"][..], &QUICK, &LINEAR, more].concat(), 0);
    let summary = fit(&["--group", "team", "--drop", "day"]);
    assert_eq!(summary["features"], 2, "the group is not learnt from");
    assert_eq!(summary["rows"], serde_json::json!({"train": 36, "valid": 12, "test": 12, "without_target": 0}));
    let summary = fit(&["--group", "team", "--drop", "day", "--folds", "3"]);
    let held: Vec<u64> =
        summary["folds"].as_array().unwrap().iter().map(|fold| fold["held_out"].as_u64().unwrap()).collect();
    assert_eq!(held, [30, 12, 6]);
    let summary = fit(&["--split-time", "day", "--drop", "team"]);
    assert_eq!(summary["features"], 2, "the time is not learnt from");
    close(&summary["metrics"]["test"]["r2"], 0.92029822826372);
}

#[test]
fn early_stopping_goes_back_to_the_best_epoch() {
    let dir = with_table();
    let summary = fit(&dir, &["--target", "kind", "--lr", "0.1", "--epochs", "300", "--early-stop", "5"]);
    let (epochs, best) = (summary["epochs"].as_u64().unwrap(), summary["best_epoch"].as_u64().unwrap());
    assert!(summary["stopped_early"] == true && epochs == best + 5 && epochs < 300, "{epochs} epochs, best {best}");
}

#[test]
fn a_mistake_in_the_settings_is_refused_in_one_line() {
    let dir = with_table();
    dir.write("c.toml", "target = \"kind\"\nepoch = 3\n");
    dir.write("tune.toml", "target = \"kind\"\n[tune]\nseeds = 3\n");
    for (arguments, words) in [
        (&["--target", "kinds"][..], &["kinds", "did you mean kind?"][..]),
        (&[], &["--target"]),
        (&["--target", "kind", "--drop", "prize"], &["--drop", "did you mean price?"]),
        (&["--target", "kind", "--task", "regression"], &["kind", "small"]),
        (&["--target", "price", "--task", "classified"], &["classification"]),
        (&["--target", "kind", "--impute", "meen"], &["did you mean mean?"]),
        (&["--target", "kind", "--column", "width:scale=big"], &["--column", "standard"]),
        (&["--target", "kind", "--split", "0.9,0.2,0.2"], &["--split", "sum to 1"]),
        (&["--target", "kind", "--hidden", "0"], &["--hidden"]),
        (&["--target", "kind", "--dropout", "1"], &["--dropout"]),
        (&["--target", "kind", "--activation", "rely"], &["did you mean relu?"]),
        (&["--target", "kind", "--loss", "mse"], &["--loss mse", "class"]),
        (&["--target", "price", "--class-weight", "balanced"], &["--class-weight"]),
        (&["--target", "kind", "--lr", "0"], &["--lr 0: expected"]),
        (&["--target", "kind", "--batch-size", "0"], &["--batch-size"]),
        (&["--target", "price", "--stratify"], &["--stratify"]),
        (&["--target", "kind", "--split-column", "colour"], &["row 1", "--split-column", "red", "train"]),
        (&["--target", "kind", "--folds", "1"], &["--folds 1", "2 at least"]),
        (&["--target", "kind", "--folds", "97"], &["--folds 97", "96 rows"]),
        (&["--target", "kind", "--folds", "3", "--early-stop", "5"], &["--early-stop", "--folds"]),
        (&["--target", "kind", "--stratify", "--group", "colour"], &["--stratify", "--group"]),
        (&["--target", "kind", "--group", "color"], &["--group", "did you mean colour?"]),
        (&["--target", "kind", "--group", "width"], &["row 6", "--group width", "missing"]),
        (&["--target", "kind", "--split-time", "when"], &["--split-time", "no column when"]),
        (&["--target", "kind", "--split-time", "colour"], &["row 1", "--split-time", "red", "ISO 8601"]),
        (&["--target", "kind", "--split-time", "height", "--folds", "3"], &["--folds", "--split-time"]),
        (&["--target", "kind", "--sample-weight", "width"], &["--sample-weight", "width"]),
        (&["--config", "c.toml"], &["c.toml", "did you mean epochs?"]),
        (&["--config", "tune.toml"], &["tune.toml: [tune]", "lockstep tune"]),
        (&["--target", "kind", "--column", "widht:impute=mean"], &["--column", "did you mean width?"]),
        (&["--config", "none.toml"], &["none.toml", "cannot read"]),
    ] {
        dir.refuses(&[&["fit", "t.csv", "--id", "id", "--out", "o"], arguments].concat(), words);
    }
}

/// The table is not there: what can be told without it is told first.
#[test]
fn settings_are_checked_before_any_table_is_read() {
    let dir = Workdir::new();
    let rule = ["none.csv", "--target", "y", "--column", "a:scale=wrong"];
    let words = ["--column a:scale=wrong: scale: wrong (expected standard, minmax, robust, none)"];
    for command in [&["fit", "--print-config"][..], &["fit"], &["preprocess"], &["tune", "--param", "lr=0.1,0.2"]] {
        dir.refuses(&[command, &rule].concat(), &words);
    }
    dir.refuses(
        &["tune", "none.csv", "--target", "y", "--param", "a:scale=none,wrong"],
        &["--param a:scale=", "wrong"],
    );
    dir.write("c.toml", "target = \"y\"\nloss = \"rmse\"\n");
    let fit = ["fit", "none.csv", "--config", "c.toml"];
    dir.refuses(&fit, &["error: c.toml: loss: rmse, did you mean mse?"]);
    dir.refuses(&[&fit[..], &["--loss", "mea"]].concat(), &["error: --loss mea: did you mean mae?"]);
    dir.refuses(
        &[&fit[..], &["--loss", "mse", "--warmup", "200"]].concat(),
        &["error: --warmup 200: expected fewer than"],
    );
}

#[test]
fn a_table_that_cannot_be_learnt_from_is_refused_with_the_place() {
    let dir = Workdir::new();
    let rows = |line: &str| line.repeat(20);
    for (content, words) in [
        (format!("a,y\n{}", rows("1,x\n")), &["target y", "only the class x"][..]),
        (format!("a,b,y\n{}", rows(",1,x\n,2,z\n")), &["column a", "missing", "--drop a"]),
        (format!("a,a,y\n{}", rows("1,2,x\n")), &["column a stands twice"]),
        (format!("a,y\n{}1,x,3\n", rows("1,x\n2,z\n")), &["t.csv"]),
        (format!("a,y\n{}\"1,234.5\",x\n", rows("1,x\n2,z\n")), &["row 41", "column a", "1,234.5", "--na"]),
        (format!("a,y\n{}inf,x\n", rows("1,x\n2,z\n")), &["row", "column a", "inf"]),
        (format!("a,y\n{}", rows("1,\n")), &["target y is missing"]),
        ("a,y\n".to_string(), &["no rows"]),
        (format!("y\n{}", rows("x\nz\n")), &["no column is left"]),
    ] {
        dir.write("t.csv", content);
        dir.refuses(&["fit", "t.csv", "--target", "y", "--out", "o", "--quiet"], words);
    }
    dir.write("t.csv", b"a,y\n1,\xff\xfe\n2,z\n");
    dir.refuses(&["fit", "t.csv", "--target", "y", "--out", "o"], &["t.csv"]);
}

#[test]
fn another_table_than_the_models_is_refused() {
    let dir = with_table();
    fit(&dir, &["--target", "kind", "--drop", "price", "--unseen", "error"]);
    let model = "runs/fit/model.pt";
    for (content, words) in [
        ("id,width,colour\n1,2,red\n", &["no column height"][..]),
        ("width,height,colour\nwide,2,red\n", &["row 1", "column width", "wide"]),
        ("width,height,colour\n1,2,violet\n", &["row 1", "column colour", "violet", "--unseen"]),
    ] {
        dir.write("new.csv", content);
        dir.refuses(&["predict", model, "new.csv"], words);
    }
    dir.write("new.csv", "width,height,colour,kind\n1,2,red,huge\n");
    dir.refuses(&["evaluate", model, "new.csv"], &["target kind", "huge"]);
    dir.write("new.csv", "width,height,colour\n1,2,red\n");
    dir.refuses(&["evaluate", model, "new.csv"], &["no column kind"]);
    dir.run(&["run", "moons", "--epochs", "2", "--quiet"], 0);
    dir.refuses(&["evaluate", "runs/moons/model.pt", "runs/moons/moons.csv"], &["run moons", "lockstep fit"]);
}
