//! The loop's edges; its numbers are held against Python in `tests/fit_parity`.

use super::config::TrainConfig;
use super::engine::EngineKind;
use super::observer::{Epoch, Next, Observer, Started};
use super::session::{Session, Trained};
use super::snapshot::Snapshot;
use super::task::{Part, Task};
use crate::model::activation::Activation;
use crate::model::loss::{Loss, LossKind};
use crate::model::mlp::{Mlp, MlpConfig};
use crate::model::norm::Norm;
use crate::record::Recording;
use crate::torch::named::prefixed;
use crate::torch::testing::seeded;
use crate::train::features::{Block, Coded, Features, Layout};
use anyhow::{Result, bail};
use std::sync::Arc;
use tch::{Device, Kind, Tensor};

fn linear() -> Mlp {
    let config = MlpConfig {
        inputs: 1,
        outputs: 1,
        hidden: vec![],
        activation: Activation::Identity,
        dropout: 0.0,
        norm: Norm::None,
    };
    Mlp::new(&config, Device::Cpu).unwrap()
}

fn column(values: &[f32]) -> Tensor {
    Tensor::from_slice(values).view([-1, 1])
}

fn config() -> TrainConfig {
    TrainConfig { epochs: 5, batch_size: None, lr: 0.1, optimizer: "sgd".parse().unwrap(), ..TrainConfig::default() }
}

fn train(
    net: &Mlp,
    loss: &Loss,
    config: &TrainConfig,
    train: Part<'_>,
    valid: Option<Part<'_>>,
    observer: &mut dyn Observer,
) -> Result<Trained> {
    Session::new(Task { net, loss, config, train, valid, record: Recording::default() })?.run(observer)
}

/// Trains on `x` and `y`, validates on the same.
fn fit(x: &Tensor, y: &Tensor, config: &TrainConfig) -> Result<Trained> {
    let part = Part { x: &Features::from(x), y, weight: None };
    train(&linear(), &Loss::new(LossKind::Mse), config, part, Some(part), &mut ())
}

#[test]
fn a_loss_that_is_not_finite_ends_with_its_epoch_and_cause() {
    let _torch = seeded(0);
    let (x, y) = (column(&[1.0, 2.0]), column(&[1.0, 2.0]));
    let error = fit(&x, &y, &TrainConfig { lr: 1e15, ..config() }).unwrap_err().to_string();
    assert!(error.contains("at epoch ") && error.contains("learning rate"), "{error}");
    let error = fit(&column(&[1.0, f32::NAN]), &y, &config()).unwrap_err().to_string();
    assert!(error.contains("at epoch 1") && error.contains("training data"), "{error}");
}

#[test]
fn weights_that_the_last_update_broke_are_an_error() {
    let _torch = seeded(0);
    let (x, y) = (column(&[1e15]), column(&[1.0]));
    let part = Part { x: &Features::from(&x), y: &y, weight: None };
    let config = TrainConfig { epochs: 1, lr: 1e15, ..config() };
    let error = train(&linear(), &Loss::new(LossKind::Mse), &config, part, None, &mut ()).unwrap_err().to_string();
    assert!(error.contains("a weight became"), "{error}");
}

#[test]
fn the_report_can_stop_the_training() {
    let _torch = seeded(0);
    let (x, y) = (column(&[1.0]), column(&[1.0]));
    let mut seen = Vec::new();
    let part = Part { x: &Features::from(&x), y: &y, weight: None };
    let mut observer = |epoch: &Epoch<'_>| {
        seen.push(epoch.number);
        if epoch.number == 2 { bail!("enough") } else { Ok(Next::Go) }
    };
    let result = train(&linear(), &Loss::new(LossKind::Mse), &config(), part, None, &mut observer);
    assert_eq!((result.unwrap_err().to_string(), seen), ("enough".to_string(), vec![1, 2]));
}

/// The validation part wants the opposite slope, so its loss rises from the first epoch on.
#[test]
fn early_stopping_goes_back_to_the_best_weights() {
    let _torch = seeded(0);
    let (x, y, opposite) = (column(&[1.0, -1.0]), column(&[9.0, -9.0]), column(&[-9.0, 9.0]));
    let net = linear();
    let (part, valid) = (
        Part { x: &Features::from(&x), y: &y, weight: None },
        Part { x: &Features::from(&x), y: &opposite, weight: None },
    );
    let config = TrainConfig { epochs: 50, early_stop: Some(3), ..config() };
    let mut after_first = None;
    let mut observer = |epoch: &Epoch<'_>| {
        if epoch.number == 1 {
            after_first = Some(crate::torch::safetensors::copy(&net.parameters.flat)?);
        }
        Ok(Next::Go)
    };
    let trained = train(&net, &Loss::new(LossKind::Mse), &config, part, Some(valid), &mut observer).unwrap();
    assert_eq!((trained.history().epochs(), trained.best_epoch, trained.stopped_early), (4, 1, true));
    assert!(net.parameters.flat.equal(&after_first.unwrap()));
}

