//! Whether the user has asked the process to end. Signals are the process's, so this is too.

use std::sync::atomic::{AtomicBool, Ordering};

static ASKED: AtomicBool = AtomicBool::new(false);

/// Ctrl-C or SIGTERM came. May be called by a signal's handler.
pub fn ask() {
    ASKED.store(true, Ordering::Relaxed);
}

/// Whether one of them has come since it is listened to.
pub fn asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}

/// What is read and written from here on is part of the answer; whoever asks again ends that too.
pub fn answer() {
    ASKED.store(false, Ordering::Relaxed);
}
