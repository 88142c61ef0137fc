//! torch's generator in tests. It belongs to the whole process, and tests run beside each other: one that seeds it and expects
//! its own numbers must not be drawn from by another in between, so every test that seeds or draws holds this guard. `tests/it`
//! takes this file in as its own, therefore it depends on nothing of ours.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// While it lives no other test seeds torch's generator, or draws from it.
#[must_use = "the generator is this test's own only while the guard lives"]
pub struct Seeded {
    _alone: MutexGuard<'static, ()>,
}

/// Waits until no other test draws, and seeds the generator.
pub fn seeded(seed: i64) -> Seeded {
    static GENERATOR: Mutex<()> = Mutex::new(());
    // A test that failed poisons it and leaves nothing behind: whoever comes next seeds anew.
    let guard = Seeded { _alone: GENERATOR.lock().unwrap_or_else(PoisonError::into_inner) };
    guard.seed(seed);
    guard
}

impl Seeded {
    /// Seeds again.
    pub fn seed(&self, seed: i64) {
        tch::manual_seed(seed);
    }
}
