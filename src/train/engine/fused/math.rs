//! tanh, sigmoid, exp, ln and the normal distribution of vectors of float32.
//!
//! The coefficients are minimax fits that `scripts/minimax.py` finds; the largest errors below are those over every float32
//! of the range, on the instruction set where they are largest (the tests go through them). NaN stays NaN.

use crate::cpu::simd::Lanes;
use std::f32::consts::LOG2_E;

/// The coefficients' polynomial at `x`, that of x⁰ first.
#[inline(always)]
fn horner<S: Lanes, const N: usize>(s: S, x: S::f32s, coefficients: [f32; N]) -> S::f32s {
    let mut sum = s.splat_f32s(coefficients[N - 1]);
    for &coefficient in coefficients[..N - 1].iter().rev() {
        sum = s.fma(sum, x, s.splat_f32s(coefficient));
    }
    sum
}

/// The square of 9.02, from where on tanh is 1 in float32.
const TANH_ONE: f32 = 81.36;

const TANH_P: [f32; 5] = [1.0, 1.337_972e-1, 3.494_036_2e-3, 2.058_350_6e-5, 1.331_910_2e-8];
const TANH_Q: [f32; 5] = [1.0, 4.671_303_3e-1, 2.587_108e-2, 3.283_095_4e-4, 7.762_032_5e-7];
/// `(q(u) - p(u)) / u`.
const TANH_REST: [f32; 4] =
    [TANH_Q[1] - TANH_P[1], TANH_Q[2] - TANH_P[2], TANH_Q[3] - TANH_P[3], TANH_Q[4] - TANH_P[4]];

/// `x · p(x²) / q(x²)`; at most 5.3 ULP off, and 6.1 without a fused product and sum. Never beyond ±1.
#[inline(always)]
pub fn tanh<S: Lanes>(s: S, x: S::f32s) -> S::f32s {
    let u = s.at_most(s.mul_f32s(x, x), TANH_ONE);
    let (p, q) = (horner(s, u, TANH_P), horner(s, u, TANH_Q));
    s.at_most(s.at_least(s.div_f32s(s.mul_f32s(x, p), q), -1.0), 1.0)
}

/// `x - tanh(x)`, without the cancellation near 0; at most 15 ULP off.
#[inline(always)]
pub fn tanh_rest<S: Lanes>(s: S, x: S::f32s) -> S::f32s {
    let u = s.mul_f32s(x, x);
    let near = s.less_than_f32s(u, s.splat_f32s(TANH_ONE));
    let bounded = s.at_most(u, TANH_ONE);
    let share = s.div_f32s(s.mul_f32s(bounded, horner(s, bounded, TANH_REST)), horner(s, bounded, TANH_Q));
    s.select_f32s(near, s.mul_f32s(x, share), s.sub_f32s(x, tanh(s, x)))
}

/// Added to a number below 2²², it leaves the nearest whole number in the last bits.
const ROUND: f32 = 12_582_912.0;
/// ln 2 in two parts; the first has so few bits that its multiples by an exponent are exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// Where 2ⁿ is a normal number.
const EXP_RANGE: [f32; 2] = [-87.336, 88.376];

/// Of n ln 2 + r, bounded to [`EXP_RANGE`]: n in the last bits of a number, and exp(r) - 1 as r + r² p(r).
#[inline(always)]
fn exp_parts<S: Lanes>(s: S, x: S::f32s) -> (S::f32s, S::f32s) {
    let x = s.at_most(s.at_least(x, EXP_RANGE[0]), EXP_RANGE[1]);
    let rounded = s.fma(x, s.splat_f32s(LOG2_E), s.splat_f32s(ROUND));
    let n = s.sub_f32s(rounded, s.splat_f32s(ROUND));
    let r = s.fma(n, s.splat_f32s(-LN_2[0]), x);
    let r = s.fma(n, s.splat_f32s(-LN_2[1]), r);
    let p = horner(s, r, [4.999_999_4e-1, 1.666_651_5e-1, 4.166_845_6e-2, 8.369_419e-3, 1.381_314_5e-3]);
    (rounded, s.fma(s.mul_f32s(r, r), p, r))
}

/// `x 2ⁿ`: n, the last bits of `rounded`, goes into the exponent.
#[inline(always)]
fn scaled<S: Lanes>(s: S, x: S::f32s, rounded: S::f32s) -> S::f32s {
    let n = s.wrapping_dyn_shl_u32s(s.transmute_u32s_f32s(rounded), s.splat_u32s(23));
    s.transmute_f32s_u32s(s.add_u32s(s.transmute_u32s_f32s(x), n))
}

/// 2ⁿ (1 + r + r² p(r)), x being n ln 2 + r; at most 1.1 ULP off between -87.3 and 88.3, and constant beyond.
#[inline(always)]
pub fn exp<S: Lanes>(s: S, x: S::f32s) -> S::f32s {
    let (rounded, rest) = exp_parts(s, x);
    let e = scaled(s, s.add_f32s(rest, s.splat_f32s(1.0)), rounded);
    s.select_f32s(s.equal_f32s(x, x), e, x)
}

/// [`exp`], and 0 where that is no normal number.
#[inline(always)]
pub fn exp_or_zero<S: Lanes>(s: S, x: S::f32s) -> S::f32s {
    s.select_f32s(s.less_than_f32s(x, s.splat_f32s(EXP_RANGE[0])), s.splat_f32s(0.0), exp(s, x))
}

