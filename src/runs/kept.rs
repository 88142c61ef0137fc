//! The run that lies in a default folder, kept beside it when another one takes its place.

use super::earlier::{files, summary};
use super::files::sync;
use anyhow::{Context, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What makes a run another one: with all of these alike it comes to the same files.
const SAME: [&str; 5] = ["program", "config", "seed", "data_sha256", "threads"];

/// Keeps the finished run in `folder` as `folder-1`, `folder-2`, …, the next that is free, unless `next` is the summary of the same
/// run. The files there are those here, under a second name, until the new run's take theirs. The folder that was made.
///
/// # Errors
/// A folder or file that cannot be made.
pub fn keep(folder: &Path, next: &Value) -> Result<Option<PathBuf>> {
    let earlier = files(folder);
    let Some(summary) = summary(folder).filter(|_| !earlier.is_empty()) else { return Ok(None) };
    if SAME.iter().all(|key| summary.get(*key) == next.get(*key)) {
        return Ok(None);
    }
    let kept =
        (1..).map(|number| PathBuf::from(format!("{}-{number}", folder.display()))).find(|place| !place.exists());
    let kept = kept.context("no number is free")?;
    std::fs::create_dir(&kept).with_context(|| format!("{}: cannot make the folder", kept.display()))?;
    for name in earlier.iter().filter(|name| folder.join(name).is_file()) {
        let (from, to) = (folder.join(name), kept.join(name));
        // Where a file system has no second names it is copied.
        std::fs::hard_link(&from, &to)
            .or_else(|_| std::fs::copy(&from, &to).map(|_| ()))
            .with_context(|| format!("{}: cannot write", to.display()))?;
    }
    sync(&kept)?;
    Ok(Some(kept))
}

#[cfg(test)]
mod tests {
    use super::super::earlier::SUMMARY;
    use super::*;
    use serde_json::json;

    #[test]
    fn another_run_is_kept_and_the_same_is_not() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("fit");
        std::fs::create_dir(&folder).unwrap();
        let summary = |seed: u32| json!({"program": "fit", "lockstep": "0.1.0", "seed": seed, "files": ["model.pt", "summary.json"]});
        assert_eq!(keep(&folder, &summary(1)).unwrap(), None, "nothing is there");
        std::fs::write(folder.join("model.pt"), "one").unwrap();
        std::fs::write(folder.join(SUMMARY), summary(1).to_string()).unwrap();
        assert_eq!(keep(&folder, &summary(1)).unwrap(), None);
        for number in 1..3 {
            let kept = keep(&folder, &summary(2)).unwrap().unwrap();
            assert_eq!(kept, home.path().join(format!("fit-{number}")));
            assert_eq!(std::fs::read_to_string(kept.join("model.pt")).unwrap(), "one");
            assert!(kept.join(SUMMARY).is_file());
        }
    }
}
