//! The tutorial's `Net` in Python's order of operations, without autograd and without allocation.
//!
//! Which operations Python's autograd runs for `CrossEntropyLoss(fc2(tanh(fc1(x))))`, and in which order, was read
//! off `torch/csrc/autograd/FunctionsManual.cpp`; the tests hold this engine against autograd itself.

use super::interface::{Batch, Engine};
use crate::model::activation::Activation;
use crate::model::loss::LossKind;
use crate::model::mlp::MlpConfig;
use crate::model::parameters::FlatTensors;
use crate::train::engine_kind::EngineKind;
use crate::train::task::{Part, Task};
use anyhow::{Result, ensure};
use tch::{Device, Kind, Reduction, TchError, Tensor};

/// The default `ignore_index` of `CrossEntropyLoss`: a label that never occurs here.
const IGNORE_INDEX: i64 = -100;

/// Losses that are kept on the device before they are read back together.
const LOSSES: i64 = 1 << 16;

/// Full-batch gradients of `linear → tanh → linear` under cross-entropy.
pub struct TanhNet<'a> {
    task: Task<'a>,
    /// The training rows, `[n, d]`.
    x: Tensor,
    views: Views,
    buffers: Buffers,
    /// Views of the buffer that the gradients were last written to, and where it lies.
    grads: Option<(*mut std::ffi::c_void, Vec<Tensor>)>,
    /// float32 `[LOSSES]` on the device; the first `kept` are of batches since the last reading.
    losses: Tensor,
    kept: i64,
    read: Vec<f64>,
}

/// Views that every step takes, made once; a view follows its tensor's values.
struct Views {
    params: Vec<Tensor>,
    /// Transposed: the weights of both layers, and the gradients of what they give.
    weights_t: [Tensor; 2],
    grad_pre_t: Tensor,
    grad_logits_t: Tensor,
}

/// Everything that a step writes to besides the gradients.
struct Buffers {
    hidden: Tensor,
    logits: Tensor,
    log_probs: Tensor,
    grad_log_probs: Tensor,
    grad_logits: Tensor,
    grad_hidden: Tensor,
    grad_pre: Tensor,
}

impl<'a> TanhNet<'a> {
    /// Whether this engine can do the task: `linear → tanh → linear` under plain cross-entropy, on all rows at once.
    pub fn suits(task: &Task<'_>) -> bool {
        let (net, loss, config) = (&task.net.config, task.loss, task.config);
        let plain_loss = loss.kind == LossKind::CrossEntropy { label_smoothing: 0.0 } && loss.class_weight().is_none();
        net.hidden.len() == 1
            && net.activation == Activation::Tanh
            && net.dropout == 0.0
            && net.norm.is_none()
            && plain_loss
            && task.train.weight.is_none()
            && task.train.x.matrix().is_some()
            && config.batch_size.is_none()
            && config.order.loader().is_none()
            && config.accumulate == 1
            && config.l1 == 0.0
    }

    /// Makes every buffer: three of `[n, hidden]`, five of `[n, classes]`.
    pub fn new(task: &Task<'a>) -> Result<Self> {
        let (net, y) = (task.net, task.train.y);
        let x = task.train.x.dense()?;
        let (device, n) = (x.device(), task.train.rows());
        let matrix = |columns: i64| Tensor::f_zeros([n, columns], (Kind::Float, device));
        let (hidden, classes) = (net.config.hidden[0], net.config.outputs);
        // The gradient of the mean negative log-likelihood: -1/n at each target, the same in every epoch.
        let grad_log_probs = matrix(classes)?;
        let _ = grad_log_probs.shallow_clone().f_scatter_value_(1, &y.f_unsqueeze(1)?, f64::from(-1.0 / n as f32))?;
        let buffers = Buffers {
            hidden: matrix(hidden)?,
            logits: matrix(classes)?,
            log_probs: matrix(classes)?,
            grad_log_probs,
            grad_logits: matrix(classes)?,
            grad_hidden: matrix(hidden)?,
            grad_pre: matrix(hidden)?,
        };
        let params = net.parameters.views()?;
        let views = Views {
            weights_t: [params[0].f_tr()?, params[2].f_tr()?],
            params,
            grad_pre_t: buffers.grad_pre.f_tr()?,
            grad_logits_t: buffers.grad_logits.f_tr()?,
        };
        let losses = Tensor::f_zeros([LOSSES], (Kind::Float, device))?;
        Ok(Self { task: *task, x, views, buffers, grads: None, losses, kept: 0, read: Vec::new() })
    }