#[test]
fn settings_that_cannot_be_or_do_nothing_are_refused() {
    let _torch = seeded(0);
    let base = config;
    let cases = [
        (TrainConfig { epochs: 0, ..base() }, "--epochs 0: expected"),
        (TrainConfig { batch_size: Some(0), ..base() }, "--batch-size 0: expected"),
        (TrainConfig { lr: -1.0, ..base() }, "--lr -1: expected"),
        (TrainConfig { lr: 1e39, ..base() }, "--lr 1e39: expected"),
        (TrainConfig { schedule: "step:step_size=1,gamma=1e300".parse().unwrap(), lr: 1e-9, ..base() }, "1e291"),
        (TrainConfig { l1: f64::NAN, ..base() }, "--l1 NaN: expected"),
        (TrainConfig { clip_grad: Some(0.0), ..base() }, "--clip-grad 0: expected"),
        (TrainConfig { nesterov: true, ..base() }, "--nesterov: needs a --momentum"),
        (
            TrainConfig { momentum: 0.9, optimizer: "adam".parse().unwrap(), ..base() },
            "--momentum 0.9: belongs to --optimizer sgd, and the optimizer is adam",
        ),
        (TrainConfig { warmup: 5, ..base() }, "--warmup 5: expected fewer than the 5 epochs"),
    ];
    let x = column(&[1.0]);
    for (config, word) in cases {
        let error = fit(&x, &x, &config).unwrap_err().to_string();
        assert!(error.contains(word), "{word}: {error}");
    }
    let part = Part { x: &Features::from(&x), y: &x, weight: None };
    let config = TrainConfig { early_stop: Some(2), ..config() };
    let error = train(&linear(), &Loss::new(LossKind::Mse), &config, part, None, &mut ()).unwrap_err();
    assert!(error.to_string().starts_with("--early-stop 2: needs a validation part"), "{error}");
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let _torch = seeded(0);
    let empty = Tensor::zeros([0, 1], (Kind::Float, Device::Cpu));
    assert!(fit(&empty, &empty, &config()).unwrap_err().to_string().contains("no rows"));
    let (three, two) = (column(&[1.0; 3]), column(&[1.0; 2]));
    let error = fit(&three, &two, &config()).unwrap_err().to_string();
    assert!(error.contains("[3, 1]") && error.contains("[2, 1]"), "{error}");
    assert!(fit(&three.to_kind(Kind::Double), &three, &config()).unwrap_err().to_string().contains("float32"));
}

/// Saves after every epoch in `at`, and keeps what it saw.
struct Saving {
    at: usize,
    started: Vec<Started>,
    saved: Vec<Snapshot>,
}

impl Observer for Saving {
    fn started(&mut self, started: &Started) -> Result<()> {
        self.started.push(started.clone());
        Ok(())
    }

    fn epoch(&mut self, epoch: &Epoch<'_>) -> Result<Next> {
        Ok(if epoch.number == self.at { Next::Save } else { Next::Go })
    }

    fn save(&mut self, _: &Mlp, snapshot: &Snapshot) -> Result<()> {
        let model = snapshot.best.as_ref().map_or(&snapshot.weights, |best| &best.weights);
        self.saved.push(Snapshot::read(&snapshot.tensors()?, prefixed("", model))?);
        Ok(())
    }
}

