//! The losses over a panel: the sum of the rows' losses, and in place of the outputs their gradients.

use super::math::{exp, ln, ln_1p};
use super::plan::Criterion;
use crate::cpu::simd::Lanes;

/// Outputs `z [outputs][nv]`, targets `[nv]` as classes or `[outputs][nv]` as values, row weights `[nv]`.
pub struct Scored<'a, V> {
    pub z: &'a mut [V],
    pub targets: &'a [V],
    pub weights: &'a [V],
}

impl<V: Copy> Scored<'_, V> {
    /// The weighted sum of the losses; `z` becomes its gradient.
    #[inline(always)]
    pub fn score<S: Lanes<f32s = V>>(self, s: S, criterion: Criterion) -> f32 {
        let mut sum = s.splat_f32s(0.0);
        let nv = self.weights.len();
        for v in 0..nv {
            let loss = match criterion {
                Criterion::CrossEntropy => cross_entropy(s, self.z, self.targets[v], self.weights[v], (v, nv)),
                Criterion::Bce => bce(s, &mut self.z[v], self.targets[v], self.weights[v]),
                Criterion::Mse => mse(s, self.z, self.targets, self.weights[v], (v, nv)),
            };
            sum = s.add_f32s(sum, loss);
        }
        s.reduce_sum_f32s(sum)
    }
}

/// `w (ln Σ exp(z) - z[y])`, and `w (softmax(z) - [y])`.
#[inline(always)]
fn cross_entropy<S: Lanes>(
    s: S,
    z: &mut [S::f32s],
    class: S::f32s,
    weight: S::f32s,
    (v, nv): (usize, usize),
) -> S::f32s {
    let zero = s.splat_f32s(0.0);
    let mut max = z[v];
    for z in z.iter().skip(v).step_by(nv) {
        max = s.max_f32s(max, *z);
    }
    let (mut sum, mut own) = (zero, zero);
    for (unit, z) in z.iter_mut().skip(v).step_by(nv).enumerate() {
        let below = s.sub_f32s(*z, max);
        own = s.select_f32s(s.equal_f32s(class, s.splat_f32s(unit as f32)), below, own);
        *z = exp(s, below);
        sum = s.add_f32s(sum, *z);
    }
    let scale = s.div_f32s(weight, sum);
    for (unit, z) in z.iter_mut().skip(v).step_by(nv).enumerate() {
        let hit = s.select_f32s(s.equal_f32s(class, s.splat_f32s(unit as f32)), weight, zero);
        *z = s.sub_f32s(s.mul_f32s(*z, scale), hit);
    }
    s.mul_f32s(weight, s.sub_f32s(ln(s, sum), own))
}

/// `w (max(z, 0) - z y + ln(1 + exp(-|z|)))`, and `w (sigmoid(z) - y)`.
#[inline(always)]
fn bce<S: Lanes>(s: S, z: &mut S::f32s, y: S::f32s, weight: S::f32s) -> S::f32s {
    let (x, zero, one) = (*z, s.splat_f32s(0.0), s.splat_f32s(1.0));
    let e = exp(s, s.neg_f32s(s.abs_f32s(x)));
    let p = s.div_f32s(s.select_f32s(s.less_than_f32s(x, zero), e, one), s.add_f32s(one, e));
    *z = s.mul_f32s(weight, s.sub_f32s(p, y));
    let linear = s.sub_f32s(s.at_least(x, 0.0), s.mul_f32s(x, y));
    s.mul_f32s(weight, s.add_f32s(linear, ln_1p(s, e)))
}

/// `w Σ (z - y)² / outputs`, and `2 w (z - y) / outputs`.
#[inline(always)]
fn mse<S: Lanes>(s: S, z: &mut [S::f32s], y: &[S::f32s], weight: S::f32s, (v, nv): (usize, usize)) -> S::f32s {
    let share = s.mul_f32s(weight, s.splat_f32s(1.0 / (z.len() / nv) as f32));
    let mut sum = s.splat_f32s(0.0);
    for (z, y) in z.iter_mut().skip(v).step_by(nv).zip(y.iter().skip(v).step_by(nv)) {
        let difference = s.sub_f32s(*z, *y);
        let scaled = s.mul_f32s(share, difference);
        sum = s.fma(scaled, difference, sum);
        *z = s.add_f32s(scaled, scaled);
    }
    sum
}
