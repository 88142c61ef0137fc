//! How a network is laid out on a card. Nothing here depends on the card, so that every card gives the same bits.

use crate::train::engine::fused::Plan;

/// Shared memory that a block may have on every card that CUDA 13 knows.
const EVERY_CARD: usize = 64 << 10;
/// The same from compute capability 8 on; on an A100; on an H100 and what came after.
const BLOCKS_OF_CARDS: [usize; 3] = [99 << 10, 163 << 10, 227 << 10];
/// Doubles in front of the floats, see SUMS in tile.h.
const SUMS: usize = 66;
/// Products of an update, see [`Plan::cost`], from which on many blocks should be faster than one, as a card's figures have it:
/// a block makes some tens in a cycle, and calls by the update cost some tens of thousands of cycles. Not measured.
const MOST_PRODUCTS: usize = 2_000_000;
/// With fewer rows of a batch than this in a tile, many blocks are faster than one.
const FEW: usize = 32;
/// Rows of a tile at most.
const MOST_ROWS: usize = 1024;
/// Blocks that share out a batch, at most, and the floats that their gradients may take together.
const MOST_BLOCKS: usize = 256;
const MOST_FLOATS: usize = 1 << 26;

/// The constants of one compilation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Rows of a tile, even.
    pub tile: usize,
    pub threads: usize,
    /// Floats for sums over slices of rows.
    pub sliced: usize,
    /// Whether the tile lies in shared memory.
    pub shares: bool,
}

impl Shape {
    /// For blocks that share out a batch.
    pub fn of_share(plan: &Plan) -> Self {
        let shape = |tile, shares| Self { tile, threads: 256, sliced: 1024, shares };
        let fits = |tile: &usize| shape(*tile, true).share_bytes(plan) <= EVERY_CARD;
        [64, 32].into_iter().find(fits).map_or(shape(64, false), |tile| shape(tile, true))
    }

    /// For one block that makes many updates in batches of `rows` rows, with everything in its shared memory; none where no
    /// card has so much, or where many blocks are faster.
    pub fn of_steps(plan: &Plan, rows: usize) -> Option<Self> {
        if rows * plan.cost() > MOST_PRODUCTS {
            return None;
        }
        let widest = plan.widths().max().unwrap_or(1);
        BLOCKS_OF_CARDS.into_iter().find_map(|bytes| {
            let shape = |tile: usize| {
                let threads = (tile * widest / 8).next_power_of_two().clamp(64, 1024);
                Self { tile, threads, sliced: 2 * threads, shares: true }
            };
            let most = (1..=rows.div_ceil(2)).rev().map(|half| shape(2 * half));
            let fits = |shape: &Self| shape.steps_bytes(plan) <= bytes;
            let most = most.skip_while(|shape| shape.tile > MOST_ROWS).find(fits)?;
            if most.tile < rows.min(FEW) {
                return None;
            }
            // Tiles of one size, as far as that goes.
            let tiles = rows.div_ceil(most.tile);
            Some(shape(rows.div_ceil(tiles).next_multiple_of(2)))
        })
    }

    /// Floats of a tile: as TILE_FLOATS in tile.h.
    pub fn tile_floats(&self, plan: &Plan) -> usize {
        let stride = self.tile | 1;
        // Each layer's inputs have a unit of ones behind them, the outputs have none.
        let units = plan.widths().map(|width| width + 1).sum::<usize>() - 1;
        (units * stride).next_multiple_of(4)
    }

    /// Floats of what a block has beside its tile: as FIXED in tile.h.
    fn fixed(&self) -> usize {
        2 * SUMS + self.sliced + 2 * self.tile.next_multiple_of(4)
    }

    /// Shared memory of the kernel `share`.
    pub fn share_bytes(&self, plan: &Plan) -> usize {
        let tile = if self.shares { self.tile_floats(plan) } else { 0 };
        size_of::<f32>() * (self.fixed() + tile)
    }

    /// Shared memory of the kernel `steps`: parameters, gradients and two buffers of the optimizer too.
    pub fn steps_bytes(&self, plan: &Plan) -> usize {
        size_of::<f32>() * (self.fixed() + 4 * plan.length + self.tile_floats(plan))
    }

    /// Blocks for so many rows, and the rows of each.
    pub fn blocks(&self, plan: &Plan, rows: usize) -> (usize, usize) {
        let own = plan.length + if self.shares { 0 } else { self.tile_floats(plan) };
        let most = (MOST_FLOATS / own.max(1)).clamp(1, MOST_BLOCKS);
        let tiles = rows.div_ceil(self.tile);
        let each = tiles.div_ceil(most).max(1) * self.tile;
        (rows.div_ceil(each).max(1), each)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::activation::Activation;
    use crate::model::loss::LossKind;

    fn plan(widths: &[i64]) -> Plan {
        Plan::new(widths, Activation::Tanh, LossKind::CrossEntropy { label_smoothing: 0.0 })
    }

    #[test]
    fn a_small_net_is_trained_by_one_block_in_tiles_of_one_size_and_a_large_one_is_not() {
        let moons = Shape::of_steps(&plan(&[2, 100, 2]), 200).unwrap();
        assert_eq!((moons.tile, moons.threads), (100, 1024));
        assert!(moons.steps_bytes(&plan(&[2, 100, 2])) <= 99 << 10);
        assert_eq!(Shape::of_steps(&plan(&[2, 100, 2]), 400).unwrap().tile, 134);
        assert_eq!(Shape::of_steps(&plan(&[2, 100, 2]), 1000), None);
        assert_eq!(Shape::of_steps(&plan(&[2, 100, 2]), 7).unwrap().tile, 8);
        assert_eq!(Shape::of_steps(&plan(&[500, 500, 2]), 32), None);
        let wide = Shape::of_share(&plan(&[32, 256, 128, 1]));
        assert_eq!((wide.tile, wide.shares), (32, true));
        assert!(!Shape::of_share(&plan(&[500, 500, 2])).shares);
    }

    #[test]
    fn blocks_take_all_rows_in_whole_tiles() {
        for widths in [&[2, 100, 2][..], &[500, 500, 2], &[3000, 3000, 1]] {
            let (plan, shape) = (plan(widths), Shape::of_share(&plan(widths)));
            for rows in [1, 63, 64, 65, 999, 1_000_000] {
                let (blocks, each) = shape.blocks(&plan, rows);
                assert!(blocks <= MOST_BLOCKS && blocks * each >= rows && (blocks - 1) * each < rows, "{rows}");
                assert_eq!(each % shape.tile, 0);
            }
        }
    }
}
