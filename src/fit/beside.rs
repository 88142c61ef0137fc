//! Trainings beside each other: those of a search and of cross validation are many, small, and do not wait for one another.

use crate::cpu::threads;
use crate::torch::generator;
use anyhow::Result;

/// How many trainings run at once, and on how many threads each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beside {
    pub jobs: usize,
    pub threads: i32,
}

impl Beside {
    /// Gives what `train` makes of each of `items` to `see`, in their order. Each draws from a generator of its own, so that the
    /// numbers are those of trainings one after the other. Here libtorch has as many threads behind it as before.
    ///
    /// # Errors
    /// The first of `see`'s, after which no further training begins.
    pub fn each<T: Send, U: Send>(
        self,
        items: impl Iterator<Item = T> + Send,
        train: impl Fn(T) -> Result<U> + Sync,
        mut see: impl FnMut(U) -> Result<()>,
    ) -> Result<()> {
        let before = tch::get_num_threads();
        let train = |item| {
            tch::set_num_threads(self.threads);
            if self.jobs > 1 { generator::apart(|| train(item)) } else { train(item) }
        };
        let all = || threads::ordered_on(self.jobs, items, train, |made| see(made?));
        // `see` may draw too.
        let done = if self.jobs > 1 { generator::apart(all) } else { all() };
        tch::set_num_threads(before);
        done
    }
}
