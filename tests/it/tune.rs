//! `lockstep tune`.

use crate::common::Workdir;
use crate::common::process::Running;
use serde_json::{Value, json};

const QUICK: [&str; 4] = ["--device", "cpu", "--threads", "1"];
/// 2 · 2 · 2 trials.
const GRID: [&str; 6] = ["--param", "lr=0.01,0.1", "--param", "hidden=8;none", "--param", "width:impute=mean,median"];

/// 90 rows: two numbers with gaps, a text column, a class and a number to predict, a name for each row.
fn with_table() -> Workdir {
    let mut text = String::from("id,width,height,colour,kind,price\n");
    for row in 0..90 {
        let (width, height) = (f64::from(row % 17) - 8.0, f64::from(row * 7 % 23) / 3.0);
        let colour = ["red", "green", "blue"][row as usize % 3];
        let kind = if width + height > 3.0 { "large" } else { "small" };
        let price = 100.0 + 3.0 * width - height + if colour == "red" { 5.0 } else { 0.0 };
        let width = if row % 11 == 5 { "NA".into() } else { width.to_string() };
        text += &format!("r{row},{width},{height},{colour},{kind},{price}\n");
    }
    let dir = Workdir::new();
    dir.write("t.csv", text);
    dir
}

/// The arguments of a search for the class.
fn search<'a>(epochs: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let common = ["tune", "t.csv", "--id", "id", "--target", "kind", "--drop", "price", "--epochs", epochs];
    [&common[..], &QUICK, more].concat()
}

/// `trials.csv` without the seconds: header and rows.
fn trials(dir: &Workdir, out: &str) -> Vec<Vec<String>> {
    let text = String::from_utf8(dir.read(&format!("{out}/trials.csv"))).unwrap();
    // Values that hold a comma are quoted; a comma inside quotes is none that separates.
    let cells = |line: &str| {
        let quoted = |(index, part): (usize, &str)| if index % 2 == 1 { part.replace(',', ";") } else { part.into() };
        let line = line.split('"').enumerate().map(quoted).collect::<String>();
        line.split(',').map(String::from).collect::<Vec<String>>()
    };
    let mut rows: Vec<Vec<String>> = text.lines().map(cells).collect();
    let seconds = rows[0].iter().position(|name| name == "seconds").unwrap();
    rows.iter_mut().for_each(|row| drop(row.remove(seconds)));
    rows
}

fn column(rows: &[Vec<String>], name: &str) -> Vec<String> {
    let place = rows[0].iter().position(|other| other == name).unwrap_or_else(|| panic!("no {name}: {:?}", rows[0]));
    rows[1..].iter().map(|row| row[place].clone()).collect()
}

fn lines(dir: &Workdir, path: &str) -> usize {
    std::fs::read_to_string(dir.path().join(path)).map_or(0, |text| text.matches('\n').count())
}

/// Starts a search and ends it by `signal` once its journal has `expected` lines; its exit code and stderr.
fn stop(dir: &Workdir, arguments: &[&str], journal: &str, expected: usize, signal: &str) -> (Option<i32>, String) {
    let search = Running::start(dir.command(arguments));
    search.wait_until("its finished trials", |_| lines(dir, journal) >= expected).end(signal)
}

#[test]
fn every_combination_is_tried_in_order_and_the_best_is_trained_again() {
    let dir = with_table();
    let arguments = search("10", &[&GRID[..], &["--folds", "3", "--stratify", "--seeds", "2"]].concat());
    let summary = dir.json(&arguments, 0);
    let rows = trials(&dir, "runs/tune");
    // ParameterGrid({"hidden": …, "lr": …, "width:impute": …}): names in order, the last fastest.
    assert_eq!(column(&rows, "param_hidden"), ["8", "8", "8", "8", "none", "none", "none", "none"]);
    assert_eq!(column(&rows, "param_lr"), ["0.01", "0.01", "0.1", "0.1", "0.01", "0.01", "0.1", "0.1"]);
    assert_eq!(column(&rows, "param_width:impute"), ["mean", "median"].repeat(4));
    assert_eq!(column(&rows, "mean"), column(&rows, "accuracy"), "accuracy decides unless another metric is named");
    assert_eq!(column(&rows, "status"), ["done"; 8]);
    let means: Vec<f64> = column(&rows, "mean").iter().map(|mean| mean.parse().unwrap()).collect();
    let highest = means.iter().copied().fold(0.0, f64::max);
    let best = means.iter().position(|mean| *mean == highest).unwrap();
    assert_eq!(summary["best"]["trial"], best + 1);
    assert_eq!(column(&rows, "rank")[best], "1");
    // Mean and deviation are over the six trainings of a trial.
    let scores: Vec<f64> = serde_json::from_value(summary["best"]["scores"].clone()).unwrap();
    assert_eq!(scores.len(), 6);
    assert!((scores.iter().sum::<f64>() / 6.0 - highest).abs() < 1e-12);
    assert_eq!(summary["refit"]["rows"], json!({"train": 72, "valid": 0, "test": 18, "without_target": 0}));
    assert!(summary["refit"]["metrics"]["test"]["accuracy"].is_number());
    for file in ["trials.parquet", "trials.png", "best.toml", "summary.json", "model.pt", "report.html"] {
        assert!(dir.path().join("runs/tune").join(file).exists(), "{file}");
    }
}

