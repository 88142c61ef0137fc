//! A layer with its activation, and the way back through both: each sum is finished before it leaves its register.

use super::bend::Bend;
use super::math::{sigmoid, tanh};
use super::product::Weights;
use crate::cpu::simd::Lanes;
use crate::model::activation::Activation;

/// Whether [`forward`] has the activation. Each that it has is a copy of the product's code, so the others follow it, see
/// [`super::functions`].
pub fn is_in_product(activation: Activation) -> bool {
    matches!(activation, Activation::Identity | Activation::Relu | Activation::Tanh | Activation::Sigmoid)
}

/// Whether the slope can be read off the value: without it, [`backward`] has to be given the slopes.
pub fn is_known_by_value(activation: Activation) -> bool {
    use Activation::*;
    is_in_product(activation) || matches!(activation, LeakyRelu | Elu | Celu | Selu | Relu6 | Hardtanh)
}

/// `h = f(W a + b)`; `h = W a + b` where f is not [`is_in_product`].
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
        _ => product!(
            #[inline(always)]
            |z, h: &mut S::f32s| *h = z
        ),
    }
}

/// `h = (Wᵀ dz) f'`, f' written in terms of what h was, f of its argument; without an activation h was f' itself. As in PyTorch,
/// relu lets NaN through.
#[inline(always)]
pub fn backward<S: Lanes, const NV: usize>(
    s: S,
    (weights, activation): (Weights<'_, true>, Option<Activation>),
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
        Some(Activation::Identity) => product!(|_h, d| d),
        Some(Activation::Relu) => product!(|h, d| s.select_f32s(s.less_than_or_equal_f32s(h, zero), zero, d)),
        Some(Activation::Tanh) => product!(|h, d| s.mul_f32s(d, s.negate_mul_add_e_f32s(h, h, one))),
        Some(Activation::Sigmoid) => product!(|h, d| s.mul_f32s(d, s.mul_f32s(h, s.sub_f32s(one, h)))),
        Some(bent) => {
            let bend = Bend::of(bent);
            product!(|h, d| s.mul_f32s(d, bend.slope(s, h)))
        }
        None => product!(|slope, d| s.mul_f32s(d, slope)),
    }
}
