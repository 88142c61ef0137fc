//! The updates in one pass over the buffers, on the CPU: what the tensor operations of [`super::adam`] and [`super::sgd`]
//! compute, without a pass for each. The buffers have whole cache lines, see [`crate::model::parameters::FlatTensors`].

use crate::cpu::simd::{Lanes, Work};
use bytemuck::{cast_slice, cast_slice_mut};

/// One step of Adam or AdamW.
pub struct AdamStep<'a> {
    pub param: &'a mut [f32],
    pub grad: &'a [f32],
    pub exp_avg: &'a mut [f32],
    pub exp_avg_sq: &'a mut [f32],
    pub beta1: f64,
    pub beta2: f64,
    pub eps: f64,
    /// `lr / (1 - beta1^t)`.
    pub step_size: f64,
    /// `sqrt(1 - beta2^t)`.
    pub root: f64,
    /// Times the parameter, added to the gradient.
    pub decay: f64,
    /// What the parameter is multiplied by first.
    pub shrink: f64,
}

impl Work for AdamStep<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes, const NV: usize>(self, s: S) {
        let splat = |value: f64| s.splat_f32s(value as f32);
        let (weight1, beta2, weight2) = (splat(1.0 - self.beta1), splat(self.beta2), splat(1.0 - self.beta2));
        let (eps, root, step_size) = (splat(self.eps), splat(self.root), splat(-self.step_size));
        let (decay, shrink) = (splat(self.decay), splat(self.shrink));
        let param: &mut [S::f32s] = cast_slice_mut(self.param);
        let (m, v) = (cast_slice_mut::<_, S::f32s>(self.exp_avg), cast_slice_mut::<_, S::f32s>(self.exp_avg_sq));
        let grad: &[S::f32s] = cast_slice(self.grad);
        for (((param, grad), m), v) in param.iter_mut().zip(grad).zip(m).zip(v) {
            let p = s.mul_f32s(*param, shrink);
            let g = s.fma(decay, p, *grad);
            *m = s.fma(weight1, s.sub_f32s(g, *m), *m);
            *v = s.fma(s.mul_f32s(weight2, g), g, s.mul_f32s(*v, beta2));
            let denom = s.add_f32s(s.div_f32s(s.sqrt_f32s(*v), root), eps);
            *param = s.add_f32s(p, s.div_f32s(s.mul_f32s(step_size, *m), denom));
        }
    }
}

/// One step of SGD.
pub struct SgdStep<'a> {
    pub param: &'a mut [f32],
    pub grad: &'a [f32],
    pub buffer: &'a mut [f32],
    pub lr: f64,
    pub momentum: f64,
    /// Whether the buffer holds an earlier step.
    pub moving: bool,
    pub nesterov: bool,
    pub decay: f64,
}

impl Work for SgdStep<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes, const NV: usize>(self, s: S) {
        let splat = |value: f64| s.splat_f32s(value as f32);
        let (lr, momentum, decay) = (splat(-self.lr), splat(self.momentum), splat(self.decay));
        let kept = if self.moving { momentum } else { s.splat_f32s(0.0) };
        let param: &mut [S::f32s] = cast_slice_mut(self.param);
        let buffer: &mut [S::f32s] = cast_slice_mut(self.buffer);
        let grad: &[S::f32s] = cast_slice(self.grad);
        for ((param, grad), buffer) in param.iter_mut().zip(grad).zip(buffer) {
            let mut step = s.fma(decay, *param, *grad);
            if self.momentum != 0.0 {
                *buffer = s.fma(kept, *buffer, step);
                step = if self.nesterov { s.fma(momentum, *buffer, step) } else { *buffer };
            }
            *param = s.fma(lr, step, *param);
        }
    }
}
