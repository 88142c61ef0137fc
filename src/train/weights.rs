//! A copy of a network's `state_dict()`, to be put back: `copy.deepcopy(net.state_dict())`.

use crate::model::mlp::Mlp;
use crate::model::parameters::FlatTensors;
use crate::torch::safetensors::{Named, copy};
use anyhow::Result;
use tch::Tensor;

/// Parameters and buffers of a network as they were once.
pub(super) struct Weights {
    parameters: FlatTensors,
    buffers: Vec<Tensor>,
}

impl Weights {
    /// The network as it is.
    pub(super) fn of(net: &Mlp) -> Result<Self> {
        let parameters = FlatTensors::zeros(net.parameters.shapes(), net.device())?;
        let buffers = net.buffers().iter().map(|(_, buffer)| copy(buffer)).collect::<Result<_, _>>()?;
        let mut weights = Self { parameters, buffers };
        weights.take(net, None)?;
        Ok(weights)
    }

    /// Takes over the network as it is, with other parameters if there are `averaged` ones.
    pub(super) fn take(&mut self, net: &Mlp, averaged: Option<&FlatTensors>) -> Result<()> {
        let _no_grad = tch::no_grad_guard();
        self.parameters.flat.f_copy_(&averaged.unwrap_or(&net.parameters).flat)?;
        let pairs = self.buffers.iter_mut().zip(net.buffers());
        Ok(pairs.into_iter().try_for_each(|(own, (_, buffer))| own.f_copy_(buffer))?)
    }

    /// Puts them into the network.
    pub(super) fn put(&self, net: &Mlp) -> Result<()> {
        overwrite(&net.parameters, &self.parameters)?;
        let _no_grad = tch::no_grad_guard();
        let pairs = net.buffers().iter().zip(&self.buffers);
        Ok(pairs.into_iter().try_for_each(|((_, buffer), own)| buffer.shallow_clone().f_copy_(own))?)
    }

    /// What [`Weights::put`] would put, under its names.
    pub(super) fn named(&self, net: &Mlp) -> Result<Named> {
        let mut named = self.parameters.copies("")?;
        for ((name, _), own) in net.buffers().iter().zip(&self.buffers) {
            named.push((name.clone(), copy(own)?));
        }
        Ok(named)
    }
}

/// Copies one buffer of parameters over another.
pub(super) fn overwrite(parameters: &FlatTensors, values: &FlatTensors) -> Result<()> {
    let _no_grad = tch::no_grad_guard();
    Ok(parameters.flat.shallow_clone().f_copy_(&values.flat)?)
}
