//! `lockstep run two-layer` as a user runs it.

use crate::common::Workdir;
use lockstep::torch::safetensors;

const QUICK: [&str; 8] = ["run", "two-layer", "--epochs", "5", "--device", "cpu", "--threads", "1"];

#[test]
fn a_run_leaves_its_whole_folder() {
    let dir = Workdir::new();
    let stdout = String::from_utf8(dir.run(&QUICK, 0).stdout).unwrap();
    let names: Vec<_> = dir.files().iter().map(|path| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["history.csv", "loss.png", "summary.json", "weights.safetensors"]);
    let bytes = std::fs::read(dir.path().join("runs/two-layer/weights.safetensors")).unwrap();
    let weights = safetensors::from_bytes(&bytes).unwrap();
    let found: Vec<_> = weights.iter().map(|(name, tensor)| (name.as_str(), tensor.size(), tensor.kind())).collect();
    assert_eq!(found, [("w1", vec![1000, 100], tch::Kind::Double), ("w2", vec![100, 10], tch::Kind::Double)]);
    // A large array is printed by its corners.
    assert!(stdout.starts_with("w1=[[") && stdout.contains("\n ...\n") && stdout.contains("]] \n w2=[["), "{stdout}");
}

// python scripts/original/two_layer.py --seed 7 --trace - --samples 8 --inputs 20 --hidden 5 --outputs 2 --epochs 50
//     --lr 1e-4: the last loss
#[test]
fn other_sizes_and_seeds_are_pythons_within_1e_11() {
    let dir = Workdir::new();
    let sizes = ["--samples", "8", "--inputs", "20", "--hidden", "5", "--outputs", "2", "--lr", "1e-4"];
    let run = ["run", "two-layer", "--seed", "7", "--epochs", "50", "--json", "--quiet", "--device", "cpu"];
    let output = dir.run(&[&run[..], &sizes].concat(), 0);
    let summary: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let loss = summary["loss"].as_f64().unwrap();
    assert!((loss / 8.60750210049136 - 1.0).abs() < 1e-11, "{loss}");
    assert_eq!((&summary["parameters"], &summary["epochs"]), (&110.into(), &50.into()));
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let dir = Workdir::new();
    let bytes = |seed: &str, out: &str| {
        dir.run(&[&QUICK[..], &["--seed", seed, "--out", out]].concat(), 0);
        std::fs::read(dir.path().join(out).join("weights.safetensors")).unwrap()
    };
    let first = bytes("4294967295", "a");
    assert_eq!(first, bytes("4294967295", "b"));
    assert_ne!(first, bytes("1", "c"));
}

#[test]
fn bad_settings_are_refused_in_one_line_that_names_the_flag() {
    let dir = Workdir::new();
    for flag in ["--samples", "--inputs", "--hidden", "--outputs", "--epochs", "--lr"] {
        dir.refuses(&["run", "two-layer", flag, "0"], &[flag]);
    }
    dir.refuses(&["run", "two-layer", "--lr", "10", "--device", "cpu", "--threads", "1"], &["epoch", "loss", "--lr"]);
    dir.refuses(&["run", "two-leyer"], &["two-layer"]);
}
