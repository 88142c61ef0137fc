//! Work beside work: how many threads the steps outside libtorch may use, and the ways to use them. With one thread
//! everything runs in its order on the thread that asks; the results are the same.

use anyhow::{Context, Result, anyhow};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// 0: as many as the machine has.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// Allows `count` threads. With a count of 1 polars works on one thread too; with any other, polars decides for itself: as many
/// threads as the machine has, or as the environment variable `POLARS_MAX_THREADS` says.
pub fn set(count: usize) {
    COUNT.store(count, Ordering::Relaxed);
    polars_async::executor::ALLOW_RAYON_THREADS.set(count != 1);
}

fn count() -> usize {
    match COUNT.load(Ordering::Relaxed) {
        0 => thread::available_parallelism().map_or(1, usize::from),
        count => count,
    }
}

/// `work(0)`, …, `work(n - 1)`, at most `most` at once; the error is that of the first which has one.
pub fn map<T: Send>(n: usize, most: usize, work: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
    let workers = count().min(most).min(n);
    if workers < 2 {
        return (0..n).map(work).collect();
    }
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                // Indices are given out in order, so that before the first error none is left out.
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= n {
                        break;
                    }
                    let made = work(index);
                    if made.is_err() {
                        next.store(n, Ordering::Relaxed);
                    }
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((index, made));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, made)| made).collect()
}

/// Does `work` with each of a few items, side by side; the error is that of the first which has one.
pub fn all<T: Send>(items: Vec<T>, work: impl Fn(T) -> Result<()> + Sync) -> Result<()> {
    let items: Vec<_> = items.into_iter().map(|item| Mutex::new(Some(item))).collect();
    let taken = |index: usize| items[index].lock().unwrap_or_else(PoisonError::into_inner).take();
    map(items.len(), usize::MAX, |index| taken(index).map_or(Ok(()), &work))?;
    Ok(())
}

/// Gives each of `items` to `see`; the next one is made meanwhile, on a thread of its own.
pub fn ahead<T: Send>(items: impl Iterator<Item = T> + Send, see: impl FnMut(T) -> Result<()>) -> Result<()> {
    if count() < 2 {
        return { items }.try_for_each(see);
    }
    thread::scope(|scope| {
        let (give, taken) = sync_channel(0);
        scope.spawn(move || {
            for item in items {
                if give.send(item).is_err() {
                    break;
                }
            }
        });
        taken.into_iter().try_for_each(see)
    })
}

/// Items that are worked on at once, however many threads there are: each is some megabytes of a table.
pub const AT_ONCE: usize = 8;

/// Gives `work` of each of `items` to `see`, in the order of the items. The items are made on a thread of their own, and several
/// are worked on at once, `most` at most; with 1 the next item is asked for when the one before it was seen.
///
/// # Errors
/// The first of `see`'s; after it nothing more is made.
pub fn ordered<T: Send, U: Send>(
    items: impl Iterator<Item = T> + Send,
    most: usize,
    work: impl Fn(T) -> U + Sync,
    see: impl FnMut(U) -> Result<()>,
) -> Result<()> {
    ordered_on(count().min(most), items, work, see)
}

/// [`ordered`] on so many threads, whatever is allowed elsewhere.
///
/// # Errors
/// As there.
pub fn ordered_on<T: Send, U: Send>(
    workers: usize,
    items: impl Iterator<Item = T> + Send,
    work: impl Fn(T) -> U + Sync,
    mut see: impl FnMut(U) -> Result<()>,
) -> Result<()> {
    if workers < 2 {
        return { items }.try_for_each(|item| see(work(item)));
    }
    thread::scope(|scope| {
        // A place in the queue for each item, into which whoever works on it puts what comes out.
        let (queue, places) = sync_channel::<Receiver<U>>(workers);
        let (give, taken) = sync_channel::<(T, SyncSender<U>)>(0);
        let (taken, work) = (Arc::new(Mutex::new(taken)), &work);
        for _ in 0..workers {
            let taken = taken.clone();
            scope.spawn(move || {
                let next = || taken.lock().unwrap_or_else(PoisonError::into_inner).recv();
                while let Ok((item, place)) = next() {
                    // Nobody waits for it any more where `see` has failed.
                    let _ = place.send(work(item));
                }
            });
        }
        drop(taken);
        scope.spawn(move || {
            for item in items {
                let (put, place) = sync_channel(1);
                if queue.send(place).is_err() || give.send((item, put)).is_err() {
                    break;
                }
            }
        });
        // A worker that panicked leaves its place empty; the scope hands its panic on.
        places.into_iter().try_for_each(|place| see(place.recv().context("a thread ended early")?))
    })
}