    fn forward(&self, loss: &Tensor) -> Result<()> {
        let (b, Views { params, weights_t, .. }) = (&self.buffers, &self.views);
        let Task { net, record, train: Part { y, .. }, .. } = self.task;
        let x = &self.x;
        record.write(|recorder| recorder.input("", x))?;
        let _ = params[1].f_addmm_out(&b.hidden, x, &weights_t[0])?;
        record.write(|recorder| recorder.module(net.path(0), x, &b.hidden))?;
        let _ = b.hidden.shallow_clone().f_tanh_()?;
        record.write(|recorder| recorder.output(&MlpConfig::activation_path(0), &b.hidden))?;
        let _ = params[3].f_addmm_out(&b.logits, &b.hidden, &weights_t[1])?;
        record.write(|recorder| recorder.module(net.path(1), &b.hidden, &b.logits))?;
        record.write(|recorder| recorder.output("", &b.logits))?;
        let _ = b.logits.f_internal_log_softmax_out(&b.log_probs, 1, false)?;
        let _ = b.log_probs.f_nll_loss_out(loss, y, None::<&Tensor>, Reduction::Mean, IGNORE_INDEX)?;
        record.write(|recorder| recorder.loss(loss))
    }

    fn backward(&self, grads: &[Tensor]) -> Result<(), TchError> {
        let (b, Views { params, grad_pre_t, grad_logits_t, .. }) = (&self.buffers, &self.views);
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
        let _ = grad_pre_t.f_mm_out(&grads[0], &self.x)?;
        let _ = b.grad_pre.f_sum_intlist_out(&grads[1], rows, false, None)?;
        Ok(())
    }

    /// Reads back the losses that are kept on the device.
    fn read_back(&mut self) -> Result<()> {
        let kept = self.losses.f_narrow(0, 0, self.kept)?.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?;
        self.read.extend(Vec::<f64>::try_from(kept)?);
        self.kept = 0;
        Ok(())
    }
}

