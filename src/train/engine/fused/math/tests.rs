use super::*;
use crate::cpu::simd::{Isa, Work};
use tch::Tensor;

#[derive(Clone, Copy)]
enum Function {
    Tanh,
    Exp,
    Sigmoid,
    Ln,
    Ln1p,
    TanhRest,
    ExpM1,
    Normal,
    Density,
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
                Function::TanhRest => tanh_rest(s, x),
                Function::ExpM1 => exp_m1(s, x),
                Function::Normal => normal(s, x).0,
                Function::Density => normal(s, x).1,
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
fn largest(isa: Isa, function: Function, low: f32, high: f32, step: usize) -> f64 {
    let (first, last) = (low.to_bits().min(high.to_bits()), low.to_bits().max(high.to_bits()));
    let mut worst = 0.0f64;
    let all: Vec<u32> = (first..=last).step_by(step).chain([last]).collect();
    for bits in all.chunks(4096) {
        let x: Vec<f32> = bits.iter().map(|&bits| f32::from_bits(bits)).collect();
        let mut y = x.clone();
        isa.run(Apply(function, &mut y));
        // Subnormal numbers are zero, on their way in and on their way out.
        let x: Vec<f64> = x.iter().map(|x| if x.is_subnormal() { 0.0 } else { f64::from(*x) }).collect();
        for (expected, y) in reference(function, &x).into_iter().zip(y) {
            let flushed = expected.abs() < f64::from(f32::MIN_POSITIVE) && y == 0.0;
            worst = worst.max(if flushed { 0.0 } else { ulps(y, expected) });
        }
    }
    worst
}

/// Function, range, the bound that its documentation states.
const CLAIMS: [(Function, f32, f32, f64); 21] = [
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
    (Function::TanhRest, 1e-12, f32::MAX, 15.0),
    (Function::TanhRest, -1e-12, f32::MIN, 15.0),
    (Function::TanhRest, 1e-3, 9.5, 15.0),
    (Function::ExpM1, 0.0, 88.3, 1.6),
    (Function::ExpM1, -0.0, f32::MIN, 1.0),
    (Function::ExpM1, -1e-3, -20.0, 1.0),
    (Function::Normal, 0.0, f32::MAX, 4.5),
    (Function::Normal, -0.0, -13.0, 8.5),
    (Function::Density, 0.0, 13.0, 3.5),
];

fn reference(function: Function, x: &[f64]) -> Vec<f64> {
    let each = |f: fn(f64) -> f64| x.iter().map(|x| f(*x)).collect();
    match function {
        Function::Tanh => each(f64::tanh),
        Function::Exp => each(f64::exp),
        Function::Sigmoid => each(|x| 1.0 / (1.0 + (-x).exp())),
        Function::Ln => each(f64::ln),
        Function::Ln1p => each(f64::ln_1p),
        Function::ExpM1 => each(f64::exp_m1),
        Function::TanhRest => each(tanh_rest_in_double),
        Function::Normal => {
            let half = Tensor::from_slice(x) * -std::f64::consts::FRAC_1_SQRT_2;
            Vec::try_from(half.erfc() * 0.5).unwrap()
        }
        Function::Density => each(|x| (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()),
    }
}

/// By its series where the difference would cancel.
fn tanh_rest_in_double(x: f64) -> f64 {
    let u = x * x;
    let series = [1382.0 / 155_925.0, -62.0 / 2835.0, 17.0 / 315.0, -2.0 / 15.0, 1.0 / 3.0];
    if x.abs() > 0.03 { x - x.tanh() } else { x * u * series.iter().fold(0.0, |sum, c| sum * u + c) }
}

fn hold(step: usize) {
    for isa in Isa::all() {
        for (index, (function, low, high, bound)) in CLAIMS.into_iter().enumerate() {
            let fused = !matches!(isa, Isa::Portable);
            let bound = if matches!(function, Function::Tanh) && fused { 5.3 } else { bound };
            let worst = largest(isa, function, low, high, step);
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
        for function in [
            Function::Tanh,
            Function::Exp,
            Function::Sigmoid,
            Function::Ln,
            Function::Ln1p,
            Function::TanhRest,
            Function::ExpM1,
            Function::Normal,
            Function::Density,
        ] {
            let mut x = [f32::NAN; 16];
            isa.run(Apply(function, &mut x));
            assert!(x.iter().all(|x| x.is_nan()), "{}", isa.name());
        }
        let mut x = [f32::INFINITY, f32::NEG_INFINITY];
        isa.run(Apply(Function::Tanh, &mut x));
        assert_eq!(x, [1.0, -1.0]);
        for (function, limits) in [
            (Function::ExpM1, [f32::INFINITY, -1.0]),
            (Function::Normal, [1.0, 0.0]),
            (Function::Density, [0.0, 0.0]),
            (Function::TanhRest, [f32::INFINITY, f32::NEG_INFINITY]),
        ] {
            let mut x = [f32::INFINITY, f32::NEG_INFINITY];
            isa.run(Apply(function, &mut x));
            // exp is constant from 88.4 on.
            assert!(x[0] == limits[0] || limits[0] > 1e38 && x[0] > 1e38, "{}: {x:?}", isa.name());
            assert_eq!(x[1], limits[1]);
        }
    }
}
