//! What is trained: every setting at least once, each against the same small network.
#![allow(clippy::unwrap_used, reason = "a case that cannot be read fails by panicking")]

use lockstep::model::activation::Activation;
use lockstep::model::loss::LossKind;
use lockstep::model::mlp::MlpConfig;
use lockstep::model::norm::Norm;
use lockstep::train::config::TrainConfig;

pub const FEATURES: i64 = 5;
const CLASSES: i64 = 3;

/// One training: what differs from [`Case::new`]'s, with the reason as its name.
pub struct Case {
    pub name: String,
    pub net: MlpConfig,
    pub loss: LossKind,
    pub class_weight: Option<Vec<f64>>,
    pub row_weights: bool,
    pub valid: bool,
    pub train: TrainConfig,
    pub seed: i64,
    pub threads: i32,
}

impl Case {
    /// Ten epochs of Adam at 0.01 on batches of 16; `loss` says what the outputs are.
    fn new(name: impl Into<String>, loss: &str, set: impl FnOnce(&mut Self)) -> Self {
        let loss: LossKind = loss.parse().unwrap();
        let outputs = if matches!(loss, LossKind::CrossEntropy { .. }) { CLASSES } else { 1 };
        let (hidden, activation) = (vec![17, 8], Activation::Relu);
        let mut case = Self {
            name: name.into(),
            net: MlpConfig { inputs: FEATURES, outputs, hidden, activation, dropout: 0.0, norm: Norm::None },
            loss,
            class_weight: None,
            row_weights: false,
            valid: false,
            train: TrainConfig { epochs: 10, batch_size: Some(16), lr: 0.01, ..TrainConfig::default() },
            seed: 7,
            threads: 1,
        };
        set(&mut case);
        case
    }
}

/// All of them; the two that may stop early come last.
pub fn all() -> Vec<Case> {
    let usual = [networks(), losses(), updates(), schedules()];
    usual.into_iter().chain([orders(), norms(), accumulation(), averages(), early_stopping()]).flatten().collect()
}

fn networks() -> Vec<Case> {
    let mut cases: Vec<Case> = Activation::all()
        .map(|activation| Case::new(format!("activation {activation}"), "mse", |c| c.net.activation = activation))
        .collect();
    for hidden in [vec![], vec![1], vec![64], vec![33, 16, 7]] {
        cases.push(Case::new(format!("hidden {hidden:?}"), "cross-entropy", |c| c.net.hidden = hidden));
    }
    for batch_size in [None, Some(32)] {
        cases.push(Case::new(format!("dropout, batches of {batch_size:?}"), "cross-entropy", |c| {
            c.net.dropout = 0.3;
            c.train.batch_size = batch_size;
            c.valid = true;
        }));
    }
    // The shape of the tutorial's network on all rows at once, which an engine without autograd trains.
    for threads in [1, 2] {
        cases.push(Case::new(format!("tanh on all rows, {threads} threads"), "cross-entropy", |c| {
            (c.net.hidden, c.net.activation) = (vec![21], Activation::Tanh);
            (c.train.batch_size, c.train.epochs, c.valid, c.threads) = (None, 40, true, threads);
        }));
    }
    cases
}

fn losses() -> Vec<Case> {
    let mut cases = Vec::new();
    let all = ["mse", "mae", "huber", "huber:delta=0.3", "cross-entropy", "cross-entropy:label_smoothing=0.1", "bce"];
    for loss in all {
        cases.push(Case::new(format!("loss {loss}"), loss, |c| c.valid = true));
        cases.push(Case::new(format!("loss {loss}, row weights"), loss, |c| (c.valid, c.row_weights) = (true, true)));
    }
    for loss in all.into_iter().filter(|loss| loss.parse::<LossKind>().unwrap().is_classification()) {
        let weights = if loss == "bce" { vec![0.7, 1.9] } else { vec![0.7, 1.9, 0.45] };
        for row_weights in [false, true] {
            let name = format!("loss {loss}, class weights, row weights {row_weights}");
            cases.push(Case::new(name, loss, |c| {
                (c.class_weight, c.row_weights, c.valid) = (Some(weights.clone()), row_weights, true);
            }));
        }
    }
    cases
}

