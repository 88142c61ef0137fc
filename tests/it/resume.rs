//! `--resume`: a run that was stopped and gone on with ends as one that never was, for `run moons` and `fit`, across Rust
//! and Python.

use crate::common::Workdir;
use crate::common::training::{checkpoints, same, stop, summary, table, with_table};
use lockstep::checkpoint::Checkpoint;
use lockstep::python::interpreter;
use std::path::PathBuf;
use std::process::Command;

const MOONS: [&str; 7] = ["run", "moons", "--device", "cpu", "--threads", "1", "--quiet"];
const FIT: [&str; 9] = ["fit", "t.csv", "--target", "kind", "--device", "cpu", "--threads", "1", "--quiet"];
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/resume.py");

fn moons(dir: &Workdir, arguments: &[&str]) {
    dir.run(&[&MOONS[..], arguments].concat(), 0);
}

fn fit(dir: &Workdir, arguments: &[&str]) {
    dir.run(&[&FIT[..], arguments].concat(), 0);
}

#[test]
fn two_halves_of_a_moons_run_are_the_whole() {
    let dir = Workdir::new();
    moons(&dir, &["--epochs", "60", "--seed", "7", "--hidden", "30", "--out", "whole"]);
    moons(&dir, &["--epochs", "25", "--seed", "7", "--hidden", "30", "--out", "half"]);
    moons(&dir, &["--resume", "half", "--epochs", "40"]);
    assert_eq!(summary(&dir, "half")["epochs"], 40);
    moons(&dir, &["--resume", "half/model.pt", "--epochs", "60", "--out", "rest"]);
    same(&dir, "whole", "rest");
    let summary = summary(&dir, "rest");
    assert_eq!((&summary["seed"], &summary["config"]["hidden"]), (&7.into(), &30.into()));
    let epochs: Vec<_> = summary["resumed"].as_array().unwrap().iter().map(|one| one["epoch"].clone()).collect();
    assert_eq!(epochs, [25, 40]);
    assert_eq!(summary["resumed"][1]["epochs"], serde_json::json!({"was": 40, "now": 60}));
}

#[test]
fn the_newest_checkpoints_are_kept_and_any_of_them_leads_to_the_same_end() {
    let dir = Workdir::new();
    moons(&dir, &["--epochs", "50", "--checkpoint-every", "10", "--keep", "3", "--out", "whole"]);
    assert_eq!(checkpoints(&dir, "whole"), ["checkpoint-20.pt", "checkpoint-30.pt", "checkpoint-40.pt"]);
    for name in checkpoints(&dir, "whole") {
        moons(&dir, &["--resume", &format!("whole/{name}"), "--out", "again"]);
        same(&dir, "whole", "again");
    }
    dir.run(&["verify", "whole/checkpoint-30.pt", "--quiet"], 0);
    moons(&dir, &["--epochs", "5", "--out", "whole"]);
    assert!(checkpoints(&dir, "whole").is_empty(), "they belong to another run");
}

#[test]
fn a_run_that_is_interrupted_again_and_again_ends_as_one_that_is_not() {
    let dir = Workdir::new();
    let whole = ["--epochs", "6000", "--hidden", "10", "--samples", "50"];
    moons(&dir, &[&whole[..], &["--out", "whole"]].concat());
    let every = ["--checkpoint-every", "3", "--out", "parts"];
    let (code, stderr) = stop(&dir, &[&MOONS[..], &whole, &every].concat(), "parts", "-INT");
    assert_eq!(code, Some(130), "{stderr}");
    assert!(stderr.contains("is kept; go on from there with: lockstep run moons --resume parts"), "{stderr}");
    let go_on = [&MOONS[..], &["--resume", "parts"], &every].concat();
    let (code, stderr) = stop(&dir, &go_on, "parts", "-TERM");
    assert_eq!(code, Some(130), "{stderr}");
    let (code, _) = stop(&dir, &go_on, "parts", "-KILL");
    assert_eq!(code, None, "killed");
    moons(&dir, &["--resume", "parts"]);
    same(&dir, "whole", "parts");
    assert_eq!(summary(&dir, "parts")["resumed"].as_array().unwrap().len(), 3);
    let left =
        dir.files().into_iter().filter(|file| file.file_name().unwrap().to_string_lossy().starts_with(".lockstep-"));
    assert!(left.count() <= 1, "only kill -9 in the middle of a write leaves a temporary file");
}