#[test]
fn the_best_settings_give_the_same_bytes_to_fit() {
    let dir = with_table();
    for (out, more) in [("folds", &["--folds", "3"][..]), ("valid", &["--early-stop", "3"]), ("one", &["--seed", "7"])]
    {
        dir.run(&search("12", &[&GRID[..], more, &["--out", out]].concat()), 0);
        let best = format!("{out}/best.toml");
        let text = String::from_utf8(dir.read(&best)).unwrap();
        let again = ["fit", "t.csv", "--config", &best, "--out", "again", "--quiet"];
        dir.run(&[&again[..], &QUICK].concat(), 0);
        for file in ["model.pt", "model.safetensors", "history.csv", "report.html"] {
            assert_eq!(dir.read(&format!("{out}/{file}")), dir.read(&format!("again/{file}")), "{out} {file}");
        }
        assert_eq!(text.split_once('\n').unwrap().1.as_bytes(), dir.read("again/config.toml"));
    }
}

// As in fit.rs: cross_val_score(LinearRegression(), x[rest], y[rest], cv=KFold(4, shuffle=True, random_state=3)) has mean
// 0.8647046159867771 and std 0.035631841372341586, neg_mean_absolute_error the mean -2.8339274645958024.
#[test]
fn a_trials_score_is_scikit_learns_cross_validation() {
    let dir = Workdir::new();
    let line = |r: i64| {
        format!(
            "{},{},{}\n",
            r * 7 % 13,
            r * 5 % 11,
            (2 * (r * 7 % 13) - r * 5 % 11) as f64 + 0.5 * (r * r % 17) as f64
        )
    };
    dir.write("t.csv", format!("a,b,y\n{}", (0..60).map(line).collect::<String>()));
    let arguments =
        ["tune", "t.csv", "--target", "y", "--folds", "4", "--seed", "3", "--epochs", "1500", "--lr", "0.05"];
    let summary = dir.json(&[&arguments[..], &QUICK, &["--batch-size", "full", "--param", "hidden=none"]].concat(), 0);
    let best = &summary["best"];
    for (found, expected) in [
        (&best["score"]["mean"], 0.8647046159867771),
        (&best["score"]["std"], 0.035631841372341586),
        (&best["metrics"]["mae"]["mean"], 2.8339274645958024),
    ] {
        assert!((found.as_f64().unwrap() - expected).abs() < 1e-5, "{found}, scikit-learn's {expected}");
    }
}

#[test]
fn random_draws_come_from_the_seed_and_more_of_them_go_on() {
    let dir = with_table();
    let random =
        ["--search", "random", "--param", "lr=1e-3..1e-1:log", "--param", "dropout=0..0.5", "--param", "epochs=3..9"];
    let run = |more: &[&str]| dir.run(&search("5", &[&random[..], more].concat()), 0);
    run(&["--trials", "3", "--out", "a"]);
    run(&["--trials", "3", "--out", "b"]);
    run(&["--trials", "3", "--out", "c", "--seed", "1"]);
    let first = trials(&dir, "a");
    assert_eq!(first, trials(&dir, "b"));
    assert_ne!(column(&first, "param_lr"), column(&trials(&dir, "c"), "param_lr"));
    let within = |name: &str, low: f64, high: f64| {
        column(&first, name).iter().all(|value| (low..=high).contains(&value.parse::<f64>().unwrap()))
    };
    assert!(within("param_lr", 1e-3, 1e-1) && within("param_dropout", 0.0, 0.5) && within("param_epochs", 3.0, 9.0));
    let output = run(&["--trials", "5", "--out", "a"]);
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.contains("3 of 5 trials were there from before"), "{stdout}");
    let more = trials(&dir, "a");
    assert_eq!((more.len(), column(&more, "param_lr")[..3].to_vec()), (6, column(&first, "param_lr")));
}