/// `exp(x) - 1`, near 0 too; at most 1.6 ULP off up to 88.3, and 1 below 0.
#[inline(always)]
pub fn exp_m1<S: Lanes>(s: S, x: S::f32s) -> S::f32s {
    let (rounded, rest) = exp_parts(s, x);
    let (one, power) = (s.splat_f32s(1.0), scaled(s, s.splat_f32s(1.0), rounded));
    let e = s.fma(power, rest, s.sub_f32s(power, one));
    s.select_f32s(s.equal_f32s(x, x), e, x)
}

/// `1 / (1 + exp(-x))`; at most 2.5 ULP off where the result is a normal number.
#[inline(always)]
pub fn sigmoid<S: Lanes>(s: S, x: S::f32s) -> S::f32s {
    let one = s.splat_f32s(1.0);
    s.div_f32s(one, s.add_f32s(one, exp(s, s.neg_f32s(x))))
}

/// The bits of √½, of 1, and of a fraction.
const ROOT_HALF: u32 = 0x3f35_04f3;
const ONE: u32 = 0x3f80_0000;
const FRACTION: u32 = 0x007f_ffff;
/// 2²³ and its bits: or'ed with a small whole number they are 2²³ and that number.
const SHIFT: (f32, u32) = (8_388_608.0, 0x4b00_0000);

/// n ln 2 + (f - f²/2 + f³ p(f)), x being 2ⁿ (1 + f) with 1 + f between √½ and √2; at most 1 ULP off for normal x > 0.
#[inline(always)]
pub fn ln<S: Lanes>(s: S, x: S::f32s) -> S::f32s {
    let above = s.sub_u32s(s.transmute_u32s_f32s(x), s.splat_u32s(ROOT_HALF));
    let n = s.wrapping_dyn_shr_u32s(s.add_u32s(above, s.splat_u32s(ONE)), s.splat_u32s(23));
    let n = s.transmute_f32s_u32s(s.or_u32s(n, s.splat_u32s(SHIFT.1)));
    let n = s.sub_f32s(n, s.splat_f32s(SHIFT.0 + 127.0));
    let m = s.add_u32s(s.and_u32s(above, s.splat_u32s(FRACTION)), s.splat_u32s(ROOT_HALF));
    let f = s.sub_f32s(s.transmute_f32s_u32s(m), s.splat_f32s(1.0));
    let p = [
        3.333_333e-1,
        -2.500_083_7e-1,
        2.000_129_2e-1,
        -1.662_276_5e-1,
        1.419_969_5e-1,
        -1.316_418_6e-1,
        1.277_911_5e-1,
        -7.646_105e-2,
    ];
    let square = s.mul_f32s(f, f);
    let tail = s.fma(s.mul_f32s(square, f), horner(s, f, p), s.mul_f32s(square, s.splat_f32s(-0.5)));
    let low = s.add_f32s(f, s.fma(n, s.splat_f32s(LN_2[1]), tail));
    let ln = s.fma(n, s.splat_f32s(LN_2[0]), low);
    s.select_f32s(s.equal_f32s(x, x), ln, x)
}

/// ln(1 + t) for t ≥ 0, also where 1 + t is rounded; at most 1.5 ULP off.
#[inline(always)]
pub fn ln_1p<S: Lanes>(s: S, t: S::f32s) -> S::f32s {
    let one = s.splat_f32s(1.0);
    let u = s.add_f32s(one, t);
    let lost = s.sub_f32s(t, s.sub_f32s(u, one));
    s.add_f32s(ln(s, u), s.div_f32s(lost, u))
}

/// From here on exp(-t²/2) is no normal number.
const NORMAL_END: f32 = 14.0;
/// All but the last twelve bits of a number.
const LEADING: u32 = 0xffff_f000;
/// 1/√(2π).
const DENSITY: f32 = 0.398_942_3;

/// The normal distribution's function and density, `Φ(x)` and `exp(-x²/2) / √(2π)`; at most 8.5 and 3.5 ULP off where
/// they are normal numbers. Φ(-t) is exp(-t²/2) p(1 / (1 + 0.3 t)).
#[inline(always)]
pub fn normal<S: Lanes>(s: S, x: S::f32s) -> (S::f32s, S::f32s) {
    let (zero, one, half) = (s.splat_f32s(0.0), s.splat_f32s(1.0), s.splat_f32s(-0.5));
    let t = s.at_most(s.abs_f32s(x), NORMAL_END);
    // The square of the leading bits is exact; what the sum of both parts loses is put to the result.
    let leading = s.transmute_f32s_u32s(s.and_u32s(s.transmute_u32s_f32s(t), s.splat_u32s(LEADING)));
    let first = s.mul_f32s(s.mul_f32s(leading, leading), half);
    let second = s.mul_f32s(s.mul_f32s(s.sub_f32s(t, leading), s.add_f32s(t, leading)), half);
    let sum = s.add_f32s(first, second);
    let lost = s.sub_f32s(second, s.sub_f32s(sum, first));
    let e = exp_or_zero(s, sum);
    let e = s.mul_f32s(e, s.add_f32s(one, lost));
    let u = s.div_f32s(one, s.fma(t, s.splat_f32s(0.3), one));
    let p = [
        6.686_147e-6,
        1.194_958_8e-1,
        1.218_620_2e-1,
        9.491_093e-2,
        1.420_027_8e-1,
        -7.573_657_5e-2,
        2.279_88e-1,
        -1.688_412_4e-1,
        3.831_154e-2,
    ];
    let tail = s.mul_f32s(e, horner(s, u, p));
    let function = s.select_f32s(s.less_than_f32s(x, zero), tail, s.sub_f32s(one, tail));
    (function, s.mul_f32s(e, s.splat_f32s(DENSITY)))
}

#[cfg(test)]
mod tests;
