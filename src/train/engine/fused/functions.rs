//! The activations by themselves: values and slopes `f'(z)` of a panel, with PyTorch's choice of the slope where there are two.

use super::bend::{Bend, SELU_END, SELU_SCALE};
use super::math::{exp_m1, exp_or_zero, ln_1p, normal, sigmoid, tanh, tanh_rest};
use crate::cpu::simd::Lanes;
use crate::model::activation::Activation;

/// `h = f(h)` of a panel, and with `slopes` the f' of what h was.
#[inline(always)]
pub fn apply<S: Lanes>(s: S, activation: Activation, h: &mut [S::f32s], slopes: Option<&mut [S::f32s]>) {
    macro_rules! each {
        (|$z:ident| $pair:expr) => {
            match slopes {
                Some(slopes) => {
                    for (h, slope) in h.iter_mut().zip(slopes) {
                        let $z = *h;
                        (*h, *slope) = $pair;
                    }
                }
                None => {
                    for h in h {
                        let $z = *h;
                        *h = $pair.0;
                    }
                }
            }
        };
    }
    let bend = Bend::of(activation);
    macro_rules! bend {
        ($f:ident) => {
            each!(|z| {
                let h = $f(s, z);
                (h, bend.slope(s, h))
            })
        };
    }
    match activation {
        Activation::Identity => each!(|z| identity(s, z)),
        Activation::Relu => bend!(relu),
        Activation::LeakyRelu => bend!(leaky_relu),
        Activation::Elu | Activation::Celu => bend!(elu),
        Activation::Selu => bend!(selu),
        Activation::Relu6 => bend!(relu6),
        Activation::Hardtanh => bend!(hardtanh),
        Activation::Tanh => each!(|z| tanh_with_slope(s, z)),
        Activation::Sigmoid => each!(|z| sigmoid_with_slope(s, z)),
        Activation::Gelu => each!(|z| gelu(s, z)),
        Activation::Silu => each!(|z| silu(s, z)),
        Activation::Softplus => each!(|z| softplus(s, z)),
        Activation::Softsign => each!(|z| softsign(s, z)),
        Activation::Mish => each!(|z| mish(s, z)),
        Activation::Hardswish => each!(|z| hardswish(s, z)),
        Activation::Hardsigmoid => each!(|z| hardsigmoid(s, z)),
        Activation::LogSigmoid => each!(|z| log_sigmoid(s, z)),
        Activation::Tanhshrink => each!(|z| tanhshrink(s, z)),
    }
}

#[inline(always)]
fn identity<S: Lanes>(s: S, z: S::f32s) -> (S::f32s, S::f32s) {
    (z, s.splat_f32s(1.0))
}

#[inline(always)]
fn relu<S: Lanes>(s: S, z: S::f32s) -> S::f32s {
    s.at_least(z, 0.0)
}

#[inline(always)]
fn relu6<S: Lanes>(s: S, z: S::f32s) -> S::f32s {
    s.at_most(s.at_least(z, 0.0), 6.0)
}

#[inline(always)]
fn hardtanh<S: Lanes>(s: S, z: S::f32s) -> S::f32s {
    s.at_most(s.at_least(z, -1.0), 1.0)
}

/// `z` above 0, else `0.01 z`.
#[inline(always)]
fn leaky_relu<S: Lanes>(s: S, z: S::f32s) -> S::f32s {
    let above = s.greater_than_f32s(z, s.splat_f32s(0.0));
    s.select_f32s(above, z, s.mul_f32s(z, s.splat_f32s(0.01)))
}

/// `z` above 0, else `exp(z) - 1`.
#[inline(always)]
fn elu<S: Lanes>(s: S, z: S::f32s) -> S::f32s {
    s.select_f32s(s.greater_than_f32s(z, s.splat_f32s(0.0)), z, exp_m1(s, z))
}

/// `scale z` above 0, else `scale alpha (exp(z) - 1)`.
#[inline(always)]
fn selu<S: Lanes>(s: S, z: S::f32s) -> S::f32s {
    let factor = s.greater_than_f32s(z, s.splat_f32s(0.0));
    let factor = s.select_f32s(factor, s.splat_f32s(SELU_SCALE), s.splat_f32s(SELU_END));
    s.mul_f32s(elu(s, z), factor)
}

#[inline(always)]
fn tanh_with_slope<S: Lanes>(s: S, z: S::f32s) -> (S::f32s, S::f32s) {
    let h = tanh(s, z);
    (h, s.negate_mul_add_e_f32s(h, h, s.splat_f32s(1.0)))
}

#[inline(always)]
fn sigmoid_with_slope<S: Lanes>(s: S, z: S::f32s) -> (S::f32s, S::f32s) {
    let h = sigmoid(s, z);
    (h, s.mul_f32s(h, s.sub_f32s(s.splat_f32s(1.0), h)))
}

/// `z Φ(z)`, Φ being the normal distribution's function.
#[inline(always)]
fn gelu<S: Lanes>(s: S, z: S::f32s) -> (S::f32s, S::f32s) {
    let (function, density) = normal(s, z);
    (s.mul_f32s(z, function), s.fma(z, density, function))
}

