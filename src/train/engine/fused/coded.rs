//! Columns of x that are codes. Of a block of one-hot features a row has one that is 1: the first layer adds up the weights that
//! stand there, and on the way back their gradients get the row's alone, so that no row is ever as wide as its features.

use super::plan::Plan;
use super::tile::{Share, Tile};
use crate::train::features::Block;
use std::ops::Range;

impl Plan {
    pub fn blocks(&self) -> &[Block] {
        self.coded.as_ref().map_or(&[], |layout| &layout.blocks)
    }

    /// Whether some of the inputs of the layer at `index` are codes.
    pub fn has_codes(&self, index: usize) -> bool {
        index == 0 && self.coded.is_some()
    }

    /// Length of the first layer's weights of the columns that are no codes.
    pub fn compact_len(&self) -> usize {
        self.coded.as_ref().map_or(0, |layout| layout.rest.len() * self.layers.first().map_or(0, |layer| layer.outputs))
    }

    /// The first layer's weights of the columns that are no codes, `[outputs, columns]`; none of a plan without codes.
    pub fn compact(&self, parameters: &[f32]) -> Option<Vec<f32>> {
        let (layout, layer) = (self.coded.as_ref()?, self.layers.first()?);
        let weights = parameters[layer.place()].chunks(layer.inputs);
        Some(weights.flat_map(|weights| layout.rest.iter().map(|&place| weights[place])).collect())
    }

    /// Writes gradients that are laid out as [`Plan::compact`] to the places of theirs.
    pub fn spread(&self, compact: &[f32], gradients: &mut [f32]) {
        let (Some(layout), Some(layer)) = (&self.coded, self.layers.first()) else { return };
        if layout.rest.is_empty() {
            return;
        }
        let rows = gradients[layer.place()].chunks_mut(layer.inputs);
        for (row, compact) in rows.zip(compact.chunks(layout.rest.len())) {
            layout.rest.iter().zip(compact).for_each(|(&place, gradient)| row[place] = *gradient);
        }
    }

    /// The columns at which the row in a lane has a 1.
    fn ones<'a>(&'a self, codes: &'a [i64], lane: usize) -> impl Iterator<Item = usize> + 'a {
        let codes = &codes[lane * self.blocks().len()..];
        let places = self.blocks().iter().zip(codes);
        places.filter_map(|(block, code)| usize::try_from(*code).ok().map(|code| block.first + code))
    }

    /// Adds the weights of the codes to the first layer's sums `z [outputs][width]` of the panel whose lanes begin at `lane`.
    pub fn add_coded(&self, parameters: &[f32], codes: &[i64], (lane, width): (usize, usize), z: &mut [f32]) {
        let Some(layer) = self.layers.first() else { return };
        let weights = &parameters[layer.place()];
        for at in 0..width {
            for place in self.ones(codes, lane + at) {
                for (weights, z) in weights.chunks(layer.inputs).zip(z.chunks_mut(width)) {
                    z[at] += weights[place];
                }
            }
        }
    }

    /// Adds `dz [outputs][width]` to the gradients of the weights of the codes.
    pub fn add_gradients(&self, dz: &[f32], codes: &[i64], (lane, width): (usize, usize), gradients: &mut [f32]) {
        let Some(layer) = self.layers.first() else { return };
        let gradients = &mut gradients[layer.place()];
        for at in 0..width {
            for place in self.ones(codes, lane + at) {
                for (gradients, dz) in gradients.chunks_mut(layer.inputs).zip(dz.chunks(width)) {
                    gradients[place] += dz[at];
                }
            }
        }
    }
}

impl Tile {
    /// The codes of the rows `part` in the `width` lanes from `lane` on; lanes without a row have none.
    pub(super) fn load_codes(&mut self, share: &Share<'_>, part: Range<usize>, lane: usize, width: usize) {
        let (count, Some(codes)) = (share.plan.blocks().len(), share.rows.codes) else { return };
        let lanes = &mut self.codes[lane * count..][..width * count];
        lanes.fill(-1);
        for (lane, place) in lanes.chunks_mut(count).zip(part) {
            let row = share.rows.index.map_or(place, |index| index[place] as usize);
            lane.copy_from_slice(&codes[row * count..][..count]);
        }
    }
}
