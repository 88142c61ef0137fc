//! Adam's step under each way that is usual, computed again on the values of a record.

use super::super::describe;
use anyhow::Result;
use tch::Tensor;

/// A way to compute the step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Way {
    /// `exp_avg.mul_(β1).add_(g, alpha=1-β1)`, as libtorch's C++ has it, for Python's `lerp_`.
    pub(super) mul_add: bool,
    /// `√(v + ε)` for `√v + ε`.
    pub(super) eps_inside: bool,
    pub(super) decay: Decay,
}

/// Where the weight decay goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Decay {
    None,
    /// Added to the gradient: `Adam(weight_decay=…)`.
    Coupled,
    /// Shrinks the parameter: `AdamW`.
    Decoupled,
}

/// The settings, and how many updates this one makes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    pub(super) lr: f64,
    pub(super) betas: (f64, f64),
    pub(super) eps: f64,
    pub(super) weight_decay: f64,
    pub(super) step: f64,
}

impl Numbers {
    /// The ways that are worth a try.
    pub(super) fn ways(&self) -> Vec<Way> {
        let decays: &[Decay] = match self.weight_decay {
            0.0 => &[Decay::None],
            _ => &[Decay::None, Decay::Coupled, Decay::Decoupled],
        };
        let mut ways = Vec::new();
        for &decay in decays {
            for (mul_add, eps_inside) in [(false, false), (true, false), (false, true), (true, true)] {
                ways.push(Way { mul_add, eps_inside, decay });
            }
        }
        ways
    }
}

/// A parameter with what Adam keeps of it.
pub(super) struct State {
    pub(super) parameter: Tensor,
    pub(super) exp_avg: Tensor,
    pub(super) exp_avg_sq: Tensor,
}

impl State {
    /// Before the first update.
    pub(super) fn first(parameter: Tensor) -> Result<Self> {
        let (exp_avg, exp_avg_sq) = (parameter.f_zeros_like()?, parameter.f_zeros_like()?);
        Ok(Self { parameter, exp_avg, exp_avg_sq })
    }

    /// The state after an update by `gradient`.
    pub(super) fn after(&self, gradient: &Tensor, way: Way, numbers: &Numbers) -> Result<Self> {
        let Numbers { lr, betas: (beta1, beta2), eps, weight_decay, step } = *numbers;
        let (mut parameter, mut gradient) = (copy(&self.parameter)?, copy(gradient)?);
        match way.decay {
            Decay::None => {}
            Decay::Coupled => add(&mut gradient, &parameter, weight_decay)?,
            Decay::Decoupled => drop(parameter.f_mul_scalar_(1.0 - lr * weight_decay)?),
        }
        let (mut m, mut v) = (copy(&self.exp_avg)?, copy(&self.exp_avg_sq)?);
        if way.mul_add {
            let _ = m.f_mul_scalar_(beta1)?;
            add(&mut m, &gradient, 1.0 - beta1)?;
        } else {
            let _ = m.f_lerp_(&gradient, 1.0 - beta1)?;
        }
        let _ = v.f_mul_scalar_(beta2)?;
        let _ = v.f_addcmul_(&gradient.f_mul_scalar(1.0 - beta2)?, &gradient)?;
        let (first, second) = (1.0 - beta1.powf(step), 1.0 - beta2.powf(step));
        let denom = match way.eps_inside {
            true => v.f_div_scalar(second)?.f_add_scalar(eps)?.f_sqrt()?,
            false => v.f_sqrt()?.f_div_scalar(second.powf(0.5))?.f_add_scalar(eps)?,
        };
        let _ = parameter.f_addcdiv_(&m.f_mul_scalar(-(lr / first))?, &denom)?;
        Ok(Self { parameter, exp_avg: m, exp_avg_sq: v })
    }

    /// The parameter's hash, as a record has it.
    pub(super) fn hash(&self) -> Result<String> {
        Ok(describe::describe(&self.parameter)?.hash)
    }
}

fn copy(tensor: &Tensor) -> Result<Tensor> {
    Ok(tensor.f_zeros_like()?.f_add(tensor)?)
}

/// `target.add_(other, alpha=alpha)`, rounded once where the processor can.
fn add(target: &mut Tensor, other: &Tensor, alpha: f64) -> Result<()> {
    let alpha = Tensor::f_from_slice(&[alpha as f32])?.f_squeeze()?;
    let _ = target.f_addcmul_(other, &alpha)?;
    Ok(())
}
