//! The runs that lie in a folder, by their summaries.

use super::earlier::{SUMMARY, summary};
use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A run that has come to its end.
pub struct Listed {
    pub folder: PathBuf,
    pub ended: SystemTime,
    summary: Value,
}

/// The runs in the folders of `home`, or `home` itself where it is one, newest last.
///
/// # Errors
/// A folder that is not there or cannot be read.
pub fn runs(home: &Path) -> Result<Vec<Listed>> {
    if let Some(run) = Listed::read(home) {
        return Ok(vec![run]);
    }
    let shown = home.display();
    let entries =
        std::fs::read_dir(home).with_context(|| format!("{shown}: cannot read; expected a folder of runs"))?;
    let mut runs: Vec<Listed> = entries.filter_map(|entry| Listed::read(&entry.ok()?.path())).collect();
    runs.sort_by(|a, b| (a.ended, &a.folder).cmp(&(b.ended, &b.folder)));
    Ok(runs)
}

/// What a score is called in a summary.
const SCORES: [&str; 3] = ["accuracy", "r2", "loss"];

impl Listed {
    fn read(folder: &Path) -> Option<Self> {
        let (summary, place) = (summary(folder)?, folder.join(SUMMARY));
        summary.get("lockstep")?;
        Some(Self { folder: folder.into(), ended: place.metadata().ok()?.modified().ok()?, summary: summary.into() })
    }

    pub fn text(&self, key: &str) -> String {
        match &self.summary[key] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    /// The one score that says most: of the test rows, else of the validation rows, else of the training rows.
    pub fn score(&self) -> Option<(&'static str, &'static str, f64)> {
        let metrics = &self.summary["metrics"];
        let of = |part: &'static str| SCORES.iter().find_map(|name| Some((*name, part, metrics[part][name].as_f64()?)));
        of("test").or_else(|| of("valid")).or_else(|| of("train"))
    }

    fn settings(&self) -> Map<String, Value> {
        let mut settings = self.summary["config"].as_object().cloned().unwrap_or_default();
        settings.insert("seed".into(), self.summary["seed"].clone());
        settings
    }

    /// The settings that are others than those of `before`, as they are written: `lr=0.01, hidden=[64]`.
    pub fn differs(&self, before: &Self) -> String {
        let (own, theirs) = (self.settings(), before.settings());
        let changed = own.iter().filter(|(key, value)| theirs.get(*key).unwrap_or(&Value::Null) != *value);
        let gone = theirs.keys().filter(|key| !own.contains_key(*key)).map(|key| format!("no {key}"));
        let changed = changed.map(|(key, value)| format!("{key}={}", value.to_string().replace('"', "")));
        changed.chain(gone).collect::<Vec<_>>().join(", ")
    }

    pub fn json(&self) -> Value {
        let score = self.score().map(|(name, part, value)| json!({"metric": name, "part": part, "value": value}));
        json!({
            "folder": self.folder, "program": self.summary["program"], "data": self.summary["data"],
            "data_sha256": self.summary["data_sha256"], "seed": self.summary["seed"], "epochs": self.summary["epochs"],
            "score": score, "verdict": self.summary["verdict"]["fit"], "settings": self.settings(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_found_with_their_scores_and_what_they_change() {
        let home = tempfile::tempdir().unwrap();
        for (name, lr, r2) in [("a", 0.1, 0.5), ("b", 0.2, 0.75)] {
            let folder = home.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            let metrics = json!({"train": {"r2": 1.0}, "test": {"r2": r2}});
            let summary = json!({"lockstep": "0.1.0", "program": "fit", "seed": 1, "config": {"lr": lr, "hidden": [64]}, "metrics": metrics});
            std::fs::write(folder.join(SUMMARY), summary.to_string()).unwrap();
        }
        std::fs::create_dir(home.path().join("no-run")).unwrap();
        let found = runs(home.path()).unwrap();
        assert_eq!(found.len(), 2);
        let (a, b) = (&found[0], &found[1]);
        assert_eq!((a.score(), b.text("program")), (Some(("r2", "test", 0.5)), "fit".to_string()));
        assert_eq!((b.differs(a), a.differs(a)), ("lr=0.2".to_string(), String::new()));
        assert_eq!(runs(&home.path().join("b")).unwrap().len(), 1);
        assert!(runs(&home.path().join("c")).is_err());
    }
}