/// Mini-batches and dropout draw from the generator; each schedule has a memory of its own.
#[test]
fn a_fit_goes_on_with_everything_that_it_depends_on() {
    let dir = with_table();
    let cases: [&[&str]; 5] = [
        &["--dropout", "0.3", "--batch-size", "16", "--schedule", "cosine:t_max=9", "--clip-grad", "0.5"],
        &["--optimizer", "sgd", "--momentum", "0.9", "--nesterov", "--lr", "0.05", "--weight-decay", "0.01"],
        &["--schedule", "plateau:patience=1,cooldown=2", "--lr", "0.05", "--batch-size", "full", "--warmup", "3"],
        &["--optimizer", "adamw", "--schedule", "step:step_size=4,gamma=0.5", "--dropout", "0.2", "--l1", "0.001"],
        &["--early-stop", "25", "--lr", "0.05", "--dropout", "0.1", "--class-weight", "balanced"],
    ];
    for (index, case) in cases.into_iter().enumerate() {
        let [whole, parts] = ["whole", "parts"].map(|name| format!("{name}{index}"));
        fit(&dir, &[case, &["--epochs", "30", "--seed", "5", "--out", &whole]].concat());
        fit(&dir, &[case, &["--epochs", "7", "--seed", "5", "--out", &parts]].concat());
        fit(&dir, &["--resume", &parts, "--epochs", "18"]);
        fit(&dir, &["--resume", &parts, "--epochs", "30"]);
        same(&dir, &whole, &parts);
        let metrics = |run: &str| summary(&dir, run)["metrics"].clone();
        assert_eq!(metrics(&whole), metrics(&parts));
        dir.run(&["verify", &format!("{parts}/model.pt"), "--quiet"], 0);
    }
}

/// model.pt has the best weights; what goes on are the last ones.
#[test]
fn early_stopping_remembers_its_best_weights_over_a_checkpoint() {
    let dir = with_table();
    let settings = ["--early-stop", "6", "--lr", "0.02", "--epochs", "200", "--checkpoint-every", "1", "--keep", "100"];
    fit(&dir, &[&settings[..], &["--out", "whole"]].concat());
    let whole = summary(&dir, "whole");
    let (best, last) = (whole["best_epoch"].as_u64().unwrap(), whole["epochs"].as_u64().unwrap());
    assert!(whole["stopped_early"] == true && best > 1 && best + 6 == last, "{best} {last}");
    for epoch in [best - 1, best, best + 3, last - 1] {
        fit(&dir, &["--resume", &format!("whole/checkpoint-{epoch}.pt"), "--out", "again"]);
        same(&dir, "whole", "again");
        assert_eq!(summary(&dir, "again")["best_epoch"], best);
    }
    let finished = ["fit", "t.csv", "--resume", "whole", "--epochs", "900"];
    dir.refuses(&finished, &["stopped early", "finished"]);
}

