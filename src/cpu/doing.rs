//! What the process is at while no epoch is trained, for whoever shows it: one thing at a time, and how much of it is done.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

static DONE: AtomicU64 = AtomicU64::new(0);
static WHAT: Mutex<&str> = Mutex::new("");

/// From here on it is at `what`, such as `rows read`, of which nothing is done yet.
pub fn begin(what: &'static str) {
    *WHAT.lock().unwrap_or_else(PoisonError::into_inner) = what;
    DONE.store(0, Ordering::Relaxed);
}

/// So much more is done.
pub fn add(done: usize) {
    DONE.fetch_add(done as u64, Ordering::Relaxed);
}

/// What it is at, empty before anything has begun, and how much of it is done.
pub fn now() -> (&'static str, u64) {
    (*WHAT.lock().unwrap_or_else(PoisonError::into_inner), DONE.load(Ordering::Relaxed))
}