/// `exp(-|z|)`, with `σ(z)` and `σ(-z)`.
#[inline(always)]
fn logistic<S: Lanes>(s: S, z: S::f32s) -> (S::f32s, S::f32s, S::f32s) {
    let (zero, one) = (s.splat_f32s(0.0), s.splat_f32s(1.0));
    let e = exp_or_zero(s, s.neg_f32s(s.abs_f32s(z)));
    let large = s.div_f32s(one, s.add_f32s(one, e));
    let small = s.mul_f32s(e, large);
    let negative = s.less_than_f32s(z, zero);
    (e, s.select_f32s(negative, small, large), s.select_f32s(negative, large, small))
}

/// `z σ(z)`.
#[inline(always)]
fn silu<S: Lanes>(s: S, z: S::f32s) -> (S::f32s, S::f32s) {
    let (_, share, rest) = logistic(s, z);
    (s.mul_f32s(z, share), s.mul_f32s(share, s.fma(z, rest, s.splat_f32s(1.0))))
}

/// `ln(1 + exp(z))`: from PyTorch's threshold of 20 on that is z in float32.
#[inline(always)]
fn softplus<S: Lanes>(s: S, z: S::f32s) -> (S::f32s, S::f32s) {
    let (e, share, _) = logistic(s, z);
    (s.add_f32s(s.at_least(z, 0.0), ln_1p(s, e)), share)
}

/// `ln σ(z)`.
#[inline(always)]
fn log_sigmoid<S: Lanes>(s: S, z: S::f32s) -> (S::f32s, S::f32s) {
    let (e, _, rest) = logistic(s, z);
    (s.sub_f32s(s.at_most(z, 0.0), ln_1p(s, e)), rest)
}

/// `z / (1 + |z|)`.
#[inline(always)]
fn softsign<S: Lanes>(s: S, z: S::f32s) -> (S::f32s, S::f32s) {
    let below = s.add_f32s(s.abs_f32s(z), s.splat_f32s(1.0));
    let share = s.div_f32s(s.splat_f32s(1.0), below);
    (s.div_f32s(z, below), s.mul_f32s(share, share))
}

/// `z t` with `t = tanh(ln(1 + exp(z)))`, which is `(y² + 2y) / (y² + 2y + 2)` for y = exp(z). With e = exp(-|z|), and k = e above 0
/// and 1 below, that is `n / (n + 2 k²)`, and `t' = 4 e k (1 + e) / (n + 2 k²)²`.
#[inline(always)]
fn mish<S: Lanes>(s: S, z: S::f32s) -> (S::f32s, S::f32s) {
    let (one, two) = (s.splat_f32s(1.0), s.splat_f32s(2.0));
    let e = exp_or_zero(s, s.neg_f32s(s.abs_f32s(z)));
    let negative = s.less_than_f32s(z, s.splat_f32s(0.0));
    let (k, twice) = (s.select_f32s(negative, one, e), s.add_f32s(e, e));
    let n = s.select_f32s(negative, s.mul_f32s(e, s.add_f32s(e, two)), s.add_f32s(one, twice));
    let share = s.div_f32s(one, s.fma(s.mul_f32s(two, k), k, n));
    let t = s.mul_f32s(n, share);
    let slope = s.mul_f32s(s.mul_f32s(s.mul_f32s(twice, two), k), s.add_f32s(one, e));
    let slope = s.mul_f32s(slope, s.mul_f32s(share, share));
    (s.mul_f32s(z, t), s.fma(z, slope, t))
}

/// `min(max(z + 3, 0), 6)`.
#[inline(always)]
fn ramp<S: Lanes>(s: S, z: S::f32s) -> S::f32s {
    s.at_most(s.at_least(s.add_f32s(z, s.splat_f32s(3.0)), 0.0), 6.0)
}

/// `z min(max(z + 3, 0), 6) / 6`; the slope is 0 at -3 and 1 at 3.
#[inline(always)]
fn hardswish<S: Lanes>(s: S, z: S::f32s) -> (S::f32s, S::f32s) {
    let (zero, one, three) = (s.splat_f32s(0.0), s.splat_f32s(1.0), s.splat_f32s(3.0));
    let between = s.fma(z, s.splat_f32s(1.0 / 3.0), s.splat_f32s(0.5));
    let above = s.greater_than_or_equal_f32s(z, three);
    let below = s.less_than_or_equal_f32s(z, s.neg_f32s(three));
    let slope = s.select_f32s(below, zero, s.select_f32s(above, one, between));
    (s.div_f32s(s.mul_f32s(z, ramp(s, z)), s.splat_f32s(6.0)), slope)
}

/// `min(max(z + 3, 0), 6) / 6`; the slope is 0 at -3 and 3.
#[inline(always)]
fn hardsigmoid<S: Lanes>(s: S, z: S::f32s) -> (S::f32s, S::f32s) {
    let inside = s.less_than_f32s(s.abs_f32s(z), s.splat_f32s(3.0));
    let slope = s.select_f32s(inside, s.splat_f32s(1.0 / 6.0), s.splat_f32s(0.0));
    (s.div_f32s(ramp(s, z), s.splat_f32s(6.0)), slope)
}

/// `z - tanh(z)`.
#[inline(always)]
fn tanhshrink<S: Lanes>(s: S, z: S::f32s) -> (S::f32s, S::f32s) {
    let t = tanh(s, z);
    (tanh_rest(s, z), s.mul_f32s(t, t))
}

#[cfg(test)]
mod tests;
