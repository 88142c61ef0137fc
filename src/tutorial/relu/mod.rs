//! Gradient descent of the tutorial's two hand-written networks under a square loss, in float64.
//!
//! No autograd and no allocation in the loop: every gradient is written out as the tutorial writes it, in buffers made
//! once. The tests hold the gradients against autograd.

pub mod net;

use crate::train::{ReadLoss, diverged};
use crate::tutorial::relu::net::ReluNet;
use anyhow::{Context, Result, bail};
use tch::{Device, Kind, TchError, Tensor};

/// How a [`ReluNet`] is trained.
#[derive(Debug, Clone, Copy)]
pub struct Descent {
    pub lr: f64,
    /// Whether the biases are updated too.
    pub train_bias: bool,
    /// Whether the gradient is divided by the number of samples, as that of the loss is; the tutorial leaves it out.
    pub mean_gradient: bool,
}

/// Full-batch gradient descent of a [`ReluNet`] on `x [n, inputs]`, `y [n, outputs]`.
struct Engine<'a> {
    net: &'a ReluNet,
    settings: Descent,
    x: &'a Tensor,
    y: &'a Tensor,
    /// Transposed views of what the gradients multiply by; a view follows its tensor's values.
    x_t: Tensor,
    hidden_t: Tensor,
    w2_t: Tensor,
    pre: Tensor,
    negative: Tensor,
    hidden: Tensor,
    difference: Tensor,
    squares: Tensor,
    grad_prediction: Tensor,
    grad_hidden: Tensor,
    /// Of w1, w2, b1, b2.
    grads: [Tensor; 4],
}

impl<'a> Engine<'a> {
    fn new(net: &'a ReluNet, x: &'a Tensor, y: &'a Tensor, settings: Descent) -> Result<Self, TchError> {
        let (n, device) = (x.size()[0], x.device());
        let (inputs, hidden_units, outputs) = (net.w1.size()[0], net.w1.size()[1], net.w2.size()[1]);
        let zeros = |size: &[i64]| Tensor::f_zeros(size, (Kind::Double, device));
        let hidden = zeros(&[n, hidden_units])?;
        Ok(Self {
            net,
            settings,
            x,
            y,
            x_t: x.f_tr()?,
            hidden_t: hidden.f_tr()?,
            w2_t: net.w2.f_tr()?,
            pre: zeros(&[n, hidden_units])?,
            negative: Tensor::f_zeros([n, hidden_units], (Kind::Bool, device))?,
            hidden,
            difference: zeros(&[n, outputs])?,
            squares: zeros(&[n, outputs])?,
            grad_prediction: zeros(&[n, outputs])?,
            grad_hidden: zeros(&[n, hidden_units])?,
            grads: [
                zeros(&[inputs, hidden_units])?,
                zeros(&[hidden_units, outputs])?,
                zeros(&[hidden_units])?,
                zeros(&[outputs])?,
            ],
        })
    }

    /// Writes the sum of the squared errors to `sum`.
    fn forward(&mut self, sum: &Tensor) -> Result<(), TchError> {
        let _ = self.x.f_mm_out(&self.pre, &self.net.w1)?;
        if let Some([b1, _]) = &self.net.biases {
            let _ = self.pre.f_add_(b1)?;
        }
        let _ = self.pre.f_clamp_min_out(&self.hidden, 0.0)?;
        let _ = self.hidden.f_mm_out(&self.difference, &self.net.w2)?;
        if let Some([_, b2]) = &self.net.biases {
            let _ = self.difference.f_add_(b2)?;
        }
        let _ = self.difference.f_sub_(self.y)?;
        let _ = self.difference.f_mul_out(&self.squares, &self.difference)?;
        let _ = self.squares.f_sum_out(sum, None)?;
        Ok(())
    }

    fn backward(&mut self) -> Result<(), TchError> {
        let _ = self.difference.f_mul_scalar_out(&self.grad_prediction, 2.0)?;
        if self.settings.mean_gradient {
            let _ = self.grad_prediction.f_div_scalar_(self.x.size()[0])?;
        }
        let [w1, w2, b1, b2] = &self.grads;
        let _ = self.hidden_t.f_mm_out(w2, &self.grad_prediction)?;
        let _ = self.grad_prediction.f_mm_out(&self.grad_hidden, &self.w2_t)?;
        // Unlike relu's own backward pass, the tutorial's lets the gradient through at exactly 0.
        let _ = self.pre.f_lt_scalar_out(&self.negative, 0.0)?;
        let _ = self.grad_hidden.f_masked_fill_(&self.negative, 0.0)?;
        let _ = self.x_t.f_mm_out(w1, &self.grad_hidden)?;
        if self.settings.train_bias {
            let rows: &[i64] = &[0];
            let _ = self.grad_hidden.f_sum_intlist_out(b1, rows, false, None)?;
            let _ = self.grad_prediction.f_sum_intlist_out(b2, rows, false, None)?;
        }
        Ok(())
    }

    /// `w -= lr * grad`, the product rounded by itself as NumPy does.
    fn update(&mut self) -> Result<(), TchError> {
        let (weights, biases) = self.grads.split_at_mut(2);
        let trained = self.net.biases.as_ref().filter(|_| self.settings.train_bias);
        let weights = [&self.net.w1, &self.net.w2].into_iter().zip(weights);
        for (parameter, grad) in weights.chain(trained.into_iter().flatten().zip(biases)) {
            let _ = grad.f_mul_scalar_(self.settings.lr)?;
            let _ = parameter.shallow_clone().f_sub_(grad)?;
        }
        Ok(())
    }
}

/// Epochs whose losses are read back together.
const BLOCK: usize = 4096;