fn updates() -> Vec<Case> {
    let mut cases = Vec::new();
    for batch_size in [None, Some(1), Some(16), Some(1000)] {
        cases.push(Case::new(format!("batches of {batch_size:?}"), "mse", |c| c.train.batch_size = batch_size));
    }
    for optimizer in ["adam", "adamw", "sgd"] {
        for weight_decay in [None, Some(0.0), Some(0.1)] {
            cases.push(Case::new(format!("{optimizer}, weight decay {weight_decay:?}"), "mse", |c| {
                (c.train.optimizer, c.train.weight_decay) = (optimizer.parse().unwrap(), weight_decay);
            }));
        }
    }
    for (nesterov, weight_decay) in [(false, None), (true, None), (false, Some(0.03)), (true, Some(0.03))] {
        cases.push(Case::new(format!("momentum, nesterov {nesterov}, decay {weight_decay:?}"), "mse", |c| {
            c.train.optimizer = "sgd".parse().unwrap();
            (c.train.momentum, c.train.nesterov, c.train.weight_decay) = (0.9, nesterov, weight_decay);
        }));
    }
    for clip_grad in [0.05, 1.0, 1e6] {
        cases.push(Case::new(format!("clipped at {clip_grad}"), "mse", |c| c.train.clip_grad = Some(clip_grad)));
    }
    cases.push(Case::new("l1", "cross-entropy", |c| (c.train.l1, c.valid) = (0.01, true)));
    cases.push(Case::new("l1 of a linear model", "mse", |c| (c.train.l1, c.net.hidden) = (0.01, vec![])));
    cases.push(Case::new("two threads, wide", "mse", |c| {
        (c.threads, c.net.hidden, c.train.batch_size) = (2, vec![700, 300], None);
    }));
    cases
}

fn schedules() -> Vec<Case> {
    let mut cases = Vec::new();
    for schedule in [
        "constant",
        "step",
        "step:step_size=2,gamma=0.7",
        "cosine",
        "cosine:eta_min=0.001,t_max=4",
        "plateau:patience=1",
    ] {
        for warmup in [0, 1, 4] {
            cases.push(Case::new(format!("{schedule}, warm-up {warmup}"), "mse", |c| {
                (c.train.schedule, c.train.warmup, c.train.epochs) = (schedule.parse().unwrap(), warmup, 14);
            }));
        }
    }
    let plateau = "plateau:patience=0,factor=0.5,threshold=0.2,cooldown=2,min_lr=0.002";
    for (schedule, optimizer) in [
        (plateau, "adam"),
        ("one-cycle", "adam"),
        ("one-cycle", "sgd"),
        ("one-cycle:cycle_momentum=false,pct_start=0.5,div_factor=10", "sgd"),
    ] {
        cases.push(Case::new(format!("{schedule}, {optimizer}"), "mse", |c| {
            (c.train.schedule, c.train.optimizer) = (schedule.parse().unwrap(), optimizer.parse().unwrap());
            (c.train.epochs, c.train.lr, c.valid) = (20, 0.02, true);
        }));
    }
    cases
}

/// What says which rows come. Of 103 rows batches of 16 leave 7, of 17 one, and of 103 none.
fn orders() -> Vec<Case> {
    let mut cases = Vec::new();
    for order in [
        "sequential",
        "dataloader",
        "dataloader:shuffle=false",
        "dataloader:generator=5",
        "dataloader:shuffle=false,generator=5",
        "dataloader:sampler=balanced",
        "dataloader:sampler=balanced,generator=5",
        "dataloader:persistent=true",
        "dataloader:persistent=true,generator=5",
        "dataloader:persistent=true,shuffle=false",
    ] {
        for (batch_size, drop_last, dropout) in [(Some(17), false, 0.0), (Some(16), true, 0.3), (None, false, 0.3)] {
            let name = format!("{order}, batches of {batch_size:?}, drop_last {drop_last}, dropout {dropout}");
            cases.push(Case::new(name, "cross-entropy", |c| {
                (c.train.order, c.train.epochs) = (order.parse().unwrap(), 4);
                (c.train.batch_size, c.train.drop_last, c.net.dropout) = (batch_size, drop_last, dropout);
            }));
        }
    }
    // The last batch of 8 has one row, and there is no short one of 41.
    for (order, size) in [
        ("randperm", 0),
        ("randperm", 8),
        ("dataloader", 0),
        ("dataloader", 8),
        ("dataloader", 41),
        ("dataloader:valid_persistent=true,persistent=true", 16),
        ("dataloader:generator=1", 40),
    ] {
        for threads in [1, 2] {
            let name = format!("{order}, validated in batches of {size}, {threads} threads");
            cases.push(Case::new(name, "mse", |c| {
                (c.train.order, c.train.valid_batch_size) = (order.parse().unwrap(), Some(size));
                (c.net.dropout, c.valid, c.row_weights, c.threads) = (0.2, true, size == 8, threads);
            }));
        }
    }
    for schedule in ["one-cycle", "step:step_size=2"] {
        cases.push(Case::new(format!("drop_last, {schedule}"), "mse", |c| {
            (c.train.schedule, c.train.drop_last, c.train.batch_size) = (schedule.parse().unwrap(), true, Some(51));
        }));
    }
    cases
}

