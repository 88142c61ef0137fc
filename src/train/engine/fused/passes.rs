//! A tile's way through the layers and back.

use super::activation::{backward, forward, is_in_product};
use super::dropout::of_layer;
use super::functions::apply;
use super::outer::{self, Side};
use super::plan::Layer;
use super::product::Weights;
use super::rows::transpose;
use super::tile::{Share, Tile, Want};
use crate::cpu::simd::Lanes;
use crate::model::activation::Activation;
use bytemuck::{cast_slice, cast_slice_mut};
use std::ops::Range;

impl Tile {
    /// The outputs of every layer, for the panel of the rows `part`.
    #[inline(always)]
    pub(super) fn forward<S: Lanes, const NV: usize>(
        &mut self,
        s: S,
        share: &Share<'_>,
        part: Range<usize>,
        panel: usize,
        nv: usize,
    ) {
        let (plan, last) = (share.plan, share.plan.layers.len() - 1);
        let follows = plan.keeps_slopes() || !is_in_product(plan.activation);
        for (index, layer) in plan.layers.iter().enumerate() {
            let (before, after) = self.activations.split_at_mut(index + 1);
            let a = &cast_slice(&before[index])[panel * NV * layer.inputs..][..nv * layer.inputs];
            let z = &mut cast_slice_mut(&mut after[0])[panel * NV * layer.outputs..][..nv * layer.outputs];
            let activation = if index < last && !follows { plan.activation } else { Activation::Identity };
            let weights = Weights::<false> {
                values: layer.weights(share.parameters),
                stride: layer.inputs,
                k: layer.inputs,
                n: layer.outputs,
                bias: Some(&share.parameters[layer.bias..][..layer.outputs]),
            };
            forward::<S, NV>(s, (weights, activation), a, nv, z);
            if index < last && follows {
                let keeps = plan.keeps_slopes() && share.want == Want::Gradients;
                let place = panel * NV * layer.outputs;
                let mut slopes =
                    keeps.then(|| &mut cast_slice_mut(&mut self.slopes[index])[place..][..nv * layer.outputs]);
                apply(s, plan.activation, z, slopes.as_deref_mut());
                if let (Some(masks), Some(slopes)) = (share.rows.masks, slopes) {
                    let mask = of_layer(plan, masks, share.rows.len(plan), index);
                    let lanes = nv * S::F32_LANES;
                    transpose(mask, layer.outputs, part.clone(), cast_slice_mut(&mut self.mask), lanes);
                    leave_out(s, cast_slice(&self.mask), z, slopes);
                }
            }
        }
    }

    /// The backward pass, from the last layer to the first: the gradients of a layer's weights and biases, then that of
    /// its inputs, which overwrites them.
    #[inline(always)]
    pub(super) fn backward<S: Lanes, const NV: usize>(&mut self, s: S, share: &Share<'_>, sizes: &[usize]) {
        for (index, layer) in share.plan.layers.iter().enumerate().rev() {
            let (before, after) = self.activations.split_at_mut(index + 1);
            let dz: &[S::f32s] = cast_slice(&after[0]);
            let side = |values, units| Side { values, units, slot: NV, sizes };
            let (out, given) = (side(dz, layer.outputs), side(cast_slice(&before[index]), layer.inputs));
            let gradients: &mut [f32] = cast_slice_mut(&mut self.gradients);
            outer::weights(s, out, given, &mut gradients[layer.weight..]);
            outer::biases(s, out, &mut gradients[layer.bias..][..layer.outputs]);
            if index == 0 {
                break;
            }
            let weights = Weights::<true> {
                values: layer.weights(share.parameters),
                stride: layer.inputs,
                k: layer.outputs,
                n: layer.inputs,
                bias: None,
            };
            let known = (!share.plan.keeps_slopes()).then_some(share.plan.activation);
            if known.is_none() {
                std::mem::swap(&mut before[index], &mut self.slopes[index - 1]);
            }
            let h: &mut [S::f32s] = cast_slice_mut(&mut before[index]);
            for (panel, &nv) in sizes.iter().enumerate() {
                let dz = &dz[panel * NV * layer.outputs..][..nv * layer.outputs];
                let h = &mut h[panel * NV * layer.inputs..][..nv * layer.inputs];
                backward::<S, NV>(s, (weights, known), dz, nv, h);
            }
        }
    }
}

/// Multiplies values and slopes by a mask.
#[inline(always)]
fn leave_out<S: Lanes>(s: S, mask: &[S::f32s], h: &mut [S::f32s], slopes: &mut [S::f32s]) {
    for ((mask, h), slope) in mask.iter().zip(h).zip(slopes) {
        (*h, *slope) = (s.mul_f32s(*h, *mask), s.mul_f32s(*slope, *mask));
    }
}

impl Layer {
    fn weights<'a>(&self, parameters: &'a [f32]) -> &'a [f32] {
        &parameters[self.weight..][..self.inputs * self.outputs]
    }
}
