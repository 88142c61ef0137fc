//! Optimizers in Python's order of operations, with their state in sight.
//!
//! Python's loop over the parameters becomes one sweep over the flat buffer: every operation here works element by
//! element, so that the bits do not depend on where a parameter begins.

pub mod adam;
pub mod sgd;
mod sweep;

pub use adam::Adam;
pub use sgd::Sgd;

use crate::choices::names::{any_case, named};
use crate::torch::safetensors::{self, Named};
use anyhow::{Context, Result};
use tch::{Device, Kind, TchError, Tensor};

/// Where an optimizer's memory of its steps is, for an engine that makes the updates itself.
pub struct Buffers<'a> {
    /// Adam's `exp_avg`, SGD's `momentum_buffer`.
    pub first: &'a Tensor,
    /// Adam's `exp_avg_sq`.
    pub second: Option<&'a Tensor>,
    /// Times the parameter, added to the gradient.
    pub decay: f64,
}

/// What updates a flat buffer of parameters.
pub trait Optimizer {
    /// One update of `param` by `grad`, both flat, under `no_grad`.
    fn step(&mut self, param: &mut Tensor, grad: &Tensor) -> Result<()>;
    /// As [`Optimizer::step`] up to rounding, in one pass; both on the CPU, of whole cache lines.
    fn sweep(&mut self, param: &mut [f32], grad: &[f32]) -> Result<()>;
    /// Counts a step that an engine makes in place of [`Optimizer::step`]; the four numbers that it needs, in the order in which
    /// `engine/fused/cuda/kernels/steps.cu` reads them.
    fn ahead(&mut self) -> [f32; 4];
    fn buffers(&self) -> Buffers<'_>;
    fn set_lr(&mut self, lr: f64);
    /// SGD's `momentum`, Adam's `beta1`: what `OneCycleLR` moves against the learning rate.
    fn set_momentum(&mut self, momentum: f64);
    /// The state by parameter, as `state_dict()["state"]` has it: `exp_avg.layers.0.weight`, …, and `step`.
    fn state(&self) -> Result<Named>;
    /// Takes over what [`Optimizer::state`] gave.
    fn load(&mut self, state: &Named) -> Result<()>;
}

named! {
    /// Which optimizer.
    pub enum OptimizerKind as any_case {
        Adam = "adam",
        AdamW = "adamw",
        Sgd = "sgd",
    }
}

impl OptimizerKind {
    /// The default of `weight_decay` in `torch.optim`.
    pub fn default_weight_decay(self) -> f64 {
        if self == Self::AdamW { 1e-2 } else { 0.0 }
    }
}

/// `target.add_(other, alpha=alpha)`, which tch has without `alpha` only. PyTorch rounds it once where the processor
/// has a fused multiply-add; so does `addcmul_` with a scalar tensor, and nothing else that tch offers.
/// `scalar` is a float32 tensor of shape `[]` to write `alpha` to.
fn add_scaled(target: &mut Tensor, other: &Tensor, alpha: f64, scalar: &mut Tensor) -> Result<(), TchError> {
    let _ = scalar.f_fill_(alpha)?;
    let _ = target.f_addcmul_(other, scalar)?;
    Ok(())
}

fn scalar(device: Device) -> Result<Tensor, TchError> {
    Tensor::f_zeros([0_i64; 0], (Kind::Float, device))
}

fn load_step(state: &Named) -> Result<i64> {
    let step = safetensors::find(state, "step").context("the optimizer's state")?;
    Ok(step.f_view(-1)?.f_int64_value(&[0])?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::parameters::Shape;
    use crate::torch::memory::Floats;
    use crate::torch::testing::seeded;
    use crate::train::config::TrainConfig;

    fn optimizer(kind: OptimizerKind, momentum: f64) -> Box<dyn Optimizer> {
        let config = TrainConfig { optimizer: kind, momentum, weight_decay: Some(0.1), ..TrainConfig::default() };
        config.optimizer(&[Shape::new("w", &[2, 16]), Shape::new("b", &[16])], Device::Cpu).unwrap()
    }

    #[test]
    fn an_optimizer_goes_on_from_its_state_to_the_bit() {
        let _torch = seeded(0);
        for (kind, momentum) in OptimizerKind::ALL.iter().map(|kind| (*kind, 0.0)).chain([(OptimizerKind::Sgd, 0.9)]) {
            let grads: Vec<Tensor> = (0..6).map(|_| Tensor::randn([48], (Kind::Float, Device::Cpu))).collect();
            let mut param = Tensor::ones([48], (Kind::Float, Device::Cpu));
            let mut through = optimizer(kind, momentum);
            let mut state = None;
            for (index, grad) in grads.iter().enumerate() {
                if index == 3 {
                    state = Some((through.state().unwrap(), safetensors::copy(&param).unwrap()));
                }
                through.step(&mut param, grad).unwrap();
            }
            let (state, mut other) = state.unwrap();
            let mut resumed = optimizer(kind, momentum);
            resumed.load(&state).unwrap();
            for grad in &grads[3..] {
                resumed.step(&mut other, grad).unwrap();
            }
            assert!(param.equal(&other), "{kind}, momentum {momentum}");
        }
    }

    #[test]
    fn a_sweep_is_a_step_up_to_rounding() {
        let _torch = seeded(0);
        let configs =
            [(OptimizerKind::Sgd, 0.9, false), (OptimizerKind::Sgd, 0.9, true), (OptimizerKind::Sgd, 0.0, false)];
        for (kind, momentum, nesterov) in
            configs.into_iter().chain(OptimizerKind::ALL.iter().map(|kind| (*kind, 0.0, false)))
        {
            for decay in [0.0, 0.1] {
                let config = TrainConfig {
                    optimizer: kind,
                    momentum,
                    nesterov,
                    weight_decay: Some(decay),
                    ..TrainConfig::default()
                };
                let make = || config.optimizer(&[Shape::new("w", &[48])], Device::Cpu).unwrap();
                let (mut stepped, mut swept) = (make(), make());
                let mut param = Tensor::randn([48], (Kind::Float, Device::Cpu));
                let other = param.copy();
                for _ in 0..5 {
                    let grad = Tensor::randn([48], (Kind::Float, Device::Cpu));
                    stepped.step(&mut param, &grad).unwrap();
                    let (mut param, grad) = (Floats::of(&other).unwrap(), Floats::of(&grad).unwrap());
                    param.write(|param| grad.read(|grad| swept.sweep(param, grad))).unwrap();
                }
                assert!(param.allclose(&other, 1e-6, 1e-6, false), "{kind} {momentum} {nesterov} {decay}");
                for ((name, a), (_, b)) in stepped.state().unwrap().iter().zip(&swept.state().unwrap()) {
                    // Sums of terms of the size 1 that may cancel.
                    assert!(a.allclose(b, 1e-6, 1e-6, false), "{kind}: {name}");
                }
            }
        }
    }

    #[test]
    fn a_state_of_another_optimizer_is_refused() {
        let state = optimizer(OptimizerKind::Sgd, 0.9).state().unwrap();
        let error = optimizer(OptimizerKind::Adam, 0.0).load(&state).unwrap_err();
        assert!(format!("{error:#}").contains("exp_avg.w"), "{error:#}");
        assert!("adan".parse::<OptimizerKind>().unwrap_err().contains("did you mean adam"));
        assert_eq!("AdamW".parse(), Ok(OptimizerKind::AdamW));
    }
}
