//! Trainings that are stopped and gone on with: what they are made of, and whether two came to the same.

use super::Workdir;
use super::process::Running;
use lockstep::torch::archive::entries;
use lockstep::torch::safetensors;
use serde_json::Value;

pub fn table(rows: u32) -> String {
    let mut text = String::from("width,height,colour,kind\n");
    for row in 0..rows {
        let (width, height) = (f64::from(row % 17) - 8.0, f64::from(row * 7 % 23) / 3.0);
        // Some rows are labelled wrong, so that the validation loss turns up again.
        let kind = if (width + height > 3.0) == (row % 9 != 4) { "large" } else { "small" };
        text += &format!("{width},{height},{},{kind}\n", ["red", "green", "blue"][row as usize % 3]);
    }
    text
}

pub fn with_table() -> Workdir {
    let dir = Workdir::new();
    dir.write("t.csv", table(150));
    dir
}

/// `training.safetensors` of a run's model.pt, as bytes by name.
pub fn training(dir: &Workdir, run: &str) -> Vec<(String, Vec<u8>)> {
    let files = entries(&dir.read(&format!("{run}/model.pt"))).unwrap();
    let (_, content) = files.into_iter().find(|(name, _)| name.ends_with("extra/training.safetensors")).unwrap();
    let named = safetensors::from_bytes(&content).unwrap().into_iter();
    named.map(|(name, tensor)| (name.clone(), safetensors::to_bytes(&[(name, tensor)]).unwrap())).collect()
}

/// History, weights, moments, generator: every byte that a run leaves of its training.
pub fn same(dir: &Workdir, one: &str, other: &str) {
    for file in ["history.csv", "model.safetensors"] {
        assert_eq!(
            dir.read(&format!("{one}/{file}")),
            dir.read(&format!("{other}/{file}")),
            "{file} of {one} and {other}"
        );
    }
    assert_eq!(training(dir, one), training(dir, other), "training.safetensors of {one} and {other}");
}

pub fn checkpoints(dir: &Workdir, run: &str) -> Vec<String> {
    let names = std::fs::read_dir(dir.path().join(run)).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.retain(|name| name.starts_with("checkpoint-"));
    names.sort();
    names
}

pub fn summary(dir: &Workdir, run: &str) -> Value {
    serde_json::from_slice(&dir.read(&format!("{run}/summary.json"))).unwrap()
}

/// Starts a run, ends it by `signal` once its first checkpoint is there, and gives its exit code and stderr.
pub fn stop(dir: &Workdir, arguments: &[&str], run: &str, signal: &str) -> (Option<i32>, String) {
    let folder = dir.path().join(run);
    let found = || if folder.exists() { checkpoints(dir, run) } else { vec![] };
    let before = found();
    Running::start(dir.command(arguments)).wait_until("its first checkpoint", |_| found() != before).end(signal)
}
