//! One training on prepared rows.

use super::initial;
use super::prepare::{Prepared, Rows};
use crate::checkpoint::InitialWeights;
use crate::fit::settings::{ClassWeight, FitPlan};
use crate::model::loss::{Loss, LossKind};
use crate::model::mlp::{Mlp, MlpConfig};
use crate::preprocess::target::{Labels, Target};
use crate::record::Recording;
use crate::torch::generator;
use crate::train::observer::Observer;
use crate::train::session::{Session, Trained};
use crate::train::snapshot::Snapshot;
use crate::train::task::{Part, Task};
use anyhow::{Result, ensure};
use tch::Device;

/// A network and the loss that it is trained by.
pub struct Network {
    pub net: Mlp,
    pub loss: Loss,
    /// The file that its first weights are from, if there is one.
    pub initial: Option<InitialWeights>,
}

impl Network {
    /// The network of the settings for prepared rows, with the first weights that `seed` gives, or a file where the settings name
    /// one: torch's generator is seeded, and the network drawn, either way.
    pub fn new(prepared: &Prepared, config: &FitPlan, seed: u32, device: Device) -> Result<Self> {
        let mut network = Self::drawn(prepared, config, seed, device)?;
        network.initial = config.init_from.as_deref().map(|path| initial::load(path, &network.net)).transpose()?;
        Ok(network)
    }

    /// The same before a file is looked at: for a training that goes on from a state.
    pub fn drawn(prepared: &Prepared, config: &FitPlan, seed: u32, device: Device) -> Result<Self> {
        check_target(config, &prepared.target)?;
        let loss = loss_kind(config, &prepared.target)?;
        let layers = MlpConfig {
            inputs: prepared.train.x.width(),
            outputs: if loss == LossKind::Bce { 1 } else { prepared.target.outputs() },
            hidden: config.hidden.clone(),
            activation: config.activation,
            dropout: config.dropout,
            norm: config.norm,
        };
        let net = generator::drawn(|| {
            tch::manual_seed(i64::from(seed));
            Mlp::new(&layers, device)
        })?;
        Ok(Self { net, loss: criterion(loss, config, &prepared.train.labels, device)?, initial: None })
    }

    /// Trains on the training rows, with the validation rows to stop by; the test rows are not looked at. With `snapshot`
    /// the training goes on from there. It is written to `record`, step by step.
    pub fn train(
        &self,
        prepared: &Prepared,
        config: &FitPlan,
        snapshot: Option<&Snapshot>,
        record: Recording<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Trained> {
        let (train, valid) = (part(&prepared.train), prepared.valid.as_ref().map(part));
        let task = Task { net: &self.net, loss: &self.loss, config: &config.train(), train, valid, record };
        match snapshot {
            None => Session::new(task)?.run(observer),
            Some(snapshot) => Session::resume(task, snapshot)?.run(observer),
        }
    }
}

/// The state before the first epoch, from which the training of `network` goes on to the same end.
pub fn first_state(network: &Network, prepared: &Prepared, config: &FitPlan) -> Result<Snapshot> {
    let (train, valid) = (part(&prepared.train), prepared.valid.as_ref().map(part));
    Session::new(Task {
        net: &network.net,
        loss: &network.loss,
        config: &config.train(),
        train,
        valid,
        record: Recording::default(),
    })?
    .snapshot()
}

fn part(rows: &Rows) -> Part<'_> {
    Part { x: &rows.x, y: &rows.y, weight: rows.weight.as_ref() }
}

/// The loss of the settings, or what holds where they name none.
pub(super) fn loss_kind(config: &FitPlan, target: &Target) -> Result<LossKind> {
    let classes = matches!(target, Target::Classes(_));
    let loss =
        config.loss.unwrap_or(if classes { LossKind::CrossEntropy { label_smoothing: 0.0 } } else { LossKind::Mse });
    let fits = loss.is_classification() == classes;
    let (what, remedy) = if classes {
        (
            "classes",
            "its losses are cross-entropy and bce; where they are numbers to be predicted, say --task regression",
        )
    } else {
        ("a number", "its losses are mse, mae and huber; for classes say --task classification")
    };
    ensure!(fits, "--loss {loss}: the target {} is {what}, {remedy}", config.target);
    ensure!(
        loss != LossKind::Bce || target.outputs() == 2,
        "--loss bce: needs two classes, the target has {}; use --loss cross-entropy",
        target.outputs()
    );
    Ok(loss)
}

/// Refuses settings that do not go with the target.
pub fn check_target(config: &FitPlan, target: &Target) -> Result<()> {
    loss_kind(config, target)?;
    let weighs = config.class_weight == ClassWeight::Balanced && !target.is_classification();
    ensure!(!weighs, "--class-weight balanced: needs classes, the target {} is a number; leave it out", config.target);
    ensure!(
        config.target_scale.is_default() || !target.is_classification(),
        "--target-scale {}: the target {} is classes; leave it out",
        config.target_scale,
        config.target
    );
    ensure!(
        !config.order.needs_classes() || target.is_classification(),
        "--order {}: sampler=balanced needs classes, the target {} is a number; leave the sampler out",
        config.order,
        config.target
    );
    Ok(())
}

fn criterion(loss: LossKind, config: &FitPlan, labels: &Labels, device: Device) -> Result<Loss> {
    match (config.class_weight, labels) {
        (ClassWeight::None, _) => Ok(Loss::new(loss)),
        (ClassWeight::Balanced, Labels::Numbers(_)) => anyhow::bail!("--class-weight balanced: needs classes"),
        (ClassWeight::Balanced, Labels::Classes(codes)) => {
            let classes = codes.iter().max().map_or(0, |&code| code as usize + 1);
            let mut counts = vec![0.0; classes];
            codes.iter().for_each(|&code| counts[code as usize] += 1.0);
            let weights: Vec<f64> = counts.iter().map(|count| codes.len() as f64 / (classes as f64 * count)).collect();
            Loss::with_class_weight(loss, &weights, device)
        }
    }
}
