//! Layer norm, `(z - mean) / √(variance + ε) · weight + bias` over the units of a row, and the way back through it.

use super::outer::Side;
use crate::cpu::simd::Lanes;
use crate::model::norm::EPS;

/// What the way back needs of a panel: what it is before weight and bias, `[unit][nv]`, and `1 / √(variance + ε)` of each row.
pub struct Kept<'a, V> {
    pub normals: &'a mut [V],
    pub scales: &'a mut [V],
}

/// Normalizes a panel `[unit][nv]` in place.
#[inline(always)]
pub fn forward<S: Lanes>(
    s: S,
    (weight, bias): (&[f32], &[f32]),
    z: &mut [S::f32s],
    nv: usize,
    mut kept: Option<Kept<'_, S::f32s>>,
) {
    let share = s.splat_f32s(1.0 / weight.len() as f32);
    for v in 0..nv {
        let sum = z.iter().skip(v).step_by(nv).fold(s.splat_f32s(0.0), |sum, z| s.add_f32s(sum, *z));
        let mean = s.mul_f32s(sum, share);
        let mut squares = s.splat_f32s(0.0);
        for z in z.iter_mut().skip(v).step_by(nv) {
            *z = s.sub_f32s(*z, mean);
            squares = s.fma(*z, *z, squares);
        }
        let variance = s.fma(squares, share, s.splat_f32s(EPS as f32));
        let scale = s.div_f32s(s.splat_f32s(1.0), s.sqrt_f32s(variance));
        for (unit, z) in z.iter_mut().skip(v).step_by(nv).enumerate() {
            let normal = s.mul_f32s(*z, scale);
            *z = s.fma(normal, s.splat_f32s(weight[unit]), s.splat_f32s(bias[unit]));
            if let Some(kept) = &mut kept {
                kept.normals[unit * nv + v] = normal;
            }
        }
        if let Some(kept) = &mut kept {
            kept.scales[v] = scale;
        }
    }
}

/// Adds the gradients of weight and bias over a tile.
#[inline(always)]
pub fn parameters<S: Lanes>(
    s: S,
    dy: Side<'_, S::f32s>,
    normals: Side<'_, S::f32s>,
    weight: &mut [f32],
    bias: &mut [f32],
) {
    for (unit, (weight, bias)) in weight.iter_mut().zip(bias).enumerate() {
        let (mut products, mut sum) = (s.splat_f32s(0.0), s.splat_f32s(0.0));
        for panel in 0..dy.sizes.len() {
            for (dy, normal) in dy.units(panel, unit, 1).iter().zip(normals.units(panel, unit, 1)) {
                products = s.fma(*dy, *normal, products);
                sum = s.add_f32s(sum, *dy);
            }
        }
        *weight += s.reduce_sum_f32s(products);
        *bias += s.reduce_sum_f32s(sum);
    }
}

/// `dz = (d - mean(d) - normal · mean(d · normal)) / √(variance + ε)` with `d = dy · weight`, in place of a panel's `dy`.
#[inline(always)]
pub fn backward<S: Lanes>(s: S, weight: &[f32], dy: &mut [S::f32s], normals: &[S::f32s], scales: &[S::f32s]) {
    let (nv, share) = (scales.len(), s.splat_f32s(1.0 / weight.len() as f32));
    for (v, scale) in scales.iter().enumerate() {
        let (mut sum, mut products) = (s.splat_f32s(0.0), s.splat_f32s(0.0));
        for (unit, (d, normal)) in dy.iter_mut().zip(normals).skip(v).step_by(nv).enumerate() {
            *d = s.mul_f32s(*d, s.splat_f32s(weight[unit]));
            sum = s.add_f32s(sum, *d);
            products = s.fma(*d, *normal, products);
        }
        let (mean, slope) = (s.mul_f32s(sum, share), s.mul_f32s(products, share));
        for (d, normal) in dy.iter_mut().zip(normals).skip(v).step_by(nv) {
            let off = s.sub_f32s(s.sub_f32s(*d, mean), s.mul_f32s(*normal, slope));
            *d = s.mul_f32s(off, *scale);
        }
    }
}
