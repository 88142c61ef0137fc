//! "Violent exhaustion": every k and b of a grid, and of the pairs with the smallest loss the first.
//!
//! Plain loops over float64: each loss is computed in NumPy's order of operations, a block of neighbouring b at once,
//! and nothing is stored but the best. (The same in libtorch tensors writes every intermediate result to memory.)

use crate::data::houses::Houses;
use crate::python::numpy::{Arange, pairwise};
use crate::python::trace::Trace;
use crate::tutorial::config::{ExhaustiveConfig, LineLoss};
use crate::tutorial::program::Program;
use anyhow::{Context, Result, ensure};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Values of b whose losses are computed together.
const LANES: usize = 16;
/// Points that one worker takes on at once.
const TILE: u64 = 1 << 16;
/// How often the caller hears of progress, and may stop.
const EVERY: Duration = Duration::from_millis(50);

/// The best pair of the grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub houses: Houses,
    pub k: f64,
    pub b: f64,
    pub loss: f64,
    /// Points of the grid.
    pub points: u64,
    /// Seconds that the search took.
    pub seconds: f64,
}

/// The grid.
struct Grid<'a> {
    k: Arange,
    b: Arange,
    loss: LineLoss,
    houses: &'a Houses,
}

/// A candidate: its loss, and the indices of its k and b, by which Python's loop meets it.
#[derive(Clone, Copy)]
struct Best {
    loss: f64,
    at: (u64, u64),
}

impl Best {
    const NONE: Self = Self { loss: f64::INFINITY, at: (u64::MAX, u64::MAX) };

    /// Python's `if loss < min_loss`, whatever the order in which workers meet the points.
    fn or(self, other: Self) -> Self {
        if other.loss < self.loss || (other.loss == self.loss && other.at < self.at) { other } else { self }
    }
}

/// The grid's k and b, and the number of its points.
fn axes(config: &ExhaustiveConfig) -> Result<(Arange, Arange, u64)> {
    let k = Arange::new("k", config.k_min, config.k_max, config.k_step)?;
    let b = Arange::new("b", config.b_min, config.b_max, config.b_step)?;
    let points =
        k.len().checked_mul(b.len()).context("--k-step, --b-step: the grid has too many points, give larger steps")?;
    Ok((k, b, points))
}

/// The number of points of the grid.
pub fn points(config: &ExhaustiveConfig) -> Result<u64> {
    Ok(axes(config)?.2)
}

/// Runs the search on `threads` threads; `report(points done)` is called now and then and may stop it with an error.
pub fn run(config: &ExhaustiveConfig, threads: usize, report: &dyn Fn(u64) -> Result<()>) -> Result<Outcome> {
    let houses = Houses::load(config.data.as_deref())?;
    let (k, b, points) = axes(config)?;
    let grid = Grid { k, b, loss: config.loss, houses: &houses };
    let start = Instant::now();
    let best = if points <= TILE { grid.rows(0, grid.k.len()) } else { grid.search(threads, report)? };
    let seconds = start.elapsed().as_secs_f64();
    ensure!(
        best.loss.is_finite(),
        "--k-min, --k-max, --b-min, --b-max: no point of the grid has a finite loss, its bounds are too far out"
    );
    let (k, b) = (grid.k.get(best.at.0), grid.b.get(best.at.1));
    Ok(Outcome { k, b, loss: best.loss, points, seconds, houses })
}

