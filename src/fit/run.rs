//! One fit from a table to a model.

use super::divide::Divided;
use super::model;
use super::prepare::{Prepared, Rows, prepare};
use crate::evaluate::predictions::{Scored, answers, measure, outputs, score};
use crate::evaluate::{Importance, permutation_importance};
use crate::fit::settings::{ClassWeight, FitConfig};
use crate::model::loss::{Loss, LossKind};
use crate::model::mlp::{Mlp, MlpConfig};
use crate::preprocess::target::{Target, Truth};
use crate::torch::safetensors::Named;
use crate::torch::script::Module;
use crate::train::Next;
use crate::train::engine::Engine;
use crate::train::engine::fused::able;
use crate::train::fit::{Epoch, Part, Trained, Watch, train_on};
use crate::train::state::load_parameters;
use anyhow::{Context, Result, ensure};
use tch::{Device, Tensor};

/// A trained model with everything that led to it.
pub struct Outcome {
    pub prepared: Prepared,
    pub net: Mlp,
    pub loss: LossKind,
    pub trained: Trained,
    pub module: Module,
    pub train: Scored,
    pub valid: Option<Scored>,
    pub test: Option<Scored>,
    pub training: Named,
    /// How far accuracy or R² falls on the held-out rows with an input column shuffled, in the order of the inputs.
    pub importance: Vec<Importance>,
}

/// The repeats of `sklearn.inspection.permutation_importance`.
const REPEATS: usize = 5;

impl Outcome {
    /// The rows that the training did not see, if there are any: the test rows, else the validation rows.
    pub fn held_out(&self) -> (&'static str, &Rows, &Scored) {
        let prepared = &self.prepared;
        match ((&prepared.test, &self.test), (&prepared.valid, &self.valid)) {
            ((Some(rows), Some(scored)), _) => ("test", rows, scored),
            (_, (Some(rows), Some(scored))) => ("validation", rows, scored),
            _ => ("training", &prepared.train, &self.train),
        }
    }

    fn permuted(&self, seed: u32) -> Result<Vec<Importance>> {
        let (_, rows, _) = self.held_out();
        let truth = rows.truth.first(rows.raw.size()[0] as usize);
        let name = self.prepared.target.score();
        let score = |raw: &Tensor| {
            let answers = answers(&outputs(&self.module, "forward", raw)?, &self.prepared.target)?;
            let metrics = measure(&answers, &truth, &self.prepared.target)?;
            metrics.get(name).with_context(|| format!("{name} is not defined"))
        };
        let columns: Vec<Vec<i64>> = (0..rows.raw.size()[1]).map(|column| vec![column]).collect();
        // A score that is not defined, such as R² of one row, has no fall.
        if score(&rows.raw).is_err() {
            Ok(vec![])
        } else {
            permutation_importance(score, &rows.raw, &columns, REPEATS, seed)
        }
    }
}

/// What is told of a fit while it lasts; each may stop it by returning an error.
pub trait WatchFit {
    /// After each epoch.
    fn epoch(&mut self, epoch: &Epoch) -> Result<Next>;
    /// After an epoch that was answered with [`Next::Save`]: the module as the fit would leave it now, and its state.
    fn save(&mut self, prepared: &Prepared, module: &Module, state: Named) -> Result<()>;
    /// Before the training, if the fused engine was asked for and cannot.
    fn fell_back(&mut self, _why: &str) {}
    /// Before the training, to refuse rows that are not those of the state to go on from.
    fn prepared(&mut self, _prepared: &Prepared) -> Result<()> {
        Ok(())
    }
}

/// A callback that saves nothing.
struct Report<F>(F);

impl<F: FnMut(&Epoch) -> Result<()>> WatchFit for Report<F> {
    fn epoch(&mut self, epoch: &Epoch) -> Result<Next> {
        (self.0)(epoch)?;
        Ok(Next::Go)
    }

    fn save(&mut self, _: &Prepared, _: &Module, _: Named) -> Result<()> {
        Ok(())
    }
}

/// Where a fit goes on.
pub struct Start {
    /// `state_dict()` of the module.
    pub module: Named,
    /// [`crate::train::state`].
    pub training: Named,
}

/// Prepares, trains, and scores each part; the test part is touched once, at the end.
pub fn fit(
    rows: &Divided<'_>,
    config: &FitConfig,
    seed: u32,
    device: Device,
    report: impl FnMut(&Epoch) -> Result<()>,
) -> Result<Outcome> {
    fit_on(rows, config, seed, device, None, &mut Report(report))
}

/// As [`fit`], from `start` on if there is one.
pub fn fit_on(
    rows: &Divided<'_>,
    config: &FitConfig,
    seed: u32,
    device: Device,
    start: Option<&Start>,
    watch: &mut dyn WatchFit,
) -> Result<Outcome> {
    let prepared = prepare(rows, &rows.parts, config, device)?;
    watch.prepared(&prepared)?;
    let Learnt { net, loss, mut trained, module, .. } = learn_on(&prepared, config, seed, device, start, watch)?;
    let training = std::mem::take(&mut trained.state);
    let scored = |rows: &Rows| {
        let answers = answers(&outputs(&module, "network", &rows.x)?, &prepared.target)?;
        score(answers, &rows.truth, &prepared.train.truth, &prepared.target)
    };
    let (train, valid) = (scored(&prepared.train)?, prepared.valid.as_ref().map(scored).transpose()?);
    let test = prepared.test.as_ref().map(scored).transpose()?;
    let importance = Vec::new();
    let mut outcome = Outcome { prepared, net, loss, trained, module, train, valid, test, training, importance };
    outcome.importance = outcome.permuted(seed)?;
    Ok(outcome)
}

