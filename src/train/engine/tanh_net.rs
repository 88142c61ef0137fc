//! The `exact` engine: libtorch's own kernels in eager Python's order, without autograd and without allocation.
//!
//! Which operations Python's autograd runs for `CrossEntropyLoss(fc2(tanh(fc1(x))))`, and in which order, was read
//! off `torch/csrc/autograd/FunctionsManual.cpp`; the tests hold this engine against autograd itself.

use crate::model::net::{CLASSES, Net};
use crate::model::parameters::FlatTensors;
use crate::train::full_batch::{FullBatch, Report};
use crate::train::optim::Adam;
use crate::train::{Next, diverged};
use anyhow::{Result, bail};
use tch::{Kind, Reduction, TchError, Tensor};

/// The default `ignore_index` of `CrossEntropyLoss`: a label that never occurs here.
const IGNORE_INDEX: i64 = -100;

/// Full-batch training of [`Net`] by [`Adam`] on `x [n, 2]`, `y [n]`.
pub struct Exact<'a> {
    net: &'a Net,
    x: &'a Tensor,
    y: &'a Tensor,
    optimizer: Adam,
    grads: FlatTensors,
    views: Views,
    buffers: Buffers,
}

/// Views that every step takes, made once; a view follows its tensor's values.
struct Views {
    params: Vec<Tensor>,
    grads: Vec<Tensor>,
    flat: Tensor,
    /// Transposed: the weights of both layers, and the gradients of what they give.
    weights_t: [Tensor; 2],
    grad_pre_t: Tensor,
    grad_logits_t: Tensor,
}

/// Everything that a step writes to besides parameters and moments.
struct Buffers {
    hidden: Tensor,
    logits: Tensor,
    log_probs: Tensor,
    grad_log_probs: Tensor,
    grad_logits: Tensor,
    grad_hidden: Tensor,
    grad_pre: Tensor,
}

impl<'a> Exact<'a> {
    pub fn new(net: &'a Net, x: &'a Tensor, y: &'a Tensor, lr: f64) -> Result<Self, TchError> {
        let device = x.device();
        let n = x.size()[0];
        let matrix = |columns: i64| Tensor::f_zeros([n, columns], (Kind::Float, device));
        // The gradient of the mean negative log-likelihood: -1/n at each target, the same in every epoch.
        let grad_log_probs = matrix(CLASSES)?;
        let _ = grad_log_probs.shallow_clone().f_scatter_value_(1, &y.f_unsqueeze(1)?, f64::from(-1.0 / n as f32))?;
        let buffers = Buffers {
            hidden: matrix(net.hidden)?,
            logits: matrix(CLASSES)?,
            log_probs: matrix(CLASSES)?,
            grad_log_probs,
            grad_logits: matrix(CLASSES)?,
            grad_hidden: matrix(net.hidden)?,
            grad_pre: matrix(net.hidden)?,
        };
        let (grads, params) = (FlatTensors::zeros(net.parameters.shapes(), device)?, net.parameters.views()?);
        let views = Views {
            weights_t: [params[0].f_tr()?, params[2].f_tr()?],
            params,
            grads: grads.views()?,
            flat: net.parameters.flat.shallow_clone(),
            grad_pre_t: buffers.grad_pre.f_tr()?,
            grad_logits_t: buffers.grad_logits.f_tr()?,
        };
        Ok(Self { net, x, y, optimizer: Adam::new(net.parameters.shapes(), lr, device)?, grads, views, buffers })
    }

    fn forward(&self, loss: &Tensor) -> Result<(), TchError> {
        let (b, Views { params, weights_t, .. }) = (&self.buffers, &self.views);
        let _ = params[1].f_addmm_out(&b.hidden, self.x, &weights_t[0])?;
        let _ = b.hidden.shallow_clone().f_tanh_()?;
        let _ = params[3].f_addmm_out(&b.logits, &b.hidden, &weights_t[1])?;
        let _ = b.logits.f_internal_log_softmax_out(&b.log_probs, 1, false)?;
        let _ = b.log_probs.f_nll_loss_out(loss, self.y, None::<&Tensor>, Reduction::Mean, IGNORE_INDEX)?;
        Ok(())
    }