#[test]
fn an_interrupted_fit_goes_on_with_its_settings_and_schedule() {
    let dir = with_table();
    let settings =
        ["--dropout", "0.2", "--schedule", "one-cycle", "--epochs", "1500", "--hidden", "8", "--batch-size", "50"];
    fit(&dir, &[&settings[..], &["--out", "whole"]].concat());
    let every = ["--checkpoint-every", "2", "--out", "parts"];
    let (code, stderr) = stop(&dir, &[&FIT[..], &settings, &every].concat(), "parts", "-INT");
    assert_eq!(code, Some(130), "{stderr}");
    assert!(stderr.contains("lockstep fit t.csv --resume parts"), "{stderr}");
    dir.run(&["predict", &format!("parts/{}", checkpoints(&dir, "parts")[0]), "t.csv", "-o", "p.csv"], 0);
    dir.run(&["fit", "t.csv", "--resume", "parts", "--device", "cpu", "--threads", "1", "--quiet"], 0);
    same(&dir, "whole", "parts");
    let longer = ["fit", "t.csv", "--resume", &format!("parts/{}", checkpoints(&dir, "parts")[0]), "--epochs", "3000"];
    dir.refuses(&longer, &["--epochs 3000", "1500", "one-cycle"]);
}

#[test]
fn what_must_be_the_same_is_refused_with_both_values() {
    let dir = with_table();
    moons(&dir, &["--epochs", "10", "--out", "m"]);
    let more = ["run", "moons", "--resume", "m", "--epochs", "20"];
    for (flag, value, was) in [
        ("--hidden", "50", "100"),
        ("--lr", "0.5", "0.01"),
        ("--seed", "3", "0"),
        ("--samples", "30", "200"),
        ("--noise", "0.1", "0.2"),
    ] {
        dir.refuses(&[&more[..], &[flag, value]].concat(), &[&format!("{flag} {value}"), &format!("with {was}")]);
    }
    dir.refuses(&["run", "moons", "--resume", "m"], &["finished", "10 epochs are done", "larger --epochs"]);
    dir.refuses(&["run", "moons", "--resume", "m", "--epochs", "10"], &["finished"]);
    fit(&dir, &["--epochs", "5", "--out", "f", "--seed", "4"]);
    dir.refuses(&["run", "moons", "--resume", "f/model.pt"], &["a model of fit", "run moons"]);
    dir.refuses(&["fit", "t.csv", "--resume", "m"], &["a model of moons"]);
    let more = ["fit", "t.csv", "--resume", "f", "--epochs", "9"];
    for (flag, value, was) in [
        ("--optimizer", "sgd", "adam"),
        ("--split", "0.8,0.1,0.1", "0.6,0.2,0.2"),
        ("--hidden", "5", "64,32"),
        ("--seed", "1", "4"),
        ("--early-stop", "3", "none"),
    ] {
        dir.refuses(&[&more[..], &[flag, value]].concat(), &[flag, value, &format!("with {was}")]);
    }
    dir.write("t.csv", table(151));
    let hash = |rows| lockstep::runs::files::sha256_of(table(rows).as_bytes());
    dir.refuses(&more, &["t.csv", &hash(150), &hash(151)]);
}

#[test]
fn a_checkpoint_that_is_not_whole_is_passed_over_for_the_one_before() {
    let dir = Workdir::new();
    moons(&dir, &["--epochs", "30", "--checkpoint-every", "10", "--out", "whole"]);
    moons(&dir, &["--epochs", "30", "--checkpoint-every", "10", "--out", "cut"]);
    std::fs::remove_file(dir.path().join("cut/model.pt")).unwrap();
    let newest = dir.read("cut/checkpoint-20.pt");
    dir.write("cut/checkpoint-20.pt", &newest[..newest.len() / 2]);
    let arguments = ["run", "moons", "--device", "cpu", "--threads", "1", "--resume", "cut"];
    let stderr = String::from_utf8(dir.run(&arguments, 0).stderr).unwrap();
    assert!(
        stderr.contains("passed over: cut/checkpoint-20.pt") && stderr.contains("cut/checkpoint-10.pt"),
        "{stderr}"
    );
    same(&dir, "whole", "cut");
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    dir.refuses(&["run", "moons", "--resume", "empty"], &["--resume: empty", "no model.pt"]);
    dir.refuses(&["run", "moons", "--resume", "none"], &["--resume: none", "cannot read"]);
    dir.refuses(&["run", "moons", "--checkpoint-every", "0"], &["--checkpoint-every", "30s"]);
    dir.refuses(&["run", "moons", "--keep", "0"], &["--keep"]);
}