fn norms() -> Vec<Case> {
    let mut cases = Vec::new();
    for norm in [Norm::Batch, Norm::Layer] {
        let mut case = |name: &str, loss: &str, set: &dyn Fn(&mut Case)| {
            cases.push(Case::new(format!("{norm} norm, {name}"), loss, |c| {
                (c.net.norm, c.valid) = (norm, true);
                set(c);
            }));
        };
        case("alone", "cross-entropy", &|_| ());
        case("with dropout", "cross-entropy", &|c| c.net.dropout = 0.3);
        case("clipped", "mse", &|c| c.train.clip_grad = Some(0.05));
        case("clipped, with dropout", "mse", &|c| (c.train.clip_grad, c.net.dropout) = (Some(0.3), 0.2));
        case("l1", "mse", &|c| c.train.l1 = 0.01);
        case("on all rows", "bce", &|c| c.train.batch_size = None);
        case("without hidden layers", "mse", &|c| c.net.hidden = vec![]);
        case("deep and narrow", "mse", &|c| c.net.hidden = vec![9, 1, 3, 33]);
        case("wide, two threads", "mse", &|c| (c.net.hidden, c.threads) = (vec![600, 300], 2));
        case("adamw", "mse", &|c| c.train.optimizer = "adamw".parse().unwrap());
        case("sgd", "mse", &|c| {
            (c.train.optimizer, c.train.momentum, c.train.weight_decay) = ("sgd".parse().unwrap(), 0.9, Some(0.01));
        });
        case("dataloader", "cross-entropy", &|c| {
            (c.train.order, c.net.dropout) = ("dataloader".parse().unwrap(), 0.2);
            (c.train.batch_size, c.train.drop_last, c.train.valid_batch_size) = (Some(17), true, Some(20));
        });
        case("stops early", "cross-entropy", &|c| {
            (c.train.early_stop, c.train.lr, c.train.epochs, c.net.dropout) = (Some(3), 0.05, 60, 0.2);
        });
        for activation in ["tanh", "gelu"] {
            case(activation, "mse", &|c| c.net.activation = activation.parse().unwrap());
        }
    }
    cases
}

/// Seven batches of 16 in an epoch.
fn accumulation() -> Vec<Case> {
    let mut cases = Vec::new();
    for accumulate in [2, 3, 7, 10] {
        for (name, optimizer, clip_grad, l1) in
            [("adam", "adam", None, 0.0), ("sgd, clipped", "sgd", Some(0.1), 0.0), ("adamw, l1", "adamw", None, 0.01)]
        {
            cases.push(Case::new(format!("{accumulate} batches an update, {name}"), "mse", |c| {
                (c.train.accumulate, c.train.optimizer) = (accumulate, optimizer.parse().unwrap());
                (c.train.clip_grad, c.train.l1) = (clip_grad, l1);
            }));
        }
    }
    for (schedule, order) in [("one-cycle", "dataloader"), ("cosine", "sequential")] {
        cases.push(Case::new(format!("3 batches an update, {schedule}, {order}"), "cross-entropy", |c| {
            (c.train.accumulate, c.net.norm, c.net.dropout) = (3, Norm::Batch, 0.2);
            (c.train.schedule, c.train.order) = (schedule.parse().unwrap(), order.parse().unwrap());
        }));
    }
    cases.push(Case::new("2 batches an update, of one batch", "cross-entropy", |c| {
        (c.net.hidden, c.net.activation, c.train.batch_size, c.train.accumulate) =
            (vec![21], Activation::Tanh, None, 2);
    }));
    cases
}

fn averages() -> Vec<Case> {
    let mut cases = Vec::new();
    for decay in [0.0, 0.3, 0.9, 0.999, 1.0] {
        cases.push(Case::new(format!("averaged by {decay}"), "mse", |c| (c.train.ema, c.valid) = (Some(decay), true)));
    }
    for (name, norm, accumulate, early_stop) in [
        ("batch norm", Norm::Batch, 1, None),
        ("layer norm, 2 batches an update", Norm::Layer, 2, None),
        ("batch norm, stops early", Norm::Batch, 1, Some(3)),
    ] {
        cases.push(Case::new(format!("averaged, {name}"), "cross-entropy", |c| {
            (c.train.ema, c.net.norm, c.train.accumulate) = (Some(0.95), norm, accumulate);
            (c.train.early_stop, c.train.lr, c.train.epochs, c.valid) = (early_stop, 0.03, 30, true);
            (c.train.order, c.net.dropout) = ("dataloader".parse().unwrap(), 0.2);
        }));
    }
    cases.push(Case::new("averaged, two threads", "mse", |c| {
        (c.train.ema, c.threads, c.net.hidden, c.valid) = (Some(0.99), 2, vec![300, 200], true);
    }));
    cases
}

fn early_stopping() -> Vec<Case> {
    let stop = |name: &str, patience, lr| {
        Case::new(name, "cross-entropy", |c| {
            (c.train.early_stop, c.train.lr, c.train.epochs, c.valid) = (Some(patience), lr, 60, true);
        })
    };
    vec![stop("stops early", 3, 0.05), stop("has no reason to stop", 60, 0.001)]
}
