//! `lockstep run moons` as a user runs it.

use crate::common::Workdir;
use crate::common::process::Running;

// One thread: with more, libtorch's products are not the same from run to run on an overloaded machine, and tests
// run side by side. `scripts/test` compares two threads with Python, one run at a time.
const QUICK: [&str; 8] = ["run", "moons", "--epochs", "20", "--device", "cpu", "--threads", "1"];

#[test]
fn a_run_leaves_its_whole_folder() {
    let dir = Workdir::new();
    dir.run(&QUICK, 0);
    let names: Vec<_> = dir.files().iter().map(|path| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(
        names,
        [
            "decision_boundary.png",
            "history.csv",
            "loss.png",
            "model.pt",
            "model.safetensors",
            "moons.csv",
            "summary.json"
        ]
    );
    let history = std::fs::read_to_string(dir.path().join("runs/moons/history.csv")).unwrap();
    assert_eq!(history.lines().count(), 21);
    assert!(history.starts_with("epoch,loss\n1,"));
}

#[test]
fn json_prints_the_summary_and_nothing_else_on_stdout() {
    let dir = Workdir::new();
    let output = dir.run(&[&QUICK[..], &["--json"]].concat(), 0);
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["parameters"], 502);
    for key in
        ["program", "seed", "parameters", "epochs", "loss", "accuracy", "seconds", "device", "threads", "libtorch"]
    {
        assert!(!summary[key].is_null(), "{key} is missing");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let dir = Workdir::new();
    let bytes = |seed: &str, out: &str| {
        dir.run(&[&QUICK[..], &["--seed", seed, "--out", out]].concat(), 0);
        std::fs::read(dir.path().join(out).join("model.safetensors")).unwrap()
    };
    let first = bytes("4294967295", "a");
    assert_eq!(first, bytes("4294967295", "b"));
    assert_ne!(first, bytes("1", "c"));
}

#[test]
fn bad_settings_are_refused_in_one_line_that_names_the_flag() {
    let dir = Workdir::new();
    for (flag, value) in [
        ("--samples", "0"),
        ("--samples", "1"),
        ("--noise", "-0.1"),
        ("--noise", "nan"),
        ("--hidden", "0"),
        ("--epochs", "0"),
        ("--lr", "0"),
        ("--lr", "-1"),
        ("--lr", "nan"),
        ("--seed", "4294967296"),
        ("--seed", "-1"),
        ("--threads", "0"),
        ("--device", "tpu"),
    ] {
        dir.refuses(&["run", "moons", flag, value], &[if value == "-1" && flag == "--seed" { "-1" } else { flag }]);
    }
    dir.refuses(&["run", "moons", "--epochs", "0"], &["trains nothing"]);
    dir.refuses(&["run", "moons", "--samples", "1"], &["a point for each moon"]);
}

#[test]
fn what_is_misspelt_comes_with_a_suggestion() {
    let dir = Workdir::new();
    dir.refuses(&["run", "moon"], &["moons"]);
    dir.refuses(&["comprae", "moons"], &["compare"]);
    dir.refuses(&["run", "moons", "--epoch", "3"], &["--epochs"]);
}

#[test]
fn a_cuda_device_that_is_not_there_is_refused_with_the_reason() {
    let dir = Workdir::new();
    if tch::Cuda::is_available() {
        eprintln!("skipped: this machine has CUDA");
        dir.refuses(&["run", "moons", "--device", "cuda:99"], &["cuda:99"]);
        return;
    }
    for device in ["cuda", "cuda:9"] {
        dir.refuses(&["run", "moons", "--device", device], &["cuda:", "--device cpu"]);
    }
}

#[test]
fn an_out_that_cannot_be_written_is_refused_before_training() {
    let dir = Workdir::new();
    std::fs::write(dir.path().join("file"), "mine").unwrap();
    dir.refuses(&["run", "moons", "--out", "file"], &["--out file", "is a file"]);
    dir.refuses(&["run", "moons", "--out", "/proc/none"], &["--out /proc/none"]);
}

// A limit on the size of a file fails the same write that a full disk does, and needs no rights.
#[test]
fn a_disk_that_fills_up_is_an_error_and_the_old_files_stay() {
    let dir = Workdir::new();
    dir.run(&QUICK, 0);
    let before = dir.files();
    let model = dir.read("runs/moons/model.pt");
    let script = "trap '' XFSZ; ulimit -f 8; exec $LOCKSTEP run moons --epochs 5 --threads 1 --quiet";
    let output = dir.shell(script).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), stderr.lines().count()), (Some(2), 1), "{stderr}");
    assert!(stderr.starts_with("error: ") && stderr.contains("cannot write"), "{stderr}");
    assert_eq!(before, dir.files());
    assert_eq!(model, dir.read("runs/moons/model.pt"));
}

// The disk itself, where this machine lets a test make one.
#[test]
fn a_full_disk_is_an_error_and_nothing_is_left_on_it() {
    let dir = Workdir::new();
    let script = "unshare -rm sh -c 'mkdir disk && mount -t tmpfs -o size=16k tmpfs disk || exit 99; \
        $LOCKSTEP run moons --epochs 5 --threads 1 --quiet --out disk; code=$?; ls -A disk; exit $code'";
    let output = dir.shell(script).output();
    let Some(output) = output.ok().filter(|output| matches!(output.status.code(), Some(0 | 2))) else {
        eprintln!("skipped: no rights to make a small disk here");
        return;
    };
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("No space left on device"), "{stderr}");
    assert!(output.stdout.is_empty(), "left on the disk: {}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_diverging_run_stops_with_epoch_and_cause_and_keeps_the_old_files() {
    let dir = Workdir::new();
    dir.run(&QUICK, 0);
    let before = dir.read("runs/moons/model.pt");
    // Beyond float32, so infinite as PyTorch sees it.
    dir.refuses(&["run", "moons", "--noise", "1e39", "--epochs", "50"], &["at epoch 1", "data hold NaN or infinity"]);
    assert_eq!(dir.read("runs/moons/model.pt"), before);
    dir.refuses(&["run", "moons", "--lr", "1e38", "--epochs", "50"], &["--lr 1e38", "up to 1e15"]);
}

#[test]
fn ctrl_c_ends_the_run_and_leaves_its_last_checkpoint_alone() {
    let dir = Workdir::new();
    let endless = dir.command(&["run", "moons", "--epochs", "100000000", "--device", "cpu", "--threads", "1"]);
    let (code, stderr) = Running::start(endless).wait_until_at_work().end("-INT");
    assert_eq!(code, Some(130), "{stderr}");
    let names = dir.files().into_iter().map(|file| file.file_name().unwrap().to_string_lossy().into_owned());
    let names: Vec<String> = names.collect();
    assert!(names.len() == 1 && names[0].starts_with("checkpoint-"), "{names:?}");
}
