//! tanh, sigmoid, exp and ln of vectors of float32.
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

/// `x · p(x²) / q(x²)`; at most 5.3 ULP off, and 6.1 without a fused product and sum. Never beyond ±1.
#[inline(always)]
pub fn tanh<S: Lanes>(s: S, x: S::f32s) -> S::f32s {
    let u = s.at_most(s.mul_f32s(x, x), TANH_ONE);
    let p = horner(s, u, [1.0, 1.337_972e-1, 3.494_036_2e-3, 2.058_350_6e-5, 1.331_910_2e-8]);
    let q = horner(s, u, [1.0, 4.671_303_3e-1, 2.587_108e-2, 3.283_095_4e-4, 7.762_032_5e-7]);
    s.at_most(s.at_least(s.div_f32s(s.mul_f32s(x, p), q), -1.0), 1.0)
}

/// Added to a number below 2²², it leaves the nearest whole number in the last bits.
const ROUND: f32 = 12_582_912.0;
/// ln 2 in two parts; the first has so few bits that its multiples by an exponent are exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// Where 2ⁿ is a normal number.
const EXP_RANGE: [f32; 2] = [-87.336, 88.376];

/// 2ⁿ (1 + r + r² p(r)), x being n ln 2 + r; at most 1.1 ULP off between -87.3 and 88.3, and constant beyond.
#[inline(always)]
pub fn exp<S: Lanes>(s: S, x: S::f32s) -> S::f32s {
    let x = s.at_most(s.at_least(x, EXP_RANGE[0]), EXP_RANGE[1]);
    let rounded = s.fma(x, s.splat_f32s(LOG2_E), s.splat_f32s(ROUND));
    let n = s.sub_f32s(rounded, s.splat_f32s(ROUND));
    let r = s.fma(n, s.splat_f32s(-LN_2[0]), x);
    let r = s.fma(n, s.splat_f32s(-LN_2[1]), r);
    let p = horner(s, r, [4.999_999_4e-1, 1.666_651_5e-1, 4.166_845_6e-2, 8.369_419e-3, 1.381_314_5e-3]);
    let e = s.add_f32s(s.fma(s.mul_f32s(r, r), p, r), s.splat_f32s(1.0));
    // The product with 2ⁿ: n, the last bits of `rounded`, goes into the exponent.
    let n = s.wrapping_dyn_shl_u32s(s.transmute_u32s_f32s(rounded), s.splat_u32s(23));
    let scaled = s.transmute_f32s_u32s(s.add_u32s(s.transmute_u32s_f32s(e), n));
    s.select_f32s(s.equal_f32s(x, x), scaled, x)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::simd::{Isa, Work};

    #[derive(Clone, Copy)]
    enum Function {
        Tanh,
        Exp,
        Sigmoid,
        Ln,
        Ln1p,
    }

    struct Apply<'a>(Function, &'a mut [f32]);

    impl Work for Apply<'_> {
        type Output = ();

        #[inline(always)]
        fn run<S: Lanes, const NV: usize>(self, s: S) {
            for chunk in self.1.chunks_mut(S::F32_LANES) {
                let x = s.partial_load_f32s(chunk);
                let y = match self.0 {
                    Function::Tanh => tanh(s, x),
                    Function::Exp => exp(s, x),
                    Function::Sigmoid => sigmoid(s, x),
                    Function::Ln => ln(s, x),
                    Function::Ln1p => ln_1p(s, x),
                };
                s.partial_store_f32s(chunk, y);
            }
        }
    }

    /// The distance of two floats: `expected` in double precision, the unit that of float32 there.
    fn ulps(found: f32, expected: f64) -> f64 {
        let exponent = expected.abs().max(f64::from(f32::MIN_POSITIVE)).log2().floor();
        (f64::from(found) - expected).abs() / (exponent - 23.0).exp2()
    }

    /// The largest error over the floats from `low` to `high`, both of one sign: every one, or with a step.
    fn largest(isa: Isa, function: Function, low: f32, high: f32, step: usize, expected: impl Fn(f64) -> f64) -> f64 {
        let (first, last) = (low.to_bits().min(high.to_bits()), low.to_bits().max(high.to_bits()));
        let mut worst = 0.0f64;
        let all: Vec<u32> = (first..=last).step_by(step).chain([last]).collect();
        for bits in all.chunks(4096) {
            let x: Vec<f32> = bits.iter().map(|&bits| f32::from_bits(bits)).collect();
            let mut y = x.clone();
            isa.run(Apply(function, &mut y));
            for (x, y) in x.iter().zip(y) {
                // Subnormal numbers are zero, on their way in and on their way out.
                let expected = expected(if x.is_subnormal() { 0.0 } else { f64::from(*x) });
                let flushed = expected.abs() < f64::from(f32::MIN_POSITIVE) && y == 0.0;
                worst = worst.max(if flushed { 0.0 } else { ulps(y, expected) });
            }
        }
        worst
    }

    /// Function, range, the bound that its documentation states.
    const CLAIMS: [(Function, f32, f32, f64); 12] = [
        (Function::Tanh, 0.0, f32::MAX, 6.1),
        (Function::Tanh, -0.0, f32::MIN, 6.1),
        (Function::Exp, 0.0, 88.3, 1.1),
        (Function::Exp, -0.0, -87.3, 1.1),
        (Function::Sigmoid, 0.0, f32::MAX, 2.5),
        (Function::Sigmoid, -0.0, -87.3, 2.5),
        (Function::Ln, f32::MIN_POSITIVE, f32::MAX, 1.0),
        (Function::Ln1p, 0.0, f32::MAX, 1.5),
        (Function::Ln1p, 0.0, 1.0, 1.5),
        (Function::Exp, -1.0, -1e-3, 1.1),
        (Function::Tanh, 1e-4, 9.5, 6.1),
        (Function::Tanh, -1e-4, -9.5, 6.1),
    ];

    fn reference(function: Function) -> fn(f64) -> f64 {
        match function {
            Function::Tanh => f64::tanh,
            Function::Exp => f64::exp,
            Function::Sigmoid => |x| 1.0 / (1.0 + (-x).exp()),
            Function::Ln => f64::ln,
            Function::Ln1p => f64::ln_1p,
        }
    }

    fn hold(step: usize) {
        for isa in Isa::all() {
            for (index, (function, low, high, bound)) in CLAIMS.into_iter().enumerate() {
                let fused = !matches!(isa, Isa::Portable);
                let bound = if matches!(function, Function::Tanh) && fused { 5.3 } else { bound };
                let worst = largest(isa, function, low, high, step, reference(function));
                println!("{} claim {index}: {worst:.3} of {bound}", isa.name());
                assert!(worst <= bound, "claim {index} on {}: {worst} ULP", isa.name());
            }
        }
    }

    /// A prime step, so that every mantissa bit varies.
    #[test]
    fn errors_stay_below_their_bounds_over_the_whole_range() {
        hold(997);
    }

    #[test]
    #[ignore = "every float32, some minutes: cargo test --release -- --ignored every_float"]
    fn errors_stay_below_their_bounds_at_every_float() {
        hold(1);
    }

    #[test]
    fn nan_stays_nan_and_infinity_has_its_limit() {
        for isa in Isa::all() {
            for function in [Function::Tanh, Function::Exp, Function::Sigmoid, Function::Ln, Function::Ln1p] {
                let mut x = [f32::NAN; 16];
                isa.run(Apply(function, &mut x));
                assert!(x.iter().all(|x| x.is_nan()), "{}", isa.name());
            }
            let mut x = [f32::INFINITY, f32::NEG_INFINITY];
            isa.run(Apply(Function::Tanh, &mut x));
            assert_eq!(x, [1.0, -1.0]);
        }
    }
}
