//! `fit --resume` and `rerun` where a fit depends on more than one table, or leaves more than a model: tables of its own for
//! validation and test, a schema, an event file, cross validation.

use crate::common::Workdir;
use crate::common::training::{checkpoints, same, stop, summary, table, with_table};
use serde_json::Value;

const QUICK: [&str; 5] = ["--device", "cpu", "--threads", "1", "--quiet"];
const SETTINGS: [&str; 8] = ["--hidden", "8", "--dropout", "0.2", "--batch-size", "50", "--seed", "3"];
const EPOCHS: &str = "900";

/// Trains once in `whole`; and in `parts`, where it is killed, interrupted, and gone on with to the end.
fn whole_and_parts(dir: &Workdir, case: &[&str]) {
    let fit = [&["fit", "t.csv", "--epochs", EPOCHS][..], &SETTINGS, &QUICK, case].concat();
    dir.run(&[&fit[..], &["--out", "whole"]].concat(), 0);
    let every = ["--checkpoint-every", "2", "--out", "parts"];
    let (code, stderr) = stop(dir, &[&fit[..], &every].concat(), "parts", "-KILL");
    assert_eq!(code, None, "killed: {stderr}");
    let go_on = [&["fit", "t.csv", "--resume", "parts"][..], &QUICK].concat();
    let (code, stderr) = stop(dir, &[&go_on[..], &every].concat(), "parts", "-INT");
    assert_eq!(code, Some(130), "{stderr}");
    dir.run(&go_on, 0);
    assert_eq!(summary(dir, "parts")["resumed"].as_array().unwrap().len(), 2);
}

/// Every file of both, the summary's results among them, and what a run from either's summary alone comes to.
fn both_are_one(dir: &Workdir) {
    same(dir, "whole", "parts");
    let results = |run: &str| {
        let mut all = summary(dir, run).as_object().unwrap().clone();
        for clock_or_way in ["seconds", "training_seconds", "resumed"] {
            all.remove(clock_or_way);
        }
        all
    };
    assert_eq!(results("whole"), results("parts"));
    for run in ["whole", "parts"] {
        let report = dir.json(&["rerun", run], 0);
        assert_eq!((&report["equal"], &report["first_difference"]), (&true.into(), &Value::Null), "{run}: {report:#}");
        dir.run(&["verify", &format!("{run}/model.pt"), "--quiet"], 0);
    }
    for file in ["config.toml", "report.html"] {
        assert!(dir.read(&format!("whole/{file}")) == dir.read(&format!("parts/{file}")), "{file}");
    }
}

#[test]
fn with_tables_of_their_own_for_validation_and_test() {
    let dir = with_table();
    dir.write("v.csv", table(40));
    dir.write("e.csv", table(31));
    whole_and_parts(&dir, &["--target", "kind", "--valid", "v.csv", "--test", "e.csv"]);
    both_are_one(&dir);
    assert_eq!(summary(&dir, "parts")["rows"]["test"], 31);
    let hash = |rows| lockstep::runs::files::sha256_of(table(rows).as_bytes());
    let more = ["fit", "t.csv", "--resume", "parts", "--epochs", "1000"];
    dir.refuses(&[&more[..], &["--valid", "e.csv"]].concat(), &["--valid e.csv", "with v.csv"]);
    // Any of the three may have changed; the one that has is named, with both hashes.
    for (file, rows) in [("v.csv", 40), ("e.csv", 31)] {
        dir.write(file, table(rows + 1));
        dir.refuses(&more, &[&format!("{file}: "), &hash(rows), &hash(rows + 1)]);
        let report = dir.json(&["rerun", "parts"], 1);
        let difference = format!("{file}: SHA-256 {} then, {} now", hash(rows), hash(rows + 1));
        assert_eq!(report["first_difference"]["difference"], difference, "{report:#}");
        std::fs::remove_file(dir.path().join(file)).unwrap();
        dir.refuses(&more, &[file, "cannot read"]);
        dir.refuses(&["rerun", "parts"], &[file]);
        dir.write(file, table(rows));
    }
}

