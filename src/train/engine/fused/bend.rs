//! The activations that bend at a place or two, whose slope can be read off their value.

use crate::cpu::simd::Lanes;
use crate::model::activation::Activation;

/// The slope of selu above 0.
pub const SELU_SCALE: f32 = 1.050_701;
/// What selu ends at far below 0, but for the sign: its scale times its alpha of 1.67326…
pub const SELU_END: f32 = 1.758_099_3;

/// The slope at a value h: `below[0] + below[1] h` up to `low`, `between`, and 0 from `high` on, which no value is where that is NaN.
#[derive(Debug, Clone, Copy)]
pub struct Bend {
    below: [f32; 2],
    low: f32,
    between: f32,
    high: f32,
}

impl Bend {
    /// That of relu, leaky_relu, elu, celu, selu, relu6 and hardtanh: at the bend the slope is the one below it, as in PyTorch.
    pub fn of(activation: Activation) -> Self {
        let relu = Self { below: [0.0, 0.0], low: 0.0, between: 1.0, high: f32::NAN };
        match activation {
            Activation::LeakyRelu => Self { below: [0.01, 0.0], ..relu },
            Activation::Elu | Activation::Celu => Self { below: [1.0, 1.0], ..relu },
            Activation::Selu => Self { below: [SELU_END, 1.0], between: SELU_SCALE, ..relu },
            Activation::Relu6 => Self { high: 6.0, ..relu },
            Activation::Hardtanh => Self { low: -1.0, high: 1.0, ..relu },
            _ => relu,
        }
    }

    #[inline(always)]
    pub fn slope<S: Lanes>(self, s: S, h: S::f32s) -> S::f32s {
        let [first, second] = self.below.map(|number| s.splat_f32s(number));
        let is_below = s.less_than_or_equal_f32s(h, s.splat_f32s(self.low));
        let is_above = s.greater_than_or_equal_f32s(h, s.splat_f32s(self.high));
        let beyond = s.select_f32s(is_above, s.splat_f32s(0.0), s.splat_f32s(self.between));
        // Infinity is bounded: times 0 it would be NaN.
        s.select_f32s(is_below, s.fma(s.at_least(h, f32::MIN), second, first), beyond)
    }
}
