//! `torch.optim.SGD`.

use super::sweep::SgdStep;
use super::{Buffers, Optimizer, add_scaled, load_step, scalar};
use crate::cpu::simd::Isa;
use crate::model::parameters::{FlatTensors, Shape};
use crate::torch::safetensors::Named;
use anyhow::{Context, Result, ensure};
use tch::{Device, Tensor};

/// Gradient descent with momentum, dampening 0: `_single_tensor_sgd` in `torch/optim/sgd.py`, operation by operation,
/// over the whole flat buffer at once.
#[derive(Debug)]
pub struct Sgd {
    lr: f64,
    momentum: f64,
    nesterov: bool,
    weight_decay: f64,
    /// Steps taken.
    pub step: i64,
    pub momentum_buffer: FlatTensors,
    /// Whether the buffer holds anything: PyTorch makes it at the first step with a momentum.
    moving: bool,
    scratch: Tensor,
    alpha: Tensor,
    isa: Isa,
}

impl Sgd {
    /// `torch.optim.SGD(params, lr, momentum, weight_decay=weight_decay, nesterov=nesterov)`.
    pub fn new(
        shapes: &[Shape],
        lr: f64,
        momentum: f64,
        nesterov: bool,
        weight_decay: f64,
        device: Device,
    ) -> Result<Self> {
        Self::check(momentum, nesterov)?;
        let zeros = || FlatTensors::zeros(shapes, device);
        let (momentum_buffer, scratch, alpha) = (zeros()?, zeros()?.flat, scalar(device)?);
        Ok(Self {
            lr,
            momentum,
            nesterov,
            weight_decay,
            step: 0,
            momentum_buffer,
            moving: false,
            scratch,
            alpha,
            isa: Isa::best(),
        })
    }

    /// Refuses what `torch.optim.SGD` raises at: "Nesterov momentum requires a momentum".
    pub fn check(momentum: f64, nesterov: bool) -> Result<()> {
        ensure!(!nesterov || momentum > 0.0, "--nesterov: needs a --momentum above 0");
        Ok(())
    }
}

impl Optimizer for Sgd {
    fn step(&mut self, param: &mut Tensor, grad: &Tensor) -> Result<()> {
        self.step += 1;
        let mut step = grad;
        if self.weight_decay != 0.0 {
            self.scratch.f_copy_(grad)?;
            add_scaled(&mut self.scratch, param, self.weight_decay, &mut self.alpha)?;
            step = &self.scratch;
        }
        if self.momentum != 0.0 {
            let buffer = &mut self.momentum_buffer.flat;
            if self.moving {
                let _ = buffer.f_mul_scalar_(self.momentum)?.f_add_(step)?;
            } else {
                buffer.f_copy_(step)?;
                self.moving = true;
            }
            if self.nesterov {
                if self.weight_decay == 0.0 {
                    self.scratch.f_copy_(grad)?;
                }
                add_scaled(&mut self.scratch, buffer, self.momentum, &mut self.alpha)?;
                step = &self.scratch;
            } else {
                step = buffer;
            }
        }
        Ok(add_scaled(param, step, -self.lr, &mut self.alpha)?)
    }

    fn sweep(&mut self, param: &mut [f32], grad: &[f32]) -> Result<()> {
        self.step += 1;
        let (isa, lr, momentum, moving) = (self.isa, self.lr, self.momentum, self.moving);
        let (nesterov, decay) = (self.nesterov, self.weight_decay);
        self.momentum_buffer
            .write(|buffer| isa.run(SgdStep { param, grad, buffer, lr, momentum, moving, nesterov, decay }))?;
        self.moving |= self.momentum != 0.0;
        Ok(())
    }

    fn ahead(&mut self) -> [f32; 4] {
        self.step += 1;
        let kept = if self.moving { self.momentum } else { 0.0 };
        self.moving |= self.momentum != 0.0;
        [-self.lr, self.momentum, kept, f64::from(self.nesterov)].map(|number| number as f32)
    }

    fn buffers(&self) -> Buffers<'_> {
        Buffers { first: &self.momentum_buffer.flat, second: None, decay: self.weight_decay }
    }

    fn set_lr(&mut self, lr: f64) {
        self.lr = lr;
    }

    fn set_momentum(&mut self, momentum: f64) {
        self.momentum = momentum;
    }

    fn state(&self) -> Result<Named> {
        let mut state = Named::new();
        if self.moving {
            state = self.momentum_buffer.copies("momentum_buffer.")?;
        }
        state.push(("step".into(), Tensor::f_from_slice(&[self.step])?));
        Ok(state)
    }

    fn load(&mut self, state: &Named) -> Result<()> {
        self.moving = state.iter().any(|(name, _)| name.starts_with("momentum_buffer."));
        if self.moving {
            self.momentum_buffer.load(state, "momentum_buffer.").context("the optimizer's state")?;
        }
        self.step = load_step(state)?;
        Ok(())
    }
}
