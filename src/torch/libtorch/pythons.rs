//! The Pythons of the user, and where their torch is.

use super::waiting::command;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

/// A Python that has not answered by then is left.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of its output that are looked through for the answer.
const MOST: u64 = 1 << 16;

/// What begins the line with the answer; a Python may print others before it.
const MARK: &str = "lockstep:";

/// Finds torch without the seconds that its import takes. The working folder is no place for modules: what lies there is not run.
const WHERE: &str = "import sys; sys.path = [p for p in sys.path if p]; import importlib.util; \
                     print('lockstep:' + importlib.util.find_spec('torch').origin)";

/// Those that a user may mean: of the active environment, of `.venv` here, else of the path.
pub fn pythons() -> Vec<PathBuf> {
    let active = ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter().filter_map(std::env::var_os);
    let active = active.map(|home| Path::new(&home).join("bin/python")).chain([".venv/bin/python".into()]);
    active.filter(|python| python.exists()).chain([PathBuf::from("python3"), PathBuf::from("python")]).collect()
}

/// The folder of a Python's torch, or why there is none.
pub fn torch_of(python: &Path) -> Result<PathBuf, String> {
    let mut command = command(python);
    command.args(["-c", WHERE]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let (give, taken) = sync_channel(1);
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut lines = BufReader::new(stdout.take(MOST)).lines().map_while(Result::ok);
            // Nobody takes an answer that comes too late.
            let _ = give.send(lines.find_map(|line| line.strip_prefix(MARK).map(PathBuf::from)));
        });
    }
    let answer = taken.recv_timeout(PATIENCE);
    let _ = child.kill();
    let _ = child.wait();
    match answer {
        Err(_) => Err(format!("it did not answer in {} s", PATIENCE.as_secs())),
        Ok(Some(file)) => file.parent().map(Path::to_path_buf).ok_or_else(|| "there is no torch".into()),
        Ok(None) => Err("there is no torch".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn answer(script: &str) -> Result<PathBuf, String> {
        let folder = tempfile::tempdir().unwrap();
        let python = folder.path().join("python");
        std::fs::write(&python, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&python, std::fs::Permissions::from_mode(0o755)).unwrap();
        torch_of(&python)
    }

    #[test]
    fn what_a_python_prints_besides_or_leaves_running_does_not_matter() {
        let torch = Ok(PathBuf::from("/x/torch"));
        assert_eq!(answer("echo a warning; echo lockstep:/x/torch/__init__.py"), torch);
        assert_eq!(answer("sleep 60 & echo lockstep:/x/torch/__init__.py"), torch);
        assert_eq!(answer("yes"), Err("there is no torch".into()));
        assert_eq!(answer("exit 1"), Err("there is no torch".into()));
        assert!(torch_of(Path::new("/none/python")).is_err());
    }
}
