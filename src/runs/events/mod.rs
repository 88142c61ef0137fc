//! Event files of TensorBoard: a run's curves, to be watched while it trains.

mod message;

use anyhow::{Context, Result};
use message::Value;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// TensorBoard reads the files whose name has this in it.
const PREFIX: &str = "events.out.tfevents.";
/// Ours end so; those of other programs are left alone.
const SUFFIX: &str = ".lockstep";
/// How long an event may wait before it can be read.
const EVERY: Duration = Duration::from_secs(1);

/// An event file that grows, under its final name, while the run lasts. It holds times, so no two are the same bytes.
///
/// Dropped without [`Events::keep`], as by an interrupt, it stays where it is the only sign of the run, and goes where a
/// finished run's files are: its curve does not belong to them.
pub struct Events {
    path: PathBuf,
    file: BufWriter<File>,
    flushed: Instant,
    beside_a_run: bool,
}

impl Events {
    /// Begins a file in `folder`, `events.out.tfevents.<seconds>.<host>.<process>.lockstep`.
    pub fn begin(folder: &Path) -> Result<Self> {
        let beside_a_run = folder.join("summary.json").exists();
        if !beside_a_run {
            remove_others(folder, None)?;
        }
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let host = if host.trim().is_empty() { "localhost" } else { host.trim() };
        let name = format!("{PREFIX}{:010}.{host}.{}{SUFFIX}", now() as u64, std::process::id());
        let path = folder.join(name);
        let file = File::create(&path).with_context(|| format!("{}: cannot write", path.display()))?;
        let mut events = Self { path, file: BufWriter::new(file), flushed: Instant::now(), beside_a_run };
        events.write(&message::version(now()))?;
        events.flush()?;
        Ok(events)
    }

    /// The values of one step, in float32 as `SummaryWriter.add_scalar` has them; what is not defined is left out.
    pub fn scalars<S: AsRef<str>>(&mut self, step: usize, values: &[(S, Option<f64>)]) -> Result<()> {
        let defined = values.iter().filter_map(|(tag, value)| Some(Value::Scalar(tag.as_ref(), (*value)?)));
        self.write(&message::summary(now(), step as u64, &defined.collect::<Vec<_>>()))?;
        if self.flushed.elapsed() >= EVERY { self.flush() } else { Ok(()) }
    }

    /// A text in Markdown.
    pub fn text(&mut self, tag: &str, text: &str) -> Result<()> {
        self.write(&message::summary(now(), 0, &[Value::Text(tag, text)]))
    }

    /// The run is complete: the file stays, where this says.
    pub fn keep(mut self) -> Result<PathBuf> {
        self.flush()?;
        self.beside_a_run = false;
        Ok(self.path.clone())
    }

    fn write(&mut self, record: &[u8]) -> Result<()> {
        self.file.write_all(record).with_context(|| format!("{}: cannot write", self.path.display()))
    }

    fn flush(&mut self) -> Result<()> {
        self.flushed = Instant::now();
        self.file.flush().with_context(|| format!("{}: cannot write", self.path.display()))
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        if self.beside_a_run {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Removes the event files in `folder` that earlier runs of ours left there: two runs in one folder are one broken curve
/// to TensorBoard.
pub fn remove_others(folder: &Path, own: Option<&Path>) -> Result<()> {
    let what = || format!("{}: cannot remove an earlier run's event file", folder.display());
    for entry in std::fs::read_dir(folder).with_context(what)? {
        let path = entry.with_context(what)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.starts_with(PREFIX) && name.ends_with(SUFFIX) && Some(path.as_path()) != own {
            std::fs::remove_file(&path).with_context(what)?;
        }
    }
    Ok(())
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn the_file_can_be_read_while_it_grows_and_stays_when_the_first_run_is_cut_off() {
        let home = tempfile::tempdir().unwrap();
        let events = Events::begin(home.path()).unwrap();
        let path = events.path.clone();
        // Length, checksum, 24 bytes of event, checksum.
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 40);
        drop(events);
        assert!(path.exists());
        Events::begin(home.path()).unwrap().keep().unwrap();
        assert_eq!(names(home.path()).len(), 1, "the first run's file is gone");
    }

    #[test]
    fn a_run_that_is_cut_off_leaves_a_finished_runs_folder_as_it_was() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("summary.json"), "{}").unwrap();
        let mut events = Events::begin(home.path()).unwrap();
        events.scalars(1, &[("loss/train", Some(0.5))]).unwrap();
        drop(events);
        assert_eq!(names(home.path()), ["summary.json"]);
        Events::begin(home.path()).unwrap().keep().unwrap();
        assert_eq!(names(home.path()).len(), 2);
    }

    #[test]
    fn earlier_files_of_ours_are_removed_and_no_others() {
        let home = tempfile::tempdir().unwrap();
        let (ours, theirs) = ("events.out.tfevents.0000000001.h.1.lockstep", "events.out.tfevents.0000000001.h.1.0");
        for name in [ours, theirs, "notes.lockstep"] {
            std::fs::write(home.path().join(name), "").unwrap();
        }
        let own = home.path().join("events.out.tfevents.0000000002.h.1.lockstep");
        std::fs::write(&own, "").unwrap();
        remove_others(home.path(), Some(&own)).unwrap();
        let own = own.file_name().unwrap().to_str().unwrap();
        assert_eq!(names(home.path()), [theirs, own, "notes.lockstep"]);
    }
}
