//! A run's folder holds that run's files, and what is not lockstep's: not those of the run that was there before.

use crate::common::Workdir;
use crate::common::training::{checkpoints, summary, with_table};

const QUICK: [&str; 5] = ["--device", "cpu", "--threads", "1", "--quiet"];

fn run(dir: &Workdir, arguments: &[&str], out: &str) {
    dir.run(&[arguments, &QUICK, &["--out", out]].concat(), 0);
}

fn names(dir: &Workdir, folder: &str) -> Vec<String> {
    let names = std::fs::read_dir(dir.path().join(folder)).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

/// `then` where `first` was, and where nothing was: the same names, but for `kept`, and they are those in the summary.
fn leaves_its_own(dir: &Workdir, first: &[&str], then: &[&str], kept: &[&str]) {
    run(dir, first, "d");
    run(dir, then, "d");
    run(dir, then, "fresh");
    let mut expected = names(dir, "fresh");
    let mut listed: Vec<String> = serde_json::from_value(summary(dir, "fresh")["files"].clone()).unwrap();
    listed.sort();
    assert_eq!(listed, expected, "{then:?}");
    expected.extend(kept.iter().map(|name| name.to_string()));
    expected.sort();
    assert_eq!(names(dir, "d"), expected, "{first:?}, then {then:?}");
    std::fs::remove_dir_all(dir.path().join("fresh")).unwrap();
}

const MOONS: [&str; 4] = ["run", "moons", "--epochs", "5"];
const CLASSES: [&str; 6] = ["fit", "t.csv", "--target", "kind", "--epochs", "3"];
const NUMBERS: [&str; 6] = ["fit", "t.csv", "--target", "width", "--epochs", "3"];

#[test]
fn of_two_runs_the_later_ones_files_are_left() {
    let dir = with_table();
    std::fs::create_dir(dir.path().join("d")).unwrap();
    dir.write("d/notes.txt", "mine");
    // A name that fit gives its pictures, before any run has listed it.
    dir.write("d/loss.png", "mine");
    let tune = ["tune", "t.csv", "--target", "kind", "--epochs", "2", "--param", "lr=0.1,0.2"];
    let preprocess = ["preprocess", "t.csv", "--target", "kind", "--to", "csv"];
    let (notes, both) = (["notes.txt"], ["notes.txt", "loss.png"]);
    leaves_its_own(&dir, &NUMBERS, &CLASSES, &both);
    assert_eq!(dir.read("d/loss.png"), b"mine", "no run of ours had written it");
    leaves_its_own(&dir, &MOONS, &CLASSES, &notes);
    leaves_its_own(&dir, &CLASSES, &NUMBERS, &notes);
    leaves_its_own(&dir, &tune, &NUMBERS, &notes);
    leaves_its_own(&dir, &preprocess, &["run", "exhaustive"], &notes);
    leaves_its_own(&dir, &[&CLASSES[..], &["--log", "tensorboard"]].concat(), &["show", "activations"], &notes);
    assert_eq!(dir.read("d/notes.txt"), b"mine");
}

#[test]
fn what_a_run_reads_stays_where_it_is() {
    let dir = Workdir::new();
    run(&dir, &MOONS, "d");
    run(&dir, &["fit", "d/moons.csv", "--target", "y", "--epochs", "2"], "d");
    assert!(names(&dir, "d").contains(&"moons.csv".to_string()));
    assert!(!names(&dir, "d").contains(&"decision_boundary.png".to_string()));
    run(&dir, &["fit", "d/mo*.csv", "--target", "y", "--epochs", "2"], "d");
    assert!(names(&dir, "d").contains(&"moons.csv".to_string()));
}

#[test]
fn a_run_without_checkpoints_leaves_none_of_an_earlier_one() {
    let dir = with_table();
    run(&dir, &[&CLASSES[..], &["--checkpoint-every", "1"]].concat(), "d");
    assert!(!checkpoints(&dir, "d").is_empty());
    run(&dir, &["run", "exhaustive"], "d");
    assert_eq!(names(&dir, "d"), ["fit.png", "summary.json"]);
}

/// A summary that lists nothing, as they were: what its program may have written goes, what others write stays.
#[test]
fn a_folder_of_an_older_run_is_cleared_of_its_programs_files() {
    let dir = with_table();
    run(&dir, &CLASSES, "d");
    let mut older = summary(&dir, "d");
    older.as_object_mut().unwrap().remove("files");
    dir.write("d/summary.json", older.to_string());
    dir.write("d/train.csv", "mine");
    run(&dir, &NUMBERS, "d");
    assert!(!names(&dir, "d").contains(&"confusion_matrix.png".to_string()));
    assert_eq!(dir.read("d/train.csv"), b"mine");
}
