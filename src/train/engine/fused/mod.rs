//! The `fused` engine: dense networks at the processor's speed, with the numbers of `exact` up to rounding; on a card by `cuda`.
//!
//! Rows lie across the lanes of a vector. A thread takes its rows a tile at a time, small enough for the cache, through
//! all layers, the loss and back; nothing of the batch's size is ever written but dropout's masks. Each thread sums up its
//! gradients, and the sums are added in the threads' order: the bits are the same for the same number of threads and
//! instruction set.

mod activation;
mod bend;
mod coded;
pub mod cuda;
mod dropout;
mod engine;
mod functions;
mod loss;
mod math;
mod norm;
mod outer;
mod passes;
mod plan;
mod product;
mod rows;
#[cfg(test)]
mod tests;
mod tile;

pub use cuda::CudaEngine;
pub use engine::FusedEngine;
pub use plan::Plan;
pub use rows::{PartRows, Rows, Targets};

use crate::cpu::pool::Pool;
use crate::cpu::simd::{Isa, Lanes, Work};
use std::sync::{Mutex, PoisonError};
use tile::{Share, Tile, Want};

/// Below this many products a second thread costs more than it gives.
const WORTH: usize = 200_000;

/// Losses and gradients of one network.
#[derive(Debug)]
pub struct Fused {
    plan: Plan,
    isa: Isa,
    pool: Pool,
    tiles: Vec<Mutex<Tile>>,
}

impl Fused {
    /// An engine of its own threads, with the widest vectors that the processor has.
    pub fn new(plan: Plan, threads: usize) -> Self {
        Self::on(plan, threads, Isa::best())
    }

    /// As [`Fused::new`], with the vectors of `isa`.
    pub fn on(plan: Plan, threads: usize, isa: Isa) -> Self {
        let pool = Pool::new(threads.max(1));
        let tiles = (0..pool.size()).map(|_| Mutex::new(Tile::new(&plan))).collect();
        Self { plan, isa, pool, tiles }
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The mean loss of the rows; into `gradients` go those of that mean. Both buffers are laid out as the plan says.
    pub fn gradients(&mut self, parameters: &[f32], rows: Rows<'_>, gradients: &mut [f32]) -> f64 {
        let tiles = self.work(parameters, rows, Want::Gradients);
        let (loss, divisor) = total(&tiles);
        let scale = (1.0 / divisor) as f32;
        gradients.copy_from_slice(tiles[0].gradients());
        for tile in &tiles[1..] {
            gradients.iter_mut().zip(tile.gradients()).for_each(|(sum, own)| *sum += own);
        }
        gradients.iter_mut().for_each(|gradient| *gradient *= scale);
        loss / divisor
    }

    /// The mean loss of the rows.
    pub fn loss(&mut self, parameters: &[f32], rows: Rows<'_>) -> f64 {
        let (loss, divisor) = total(&self.work(parameters, rows, Want::Loss));
        loss / divisor
    }

    /// Rows whose class, under cross-entropy, has the largest output, of equal ones the last.
    pub fn hits(&mut self, parameters: &[f32], rows: Rows<'_>) -> usize {
        self.work(parameters, rows, Want::Hits).iter().map(|tile| tile.hits).sum()
    }

    /// Shares the rows out; the tiles of the threads that had some.
    fn work(&mut self, parameters: &[f32], rows: Rows<'_>, want: Want) -> Vec<&Tile> {
        let (plan, isa, tiles) = (&self.plan, self.isa, &self.tiles);
        let count = rows.len(plan);
        let compact = plan.compact(parameters);
        let compact = compact.as_deref();
        let most = (count * plan.cost() / WORTH).clamp(1, tiles.len());
        // Whole vectors, so that only the last one is not full.
        let each = count.div_ceil(most).next_multiple_of(16);
        let used = count.div_ceil(each).max(1);
        let task = |thread: usize| {
            if thread < used {
                let range = thread * each..count.min((thread + 1) * each);
                let share = Share { plan, parameters, compact, rows, range, want };
                let mut tile = tiles[thread].lock().unwrap_or_else(PoisonError::into_inner);
                isa.run(Run { tile: &mut tile, share: &share });
            }
        };
        if used == 1 {
            task(0)
        } else {
            self.pool.run(&task)
        }
        let used = self.tiles[..used].iter_mut();
        used.map(|tile| &*tile.get_mut().unwrap_or_else(PoisonError::into_inner)).collect()
    }
}

fn total(tiles: &[&Tile]) -> (f64, f64) {
    tiles.iter().fold((0.0, 0.0), |(loss, divisor), tile| (loss + tile.loss, divisor + tile.divisor))
}

struct Run<'a> {
    tile: &'a mut Tile,
    share: &'a Share<'a>,
}

impl Work for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes, const NV: usize>(self, s: S) {
        self.tile.work::<S, NV>(s, self.share);
    }
}
