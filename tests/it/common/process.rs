//! Processes that a test stops on their way: at a point that they have reached, not at a time by which they should have.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A lockstep at work; a test that fails does not leave it behind.
pub struct Running(Option<Child>);

impl Running {
    pub fn start(mut command: Command) -> Self {
        Self(Some(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()))
    }

    fn child(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }

    /// Waits for `reached`, which must come before the end of the process.
    pub fn wait_until(mut self, what: &str, reached: impl Fn(u32) -> bool) -> Self {
        let begin = Instant::now();
        let id = self.child().id();
        while !reached(id) {
            let ended = self.child().try_wait().unwrap();
            assert!(ended.is_none(), "the process ended ({ended:?}) before {what}");
            assert!(begin.elapsed() < Duration::from_secs(120), "two minutes without {what}");
            std::thread::sleep(Duration::from_millis(2));
        }
        self
    }

    /// Waits until it listens to Ctrl-C and has used a second of the processor: on a busy machine too, its start is behind it
    /// and it does what it was asked to.
    pub fn wait_until_at_work(self) -> Self {
        self.wait_until("a second of work", |id| listens(id) && worked(id).is_some_and(|time| time >= 1.0))
    }

    /// Waits until it has used so many more seconds of the processor.
    pub fn wait_for_more_work(mut self, seconds: f64) -> Self {
        let before = worked(self.child().id()).unwrap_or_default();
        self.wait_until("more work", |id| worked(id).is_some_and(|time| time >= before + seconds))
    }

    /// Sends a signal, waits, and gives the exit code, none after a kill, and stderr.
    pub fn end(mut self, signal: &str) -> (Option<i32>, String) {
        let child = self.0.take().unwrap();
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Whether it catches SIGINT, the second signal.
fn listens(process: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & 0b10 != 0)
}

/// The seconds of all its threads on the processor, at 100 ticks a second as Linux counts for everybody.
fn worked(process: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in brackets, may hold blanks; user and system time are the 12th and 13th word behind it.
    let mut words = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || words.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / 100.0)
}
