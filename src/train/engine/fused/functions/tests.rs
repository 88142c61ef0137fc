use super::*;
use crate::cpu::simd::{Isa, Work};
use tch::{Kind, Tensor};

struct Panel<'a> {
    activation: Activation,
    h: &'a mut [f32],
    slopes: Option<&'a mut [f32]>,
}

impl Work for Panel<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes, const NV: usize>(mut self, s: S) {
        for (index, chunk) in self.h.chunks_mut(S::F32_LANES).enumerate() {
            let (mut h, mut slope) = ([s.partial_load_f32s(chunk)], [s.splat_f32s(0.0)]);
            apply(s, self.activation, &mut h, self.slopes.is_some().then_some(&mut slope[..]));
            s.partial_store_f32s(chunk, h[0]);
            if let Some(slopes) = &mut self.slopes {
                s.partial_store_f32s(&mut slopes[index * S::F32_LANES..][..chunk.len()], slope[0]);
            }
        }
    }
}

/// Values and slopes at `z`; the values alone must be the same.
fn of(isa: Isa, activation: Activation, z: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let (mut h, mut slopes, mut alone) = (z.to_vec(), vec![0.0; z.len()], z.to_vec());
    isa.run(Panel { activation, h: &mut h, slopes: Some(&mut slopes) });
    isa.run(Panel { activation, h: &mut alone, slopes: None });
    assert!(h.iter().zip(&alone).all(|(a, b)| a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()), "{activation}");
    (h, slopes)
}

/// The same by autograd.
fn autograd(activation: Activation, z: &[f32], kind: Kind) -> (Vec<f64>, Vec<f64>) {
    let z = Tensor::from_slice(z).to_kind(kind).set_requires_grad(true);
    let h = activation.apply(&z).unwrap();
    let slopes = Tensor::run_backward(&[&h.sum(kind)], &[&z], false, false);
    let numbers = |tensor: &Tensor| Vec::<f64>::try_from(tensor.detach().to_kind(Kind::Double)).unwrap();
    (numbers(&h), numbers(&slopes[0]))
}

/// The largest error of a value, in its last place, and of a slope, in the last place of 1.
const BOUNDS: [(Activation, f64, f64); 19] = [
    (Activation::Identity, 0.0, 0.0),
    (Activation::Relu, 0.0, 0.0),
    (Activation::Tanh, 6.1, 6.0),
    (Activation::Sigmoid, 2.5, 1.0),
    (Activation::Gelu, 10.0, 2.0),
    (Activation::Silu, 3.3, 2.0),
    (Activation::LeakyRelu, 0.9, 0.01),
    (Activation::Elu, 1.0, 0.5),
    (Activation::Selu, 2.2, 1.2),
    (Activation::Celu, 1.0, 0.5),
    (Activation::Softplus, 2.2, 0.8),
    (Activation::Softsign, 1.5, 1.8),
    (Activation::Mish, 4.5, 1.8),
    (Activation::Relu6, 0.0, 0.0),
    (Activation::Hardtanh, 0.0, 0.0),
    (Activation::Hardswish, 2.0, 0.7),
    (Activation::Hardsigmoid, 1.0, 0.05),
    (Activation::LogSigmoid, 2.2, 0.8),
    (Activation::Tanhshrink, 15.0, 6.0),
];

/// What passes for 0: a value may be 88 times the smallest normal number where that is flushed.
const VANISHING: f64 = 1.1e-36;

/// Largest errors over `z`, in the units of [`BOUNDS`].
fn errors(isa: Isa, activation: Activation, z: &[f32]) -> (f64, f64) {
    let (found, expected) = (of(isa, activation, z), autograd(activation, z, Kind::Double));
    let (mut value, mut slope) = (0.0f64, 0.0f64);
    for (index, &z) in z.iter().enumerate() {
        let (wanted, off) = (expected.0[index], (f64::from(found.0[index]) - expected.0[index]).abs());
        // What libtorch's own difference of two doubles loses.
        let off = (off - 3e-16 * f64::from(z.abs())).max(0.0);
        let last = (wanted.abs().max(f64::from(f32::MIN_POSITIVE)).log2().floor() - 23.0).exp2();
        value = value.max(if off <= VANISHING { 0.0 } else { off / last });
        slope = slope.max((f64::from(found.1[index]) - expected.1[index]).abs() / 2f64.powi(-23));
    }
    (value, slope)
}

/// A prime step, so that every mantissa bit varies, up to where a product overflows in PyTorch too; then the range in which the functions change, more closely.
fn everywhere() -> Vec<f32> {
    let all = (0..u32::MAX).step_by(19_997).map(f32::from_bits).filter(|z| z.is_normal() && z.abs() < 1e37);
    all.chain((-400_000..400_000).map(|step| step as f32 * 1.03e-4)).collect()
}

#[test]
fn values_and_slopes_are_those_of_double_precision() {
    let z = everywhere();
    let mut wrong = Vec::new();
    for isa in Isa::all() {
        for (activation, value, slope) in BOUNDS {
            let found = errors(isa, activation, &z);
            println!("{} {activation}: {:.3} of {value}, slope {:.3} of {slope}", isa.name(), found.0, found.1);
            if found.0 > value || found.1 > slope {
                wrong.push(format!("{} {activation}: {found:?}", isa.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(Activation::all().eq(BOUNDS.map(|(activation, ..)| activation)));
}

/// Where an activation bends PyTorch chooses one of two slopes, and each activation ends somewhere.
#[test]
fn bends_ends_and_what_is_no_number_are_pytorchs() {
    let ends = [f32::NEG_INFINITY, f32::INFINITY, f32::NAN, f32::MAX, f32::MIN, 1e-30, -1e-30];
    let bends = [-100.0, -40.0, -6.0, -3.0, -1.0, -0.0, 0.0, 1.0, 3.0, 6.0, 20.0, 20.5, 40.0, 100.0];
    let z: Vec<f32> = ends.into_iter().chain(bends).collect();
    let alike = |found: f32, expected: f64| {
        let found = f64::from(found);
        found == expected || (found - expected).abs() <= 1e-6 * expected.abs().max(1.0)
    };
    for isa in Isa::all() {
        for activation in Activation::all() {
            let (found, expected) = (of(isa, activation, &z), autograd(activation, &z, Kind::Float));
            for (index, &z) in z.iter().enumerate() {
                let what = format!("{} {activation} at {z}", isa.name());
                let (h, wanted) = (found.0[index], expected.0[index]);
                // libtorch's gelu of infinity is NaN.
                let is_infinite = activation == Activation::Gelu && z == f32::INFINITY && h == z;
                assert!(alike(h, wanted) || h.is_nan() && wanted.is_nan() || is_infinite, "{what}: {h}, not {wanted}");
                let (slope, wanted) = (found.1[index], expected.1[index]);
                // At NaN itself libtorch's own ways differ, by a vector or by one number.
                assert!(alike(slope, wanted) || z.is_nan() || wanted.is_nan(), "{what}: slope {slope}, not {wanted}");
            }
        }
        assert_eq!(of(isa, Activation::Gelu, &[-40.0]), (vec![-0.0], vec![0.0]));
    }
}