/// A network trained on prepared rows.
pub struct Learnt {
    pub net: Mlp,
    pub loss: LossKind,
    pub criterion: Loss,
    pub trained: Trained,
    pub module: Module,
}

/// Trains on the training rows, with the validation rows to stop by; the test rows are not looked at.
pub fn learn(
    prepared: &Prepared,
    config: &FitConfig,
    seed: u32,
    device: Device,
    report: impl FnMut(&Epoch) -> Result<()>,
) -> Result<Learnt> {
    learn_on(prepared, config, seed, device, None, &mut Report(report))
}

/// Hands on what a training tells, with what it is trained on.
struct Watching<'a> {
    watch: &'a mut dyn WatchFit,
    prepared: &'a Prepared,
    net: &'a Mlp,
}

impl Watch for Watching<'_> {
    fn epoch(&mut self, epoch: &Epoch) -> Result<Next> {
        self.watch.epoch(epoch)
    }

    fn save(&mut self, state: Named) -> Result<()> {
        self.watch.save(self.prepared, &model::module(self.prepared, self.net)?, state)
    }
}

fn learn_on(
    prepared: &Prepared,
    config: &FitConfig,
    seed: u32,
    device: Device,
    start: Option<&Start>,
    watch: &mut dyn WatchFit,
) -> Result<Learnt> {
    check_target(config, &prepared.target)?;
    let loss = loss_kind(config, &prepared.target)?;
    tch::manual_seed(i64::from(seed));
    let net = Mlp::new(
        &MlpConfig {
            inputs: prepared.train.x.size()[1],
            outputs: if loss == LossKind::Bce { 1 } else { prepared.target.outputs() },
            hidden: config.hidden.clone(),
            activation: config.activation,
            dropout: config.dropout,
        },
        device,
    )?;
    let criterion = criterion(loss, config, &prepared.train.truth, device)?;
    let valid = prepared.valid.as_ref().map(part);
    if let Some(start) = start {
        load_parameters(&net.parameters, &start.module).context("the state to go on from")?;
    }
    if let Some(why) = why_not_fused(config, device) {
        watch.fell_back(&why);
    }
    let training = start.map(|start| &start.training);
    let mut watching = Watching { watch, prepared, net: &net };
    let trained = train_on(&net, &criterion, &config.train(), part(&prepared.train), valid, training, &mut watching)?;
    let module = model::module(prepared, &net)?;
    Ok(Learnt { net, loss, criterion, trained, module })
}

fn part(rows: &Rows) -> Part<'_> {
    Part { x: &rows.x, y: &rows.y, weight: rows.weight.as_ref() }
}

fn loss_kind(config: &FitConfig, target: &Target) -> Result<LossKind> {
    let classes = matches!(target, Target::Classes(_));
    let loss =
        config.loss.unwrap_or(if classes { LossKind::CrossEntropy { label_smoothing: 0.0 } } else { LossKind::Mse });
    let fits = loss.is_classification() == classes;
    ensure!(fits, "--loss {loss}: the target {} is {}", config.target, if classes { "a class" } else { "a number" });
    ensure!(
        loss != LossKind::Bce || target.outputs() == 2,
        "--loss bce: needs two classes, the target has {}",
        target.outputs()
    );
    Ok(loss)
}

/// What the fused engine does not have of the settings that ask for it.
pub fn why_not_fused(config: &FitConfig, device: Device) -> Option<String> {
    // It has both losses that hold where none is named.
    let loss = config.loss.unwrap_or(LossKind::Mse);
    let asked = config.engine == Engine::Fused;
    asked.then(|| able(config.activation, config.dropout, loss, device).err()).flatten()
}

/// Refuses settings that do not go with the target.
pub fn check_target(config: &FitConfig, target: &Target) -> Result<()> {
    loss_kind(config, target)?;
    let weighs = config.class_weight == ClassWeight::Balanced && !target.is_classification();
    ensure!(!weighs, "--class-weight balanced: needs classes, the target {} is a number", config.target);
    Ok(())
}

fn criterion(loss: LossKind, config: &FitConfig, truth: &Truth, device: Device) -> Result<Loss> {
    match (config.class_weight, truth) {
        (ClassWeight::None, _) => Ok(Loss::new(loss)),
        (ClassWeight::Balanced, Truth::Numbers(_)) => anyhow::bail!("--class-weight balanced: needs classes"),
        (ClassWeight::Balanced, Truth::Classes(codes)) => {
            let classes = codes.iter().max().map_or(0, |&code| code as usize + 1);
            let mut counts = vec![0.0; classes];
            codes.iter().for_each(|&code| counts[code as usize] += 1.0);
            let weights: Vec<f64> = counts.iter().map(|count| codes.len() as f64 / (classes as f64 * count)).collect();
            Loss::with_class_weight(loss, &weights, device)
        }
    }
}
