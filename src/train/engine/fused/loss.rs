//! The losses over a panel: the sum of the rows' losses, and in place of the outputs their gradients.

use super::math::{exp, ln, ln_1p};
use crate::cpu::simd::Lanes;
use crate::model::loss::LossKind;

/// Outputs `z [outputs][nv]`, targets `[nv]` as classes or `[outputs][nv]` as values, row weights `[nv]`.
pub struct Scored<'a, V> {
    pub z: &'a mut [V],
    pub targets: &'a [V],
    pub weights: &'a [V],
    /// Of each class, where `weights` are without them: under label smoothing.
    pub class_weight: Option<&'a [f32]>,
}

impl<V: Copy> Scored<'_, V> {
    /// The weighted sum of the losses; `z` becomes its gradient.
    #[inline(always)]
    pub fn score<S: Lanes<f32s = V>>(self, s: S, kind: LossKind) -> f32 {
        let mut sum = s.splat_f32s(0.0);
        let nv = self.weights.len();
        for v in 0..nv {
            let loss = match kind {
                LossKind::CrossEntropy { label_smoothing: 0.0 } => {
                    cross_entropy(s, self.z, self.targets[v], self.weights[v], (v, nv))
                }
                LossKind::CrossEntropy { label_smoothing } => {
                    let smoothing = (label_smoothing, self.class_weight);
                    smoothed(s, self.z, (self.targets[v], self.weights[v]), smoothing, (v, nv))
                }
                LossKind::Bce => bce(s, &mut self.z[v], self.targets[v], self.weights[v]),
                LossKind::Mse | LossKind::Mae | LossKind::Huber { .. } => {
                    values(s, kind, self.z, self.targets, self.weights[v], (v, nv))
                }
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

/// The same with labels smoothed as PyTorch does it, where the weight c of each class goes with its share of the label:
/// `w Σ t (ln Σ exp(z) - z)`, and `w (softmax(z) Σ t - t)`. t is `smoothing c / outputs`, of the row's class `(1 - smoothing) c` more.
#[inline(always)]
fn smoothed<S: Lanes>(
    s: S,
    z: &mut [S::f32s],
    (class, weight): (S::f32s, S::f32s),
    (smoothing, class_weight): (f64, Option<&[f32]>),
    (v, nv): (usize, usize),
) -> S::f32s {
    let zero = s.splat_f32s(0.0);
    let max = z.iter().skip(v).step_by(nv).fold(z[v], |max, z| s.max_f32s(max, *z));
    let (every, own) = ((smoothing / (z.len() / nv) as f64) as f32, (1.0 - smoothing) as f32);
    macro_rules! label {
        ($unit:ident) => {{
            let c = class_weight.map_or(1.0, |weights| weights[$unit]);
            let hit = s.equal_f32s(class, s.splat_f32s($unit as f32));
            s.select_f32s(hit, s.splat_f32s((every + own) * c), s.splat_f32s(every * c))
        }};
    }
    let (mut sum, mut total, mut logits) = (zero, zero, zero);
    for (unit, z) in z.iter_mut().skip(v).step_by(nv).enumerate() {
        let (below, label) = (s.sub_f32s(*z, max), label!(unit));
        total = s.add_f32s(total, label);
        logits = s.fma(label, below, logits);
        *z = exp(s, below);
        sum = s.add_f32s(sum, *z);
    }
    let scale = s.div_f32s(total, sum);
    for (unit, z) in z.iter_mut().skip(v).step_by(nv).enumerate() {
        *z = s.mul_f32s(weight, s.sub_f32s(s.mul_f32s(*z, scale), label!(unit)));
    }
    s.mul_f32s(weight, s.sub_f32s(s.mul_f32s(total, ln(s, sum)), logits))
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

/// `w Σ l(z - y) / outputs`, and `w l'(z - y) / outputs`. With d for the difference l is d², |d|, or Huber's: `d²/2` below delta and
/// `delta (|d| - delta/2)` from there on, which with the smaller c of both is `c (|d| - c/2)`.
#[inline(always)]
fn values<S: Lanes>(
    s: S,
    kind: LossKind,
    z: &mut [S::f32s],
    y: &[S::f32s],
    weight: S::f32s,
    (v, nv): (usize, usize),
) -> S::f32s {
    let share = s.mul_f32s(weight, s.splat_f32s(1.0 / (z.len() / nv) as f32));
    let (zero, mut sum) = (s.splat_f32s(0.0), s.splat_f32s(0.0));
    macro_rules! each {
        (|$d:ident| $first:expr, $second:expr, $gradient:expr) => {
            for (z, y) in z.iter_mut().skip(v).step_by(nv).zip(y.iter().skip(v).step_by(nv)) {
                let $d = s.sub_f32s(*z, *y);
                sum = s.fma($first, $second, sum);
                *z = $gradient;
            }
        };
    }
    match kind {
        LossKind::Mae => each!(|d| share, s.abs_f32s(d), {
            let below = s.select_f32s(s.less_than_f32s(d, zero), s.neg_f32s(share), zero);
            s.select_f32s(s.greater_than_f32s(d, zero), share, below)
        }),
        LossKind::Huber { delta } => {
            let (delta, half) = (delta as f32, s.splat_f32s(-0.5));
            let least = |d| s.at_most(s.abs_f32s(d), delta);
            each!(
                |d| s.mul_f32s(share, least(d)),
                s.fma(least(d), half, s.abs_f32s(d)),
                s.mul_f32s(share, s.at_most(s.at_least(d, -delta), delta))
            )
        }
        _ => each!(|d| s.mul_f32s(share, d), d, {
            let scaled = s.mul_f32s(share, d);
            s.add_f32s(scaled, scaled)
        }),
    }
    sum
}
