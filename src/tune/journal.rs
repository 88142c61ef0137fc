//! The search's memory: one JSON line for what is searched, then one a finished trial, each on disk before the next begins.

use super::trial::Trial;
use crate::runs::files;
use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_json::Value;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The journal's name in the run folder.
pub const NAME: &str = "journal.jsonl";

/// An open journal; no other process has it meanwhile.
pub struct Journal {
    path: PathBuf,
    file: File,
    pub trials: Vec<Trial>,
}

impl Journal {
    /// Opens the journal in `folder`, or begins one where there is none or `restart` says so. `search` is everything that
    /// the trials depend on.
    ///
    /// # Errors
    /// The journal of another search, with what differs; one that another process writes, or that is damaged. A last line
    /// that is not whole is what a killed process leaves: it is dropped.
    pub fn open(folder: &Path, search: &Value, restart: bool) -> Result<Self> {
        let path = folder.join(NAME);
        let shown = path.display().to_string();
        let what = || format!("{shown}: cannot write");
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).with_context(what)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                bail!("{shown}: another search is running there; wait, or take another --out")
            }
            Err(TryLockError::Error(error)) => return Err(error).with_context(|| format!("{shown}: cannot lock")),
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).with_context(|| format!("{shown}: cannot read"))?;
        let whole = if restart { 0 } else { text.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1) };
        let trials = match std::str::from_utf8(&text[..whole]).with_context(|| format!("{shown}: not UTF-8"))? {
            "" => Vec::new(),
            lines => trials(lines, search, &shown)?,
        };
        file.set_len(whole as u64).and_then(|()| file.seek(SeekFrom::End(0))).with_context(what)?;
        let mut journal = Self { path, file, trials };
        if whole == 0 {
            journal.write(search)?;
            files::sync(folder)?;
        }
        Ok(journal)
    }

    /// Adds a finished trial.
    pub fn add(&mut self, trial: Trial) -> Result<()> {
        self.write(&serde_json::to_value(&trial)?)?;
        self.trials.push(trial);
        Ok(())
    }

    fn write(&mut self, value: &Value) -> Result<()> {
        let written = self.file.write_all(format!("{value}\n").as_bytes()).and_then(|()| self.file.sync_all());
        written.with_context(|| format!("{}: cannot write", self.path.display()))
    }
}

fn trials(lines: &str, search: &Value, shown: &str) -> Result<Vec<Trial>> {
    let damaged = |line: usize, error: serde_json::Error| {
        anyhow!("{shown}: line {line} is no line of a journal ({error}); --restart begins anew")
    };
    let mut lines = lines.lines().enumerate();
    let first = lines.next().map_or("", |(_, line)| line);
    let found: Value = serde_json::from_str(first).map_err(|error| damaged(1, error))?;
    if let Some((key, there, now)) = difference(&found, search, String::new()) {
        bail!(
            "{shown}: belongs to another search: {key} is {there} there and {now} now; give the same settings and table, \
             another --out, or --restart to begin anew"
        );
    }
    let mut trials: Vec<Trial> = Vec::new();
    for (index, line) in lines {
        let trial: Trial = serde_json::from_str(line).map_err(|error| damaged(index + 1, error))?;
        ensure!(trial.trial == index, "{shown}: line {}: trial {}, expected {index}", index + 1, trial.trial);
        trials.push(trial);
    }
    Ok(trials)
}

/// The first place where two values differ, and what stands there in either.
fn difference(a: &Value, b: &Value, place: String) -> Option<(String, String, String)> {
    if let (Value::Object(a), Value::Object(b)) = (a, b) {
        let keys = b.keys().chain(a.keys().filter(|key| !b.contains_key(*key)));
        let under = |key: &str| if place.is_empty() { key.to_string() } else { format!("{place}.{key}") };
        let null = Value::Null;
        return keys
            .map(|key| difference(a.get(key).unwrap_or(&null), b.get(key).unwrap_or(&null), under(key)))
            .find_map(|found| found);
    }
    let show = |value: &Value| if value.is_null() { "not given".into() } else { value.to_string() };
    (a != b).then(|| (place, show(a), show(b)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tune::trial::Status;
    use serde_json::{Map, json};

    fn trial(number: usize) -> Trial {
        let (params, metrics) = (Map::from_iter([("lr".into(), json!(0.1))]), Map::new());
        let reason = Some("diverged".into());
        Trial {
            trial: number,
            params,
            status: Status::Failed,
            score: None,
            metrics,
            scores: vec![],
            seconds: 0.25,
            reason,
        }
    }

    #[test]
    fn finished_trials_are_there_again_and_half_a_line_is_not() {
        let home = tempfile::tempdir().unwrap();
        let search = json!({"config": {"lr": 0.1}});
        let mut journal = Journal::open(home.path(), &search, false).unwrap();
        journal.add(trial(1)).unwrap();
        journal.add(trial(2)).unwrap();
        drop(journal);
        let path = home.path().join(NAME);
        let bytes = std::fs::read(&path).unwrap();
        for cut in [1, 20] {
            std::fs::write(&path, &bytes[..bytes.len() - cut]).unwrap();
            let mut journal = Journal::open(home.path(), &search, false).unwrap();
            assert_eq!(journal.trials, [trial(1)]);
            journal.add(trial(2)).unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), bytes, "as if never cut");
        }
        std::fs::write(&path, &bytes[..5]).unwrap();
        assert_eq!(Journal::open(home.path(), &search, false).unwrap().trials, []);
    }

    #[test]
    fn the_journal_of_another_search_is_refused_with_what_differs() {
        let home = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(home.path(), &json!({"config": {"lr": 0.1}, "data": "a"}), false).unwrap();
        journal.add(trial(1)).unwrap();
        let locked = Journal::open(home.path(), &json!({}), true).err().unwrap().to_string();
        assert!(locked.contains("another search is running"), "{locked}");
        drop(journal);
        for (search, words) in [
            (json!({"config": {"lr": 0.2}, "data": "a"}), "config.lr is 0.1 there and 0.2 now"),
            (json!({"config": {"lr": 0.1}, "data": "b"}), "data is \"a\" there and \"b\" now"),
            (json!({"config": {"lr": 0.1, "clip": 1}, "data": "a"}), "config.clip is not given there and 1 now"),
            (json!({"config": {"lr": 0.1}}), "data is \"a\" there and not given now"),
        ] {
            let error = Journal::open(home.path(), &search, false).err().unwrap().to_string();
            assert!(error.contains(words) && error.contains("--restart"), "{error}");
        }
        assert_eq!(Journal::open(home.path(), &json!({}), true).unwrap().trials, []);
        std::fs::write(home.path().join(NAME), "{}\nhello\n").unwrap();
        let damaged = Journal::open(home.path(), &json!({}), false).err().unwrap().to_string();
        assert!(damaged.contains("line 2"), "{damaged}");
    }
}
