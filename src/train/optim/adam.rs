//! `torch.optim.Adam` and `torch.optim.AdamW`.

use super::sweep::AdamStep;
use super::{Buffers, Optimizer, add_scaled, load_step, scalar};
use crate::cpu::simd::Isa;
use crate::model::parameters::{FlatTensors, Shape};
use crate::torch::safetensors::Named;
use anyhow::{Context, Result};
use tch::{Device, TchError, Tensor};

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPS: f64 = 1e-8;

/// Adam with its defaults (betas 0.9 and 0.999, eps 1e-8): `_single_tensor_adam` in `torch/optim/adam.py`, operation
/// by operation, over the whole flat buffer at once.
#[derive(Debug)]
pub struct Adam {
    lr: f64,
    beta1: f64,
    weight_decay: f64,
    /// AdamW: the decay shrinks the parameters themselves instead of adding to the gradient.
    decoupled: bool,
    /// Steps taken.
    pub step: i64,
    pub exp_avg: FlatTensors,
    pub exp_avg_sq: FlatTensors,
    scratch: Tensor,
    denom: Tensor,
    alpha: Tensor,
    isa: Isa,
}

impl Adam {
    /// `torch.optim.Adam(params, lr)`.
    pub fn new(shapes: &[Shape], lr: f64, device: Device) -> Result<Self> {
        let zeros = || FlatTensors::zeros(shapes, device);
        Ok(Self {
            lr,
            beta1: BETA1,
            weight_decay: 0.0,
            decoupled: false,
            step: 0,
            exp_avg: zeros()?,
            exp_avg_sq: zeros()?,
            scratch: zeros()?.flat,
            denom: zeros()?.flat,
            alpha: scalar(device)?,
            isa: Isa::best(),
        })
    }

    /// `Adam(…, weight_decay)`, or with `decoupled` `AdamW(…, weight_decay)`.
    pub fn weight_decay(mut self, weight_decay: f64, decoupled: bool) -> Self {
        (self.weight_decay, self.decoupled) = (weight_decay, decoupled);
        self
    }

    /// One update of `param` by `grad`, both flat.
    pub fn step(&mut self, param: &mut Tensor, grad: &Tensor) -> Result<(), TchError> {
        if self.weight_decay == 0.0 {
            return self.update(param, grad);
        }
        if self.decoupled {
            let _ = param.f_mul_scalar_(1.0 - self.lr * self.weight_decay)?;
            return self.update(param, grad);
        }
        // The sum is needed until the moments are updated, and `denom` is not needed before.
        let mut decayed = self.denom.shallow_clone();
        decayed.f_copy_(grad)?;
        add_scaled(&mut decayed, param, self.weight_decay, &mut self.alpha)?;
        self.update(param, &decayed)
    }

    fn update(&mut self, param: &mut Tensor, grad: &Tensor) -> Result<(), TchError> {
        self.step += 1;
        let t = self.step as f64;
        let bias_correction1 = 1.0 - self.beta1.powf(t);
        let bias_correction2 = 1.0 - BETA2.powf(t);
        let (m, v) = (&mut self.exp_avg.flat, &mut self.exp_avg_sq.flat);
        let _ = m.f_lerp_(grad, 1.0 - self.beta1)?;
        let _ = v.f_mul_scalar_(BETA2)?;
        // tch's addcmul_ and addcdiv_ take no `value`: scaling the first factor gives the same bits.
        let _ = grad.f_mul_scalar_out(&self.scratch, 1.0 - BETA2)?;
        let _ = v.f_addcmul_(&self.scratch, grad)?;
        let _ = v.f_sqrt_out(&self.denom)?;
        let _ = self.denom.f_div_scalar_(bias_correction2.powf(0.5))?;
        let _ = self.denom.f_add_scalar_(EPS)?;
        let _ = m.f_mul_scalar_out(&self.scratch, -(self.lr / bias_correction1))?;
        let _ = param.f_addcdiv_(&self.scratch, &self.denom)?;
        Ok(())
    }
}

impl Optimizer for Adam {
    fn step(&mut self, param: &mut Tensor, grad: &Tensor) -> Result<()> {
        Ok(Self::step(self, param, grad)?)
    }

    fn sweep(&mut self, param: &mut [f32], grad: &[f32]) -> Result<()> {
        self.step += 1;
        let t = self.step as f64;
        let (decay, shrink) = match self.decoupled {
            true => (0.0, 1.0 - self.lr * self.weight_decay),
            false => (self.weight_decay, 1.0),
        };
        let (beta1, step_size) = (self.beta1, self.lr / (1.0 - self.beta1.powf(t)));
        let root = (1.0 - BETA2.powf(t)).sqrt();
        let (isa, second) = (self.isa, &mut self.exp_avg_sq);
        self.exp_avg.write(|exp_avg| {
            second.write(|exp_avg_sq| {
                isa.run(AdamStep {
                    param,
                    grad,
                    exp_avg,
                    exp_avg_sq,
                    beta1,
                    beta2: BETA2,
                    eps: EPS,
                    step_size,
                    root,
                    decay,
                    shrink,
                });
            })
        })?
    }

    fn ahead(&mut self) -> [f32; 4] {
        self.step += 1;
        let t = self.step as f64;
        let shrink = if self.decoupled { 1.0 - self.lr * self.weight_decay } else { 1.0 };
        let step_size = self.lr / (1.0 - self.beta1.powf(t));
        [1.0 - self.beta1, -step_size, (1.0 - BETA2.powf(t)).sqrt(), shrink].map(|number| number as f32)
    }

    fn buffers(&self) -> Buffers<'_> {
        let decay = if self.decoupled { 0.0 } else { self.weight_decay };
        Buffers { first: &self.exp_avg.flat, second: Some(&self.exp_avg_sq.flat), decay }
    }

    fn set_lr(&mut self, lr: f64) {
        self.lr = lr;
    }

    fn set_momentum(&mut self, momentum: f64) {
        self.beta1 = momentum;
    }

    fn state(&self) -> Result<Named> {
        let mut state = self.exp_avg.copies("exp_avg.")?;
        state.extend(self.exp_avg_sq.copies("exp_avg_sq.")?);
        state.push(("step".into(), Tensor::f_from_slice(&[self.step])?));
        Ok(state)
    }

    fn load(&mut self, state: &Named) -> Result<()> {
        self.exp_avg.load(state, "exp_avg.").context("the optimizer's state")?;
        self.exp_avg_sq.load(state, "exp_avg_sq.").context("the optimizer's state")?;
        self.step = load_step(state)?;
        Ok(())
    }
}