/// What `other` and `own` give, the former on a thread of its own. The error is `own`'s where both have one.
///
/// # Errors
/// Those of either.
pub fn beside<T: Send, U>(other: impl FnOnce() -> Result<T> + Send, own: impl FnOnce() -> Result<U>) -> Result<(T, U)> {
    if count() < 2 {
        let own = own()?;
        return Ok((other()?, own));
    }
    thread::scope(|scope| {
        let other = scope.spawn(other);
        let own = own();
        let other = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let own = own?;
        Ok((other?, own))
    })
}

/// Runs `feed`; what it hands on goes through `work` meanwhile, in order, on a thread of its own.
pub fn behind<T: Send>(
    mut work: impl FnMut(T) -> Result<()> + Send,
    feed: impl FnOnce(&mut dyn FnMut(T) -> Result<()>) -> Result<()>,
) -> Result<()> {
    if count() < 2 {
        return feed(&mut work);
    }
    thread::scope(|scope| {
        let (give, taken) = sync_channel(1);
        let worker = scope.spawn(move || taken.into_iter().try_for_each(work));
        let fed = feed(&mut |item| give.send(item).map_err(|_| anyhow!("nobody takes it")));
        drop(give);
        match worker.join() {
            // Its error is that of an earlier item, and the reason for which nobody takes the others.
            Ok(worked) => worked.and(fed),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::ensure;

    #[test]
    fn results_come_in_order_and_the_first_error_wins() {
        assert_eq!(map(100, 4, |index| Ok(index * 2)).unwrap(), (0..100).map(|index| index * 2).collect::<Vec<_>>());
        let failing = |index: usize| {
            ensure!(index % 30 != 29, "{index}");
            Ok(index)
        };
        assert_eq!(map(100, 4, failing).unwrap_err().to_string(), "29");
    }

    #[test]
    fn items_made_ahead_are_seen_in_order_until_one_is_refused() {
        let mut seen = Vec::new();
        let refused = ahead(0.., |item| {
            ensure!(item < 5, "five");
            seen.push(item);
            Ok(())
        });
        assert_eq!((refused.unwrap_err().to_string(), seen), ("five".into(), vec![0, 1, 2, 3, 4]));
    }

    #[test]
    fn what_is_worked_on_at_once_is_seen_in_order_until_one_is_refused() {
        // The first of ten takes longest.
        let slow = |item: u64| {
            thread::sleep(std::time::Duration::from_micros(300 * (9 - item % 10)));
            item * 2
        };
        let mut seen = Vec::new();
        ordered(0..30, AT_ONCE, slow, |item| {
            seen.push(item);
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, (0..30).map(|item| item * 2).collect::<Vec<_>>());
        let refused = ordered(0.., AT_ONCE, slow, |item| {
            ensure!(item < 20, "ten");
            Ok(())
        });
        assert_eq!(refused.unwrap_err().to_string(), "ten");
    }

    #[test]
    fn work_behind_is_done_when_it_returns_and_its_error_comes_first() {
        let mut done = Vec::new();
        let work = |item: i32| {
            done.push(item);
            Ok(())
        };
        behind(work, |give| (0..10).try_for_each(give)).unwrap();
        assert_eq!(done, (0..10).collect::<Vec<_>>());
        let fails = |item: i32| {
            ensure!(item < 3, "full");
            Ok(())
        };
        let refused = behind(fails, |give| {
            (0..).try_for_each(give)?;
            Ok(())
        });
        assert_eq!(refused.unwrap_err().to_string(), "full");
        let late = behind(|_: i32| Ok(()), |give| give(1).and(Err(anyhow!("row 2"))));
        assert_eq!(late.unwrap_err().to_string(), "row 2");
    }
}