/// The same checkpoint with `"format":2` made a 9, its CRC put right.
#[test]
fn a_newer_format_is_refused_and_not_passed_over() {
    let dir = Workdir::new();
    moons(&dir, &["--epochs", "30", "--checkpoint-every", "10", "--out", "m"]);
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(dir.read("m/checkpoint-20.pt"))).unwrap();
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let name = entry.name().unwrap().to_string();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
        if name.ends_with("lockstep.json") {
            content = String::from_utf8(content).unwrap().replace("\"format\":2", "\"format\":9").into_bytes();
        }
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut writer, &content).unwrap();
    }
    dir.write("m/checkpoint-20.pt", writer.finish().unwrap().into_inner());
    for place in ["m", "m/checkpoint-20.pt"] {
        dir.refuses(
            &["run", "moons", "--resume", place, "--epochs", "99"],
            &["checkpoint-20.pt", "format 9", "newer lockstep"],
        );
    }
}

#[test]
fn other_threads_are_allowed_said_and_recorded() {
    let dir = Workdir::new();
    moons(&dir, &["--epochs", "10", "--out", "m"]);
    let more = ["run", "moons", "--resume", "m", "--epochs", "20", "--device", "cpu", "--threads", "2"];
    let stderr = String::from_utf8(dir.run(&more, 0).stderr).unwrap();
    assert!(stderr.contains("after epoch 10") && stderr.contains("threads: 1 before, 2 now"), "{stderr}");
    assert_eq!(summary(&dir, "m")["resumed"][0]["threads"], serde_json::json!({"was": 1, "now": 2}));
}

#[test]
fn a_disk_that_fills_up_costs_a_checkpoint_and_not_the_training() {
    let dir = Workdir::new();
    // So few points that their table fits under the limit, and the checkpoint does not.
    moons(&dir, &["--samples", "20", "--epochs", "10", "--checkpoint-every", "5", "--out", "m"]);
    let good = dir.read("m/checkpoint-5.pt");
    let cramped = |quiet: &str| {
        let resume = "run moons --resume m/checkpoint-5.pt --epochs 9 --out m --checkpoint-every 3 --threads 1";
        let script = format!("trap '' XFSZ; ulimit -f 8; exec $LOCKSTEP {resume} {quiet}");
        String::from_utf8(dir.shell(&script).output().unwrap().stderr).unwrap()
    };
    let stderr = cramped("");
    assert!(
        stderr.contains("warning: m/checkpoint-6.pt: cannot write") && stderr.contains("the training goes on"),
        "{stderr}"
    );
    // Only the error that it ends with: its own files have no room either.
    let quiet = cramped("--quiet");
    assert!(quiet.starts_with("error: ") && !quiet.contains("warning"), "{quiet}");
    assert_eq!((checkpoints(&dir, "m"), dir.read("m/checkpoint-5.pt")), (vec!["checkpoint-5.pt".to_string()], good));
}

/// The Python with torch, or none and a word about it.
fn torch() -> Option<PathBuf> {
    let python = interpreter::find();
    let found = interpreter::versions(&python)
        .is_ok_and(|versions| ["torch", "scikit-learn"].iter().all(|name| versions.contains_key(*name)));
    if !found {
        eprintln!("skipped: {} has no torch and scikit-learn; run scripts/setup --python", python.display());
    }
    // Absolute, for it is started in a test's own folder.
    found.then(|| if python.components().count() > 1 { std::path::absolute(python).unwrap() } else { python })
}

