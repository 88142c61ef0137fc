//! A tile's way through the layers and back.

use super::activation::{backward, forward, is_in_product};
use super::dropout::of_layer;
use super::functions::apply;
use super::norm;
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
            let weights = layer.forward(share.parameters, share.compact.filter(|_| index == 0));
            let follows = follows || plan.has_codes(index);
            let (before, after) = self.activations.split_at_mut(index + 1);
            let a = &cast_slice(&before[index])[panel * NV * weights.k..][..nv * weights.k];
            let z = &mut cast_slice_mut(&mut after[0])[panel * NV * layer.outputs..][..nv * layer.outputs];
            let activation = if index < last && !follows { plan.activation } else { Activation::Identity };
            forward::<S, NV>(s, (weights, activation), a, nv, z);
            if plan.has_codes(index) {
                let lane = panel * NV * S::F32_LANES;
                plan.add_coded(share.parameters, &self.codes, (lane, nv * S::F32_LANES), cast_slice_mut(z));
            }
            if index < last && follows {
                self.finish::<S, NV>(s, share, index, part.clone(), panel, nv);
            }
        }
    }

    /// What follows the product in a hidden layer: norm, activation and dropout.
    #[inline(always)]
    fn finish<S: Lanes, const NV: usize>(
        &mut self,
        s: S,
        share: &Share<'_>,
        index: usize,
        part: Range<usize>,
        panel: usize,
        nv: usize,
    ) {
        let (plan, layer) = (share.plan, &share.plan.layers[index]);
        let (place, count) = (panel * NV * layer.outputs, nv * layer.outputs);
        let is_kept = share.want == Want::Gradients;
        let z: &mut [S::f32s] = &mut cast_slice_mut(&mut self.activations[index + 1])[place..][..count];
        if let Some(parameters) = layer.norm_of(share.parameters) {
            let normals = &mut self.normals[index];
            let kept = is_kept.then(|| {
                let normals = &mut cast_slice_mut(normals)[place..][..count];
                norm::Kept { normals, scales: &mut cast_slice_mut(&mut self.scales[index])[panel * NV..][..nv] }
            });
            norm::forward(s, parameters, z, nv, kept);
        }
        let is_kept = is_kept && plan.keeps_slopes();
        let mut slopes = is_kept.then(|| &mut cast_slice_mut(&mut self.slopes[index])[place..][..count]);
        apply(s, plan.activation, z, slopes.as_deref_mut());
        if let (Some(masks), Some(slopes)) = (share.rows.masks, slopes) {
            let mask = of_layer(plan, masks, share.rows.len(plan), index);
            transpose(mask, layer.outputs, part, cast_slice_mut(&mut self.mask), nv * S::F32_LANES);
            leave_out(s, cast_slice(&self.mask), z, slopes);
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
            let given = if index == 0 { share.plan.columns() } else { layer.inputs };
            let (out, given) = (side(dz, layer.outputs), side(cast_slice(&before[index]), given));
            let gradients: &mut [f32] = cast_slice_mut(&mut self.gradients);
            if share.plan.has_codes(index) {
                outer::weights(s, out, given, cast_slice_mut(&mut self.compact));
                for (panel, &nv) in sizes.iter().enumerate() {
                    let (lane, width) = (panel * NV * S::F32_LANES, nv * S::F32_LANES);
                    let dz = &dz[panel * NV * layer.outputs..][..nv * layer.outputs];
                    share.plan.add_gradients(cast_slice(dz), &self.codes, (lane, width), gradients);
                }
            } else {
                outer::weights(s, out, given, &mut gradients[layer.weight..]);
            }
            outer::biases(s, out, &mut gradients[layer.bias..][..layer.outputs]);
            if index == 0 {
                break;
            }
            let known = (!share.plan.keeps_slopes()).then_some(share.plan.activation);
            if known.is_none() {
                std::mem::swap(&mut before[index], &mut self.slopes[index - 1]);
            }
            let h: &mut [S::f32s] = cast_slice_mut(&mut before[index]);
            for (panel, &nv) in sizes.iter().enumerate() {
                let dz = &dz[panel * NV * layer.outputs..][..nv * layer.outputs];
                let h = &mut h[panel * NV * layer.inputs..][..nv * layer.inputs];
                backward::<S, NV>(s, (layer.backward(share.parameters), known), dz, nv, h);
            }
            self.backward_norm::<S, NV>(s, share, index - 1, sizes);
        }
    }

    /// The way back through the norm of the layer at `index`, if it has one.
    #[inline(always)]
    fn backward_norm<S: Lanes, const NV: usize>(&mut self, s: S, share: &Share<'_>, index: usize, sizes: &[usize]) {
        let layer = &share.plan.layers[index];
        let (Some([weight, bias]), Some((weights, _))) = (layer.norm, layer.norm_of(share.parameters)) else { return };
        let (units, normals): (_, &[S::f32s]) = (layer.outputs, cast_slice(&self.normals[index]));
        let side = |values| Side { values, units, slot: NV, sizes };
        let gradients: &mut [f32] = cast_slice_mut(&mut self.gradients);
        let (first, second) = gradients.split_at_mut(bias);
        let dy: &mut [S::f32s] = cast_slice_mut(&mut self.activations[index + 1]);
        norm::parameters(s, side(&*dy), side(normals), &mut first[weight..][..units], &mut second[..units]);
        for (panel, &nv) in sizes.iter().enumerate() {
            let (place, count) = (panel * NV * units, nv * units);
            let scales = &cast_slice(&self.scales[index])[panel * NV..][..nv];
            norm::backward(s, weights, &mut dy[place..][..count], &normals[place..][..count], scales);
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
        &parameters[self.place()]
    }

    /// `compact` takes the place of the weights where some of its inputs are codes.
    fn forward<'a>(&self, parameters: &'a [f32], compact: Option<&'a [f32]>) -> Weights<'a, false> {
        let bias = Some(&parameters[self.bias..][..self.outputs]);
        let values = compact.unwrap_or_else(|| self.weights(parameters));
        let (k, n) = (values.len() / self.outputs.max(1), self.outputs);
        Weights { values, stride: k, k, n, bias }
    }

    fn backward<'a>(&self, parameters: &'a [f32]) -> Weights<'a, true> {
        let (stride, k, n) = (self.inputs, self.outputs, self.inputs);
        Weights { values: self.weights(parameters), stride, k, n, bias: None }
    }

    /// Weight and bias of the norm.
    fn norm_of<'a>(&self, parameters: &'a [f32]) -> Option<(&'a [f32], &'a [f32])> {
        self.norm.map(|places| places.map(|place| &parameters[place..][..self.outputs]).into())
    }
}