/// Runs `epochs` full-batch steps and returns the loss of each (the sum of all squares over n), as computed before that
/// epoch's update.
///
/// `report(epoch, loss)` is called after each epoch, from 1; it stops the run by returning an error.
pub fn train(
    net: &ReluNet,
    x: &Tensor,
    y: &Tensor,
    settings: Descent,
    epochs: usize,
    mut report: impl FnMut(usize, ReadLoss<'_>) -> Result<()>,
) -> Result<Vec<f64>> {
    let _no_grad = tch::no_grad_guard();
    let mut engine = Engine::new(net, x, y, settings)?;
    let n = x.size()[0] as f64;
    let mut losses = Vec::new();
    // The losses stay on the device for a block of epochs: a read-back after each would cost a small net more than its step.
    let sums = Tensor::f_zeros([BLOCK.min(epochs) as i64], (Kind::Double, x.device()))?;
    for first in (0..epochs).step_by(BLOCK) {
        let block = BLOCK.min(epochs - first);
        for epoch in 0..block {
            let sum = sums.f_select(0, epoch as i64)?;
            engine.forward(&sum)?;
            engine.backward()?;
            engine.update()?;
            report(first + epoch + 1, &|| Ok(sum.f_double_value(&[])? / n))?;
        }
        let read = sums.f_narrow(0, 0, block as i64)?.f_div_scalar(n)?.f_to_device(Device::Cpu)?;
        losses
            .try_reserve(block)
            .with_context(|| format!("--epochs {epochs}: no memory for the losses after {first}"))?;
        losses.extend(Vec::<f64>::try_from(read)?);
    }
    if let Some(epoch) = losses.iter().position(|loss| !loss.is_finite()) {
        bail!("{}", diverged(epoch + 1, losses[epoch]));
    }
    Ok(losses)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::torch::testing::seeded;

    fn random(size: &[i64]) -> Tensor {
        Tensor::randn(size, (Kind::Double, Device::Cpu))
    }

    fn net(biases: bool) -> ReluNet {
        ReluNet { w1: random(&[5, 7]), w2: random(&[7, 3]), biases: biases.then(|| [random(&[7]), random(&[3])]) }
    }

    /// Autograd is the oracle: the gradients of the sum of squares (the tutorial's), and of the loss itself.
    #[test]
    fn gradients_equal_autograds() {
        let torch = seeded(0);
        for (seed, (biases, mean_gradient)) in [(false, false), (true, false), (true, true)].into_iter().enumerate() {
            torch.seed(seed as i64);
            let (net, x, y) = (net(biases), random(&[11, 5]), random(&[11, 3]));
            let settings = Descent { lr: 0.1, train_bias: biases, mean_gradient };
            let leaves = net.named().into_iter().map(|(_, tensor)| tensor.copy().set_requires_grad(true));
            let leaves: Vec<Tensor> = leaves.collect();
            let hidden = if biases { x.mm(&leaves[0]) + &leaves[1] } else { x.mm(&leaves[0]) };
            let out = hidden.relu().mm(&leaves[leaves.len() / 2]);
            let out = if biases { out + &leaves[3] } else { out };
            let squares = (out - &y).square().sum(Kind::Double);
            (if mean_gradient { &squares / 11.0 } else { squares.shallow_clone() }).backward();

            let mut engine = Engine::new(&net, &x, &y, settings).unwrap();
            let sum = Tensor::zeros([], (Kind::Double, Device::Cpu));
            engine.forward(&sum).unwrap();
            engine.backward().unwrap();
            assert!((sum.double_value(&[]) - squares.double_value(&[])).abs() < 1e-9);
            let order: &[usize] = if biases { &[0, 2, 1, 3] } else { &[0, 1] };
            for (leaf, &grad) in leaves.iter().zip(order) {
                let difference = (&engine.grads[grad] - leaf.grad()).abs().max().double_value(&[]);
                assert!(difference < 1e-10, "biases {biases}, mean {mean_gradient}, gradient {grad}: {difference:e}");
            }
        }
    }

    // w1 = np.zeros((1, 1)): l1 is exactly 0, and `grad_temp_relu[l1 < 0] = 0` lets its gradient through.
    #[test]
    fn at_exactly_zero_the_gradient_passes() {
        let one = || Tensor::ones([1, 1], (Kind::Double, Device::Cpu));
        let net = ReluNet { w1: one() * 0.0, w2: one(), biases: None };
        let settings = Descent { lr: 0.5, train_bias: false, mean_gradient: false };
        train(&net, &one(), &one(), settings, 1, |_, _| Ok(())).unwrap();
        assert_eq!(net.w1.double_value(&[0, 0]), 1.0);
    }

    #[test]
    fn biases_stay_as_they_are_unless_trained_and_the_loss_falls() {
        let _torch = seeded(5);
        for train_bias in [false, true] {
            let (net, x, y) = (net(true), random(&[20, 5]), random(&[20, 3]));
            let before = net.named()[1].1.copy();
            let settings = Descent { lr: 1e-3, train_bias, mean_gradient: false };
            let losses = train(&net, &x, &y, settings, 50, |_, _| Ok(())).unwrap();
            assert!(losses[49] < losses[0]);
            assert!(net.loss(&x, &y).unwrap() < losses[49]);
            assert_eq!(net.named()[1].1.equal(&before), !train_bias);
        }
    }

    #[test]
    fn a_divergent_run_stops_with_its_epoch_and_advice() {
        let _torch = seeded(0);
        let (net, x, y) = (net(false), random(&[11, 5]), random(&[11, 3]));
        let settings = Descent { lr: 10.0, train_bias: false, mean_gradient: false };
        let error = train(&net, &x, &y, settings, 100, |_, _| Ok(())).unwrap_err().to_string();
        assert!(error.contains("epoch") && error.contains("--lr"), "{error}");
    }
}