fn script(dir: &Workdir, python: &PathBuf, arguments: &[&str]) {
    let output = Command::new(python).arg(SCRIPT).args(arguments).current_dir(dir.path()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn rust_and_python_take_turns_in_one_training() {
    let Some(python) = torch() else { return };
    let dir = Workdir::new();
    moons(&dir, &["--epochs", "1000", "--out", "rust"]);
    moons(&dir, &["--epochs", "500", "--out", "half"]);
    script(
        &dir,
        &python,
        &["half/model.pt", "--epochs", "500", "--save", "end.pt", "--save-torchscript", "end-script.pt"],
    );
    script(&dir, &python, &["--check", "end.pt", "rust"]);
    script(&dir, &python, &["--check", "end-script.pt", "rust"]);
    dir.run(&["verify", "end-script.pt", "--quiet"], 0);
    script(&dir, &python, &["--begin", "--epochs", "500", "--save", "python.pt"]);
    script(&dir, &python, &["--check", "python.pt", "half"]);
    moons(&dir, &["--resume", "python.pt", "--epochs", "1000", "--out", "from-python"]);
    same(&dir, "rust", "from-python");
    assert_eq!(summary(&dir, "from-python")["resumed"][0]["from"], "python.pt");
    dir.refuses(&["run", "moons", "--resume", "python.pt", "--hidden", "7"], &["--hidden 7", "trained with 100"]);
    dir.refuses(&["run", "moons", "--resume", "python.pt", "--epochs", "500"], &["500 epochs are done"]);
    // Three turns: Python's file of our kind goes on here.
    script(&dir, &python, &["half/model.pt", "--epochs", "100", "--save-torchscript", "600.pt"]);
    moons(&dir, &["--resume", "600.pt", "--epochs", "1000", "--out", "three"]);
    same(&dir, "rust", "three");
}

#[test]
fn a_pickle_that_would_run_code_is_refused_and_not_run() {
    let Some(python) = torch() else { return };
    let dir = Workdir::new();
    let evil = "
import os, torch
class Evil:
    def __reduce__(self):
        return (os.system, ('touch was-run',))
torch.save({'model': Evil()}, 'evil.pt')
torch.save({'weights': torch.zeros(3)}, 'other.pt')
torch.save({'model': {'fc1.weight': torch._neg_view(torch.ones(3, 2))}}, 'sign.pt')
torch.save(torch.nn.Linear(2, 2), 'module.pt')
torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), 'script.pt')
";
    let output = Command::new(&python).args(["-c", evil]).current_dir(dir.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for (file, words) in [
        ("evil.pt", ["posix.system", "no other objects"]),
        ("other.pt", ["no \"model\"", "state_dict()"]),
        // Its numbers are stored with the other sign.
        ("sign.pt", ["7 arguments", "resolve_neg()"]),
        ("module.pt", ["Linear", "no other objects"]),
        ("script.pt", ["not a model.pt of lockstep", "lockstep.json"]),
    ] {
        dir.refuses(&["run", "moons", "--resume", file], &[&[file][..], &words].concat());
    }
    assert!(!dir.path().join("was-run").exists());
}

#[test]
fn a_checkpoint_says_where_it_is_and_what_it_was_trained_on() {
    let dir = with_table();
    fit(&dir, &["--epochs", "6", "--checkpoint-every", "2", "--out", "f"]);
    let checkpoint = Checkpoint::read(&dir.path().join("f/checkpoint-4.pt"), tch::Device::Cpu).unwrap();
    assert_eq!(
        checkpoint.manifest.provenance.data_sha256.unwrap(),
        lockstep::runs::files::sha256_of(table(150).as_bytes())
    );
    assert_eq!(summary(&dir, "f")["data_sha256"], lockstep::runs::files::sha256_of(table(150).as_bytes()));
    let names: Vec<String> = checkpoint.training.into_iter().map(|(name, _)| name).collect();
    for name in
        ["epoch", "generator", "history.loss", "history.valid_loss", "scheduler.lr", "plateau.best", "optimizer.step"]
    {
        assert!(names.iter().any(|other| other == name), "{name} in {names:?}");
    }
}