#[test]
fn a_killed_search_goes_on_and_ends_as_if_it_had_not_been() {
    let dir = with_table();
    let grid = |out| search("150", &[&GRID[..], &["--folds", "2", "--out", out, "--quiet"]].concat());
    dir.run(&grid("whole"), 0);
    let (code, stderr) = stop(&dir, &grid("killed"), "killed/journal.jsonl", 3, "-KILL");
    assert_eq!(code, None, "killed: {stderr}");
    let names: Vec<_> = std::fs::read_dir(dir.path().join("killed")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["journal.jsonl"], "nothing half-written");
    let kept = lines(&dir, "killed/journal.jsonl") - 1;
    assert!((2..8).contains(&kept), "{kept} trials");
    // As a kill in the middle of a write leaves it.
    let mut journal = dir.read("killed/journal.jsonl");
    journal.extend(b"{\"trial\": 9, \"par");
    dir.write("killed/journal.jsonl", &journal);
    dir.run(&grid("killed"), 0);
    assert!(dir.read("killed/journal.jsonl").starts_with(&journal[..journal.len() - 18]), "finished trials are kept");
    assert_eq!(lines(&dir, "killed/journal.jsonl"), 9);
    assert_eq!(trials(&dir, "killed"), trials(&dir, "whole"));
    for file in ["best.toml", "model.pt", "history.csv", "report.html", "trials.png"] {
        assert_eq!(dir.read(&format!("killed/{file}")), dir.read(&format!("whole/{file}")), "{file}");
    }
}

#[test]
fn ctrl_c_keeps_the_finished_trials() {
    let dir = with_table();
    let grid = search("150", &[&GRID[..], &["--folds", "2"]].concat());
    let (code, stderr) = stop(&dir, &grid, "runs/tune/journal.jsonl", 2, "-INT");
    assert_eq!(code, Some(130), "{stderr}");
    let kept = lines(&dir, "runs/tune/journal.jsonl") - 1;
    assert!(
        stderr.contains(&format!("interrupted: {kept} of 8 trials are kept in runs/tune/journal.jsonl")),
        "{stderr}"
    );
    assert_eq!(dir.files().len(), 2, "the table and the journal: {:?}", dir.files());
}

#[test]
fn a_trial_that_fails_is_recorded_and_the_others_go_on() {
    let dir = with_table();
    let regression = ["tune", "t.csv", "--id", "id", "--target", "price", "--drop", "kind", "--epochs", "5"];
    let more = ["--optimizer", "sgd", "--metric", "rmse", "--param", "lr=1e12,0.001,0.01"];
    let summary = dir.json(&[&regression[..], &QUICK, &more].concat(), 0);
    let rows = trials(&dir, "runs/tune");
    assert_eq!(column(&rows, "status"), ["failed", "done", "done"]);
    assert!(column(&rows, "reason")[0].contains("validation; seed 0: the"), "{:?}", column(&rows, "reason"));
    assert_eq!((&summary["failed"], &summary["higher_is_better"]), (&1.into(), &false.into()));
    let rmse: Vec<f64> = column(&rows, "mean")[1..].iter().map(|mean| mean.parse().unwrap()).collect();
    assert_eq!(
        summary["best"]["trial"],
        if rmse[0] <= rmse[1] { 2 } else { 3 },
        "the lower error is the better: {rmse:?}"
    );
    let all = [&regression[..], &QUICK, &["--optimizer", "sgd", "--param", "lr=1e12,1e13", "--out", "all"]].concat();
    let stderr = String::from_utf8(dir.run(&all, 2).stderr).unwrap();
    assert!(stderr.contains("every one of the 2 trials failed; trial 1:"), "{stderr}");
}

#[test]
fn the_test_part_is_not_looked_at_by_the_trials() {
    let dir = Workdir::new();
    let table = |test: &str| {
        let row = |row: i32| match row % 5 {
            4 => format!("{row},test,{test}\n"),
            part => format!("{row},{},{}\n", if part == 3 { "valid" } else { "train" }, 2 * row),
        };
        format!("x,part,y\n{}", (0..60).map(row).collect::<String>())
    };
    let mut found = Vec::new();
    for (out, test) in [("a", "0.5"), ("b", "-77")] {
        dir.write("t.csv", table(test));
        let arguments =
            ["tune", "t.csv", "--target", "y", "--task", "regression", "--split-column", "part", "--epochs", "5"];
        let summary = dir.json(&[&arguments[..], &QUICK, &["--param", "lr=0.01,0.1", "--out", out]].concat(), 0);
        found.push((trials(&dir, out), summary["refit"]["metrics"]["test"]["mae"].clone()));
    }
    assert_eq!(found[0].0, found[1].0);
    assert_ne!(found[0].1, found[1].1);
}

