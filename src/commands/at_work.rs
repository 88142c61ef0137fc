//! A word on a terminal while a table is read and made ready, and no bar is there yet.

use crate::cpu::doing;
use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// A command that is done sooner says nothing on the way.
const SILENT: Duration = Duration::from_secs(1);
const EVERY: Duration = Duration::from_millis(100);

/// Shows on a terminal's stderr what the process is at, until it is dropped.
pub(super) struct AtWork {
    done: Arc<AtomicBool>,
    shown: Option<JoinHandle<()>>,
}

impl AtWork {
    pub(super) fn begin(quiet: bool) -> Self {
        let done = Arc::new(AtomicBool::new(quiet));
        let over = done.clone();
        let shown = (!quiet && !ProgressBar::new_spinner().is_hidden()).then(|| thread::spawn(move || show(&over)));
        Self { done, shown }
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(shown) = self.shown.take() {
            shown.thread().unpark();
            let _ = shown.join();
        }
    }
}

fn show(over: &AtomicBool) {
    let (begin, bar) = (Instant::now(), ProgressBar::new_spinner());
    bar.set_style(ProgressStyle::default_spinner());
    while !over.load(Ordering::Relaxed) {
        thread::park_timeout(EVERY);
        let (what, count) = doing::now();
        if begin.elapsed() >= SILENT && !what.is_empty() && !over.load(Ordering::Relaxed) {
            let count = if count > 0 { format!("{} ", HumanCount(count)) } else { String::new() };
            bar.set_message(format!("{count}{what}"));
            bar.tick();
        }
    }
    bar.finish_and_clear();
}
