//! Whole trainings by the kernels that run on the processor, beside those of `exact`.

use crate::model::activation::Activation;
use crate::model::loss::{Loss, LossKind};
use crate::model::mlp::{Mlp, MlpConfig};
use crate::model::norm::Norm;
use crate::record::Recording;
use crate::torch::testing::seeded;
use crate::train::config::TrainConfig;
use crate::train::engine::fused::Plan;
use crate::train::engine::fused::cuda::CudaEngine;
use crate::train::engine::fused::cuda::tests::{PROCESSOR, compiler};
use crate::train::features::Features;
use crate::train::history::History;
use crate::train::observer::{Epoch, Next, Observer};
use crate::train::optim::OptimizerKind;
use crate::train::order_kind::OrderKind;
use crate::train::session::Session;
use crate::train::task::{Part, Task};
use anyhow::Result;
use tch::{Device, Kind, Tensor};

struct Data {
    net: Mlp,
    x: Tensor,
    y: Tensor,
}

fn data() -> Data {
    let hidden = vec![20];
    let (activation, norm) = (Activation::Tanh, Norm::None);
    let config = MlpConfig { inputs: 3, outputs: 2, hidden, activation, dropout: 0.0, norm };
    let x = Tensor::randn([70, 3], (Kind::Float, Device::Cpu));
    let y = x.select(1, 0).gt(0.2).to_kind(Kind::Int64);
    Data { net: Mlp::new(&config, Device::Cpu).unwrap(), x, y }
}

/// A training from the same start, by `exact` or by the kernels: its history, and the parameters behind it.
fn train(config: &TrainConfig, kernels: bool, observer: &mut dyn Observer) -> (History, Tensor) {
    let _torch = seeded(3);
    let Data { net, x, y } = data();
    let loss = Loss::new(LossKind::CrossEntropy { label_smoothing: 0.0 });
    let part = Part { x: &Features::from(&x), y: &y, weight: None };
    let valid = config.valid_batch_size.map(|_| part);
    let task = Task { net: &net, loss: &loss, config, train: part, valid, record: Recording::to(None) };
    let mut session = Session::new(task).unwrap();
    if kernels {
        let plan = Plan::of(&net.config, &loss, Device::Cuda(0)).unwrap();
        session.losses.get_mut().engine = Box::new(CudaEngine::with(&task, plan, PROCESSOR).unwrap());
    }
    let trained = session.run(observer).unwrap();
    (trained.history().clone(), net.parameters.flat.copy())
}

fn config() -> TrainConfig {
    TrainConfig { epochs: 12, batch_size: Some(16), lr: 0.01, ..TrainConfig::default() }
}

fn configs() -> Vec<TrainConfig> {
    let sgd =
        |momentum, nesterov| TrainConfig { optimizer: OptimizerKind::Sgd, momentum, nesterov, lr: 0.1, ..config() };
    vec![
        config(),
        TrainConfig { batch_size: None, ..config() },
        TrainConfig { optimizer: OptimizerKind::AdamW, drop_last: true, weight_decay: Some(0.1), ..config() },
        TrainConfig { order: OrderKind::Sequential, l1: 0.01, weight_decay: Some(0.1), ..config() },
        TrainConfig { schedule: "one-cycle".parse().unwrap(), ..config() },
        TrainConfig { schedule: "cosine".parse().unwrap(), warmup: 3, batch_size: None, ..config() },
        TrainConfig { schedule: "plateau".parse().unwrap(), valid_batch_size: Some(0), ..config() },
        sgd(0.0, false),
        sgd(0.9, false),
        TrainConfig { schedule: "one-cycle".parse().unwrap(), ..sgd(0.9, true) },
        // What the engine leaves to the session, batch by batch.
        TrainConfig { clip_grad: Some(0.5), ..config() },
        TrainConfig { accumulate: 3, ..config() },
        TrainConfig { ema: Some(0.9), valid_batch_size: Some(32), ..config() },
    ]
}

#[test]
fn a_training_is_that_of_exact_up_to_rounding() {
    if !compiler() {
        return;
    }
    for config in configs() {
        let (exact, kernels) = (train(&config, false, &mut ()), train(&config, true, &mut ()));
        let close =
            |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-5 * b);
        assert!(close(kernels.0.loss(), exact.0.loss()), "{config:?}: {:?} and {:?}", kernels.0, exact.0);
        let valid = |history: &History| history.valid_loss().unwrap_or_default().to_vec();
        assert!(close(&valid(&kernels.0), &valid(&exact.0)), "{config:?}");
        assert_eq!(kernels.0.lr(), exact.0.lr(), "{config:?}");
        let off = f64::try_from((&kernels.1 - &exact.1).abs().max()).unwrap();
        assert!(off <= 1e-5, "{config:?}: a parameter is {off:e} off");
    }
}

/// Notes each epoch, and may be told late.
struct Told {
    ahead: usize,
    stop: usize,
    seen: Vec<(usize, f64)>,
}

impl Observer for Told {
    fn epoch(&mut self, epoch: &Epoch<'_>) -> Result<Next> {
        self.seen.push((epoch.number, epoch.loss()?));
        Ok(if epoch.number == self.stop { Next::Stop } else { Next::Go })
    }

    fn ahead(&self, _: usize) -> usize {
        self.ahead
    }
}

#[test]
fn epochs_in_one_call_are_those_of_many_calls_to_the_bit_and_each_is_told() {
    if !compiler() {
        return;
    }
    for config in configs() {
        let told = |ahead| {
            let mut observer = Told { ahead, stop: 10, seen: Vec::new() };
            let (history, parameters) = train(&config, true, &mut observer);
            let expected: Vec<(usize, f64)> = (1..).zip(history.loss().iter().copied()).collect();
            assert_eq!(observer.seen, expected, "{config:?}");
            (history, parameters)
        };
        let (single, many) = (told(1), told(5));
        assert_eq!(single.0.epochs(), 10);
        assert!(single.0 == many.0 && single.1.equal(&many.1), "{config:?}");
    }
}
