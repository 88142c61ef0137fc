//! Threads that outlive an epoch: between two tasks they spin for a moment, then sleep. On busy cores a thread may come to run
//! long after it was woken; whoever has nothing left to do does its share meanwhile.
#![allow(unsafe_code, reason = "each block says why it holds")]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle, Thread};

/// Looks at the clock of a task before a thread sleeps: some microseconds, less than a wake-up costs.
const SPINS: usize = if cfg!(miri) { 10 } else { 4000 };

type Task = &'static (dyn Fn(usize) + Sync);

/// A fixed number of threads, the calling one among them, that run one task at a time together, in as many shares.
#[derive(Debug)]
pub struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    /// Counts the tasks; a thread that sees it change has something to do.
    turn: AtomicUsize,
    task: Mutex<Option<Task>>,
    /// By share, the last turn in which it was taken; the first one is the caller's.
    taken: Vec<AtomicUsize>,
    /// Shares that are not done yet.
    left: AtomicUsize,
    panicked: AtomicBool,
    caller: Mutex<Option<Thread>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("turn", &self.turn).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns when `done` says so: spins, then sleeps until it is woken to look again.
fn wait(done: impl Fn() -> bool) {
    for _ in 0..SPINS {
        if done() {
            return;
        }
        std::hint::spin_loop();
    }
    while !done() {
        thread::park();
    }
}

impl Pool {
    /// `size` threads, of which `size - 1` are started; fewer if the system has no more.
    pub fn new(size: usize) -> Self {
        let shared = Arc::new(Shared::new(size));
        let start = |index: usize| {
            let shared = shared.clone();
            thread::Builder::new().name(format!("fused-{index}")).spawn(move || shared.work(index)).ok()
        };
        let threads = (1..size).map_while(start).collect();
        Self { shared, threads }
    }

    /// The threads, with the calling one.
    pub fn size(&self) -> usize {
        self.threads.len() + 1
    }

    /// `task(0)`, …, `task(size - 1)`, the first on this thread, each of the others on its own or, where that one has not begun
    /// in time, on this one too; returns when all are done. A panic in one goes on here.
    pub fn run(&mut self, task: &(dyn Fn(usize) + Sync)) {
        if self.threads.is_empty() {
            return task(0);
        }
        let shared = &self.shared;
        // SAFETY: only the lifetime is changed. A share of this turn is taken once, below or by its thread; whoever takes it
        // calls the task before the countdown of `left`, and this function does not return, nor unwind, before `left` is 0 and
        // the reference is taken back.
        let endless = unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), Task>(task) };
        *lock(&shared.task) = Some(endless);
        *lock(&shared.caller) = Some(thread::current());
        shared.left.store(self.threads.len(), Ordering::Release);
        let turn = shared.turn.fetch_add(1, Ordering::Release) + 1;
        self.threads.iter().for_each(|thread| thread.thread().unpark());
        let own = catch_unwind(AssertUnwindSafe(|| task(0)));
        for index in 1..self.size() {
            if shared.take(index, turn) {
                shared.run(endless, index);
            }
        }
        wait(|| shared.left.load(Ordering::Acquire) == 0);
        *lock(&shared.task) = None;
        // Taken back before anything unwinds: what a thread did in this task says nothing about the next one.
        let panicked = shared.panicked.swap(false, Ordering::Relaxed);
        if let Err(panic) = own {
            resume_unwind(panic);
        }
        assert!(!panicked, "a thread of the engine panicked");
    }
}

impl Shared {
    fn new(size: usize) -> Self {
        Self {
            turn: AtomicUsize::new(0),
            task: Mutex::new(None),
            taken: (0..size).map(|_| AtomicUsize::new(0)).collect(),
            left: AtomicUsize::new(0),
            panicked: AtomicBool::new(false),
            caller: Mutex::new(None),
        }
    }

    /// Whether the share is free in this turn; it is the asker's then. Every share is taken in every turn, so that one who comes
    /// late, with an earlier turn in mind, finds another number here.
    fn take(&self, index: usize, turn: usize) -> bool {
        self.taken[index].compare_exchange(turn - 1, turn, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    fn run(&self, task: Task, index: usize) {
        if catch_unwind(AssertUnwindSafe(|| task(index))).is_err() {
            self.panicked.store(true, Ordering::Relaxed);
        }
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1
            && let Some(caller) = &*lock(&self.caller)
        {
            caller.unpark();
        }
    }

    fn work(&self, index: usize) {
        let mut seen = 0;
        loop {
            wait(|| self.turn.load(Ordering::Acquire) != seen);
            seen = self.turn.load(Ordering::Acquire);
            if self.take(index, seen) {
                // Without a task the pool is at its end.
                let Some(task) = *lock(&self.task) else { return };
                self.run(task, index);
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.turn.fetch_add(1, Ordering::Release);
        for thread in self.threads.drain(..) {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn every_thread_works_on_every_task_and_what_is_borrowed_comes_back() {
        let mut pool = Pool::new(3);
        let sums: Vec<Mutex<usize>> = (0..3).map(|_| Mutex::new(0)).collect();
        for turn in 0..if cfg!(miri) { 5 } else { 2000 } {
            let borrowed = [turn, 2 * turn, 3 * turn];
            pool.run(&|index| *lock(&sums[index]) += borrowed[index]);
        }
        let turns: usize = if cfg!(miri) { 10 } else { 1999 * 1000 };
        assert_eq!(sums.iter().map(|sum| *lock(sum)).collect::<Vec<_>>(), [turns, 2 * turns, 3 * turns]);
    }

    #[test]
    fn a_share_is_taken_once_a_turn_and_who_comes_late_gets_none() {
        let shared = Shared::new(2);
        assert_eq!([1, 1, 2, 1, 2, 3].map(|turn| shared.take(1, turn)), [true, false, true, false, false, true]);
    }

    #[test]
    fn threads_that_fell_asleep_wake_up() {
        let mut pool = Pool::new(2);
        let count = AtomicUsize::new(0);
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(if cfg!(miri) { 1 } else { 30 }));
            pool.run(&|_| {
                count.fetch_add(1, Ordering::Relaxed);
            });
        }
        assert_eq!(count.into_inner(), 6);
    }

    #[test]
    fn a_panic_comes_out_and_the_pool_goes_on() {
        let mut pool = Pool::new(2);
        for bad in [0, 1] {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                pool.run(&|index| assert_ne!(index, bad));
            }));
            assert!(outcome.is_err());
        }
        let count = AtomicUsize::new(0);
        pool.run(&|_| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(count.into_inner(), 2);
    }

    #[test]
    fn a_task_that_panics_on_every_thread_leaves_the_pool_clean() {
        let mut pool = Pool::new(3);
        let outcome = catch_unwind(AssertUnwindSafe(|| pool.run(&|index| panic!("on thread {index}"))));
        let panic = outcome.unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some("on thread 0"));
        let count = AtomicUsize::new(0);
        pool.run(&|_| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        assert_eq!(count.into_inner(), 3);
    }
}