#[test]
fn with_a_schema() {
    let dir = with_table();
    let schema = r#"column = [
        { name = "width", kind = "number" },
        { name = "height", kind = "number", role = "ignored" },
        { name = "colour", kind = "text", categorical = true },
        { name = "kind", kind = "text", role = "target" },
    ]"#;
    dir.write("s.toml", schema);
    whole_and_parts(&dir, &["--schema", "s.toml"]);
    // The run has its own copy.
    std::fs::remove_file(dir.path().join("s.toml")).unwrap();
    both_are_one(&dir);
    assert_eq!(dir.read("whole/schema.toml"), dir.read("parts/schema.toml"));
    assert_eq!(summary(&dir, "parts")["features"], 4, "width and three colours");
    // Given again, it must be the same.
    let more = ["fit", "t.csv", "--resume", "parts", "--epochs", "903", "--device", "cpu", "--threads", "1", "--quiet"];
    dir.write("s.toml", schema.replace(", role = \"ignored\"", ""));
    dir.refuses(&[&more[..], &["--schema", "s.toml"]].concat(), &["--schema s.toml", "leave --schema out"]);
    dir.write("s.toml", schema);
    dir.run(&[&more[..], &["--schema", "s.toml", "--out", "more"]].concat(), 0);
    assert_eq!(dir.read("whole/schema.toml"), dir.read("more/schema.toml"));
}

#[test]
fn with_cross_validation() {
    let dir = with_table();
    whole_and_parts(&dir, &["--target", "kind", "--folds", "3"]);
    both_are_one(&dir);
    assert_eq!(summary(&dir, "parts")["folds"].as_array().unwrap().len(), 3);
    let more = ["fit", "t.csv", "--resume", "parts", "--epochs", "1000", "--folds", "4"];
    dir.refuses(&more, &["--folds 4", "with 3"]);
}

/// The steps of the records that hold a tag, of all event files of a run. A record has 12 bytes before it and 4 behind; an
/// event begins with its time, a tag and 8 bytes, and has its step as a varint behind the tag 0x10.
fn steps(dir: &Workdir, run: &str, tag: &str) -> Vec<u64> {
    let mut steps = Vec::new();
    let files = dir.files().into_iter().filter(|file| file.starts_with(dir.path().join(run)));
    for file in files.filter(|file| file.display().to_string().contains("tfevents")) {
        let bytes = std::fs::read(file).unwrap();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            let event = &rest[12..12 + length];
            rest = &rest[16 + length..];
            if event.windows(tag.len()).any(|window| window == tag.as_bytes()) {
                assert_eq!(event[9], 0x10, "a step");
                let bits = event[10..].iter().scan(true, |more, &byte| {
                    let this = more.then_some(u64::from(byte & 0x7f));
                    *more = byte & 0x80 != 0;
                    this
                });
                steps.push(bits.enumerate().fold(0, |step, (place, bits)| step | bits << (7 * place)));
            }
        }
    }
    steps
}

/// TensorBoard shows a folder's event files as one curve: each epoch must be there once, in its order.
#[test]
fn with_an_event_file_that_has_every_epoch_once() {
    let dir = with_table();
    whole_and_parts(&dir, &["--target", "kind", "--log", "tensorboard"]);
    both_are_one(&dir);
    let every: Vec<u64> = (1..=900).collect();
    for tag in ["loss/train", "loss/valid"] {
        assert_eq!(steps(&dir, "parts", tag), every, "{tag}");
    }
    assert_eq!(steps(&dir, "parts", "metrics/test/accuracy"), [900]);
    // A finished run further, here and in a folder of its own.
    let more = [&["fit", "t.csv", "--resume", "parts"][..], &QUICK].concat();
    dir.run(&[&more[..], &["--epochs", "903"]].concat(), 0);
    dir.run(&[&more[..], &["--epochs", "905", "--out", "further"]].concat(), 0);
    for (run, last) in [("parts", 903), ("further", 905)] {
        assert_eq!(steps(&dir, run, "loss/train"), (1..=last).collect::<Vec<_>>(), "{run}");
        assert_eq!(steps(&dir, run, "metrics/test/accuracy"), [last]);
    }
}

/// Killed on its way beyond a finished run, it leaves that one's event file and its own, which both begin at epoch 1.
#[test]
fn a_kill_beyond_a_finished_run_does_not_double_its_curve() {
    let dir = with_table();
    let fit = [&["fit", "t.csv", "--target", "kind", "--log", "tensorboard"][..], &SETTINGS, &QUICK].concat();
    dir.run(&[&fit[..], &["--epochs", "5", "--out", "f"]].concat(), 0);
    let more = [&["fit", "t.csv", "--resume", "f", "--epochs", "3000", "--checkpoint-every", "5"][..], &QUICK].concat();
    let (code, _) = stop(&dir, &more, "f", "-KILL");
    assert_eq!(code, None, "killed");
    assert!(!checkpoints(&dir, "f").is_empty());
    dir.run(&["fit", "t.csv", "--resume", "f", "--quiet", "--device", "cpu", "--threads", "1"], 0);
    assert_eq!(steps(&dir, "f", "loss/train"), (1..=3000).collect::<Vec<_>>());
}
