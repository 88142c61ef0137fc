//! A layer with its activation, and the way back through both: each sum is finished before it leaves its register.

use super::math::{sigmoid, tanh};
use super::plan::Activation;
use super::product::Weights;
use crate::cpu::simd::Lanes;

/// `h = f(W a + b)`.
#[inline(always)]
pub fn forward<S: Lanes, const NV: usize>(
    s: S,
    (weights, activation): (Weights<'_, false>, Activation),
    a: &[S::f32s],
    nv: usize,
    h: &mut [S::f32s],
) {
    macro_rules! product {
        ($f:expr) => {
            weights.product::<S, NV>(s, a, nv, h, $f)
        };
    }
    match activation {
        Activation::Identity => product!(
            #[inline(always)]
            |z, h: &mut S::f32s| *h = z
        ),
        Activation::Relu => product!(
            #[inline(always)]
            |z, h: &mut S::f32s| *h = s.at_least(z, 0.0)
        ),
        Activation::Tanh => product!(
            #[inline(always)]
            |z, h: &mut S::f32s| *h = tanh(s, z)
        ),
        Activation::Sigmoid => product!(
            #[inline(always)]
            |z, h: &mut S::f32s| *h = sigmoid(s, z)
        ),
    }
}

/// `h = (Wᵀ dz) f'`, f' written in terms of what h was, f of its argument. As in PyTorch, relu lets NaN through.
#[inline(always)]
pub fn backward<S: Lanes, const NV: usize>(
    s: S,
    (weights, activation): (Weights<'_, true>, Activation),
    dz: &[S::f32s],
    nv: usize,
    h: &mut [S::f32s],
) {
    let (zero, one) = (s.splat_f32s(0.0), s.splat_f32s(1.0));
    macro_rules! product {
        (|$h:ident, $d:ident| $f:expr) => {
            weights.product::<S, NV>(
                s,
                dz,
                nv,
                h,
                #[inline(always)]
                |$d, h: &mut S::f32s| {
                    let $h = *h;
                    *h = $f;
                },
            )
        };
    }
    match activation {
        Activation::Identity => product!(|_h, d| d),
        Activation::Relu => product!(|h, d| s.select_f32s(s.less_than_or_equal_f32s(h, zero), zero, d)),
        Activation::Tanh => product!(|h, d| s.mul_f32s(d, s.negate_mul_add_e_f32s(h, h, one))),
        Activation::Sigmoid => product!(|h, d| s.mul_f32s(d, s.mul_f32s(h, s.sub_f32s(one, h)))),
    }
}
