//! Ctrl-C where no epoch is being trained for the model: in cross validation, and behind the last epoch.

use crate::common::Workdir;
use crate::common::process::Running;
use crate::common::training::{checkpoints, same, summary, with_table};
use std::time::SystemTime;

const FIT: [&str; 12] =
    ["fit", "t.csv", "--target", "kind", "--device", "cpu", "--threads", "1", "--quiet", "--seed", "3", "--out"];

fn changed(dir: &Workdir, file: &str) -> Option<SystemTime> {
    std::fs::metadata(dir.path().join(file)).and_then(|found| found.modified()).ok()
}

/// Starts a run, and ends it by Ctrl-C once `file` is there, or another than before.
fn stop_at(dir: &Workdir, arguments: &[&str], file: &str) -> String {
    let before = changed(dir, file);
    let running = Running::start(dir.command(arguments)).wait_until(file, |_| changed(dir, file) != before);
    let (code, stderr) = running.end("-INT");
    assert_eq!(code, Some(130), "{stderr}");
    stderr
}

/// The fold of `error: fold 2: interrupted …`: after an epoch, or while its rows were made ready.
fn reached(stderr: &str) -> usize {
    let fold = stderr.split_once("error: fold ").unwrap_or_else(|| panic!("no fold: {stderr}")).1;
    assert!(fold.contains(": interrupted "), "{stderr}");
    fold.split_once(':').unwrap().0.parse().unwrap()
}

#[test]
fn folds_that_are_done_are_not_trained_again() {
    let dir = with_table();
    let settings = ["whole", "--folds", "3", "--epochs", "1500"];
    dir.run(&[&FIT[..], &settings].concat(), 0);
    let parts = [&FIT[..], &["parts"], &settings[1..], &["--checkpoint-every", "1h"]].concat();
    let stderr = stop_at(&dir, &parts, "parts/checkpoint-0.pt");
    assert_eq!(reached(&stderr), 2, "{stderr}");
    for words in ["the folds before it are done: parts/checkpoint-0.pt is kept", "lockstep fit t.csv --resume parts"] {
        assert!(stderr.contains(words), "{stderr}");
    }
    // The next that is written is the second fold.
    let go_on = ["fit", "t.csv", "--resume", "parts", "--device", "cpu", "--threads", "1", "--quiet"];
    let stderr = stop_at(&dir, &[&go_on[..], &["--checkpoint-every", "1h"]].concat(), "parts/checkpoint-0.pt");
    assert_eq!(reached(&stderr), 3, "{stderr}");
    dir.run(&go_on, 0);
    same(&dir, "whole", "parts");
    let (whole, parts) = (summary(&dir, "whole"), summary(&dir, "parts"));
    assert_eq!((&whole["folds"], &whole["metrics"]), (&parts["folds"], &parts["metrics"]));
    assert_eq!(parts["folds"].as_array().unwrap().len(), 3);
    assert!(checkpoints(&dir, "parts").is_empty(), "a finished run has its folds in the summary");
}

#[test]
fn folds_of_fewer_epochs_are_trained_again_for_more() {
    let dir = with_table();
    dir.run(&[&FIT[..], &["whole", "--folds", "2", "--epochs", "1600"]].concat(), 0);
    let parts = [&FIT[..], &["parts", "--folds", "2", "--epochs", "1500", "--checkpoint-every", "1h"]].concat();
    stop_at(&dir, &parts, "parts/checkpoint-0.pt");
    let go_on = ["fit", "t.csv", "--resume", "parts", "--device", "cpu", "--threads", "1", "--quiet"];
    dir.run(&[&go_on[..], &["--epochs", "1600"]].concat(), 0);
    assert_eq!(summary(&dir, "whole")["folds"], summary(&dir, "parts")["folds"]);
}

#[test]
fn in_the_first_fold_nothing_is_kept_and_the_epoch_is_that_of_the_fold() {
    let dir = with_table();
    let fit = [&FIT[..], &["parts", "--folds", "5", "--epochs", "1000000"]].concat();
    let (code, stderr) = Running::start(dir.command(&fit)).wait_until_at_work().end("-INT");
    assert_eq!((code, reached(&stderr)), (Some(130), 1), "{stderr}");
    assert!(stderr.trim().ends_with(": no result was written") && checkpoints(&dir, "parts").is_empty(), "{stderr}");
}

/// Two epochs, then some 10,000 passes through 5 million parameters.
#[test]
fn while_importance_is_computed_the_trained_model_is_kept() {
    let dir = Workdir::new();
    let mut table = (0..1000).map(|column| format!("g{column},")).collect::<String>() + "y\n";
    for row in 0..60 {
        table +=
            &(0..1000).map(|column| format!("{},", (row * 31 + column * 7 + row * column) % 97)).collect::<String>();
        table += ["a\n", "b\n"][row % 2];
    }
    dir.write("t.csv", table);
    let fit = ["fit", "t.csv", "--target", "y", "--hidden", "2000,1500", "--epochs", "2", "--device", "cpu"];
    let fit = [&fit[..], &["--threads", "1", "--quiet"]].concat();
    dir.run(&[&fit[..], &["--importance", "none", "--out", "whole"]].concat(), 0);
    let slow = [&fit[..], &["--importance", "all", "--checkpoint-every", "1", "--out", "parts"]].concat();
    let running = Running::start(dir.command(&slow));
    let running = running.wait_until("checkpoint-1", |_| changed(&dir, "parts/checkpoint-1.pt").is_some());
    let (code, stderr) = running.wait_for_more_work(1.5).end("-INT");
    assert_eq!(code, Some(130), "{stderr}");
    assert!(stderr.contains("interrupted after epoch 2: parts/checkpoint-2.pt is kept; go on"), "{stderr}");
    // Every epoch is done; what is left is made of the state that is kept.
    let go_on = ["fit", "t.csv", "--resume", "parts", "--device", "cpu", "--threads", "1", "--quiet"];
    dir.run(&[&go_on[..], &["--importance", "none"]].concat(), 0);
    same(&dir, "whole", "parts");
    assert_eq!(summary(&dir, "whole")["metrics"], summary(&dir, "parts")["metrics"]);
    dir.refuses(&go_on, &["finished, its 2 epochs are done", "--epochs"]);
}

/// Reading and making ready a large table takes longer than anybody waits.
#[test]
fn a_table_that_is_read_is_left_at_once() {
    let dir = Workdir::new();
    let mut table = String::from("x,kind,y\n");
    for row in 0..400_000 {
        table += &format!("{}.25,k{},{}\n", row % 977, row % 900, row % 3);
    }
    dir.write("t.csv", &table);
    let fit = ["fit", "t.csv", "--target", "y", "--epochs", "1", "--engine", "fused", "--quiet", "--out", "m"];
    // Some moments into it: where it is by then depends on the machine.
    for moments in [1, 3] {
        let running = Running::start(dir.command(&fit));
        std::thread::sleep(std::time::Duration::from_millis(100 * moments));
        let (code, stderr) = running.end("-INT");
        // Before the signals are listened to, they end the process as they end every other.
        assert!(matches!(code, Some(130) | None), "{stderr}");
        assert!(code.is_none() || stderr.starts_with("error: interrupted"), "{stderr}");
    }
}
