//! The moving average of the weights: `AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(decay))`.
//!
//! Without `use_buffers` its buffers are those of the network after the last update, so that only parameters are kept here.

use super::snapshot::Averaged;
use crate::model::mlp::Mlp;
use crate::model::parameters::FlatTensors;
use anyhow::Result;

/// The averaged parameters.
pub(super) struct Average {
    decay: f64,
    pub(super) weights: FlatTensors,
    /// `n_averaged`: updates so far, the first of which copies.
    steps: usize,
}

impl Average {
    /// A copy of the network's parameters, before any update.
    pub(super) fn new(net: &Mlp, decay: f64) -> Result<Self> {
        let weights = FlatTensors::zeros(net.parameters.shapes(), net.device())?;
        weights.flat.shallow_clone().f_copy_(&net.parameters.flat)?;
        Ok(Self { decay, weights, steps: 0 })
    }

    /// `update_parameters(net)`, after an update of `parameters`.
    pub(super) fn update(&mut self, parameters: &FlatTensors) -> Result<()> {
        let _no_grad = tch::no_grad_guard();
        if self.steps == 0 {
            self.weights.flat.f_copy_(&parameters.flat)?;
        } else {
            let _ = self.weights.flat.f_lerp_(&parameters.flat, 1.0 - self.decay)?;
        }
        self.steps += 1;
        Ok(())
    }

    pub(super) fn state(&self) -> Result<Averaged> {
        Ok(Averaged { steps: self.steps, weights: self.weights.copies("")? })
    }

    /// Takes over what [`Average::state`] gave.
    pub(super) fn load(&mut self, state: &Averaged) -> Result<()> {
        self.steps = state.steps;
        self.weights.load(&state.weights, "")
    }
}