#[test]
fn another_search_or_another_table_does_not_go_on_with_the_journal() {
    let dir = with_table();
    let run = |more: &[&str]| {
        search("3", &[&["--param", "lr=0.01,0.1"], more].concat()).iter().map(|s| s.to_string()).collect::<Vec<_>>()
    };
    let refuses = |more: &[&str], words: &[&str]| {
        let arguments = run(more);
        dir.refuses(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), words);
    };
    let arguments = run(&[]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    dir.run(&arguments, 0);
    refuses(&["--folds", "2"], &["journal.jsonl", "another search", "config.folds is 0 there and 2 now", "--restart"]);
    refuses(&["--seed", "1"], &["seed is 0 there and 1 now"]);
    refuses(&["--param", "dropout=0,0.1"], &["params.dropout is not given there"]);
    let mut table = dir.read("t.csv");
    table.extend(b"r90,1,2,red,small,100\n");
    dir.write("t.csv", table);
    refuses(&[], &["data_sha256", "another search"]);
    dir.run(&[&arguments[..], &["--restart"]].concat(), 0);
    assert_eq!(lines(&dir, "runs/tune/journal.jsonl"), 3);
}

#[test]
fn a_search_may_stand_in_the_file_of_settings() {
    let dir = with_table();
    let section = "[tune]\nsearch = \"random\"\ntrials = 2\nmetric = \"log_loss\"\n[tune.params]\nlr = \"1e-3..1e-1:log\"\nhidden = [[8], []]\n";
    dir.write("c.toml", format!("target = \"kind\"\ndrop = [\"price\", \"id\"]\nepochs = 4\n{section}"));
    let summary = dir.json(&[&["tune", "t.csv", "--config", "c.toml"][..], &QUICK].concat(), 0);
    assert_eq!((&summary["metric"], &summary["trials"]), (&Value::from("log_loss"), &2.into()));
    assert_eq!(summary["params"], json!({"hidden": [[8], []], "lr": "0.001..0.1:log"}));
    let flags = ["--param", "lr=0.01,0.1", "--search", "random", "--trials", "3", "--out", "flags"];
    let summary = dir.json(&[&["tune", "t.csv", "--config", "c.toml"][..], &QUICK, &flags].concat(), 0);
    assert_eq!(summary["params"]["lr"], json!([0.01, 0.1]), "a flag wins over the file");
}

#[test]
fn a_mistake_is_refused_before_anything_is_trained() {
    let dir = with_table();
    dir.write("c.toml", "target = \"kind\"\n[tune]\nserch = \"grid\"\n");
    let lr = ["--param", "lr=0.1,0.01"];
    for (arguments, words) in [
        (&[][..], &["nothing to search", "--param"][..]),
        (&["--param", "lr"], &["--param lr", "NAME=VALUES"]),
        (&["--param", "lrr=0.1"], &["did you mean lr?"]),
        (&["--param", "lr=fast"], &["--param lr=fast", "expected a number"]),
        (&["--param", "lr=0.1,0"], &["--param", "trial 2 (lr=0.0)", "--lr 0: expected"]),
        (&["--param", "dropout=0,1"], &["trial 2", "--dropout 1"]),
        (&["--param", "dropout=0..1.5", "--search", "random"], &["--param", "--dropout"]),
        (&["--param", "epochs=1..9223372036854775807", "--search", "random"], &["--param", "epochs", "at most"]),
        (&["--param", "lr=0.1..1"], &["--param lr", "--search random"]),
        (&["--param", "activation=tanh,rely"], &["did you mean relu?"]),
        (&["--param", "loss=mse"], &["trial 1", "--loss mse", "class"]),
        (&["--param", "features=width;widht"], &["trial 2", "--features", "did you mean width?"]),
        (&["--param", "widht:impute=mean,median"], &["trial 1", "--column", "did you mean width?"]),
        (&["--param", "width:impute=mean,meen"], &["did you mean mean?"]),
        (&["--param", "folds=2,3"], &["folds", "the same in every trial"]),
        (&["--param", "valid=t.csv;nowhere.csv"], &["valid says which rows are scored", "the same in every trial"]),
        (&["--param", "delimiter=tab;|"], &["delimiter says how the table is read", "the same in every trial"]),
        (&["--param", "optimizer=sgd,adam", "--param", "momentum=0,0.9"], &["momentum", "sgd"]),
        (&[lr[0], lr[1], "--param", "lr=1,2"], &["given twice"]),
        (&[lr[0], lr[1], "--search", "gird"], &["--search gird: did you mean grid?"]),
        (&[lr[0], lr[1], "--trials", "3"], &["--trials", "--search random"]),
        (&[lr[0], lr[1], "--search", "random"], &["--trials 20", "only 2 combinations"]),
        (&[lr[0], lr[1], "--search", "random", "--trials", "0"], &["'0' for '--trials <N>'"]),
        (&[lr[0], lr[1], "--seeds", "0"], &["'0' for '--seeds <N>'"]),
        (&[lr[0], lr[1], "--metric", "acuracy"], &["--metric", "did you mean accuracy?"]),
        (&[lr[0], lr[1], "--metric", "r2"], &["--metric", "r2"]),
        (&["--param", "class_weight=none,balanced", "--metric", "loss"], &["--metric loss", "class_weight"]),
        (&[lr[0], lr[1], "--split", "0.8,0,0.2"], &["no validation part", "--folds"]),
        (&[lr[0], lr[1], "--folds", "3", "--early-stop", "2"], &["--early-stop", "--folds"]),
        (&[lr[0], lr[1], "--config", "c.toml"], &["c.toml: [tune]", "did you mean search?"]),
    ] {
        dir.refuses(&search("2", arguments), words);
    }
}