/// Shuffled batches, dropout, momentum, a schedule and early stopping: everything that a snapshot must hold.
#[test]
fn a_training_goes_on_from_its_snapshot_to_the_same_bits() {
    let layers = MlpConfig {
        inputs: 3,
        outputs: 1,
        hidden: vec![5],
        activation: Activation::Relu,
        dropout: 0.2,
        norm: Norm::None,
    };
    let torch = seeded(0);
    let data = || {
        torch.seed(1);
        let random = |columns| Tensor::randn([20, columns], (Kind::Float, Device::Cpu));
        (random(3), random(1), Mlp::new(&layers, Device::Cpu).unwrap())
    };
    let config = TrainConfig {
        epochs: 9,
        batch_size: Some(6),
        early_stop: Some(50),
        momentum: 0.9,
        schedule: "plateau:patience=1".parse().unwrap(),
        lr: 0.05,
        ..config()
    };
    let loss = Loss::new(LossKind::Mse);
    let (x, y, net) = data();
    let part = Part { x: &Features::from(&x), y: &y, weight: None };
    let mut saving = Saving { at: 4, started: vec![], saved: vec![] };
    let whole = train(&net, &loss, &config, part, Some(part), &mut saving).unwrap();
    let (_, _, other) = data();
    torch.seed(99);
    let task = Task {
        net: &other,
        loss: &loss,
        config: &config,
        train: part,
        valid: Some(part),
        record: Recording::default(),
    };
    let resumed = Session::resume(task, &saving.saved[0]).unwrap().run(&mut saving).unwrap();
    assert_eq!(resumed.history(), whole.history());
    assert!(other.parameters.flat.equal(&net.parameters.flat));
    assert_eq!((saving.started[0].epoch, saving.started[1].epoch), (0, 4));
    for ((name, a), (_, b)) in resumed.snapshot.tensors().unwrap().iter().zip(&whole.snapshot.tensors().unwrap()) {
        assert!(a.equal(b), "{name}");
    }
}

#[test]
fn an_engine_that_cannot_says_why_and_the_exact_one_trains() {
    let _torch = seeded(0);
    let layers = MlpConfig {
        inputs: 1,
        outputs: 1,
        hidden: vec![2],
        activation: Activation::Relu,
        dropout: 0.0,
        norm: Norm::Batch,
    };
    let net = Mlp::new(&layers, Device::Cpu).unwrap();
    let x = column(&[1.0, 2.0]);
    let part = Part { x: &Features::from(&x), y: &x, weight: None };
    let mut saving = Saving { at: 0, started: vec![], saved: vec![] };
    let config = TrainConfig { engine: EngineKind::Fused, epochs: 1, ..config() };
    let trained = train(&net, &Loss::new(LossKind::Mse), &config, part, None, &mut saving).unwrap();
    assert_eq!(trained.engine, EngineKind::Exact);
    assert!(saving.started[0].instead.as_ref().unwrap().contains("batch norm"));
}

#[test]
fn an_observer_ends_a_training_without_an_error() {
    let _torch = seeded(0);
    let x = column(&[1.0]);
    let part = Part { x: &Features::from(&x), y: &x, weight: None };
    let mut stop = |epoch: &Epoch<'_>| Ok(if epoch.number == 3 { Next::Stop } else { Next::Go });
    let trained = train(&linear(), &Loss::new(LossKind::Mse), &config(), part, None, &mut stop).unwrap();
    assert_eq!((trained.history().epochs(), trained.stopped_early, trained.best_epoch), (3, true, 3));
}

/// Of coded features a batch is a matrix too: the bits of a training are those of the matrix.
#[test]
fn coded_features_train_to_the_bits_of_their_matrix() {
    let torch = seeded(3);
    let layout = Layout { width: 12, rest: vec![0, 11], blocks: vec![Block { first: 1, count: 10 }] };
    let codes = Tensor::randint_low(-1, 10, [50, 1], (Kind::Int64, Device::Cpu));
    let rest = Tensor::randn([50, 2], (Kind::Float, Device::Cpu));
    let coded = Features::Coded(Coded { rest, codes, layout: Arc::new(layout) });
    let dense = Features::from(&coded.dense().unwrap());
    let y = Tensor::randn([50, 1], (Kind::Float, Device::Cpu));
    let layers = MlpConfig {
        inputs: 12,
        outputs: 1,
        hidden: vec![5],
        activation: Activation::Relu,
        dropout: 0.2,
        norm: Norm::None,
    };
    let trained = |x: &Features, size: Option<usize>, order: &str| {
        torch.seed(8);
        let net = Mlp::new(&layers, Device::Cpu).unwrap();
        let part = Part { x, y: &y, weight: None };
        let config = TrainConfig { batch_size: size, order: order.parse().unwrap(), ..config() };
        let trained = train(&net, &Loss::new(LossKind::Mse), &config, part, Some(part), &mut ()).unwrap();
        (trained.history().loss().to_vec(), trained.history().valid_loss().unwrap().to_vec(), net.copies().unwrap())
    };
    for (size, order) in [(None, "randperm"), (Some(16), "randperm"), (Some(16), "sequential")] {
        let (found, expected) = (trained(&coded, size, order), trained(&dense, size, order));
        assert_eq!((found.0, found.1), (expected.0, expected.1), "{size:?} {order}");
        assert!(found.2.iter().zip(&expected.2).all(|((_, a), (_, b))| a.equal(b)), "{size:?} {order}");
    }
}