    fn backward(&self) -> Result<(), TchError> {
        let (b, Views { params, grads, grad_pre_t, grad_logits_t, .. }) = (&self.buffers, &self.views);
        let _ = Tensor::f_internal_log_softmax_backward_data_out(
            &b.grad_logits,
            &b.grad_log_probs,
            &b.log_probs,
            1,
            Kind::Float,
        )?;
        let rows: &[i64] = &[0];
        let _ = grad_logits_t.f_mm_out(&grads[2], &b.hidden)?;
        let _ = b.grad_logits.f_sum_intlist_out(&grads[3], rows, false, None)?;
        let _ = b.grad_logits.f_mm_out(&b.grad_hidden, &params[2])?;
        let _ = Tensor::f_tanh_backward_grad_input(&b.grad_pre, &b.grad_hidden, &b.hidden)?;
        let _ = grad_pre_t.f_mm_out(&grads[0], self.x)?;
        let _ = b.grad_pre.f_sum_intlist_out(&grads[1], rows, false, None)?;
        Ok(())
    }
}

impl FullBatch for Exact<'_> {
    fn train(&mut self, epochs: usize, report: &mut Report<'_>) -> Result<Vec<f32>> {
        let _no_grad = tch::no_grad_guard();
        let done = self.optimizer.step as usize;
        let mut losses = Tensor::f_zeros([epochs as i64], (Kind::Float, self.x.device()))?;
        for epoch in 0..epochs {
            let loss = losses.f_select(0, epoch as i64)?;
            self.forward(&loss)?;
            self.backward()?;
            self.optimizer.step(&mut self.views.flat, &self.grads.flat)?;
            if report(done + epoch + 1, &|| Ok(loss.f_double_value(&[])?))? == Next::Save {
                losses = losses.f_narrow(0, 0, epoch as i64 + 1)?;
                break;
            }
        }
        let losses = Vec::<f32>::try_from(losses.f_to_device(tch::Device::Cpu)?)?;
        if let Some(epoch) = losses.iter().position(|loss| !loss.is_finite()) {
            bail!("{}", diverged(done + epoch + 1, losses[epoch].into()));
        }
        Ok(losses)
    }

    fn hits(&mut self) -> Result<usize> {
        let _no_grad = tch::no_grad_guard();
        let right = self.net.predict(self.x)?.f_eq_tensor(self.y)?.f_sum(Kind::Int64)?;
        Ok(right.f_int64_value(&[])? as usize)
    }

    fn optimizer(&self) -> &Adam {
        &self.optimizer
    }

    fn optimizer_mut(&mut self) -> &mut Adam {
        &mut self.optimizer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tch::Device;

    /// Autograd is the oracle: after one backward pass its gradients and ours have the same bits.
    #[test]
    fn gradients_equal_autograds_to_the_bit() {
        for (n, hidden) in [(200, 100), (7, 3), (2, 1), (33, 64)] {
            tch::manual_seed(n);
            let net = Net::new(hidden, Device::Cpu).unwrap();
            let x = Tensor::randn([n, 2], (Kind::Float, Device::Cpu));
            let y = Tensor::randint(2, [n], (Kind::Int64, Device::Cpu));
            let mut engine = Exact::new(&net, &x, &y, 0.01).unwrap();
            let variables = net.store.variables();
            let linear = |x: &Tensor, name: &str| {
                x.linear(&variables[&format!("{name}.weight")], Some(&variables[&format!("{name}.bias")]))
            };
            let logits = linear(&linear(&x, "fc1").tanh(), "fc2");
            let loss = logits.cross_entropy_loss::<Tensor>(&y, None, Reduction::Mean, -100, 0.0);
            loss.backward();
            let expected: Vec<Tensor> = net.parameters.shapes().iter().map(|s| variables[&s.name].grad()).collect();
            let losses = engine.train(1, &mut |_, _| Ok(Next::Go)).unwrap();
            assert_eq!(f64::from(losses[0]), loss.double_value(&[]));
            for ((name, ours), expected) in engine.grads.named().unwrap().iter().zip(&expected) {
                assert!(ours.equal(expected), "{name} at n = {n}, hidden = {hidden}");
            }
        }
    }

    #[test]
    fn a_loss_that_is_not_finite_stops_with_its_epoch() {
        let net = Net::new(4, Device::Cpu).unwrap();
        let x = Tensor::full([2, 2], f64::NAN, (Kind::Float, Device::Cpu));
        let y = Tensor::zeros([2], (Kind::Int64, Device::Cpu));
        let error = Exact::new(&net, &x, &y, 0.01).unwrap().train(3, &mut |_, _| Ok(Next::Go)).unwrap_err();
        assert!(error.to_string().contains("at epoch 1"), "{error}");
    }
}