impl Engine for TanhNet<'_> {
    fn kind(&self) -> EngineKind {
        EngineKind::Exact
    }

    fn gradients(&mut self, batch: Batch<'_>, into: &mut FlatTensors) -> Result<()> {
        ensure!(matches!(batch, Batch::All), "this engine takes all rows at once");
        let _no_grad = tch::no_grad_guard();
        if self.kept == LOSSES {
            self.read_back()?;
        }
        let place = into.flat.data_ptr();
        let grads = match self.grads.take() {
            Some((other, views)) if other == place => views,
            _ => into.views()?,
        };
        let loss = self.losses.f_select(0, self.kept)?;
        self.kept += 1;
        self.forward(&loss)?;
        self.backward(&grads)?;
        self.grads = Some((place, grads));
        Ok(())
    }

    fn losses(&mut self) -> Result<Vec<f64>> {
        self.read_back()?;
        Ok(std::mem::take(&mut self.read))
    }

    fn evaluate(&mut self, part: &Part<'_>) -> Result<f64> {
        self.task.evaluate(part)
    }

    fn hits(&mut self) -> Result<usize> {
        self.task.hits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::loss::Loss;
    use crate::model::mlp::Mlp;
    use crate::model::norm::Norm;
    use crate::record::Recording;
    use crate::torch::testing::seeded;
    use crate::train::config::TrainConfig;
    use crate::train::engine::choose;
    use crate::train::features::Features;

    fn net(inputs: i64, hidden: i64, outputs: i64) -> Mlp {
        let config = MlpConfig {
            inputs,
            outputs,
            hidden: vec![hidden],
            activation: Activation::Tanh,
            dropout: 0.0,
            norm: Norm::None,
        };
        Mlp::new(&config, Device::Cpu).unwrap()
    }

    fn config() -> TrainConfig {
        TrainConfig { batch_size: None, ..TrainConfig::default() }
    }

    fn cross_entropy() -> Loss {
        Loss::new(LossKind::CrossEntropy { label_smoothing: 0.0 })
    }

    /// Autograd is the oracle: after one backward pass its gradients and ours have the same bits.
    #[test]
    fn gradients_equal_autograds_to_the_bit() {
        let torch = seeded(0);
        for (n, inputs, hidden, outputs) in
            [(200, 2, 100, 2), (7, 2, 3, 2), (2, 2, 1, 2), (33, 2, 64, 2), (90, 5, 17, 3)]
        {
            torch.seed(n);
            let net = net(inputs, hidden, outputs);
            let x = Tensor::randn([n, inputs], (Kind::Float, Device::Cpu));
            let y = Tensor::randint(outputs, [n], (Kind::Int64, Device::Cpu));
            let (loss, config) = (cross_entropy(), config());
            let train = Part { x: &Features::from(&x), y: &y, weight: None };
            let task =
                Task { net: &net, loss: &loss, config: &config, train, valid: None, record: Recording::default() };
            let variables = net.variables();
            let linear = |x: &Tensor, layer: usize| x.linear(&variables[2 * layer], Some(&variables[2 * layer + 1]));
            let logits = linear(&linear(&x, 0).tanh(), 1);
            let expected = logits.cross_entropy_loss::<Tensor>(&y, None, Reduction::Mean, -100, 0.0);
            let expected_grads = Tensor::run_backward(&[&expected], variables, false, false);
            let mut engine = TanhNet::new(&task).unwrap();
            let mut grads = FlatTensors::zeros(net.parameters.shapes(), Device::Cpu).unwrap();
            engine.gradients(Batch::All, &mut grads).unwrap();
            assert_eq!(engine.losses().unwrap(), [expected.double_value(&[])]);
            for ((name, ours), expected) in grads.named().unwrap().iter().zip(&expected_grads) {
                assert!(ours.equal(expected), "{name} at n = {n}, {inputs} → {hidden} → {outputs}");
            }
        }
    }

    #[test]
    fn losses_wait_on_the_device_until_they_are_asked_for() {
        let _torch = seeded(0);
        let net = net(1, 1, 2);
        let (x, y) = (Tensor::from_slice(&[1.0_f32]).view([1, 1]), Tensor::from_slice(&[0_i64]));
        let (loss, config) = (cross_entropy(), config());
        let train = Part { x: &Features::from(&x), y: &y, weight: None };
        let task = Task { net: &net, loss: &loss, config: &config, train, valid: None, record: Recording::default() };
        let mut engine = TanhNet::new(&task).unwrap();
        let mut grads = FlatTensors::zeros(net.parameters.shapes(), Device::Cpu).unwrap();
        // One more than there is room for on the device.
        let batches = LOSSES as usize + 1;
        for _ in 0..batches {
            engine.gradients(Batch::All, &mut grads).unwrap();
        }
        let losses = engine.losses().unwrap();
        assert!(losses.len() == batches && losses.iter().all(|loss| *loss == losses[0] && *loss > 0.0));
        assert!(engine.losses().unwrap().is_empty());
    }

    #[test]
    fn it_is_chosen_for_what_it_can_do_and_for_nothing_else() {
        let _torch = seeded(0);
        let net = net(1, 3, 2);
        let (x, y) = (Tensor::from_slice(&[1.0_f32]).view([1, 1]), Tensor::from_slice(&[0_i64]));
        let weight = Tensor::from_slice(&[2.0_f32]);
        let train = Part { x: &Features::from(&x), y: &y, weight: None };
        let (loss, plain) = (cross_entropy(), config());
        let suits = |loss: &Loss, config: &TrainConfig, train| {
            TanhNet::suits(&Task { net: &net, loss, config, train, valid: None, record: Recording::default() })
        };
        assert!(suits(&loss, &plain, train));
        assert!(!suits(&loss, &TrainConfig { batch_size: Some(1), ..config() }, train));
        assert!(!suits(&loss, &TrainConfig { l1: 0.1, ..config() }, train));
        assert!(!suits(&loss, &plain, Part { weight: Some(&weight), ..train }));
        assert!(!suits(&Loss::new(LossKind::CrossEntropy { label_smoothing: 0.1 }), &plain, train));
        let task = Task { net: &net, loss: &loss, config: &plain, train, valid: None, record: Recording::default() };
        assert_eq!(choose(&task).unwrap().engine.kind(), EngineKind::Exact);
    }
}
