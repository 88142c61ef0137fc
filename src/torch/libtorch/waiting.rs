//! How long a thread of libtorch that waits for work keeps its core. libgomp's threads look for work over and over, for
//! milliseconds where every core has a thread and longer where not; on a machine whose cores are busy the one that waits then
//! keeps the core that the one with the work needs, and a training takes a hundred times as long. The bits are the same.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

/// What libgomp reads, once, when it is loaded: how often a thread looks before it sleeps.
const COUNT: &str = "GOMP_SPINCOUNT";

/// Enough for the moments between two operations on small tensors, which a wake-up would double.
/// `scripts/bench/busy.py --spins` measures others.
const LOOKS: &str = "10000";

/// Variables by which a user decides it.
const SAID: [&str; 2] = [COUNT, "OMP_WAIT_POLICY"];

/// Whether the count in this process' environment is ours.
static OURS: AtomicBool = AtomicBool::new(false);

/// Bounds the looks of the libtorch that is loaded later. What the user's environment says holds, be it nothing (`=`), and so
/// does libgomp's own rule where this process has other threads already.
pub fn bound() {
    if said().is_some() || !has_one_thread() {
        return;
    }
    // SAFETY: no other thread is there that could read the environment meanwhile.
    unsafe { std::env::set_var(COUNT, LOOKS) };
    OURS.store(true, Ordering::Relaxed);
}

/// A program to be started with the environment that the user gave us.
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    if OURS.load(Ordering::Relaxed) {
        command.env_remove(COUNT);
    }
    command
}

/// For people.
pub fn text() -> String {
    match said() {
        _ if OURS.load(Ordering::Relaxed) => format!("one that waits sleeps after {LOOKS} looks for work"),
        Some((name, value)) => format!("{name}={value} is set"),
        None => "one that waits sleeps when libgomp says so".into(),
    }
}

fn said() -> Option<(&'static str, String)> {
    let value = |name| Some((name, std::env::var_os(name)?.to_string_lossy().into_owned()));
    SAID.into_iter().find_map(value)
}

fn has_one_thread() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() == 1)
}
