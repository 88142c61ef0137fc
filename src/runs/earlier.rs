//! The files of the run that lies in a folder, as its summary lists them: the next run there takes them away with it.

use serde_json::{Map, Value};
use std::path::Path;

/// The file that lists the others.
pub const SUMMARY: &str = "summary.json";

/// What the summary in `folder` says, if one is there that can be read.
pub fn summary(folder: &Path) -> Option<Map<String, Value>> {
    serde_json::from_slice(&std::fs::read(folder.join(SUMMARY)).ok()?).ok()
}

/// The names of the files that the finished run in `folder` wrote; none where no summary of ours lies. A summary from
/// before they were listed has those that its program may have written.
pub fn files(folder: &Path) -> Vec<String> {
    let Some(summary) = summary(folder) else { return vec![] };
    let program = summary.get("program").and_then(Value::as_str);
    // Whoever else writes a summary.json does not say by which lockstep.
    let Some(program) = program.filter(|_| summary.contains_key("lockstep")) else { return vec![] };
    let names: Vec<String> = match summary.get("files").and_then(Value::as_array) {
        Some(files) => files.iter().filter_map(|name| name.as_str().map(String::from)).collect(),
        None => known(program).iter().map(|name| name.to_string()).collect(),
    };
    // Only files of the folder itself, and no hidden ones.
    let plain =
        |name: &String| !name.starts_with('.') && Path::new(name).file_name().is_some_and(|file| file == &**name);
    names.into_iter().filter(plain).collect()
}

/// What a program wrote into its folder beside the summary, when summaries did not say so yet.
fn known(program: &str) -> &'static [&'static str] {
    match program {
        "fit" => &FIT,
        "tune" => &TUNE,
        "preprocess" => &PREPROCESS,
        "moons" => &["history.csv", "model.pt", "model.safetensors", "moons.csv", "decision_boundary.png", "loss.png"],
        "boston" => &["history.csv", "model.pt", "weights.safetensors", "loss.png"],
        "two-layer" => &["history.csv", "weights.safetensors", "loss.png"],
        "descent" => &["history.csv", "fit.png"],
        "exhaustive" => &["fit.png"],
        "activations" => &["activations.csv", "activations.png"],
        "gradients" => &["gradients.csv", "gradients.png"],
        "nonlinearity" => &["history.csv", "nonlinearity.csv", "nonlinearity.png"],
        "bias-variance" => &["bias-variance.csv", "bias-variance.png"],
        "fitting" => &["fitting.csv", "fitting.png"],
        _ => &[],
    }
}

const FIT: [&str; 16] = [
    "history.csv",
    "model.pt",
    "model.safetensors",
    "config.toml",
    "schema.toml",
    "report.html",
    "learning_curves.png",
    "confusion_matrix.png",
    "roc.png",
    "precision_recall.png",
    "predicted_against_actual.png",
    "residuals.png",
    "decision_surface.png",
    "prediction_surface.png",
    "prediction_curve.png",
    "importance.png",
];

const TUNE: [&str; 20] = [
    "trials.csv",
    "trials.parquet",
    "trials.png",
    "best.toml",
    "journal.jsonl",
    "history.csv",
    "model.pt",
    "model.safetensors",
    "schema.toml",
    "report.html",
    "learning_curves.png",
    "confusion_matrix.png",
    "roc.png",
    "precision_recall.png",
    "predicted_against_actual.png",
    "residuals.png",
    "decision_surface.png",
    "prediction_surface.png",
    "prediction_curve.png",
    "importance.png",
];

const PREPROCESS: [&str; 14] = [
    "preprocess.pt",
    "config.toml",
    "train.parquet",
    "valid.parquet",
    "test.parquet",
    "train.csv",
    "valid.csv",
    "test.csv",
    "train.ndjson",
    "valid.ndjson",
    "test.ndjson",
    "train.ipc",
    "valid.ipc",
    "test.ipc",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn found(summary: &str) -> Vec<String> {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join(SUMMARY), summary).unwrap();
        files(home.path())
    }

    #[test]
    fn a_summary_lists_its_files_and_an_older_one_has_those_of_its_program() {
        assert_eq!(
            found(r#"{"program": "fit", "lockstep": "0.1.0", "files": ["a.png", "b.csv"]}"#),
            ["a.png", "b.csv"]
        );
        assert_eq!(found(r#"{"program": "descent", "lockstep": "0.1.0"}"#), ["history.csv", "fit.png"]);
        assert!(found(r#"{"program": "fit", "lockstep": "0.1.0", "files": []}"#).is_empty());
        assert!(files(Path::new("/nowhere")).is_empty());
    }

    #[test]
    fn a_summary_of_somebody_else_lists_nothing_and_none_lists_what_lies_elsewhere() {
        for summary in [r#"{"files": ["a"]}"#, r#"{"program": "fit", "files": ["a"]}"#, "[1]", "no JSON", ""] {
            assert!(found(summary).is_empty(), "{summary}");
        }
        let elsewhere = r#"["../a", "/etc/passwd", "a/b", "", "..", ".hidden", "a"]"#;
        assert_eq!(found(&format!(r#"{{"program": "fit", "lockstep": "0", "files": {elsewhere}}}"#)), ["a"]);
    }
}