impl Grid<'_> {
    /// All points: workers take tiles (some rows of the grid, or a part of one), the calling thread reports.
    fn search(&self, threads: usize, report: &dyn Fn(u64) -> Result<()>) -> Result<Best> {
        let rows_a_tile = (TILE / self.b.len()).max(1);
        let parts = self.b.len().div_ceil(TILE);
        let tiles = self.k.len().div_ceil(rows_a_tile) * parts;
        let (next, done, stop) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
        let work = || {
            let mut best = Best::NONE;
            while !stop.load(Ordering::Relaxed) {
                let tile = next.fetch_add(1, Ordering::Relaxed);
                if tile >= tiles {
                    break;
                }
                let k = tile / parts * rows_a_tile;
                let rows = rows_a_tile.min(self.k.len() - k);
                let b = tile % parts * TILE;
                let width = TILE.min(self.b.len() - b);
                best = best.or(if parts == 1 { self.rows(k, rows) } else { self.row(k, b, width) });
                done.fetch_add(rows * width, Ordering::Relaxed);
            }
            best
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
            while workers.iter().any(|worker| !worker.is_finished()) {
                if let Err(error) = report(done.load(Ordering::Relaxed)) {
                    stop.store(true, Ordering::Relaxed);
                    return Err(error);
                }
                let wait = Instant::now();
                while wait.elapsed() < EVERY && workers.iter().any(|worker| !worker.is_finished()) {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
            let found = workers.into_iter().map(|worker| worker.join().ok().context("a worker of the search failed"));
            found.into_iter().try_fold(Best::NONE, |best, found| Ok(best.or(found?)))
        })
    }

    /// `count` whole rows from the one at index `k` on.
    fn rows(&self, k: u64, count: u64) -> Best {
        (k..k + count).fold(Best::NONE, |best, k| best.or(self.row(k, 0, self.b.len())))
    }

    /// `width` points of row `k` from the one at index `first` on.
    fn row(&self, k: u64, first: u64, width: u64) -> Best {
        let slope = self.k.get(k);
        let kx: Vec<f64> = self.houses.x.iter().map(|x| slope * x).collect();
        match self.loss {
            LineLoss::Mae => self.scan(k, first, width, &kx, |error| error.abs()),
            LineLoss::Mse => self.scan(k, first, width, &kx, |error| error * error),
        }
    }

    fn scan(&self, k: u64, first: u64, width: u64, kx: &[f64], of: impl Fn(f64) -> f64) -> Best {
        let (y, n) = (self.houses.y.as_slice(), self.houses.y.len());
        let mut best = Best::NONE;
        for start in (first..first + width).step_by(LANES) {
            // The last block may reach beyond the row: what it computes there is not looked at.
            let b: [f64; LANES] = std::array::from_fn(|lane| self.b.get(start + lane as u64));
            let sums = pairwise(n, &|i| b.map(|b| of(kx[i] + b - y[i])));
            let losses = sums.map(|sum| sum / n as f64);
            if losses.iter().all(|&loss| loss >= best.loss) {
                continue;
            }
            let kept = losses.iter().take((first + width - start) as usize).enumerate();
            best = kept.fold(
                best,
                |best, (lane, &loss)| {
                    if loss < best.loss { Best { loss, at: (k, start + lane as u64) } } else { best }
                },
            );
        }
        best
    }
}

impl Outcome {
    /// The run as a trace, in the form of `scripts/original/exhaustive.py --trace`.
    pub fn trace(&self, config: &ExhaustiveConfig, seed: u32) -> Result<Trace> {
        let scalars = [("k", self.k), ("b", self.b), ("loss", self.loss)];
        Ok(Trace {
            scalars: scalars.map(|(name, value)| (name.into(), value)).into(),
            ..Trace::new(Program::Exhaustive.name(), seed, config, self.seconds)?
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(config: &ExhaustiveConfig, threads: usize) -> (f64, f64, f64) {
        let outcome = run(config, threads, &|_| Ok(())).unwrap();
        (outcome.k, outcome.b, outcome.loss)
    }

    // python scripts/original/exhaustive.py
    #[test]
    fn the_tutorials_search_is_pythons_to_the_bit() {
        let found = best(&ExhaustiveConfig::default(), 1);
        assert_eq!(found, (1.500000000000003, 1.9999999999999574, 7.000000000000096));
    }

    // python scripts/original/exhaustive.py --loss mse --k-min 3 --k-max -1 --k-step -0.07 --b-step 0.3
    #[test]
    fn a_grid_walked_downwards_under_mse_is_pythons_to_the_bit() {
        let config = ExhaustiveConfig {
            loss: LineLoss::Mse,
            k_min: 3.0,
            k_max: -1.0,
            k_step: -0.07,
            b_step: 0.3,
            ..ExhaustiveConfig::default()
        };
        assert_eq!(best(&config, 1), (1.4600000000000035, 9.800000000000047, 80.2199999999982));
    }

    // python scripts/original/exhaustive.py --k-min 1.5 --k-max 1.6 --k-step 1 --b-min -50 --b-max 50 --b-step 0.5
    // (the loss is 7 for every b from 2 to 7)
    #[test]
    fn of_equal_losses_the_first_is_kept() {
        let row = ExhaustiveConfig {
            k_min: 1.5,
            k_max: 1.6,
            k_step: 1.0,
            b_min: -50.0,
            b_max: 50.0,
            b_step: 0.5,
            ..ExhaustiveConfig::default()
        };
        assert_eq!(best(&row, 1), (1.5, 2.0, 7.0));
    }

    /// Tiles, parts of rows and threads give what one thread gives row by row.
    #[test]
    fn a_large_grid_gives_the_same_on_any_number_of_threads() {
        for (k_step, b_step) in [(0.001, 0.01), (0.5, 1e-5)] {
            let config = ExhaustiveConfig { k_step, b_step, ..ExhaustiveConfig::default() };
            let houses = Houses::load(None).unwrap();
            let (k, b, _) = axes(&config).unwrap();
            let whole = Grid { k, b, loss: config.loss, houses: &houses }.rows(0, k.len());
            let expected = (k.get(whole.at.0), b.get(whole.at.1), whole.loss);
            for threads in [1, 3] {
                assert_eq!(best(&config, threads), expected);
            }
        }
    }

    #[test]
    fn a_report_can_stop_the_search() {
        let config = ExhaustiveConfig { k_step: 1e-6, b_step: 1e-6, ..ExhaustiveConfig::default() };
        let error = run(&config, 2, &|_| anyhow::bail!("enough")).unwrap_err();
        assert_eq!(error.to_string(), "enough");
    }
}