/// Trainings beside each other draw from one generator in turn: weights, orders, dropout masks, loaders of training and validation
/// rows. Nothing of it may show in a score.
#[test]
fn trials_beside_each_other_have_the_scores_of_one_after_the_other() {
    let dir = with_table();
    let loader = ["--order", "dataloader", "--valid-batch-size", "7", "--dropout", "0.3", "--split", "0.6,0.2,0.2"];
    let seeded = ["--order", "dataloader:generator=4", "--folds", "4", "--dropout", "0.1"];
    let fused = ["--engine", "fused", "--folds", "4", "--seeds", "2", "--ema", "0.9"];
    for (name, settings) in [("loader", &loader[..]), ("seeded", &seeded), ("fused", &fused)] {
        let search = |jobs: &str| {
            let out = format!("{name}{jobs}");
            let more = ["--batch-size", "16", "--jobs", jobs, "--out", &out, "--quiet"];
            dir.run(&search("4", &[&GRID[..], &more, settings].concat()), 0);
            (trials(&dir, &out), dir.read(&format!("{out}/best.toml")))
        };
        let alone = search("1");
        assert_eq!(alone.0.len(), 9);
        assert_eq!(search("3"), alone, "{name}");
        // And its best is what fit makes of the same settings.
        let out = format!("{name}3");
        let fit = ["fit", "t.csv", "--config", &format!("{out}/best.toml"), "--out", "fit", "--quiet"];
        dir.run(&[&fit[..], &QUICK].concat(), 0);
        let model = |folder: &str| dir.read(&format!("{folder}/history.csv"));
        assert_eq!(model("fit"), model(&out), "{name}");
    }
}

/// The fused engine trains folds on a thread each, beside each other, unless a number of threads is named.
#[test]
fn folds_beside_each_other_have_the_scores_of_one_after_the_other() {
    let dir = with_table();
    let fit = |out: &str, more: &[&str]| {
        let fit =
            ["fit", "t.csv", "--id", "id", "--target", "price", "--drop", "kind", "--folds", "5", "--epochs", "8"];
        let settings = ["--batch-size", "8", "--engine", "fused", "--hidden", "6", "--device", "cpu", "--out", out];
        dir.json(&[&fit[..], &settings, more].concat(), 0)
    };
    let (open, one) = (fit("open", &[]), fit("one", &["--threads", "1"]));
    assert_eq!(open["folds"].as_array().map(Vec::len), Some(5));
    assert_eq!(open["folds"], one["folds"]);
    assert_eq!(open["cross_validation"], one["cross_validation"]);
}

#[test]
fn a_trial_that_fails_in_one_fold_fails_as_a_whole_and_the_others_go_on() {
    let dir = with_table();
    let more = ["--param", "lr=0.01,1e15", "--optimizer", "sgd", "--folds", "3", "--jobs", "2", "--metric", "loss"];
    let summary = dir.json(&search("30", &more), 0);
    assert_eq!((&summary["trials"], &summary["failed"]), (&json!(2), &json!(1)));
    let rows = trials(&dir, "runs/tune");
    assert_eq!(column(&rows, "status"), ["done", "failed"]);
    assert!(column(&rows, "reason")[1].starts_with("fold 1; seed 0"), "{:?}", column(&rows, "reason"));
}
