//! What a training is given: a network, a loss, settings, and the rows to train on and to validate with.

use super::batches::Batches;
use super::config::TrainConfig;
use super::features::Features;
use crate::model::loss::Loss;
use crate::model::mlp::Mlp;
use crate::model::norm::Norm;
use crate::record::Recording;
use anyhow::{Context, Result, ensure};
use tch::{Kind, Tensor};

/// A training that can be run.
#[derive(Debug, Clone, Copy)]
pub struct Task<'a> {
    pub net: &'a Mlp,
    pub loss: &'a Loss,
    pub config: &'a TrainConfig,
    pub train: Part<'a>,
    /// Rows whose loss is computed after each epoch, in evaluation mode.
    pub valid: Option<Part<'a>>,
    /// Where it is written to, step by step.
    pub record: Recording<'a>,
}

impl Task<'_> {
    /// Refuses settings and rows that do not go together.
    pub fn check(&self) -> Result<()> {
        self.config.check(self.valid.is_some())?;
        self.train.check("training", self.net, self.loss)?;
        self.valid.iter().try_for_each(|part| part.check("validation", self.net, self.loss))
    }

    /// Refuses a batch of one row under a batch norm, at which PyTorch raises: "Expected more than 1 value per channel when
    /// training".
    pub(super) fn check_batches(&self, batches: Batches) -> Result<()> {
        let net = &self.net.config;
        let single = net.norm == Norm::Batch && !net.hidden.is_empty() && batches.bounds().any(|(_, rows)| rows == 1);
        let (rows, last) = (self.train.rows(), batches.count());
        let every = batches.seen() == last as i64;
        let advice = if every {
            "choose a larger --batch-size"
        } else {
            "leave it out with --drop-last, or choose another --batch-size"
        };
        ensure!(
            !single,
            "--norm batch: batch {last} of {rows} training rows has one row, which has no variance; {advice}"
        );
        Ok(())
    }

    /// Rows of the training part whose class has the largest output, of equal ones the last class.
    pub fn hits(&self) -> Result<usize> {
        let _no_grad = tch::no_grad_guard();
        let outputs = self.train.x.through(self.net)?;
        // argmax takes the first of equal outputs, so it is asked from the last class on.
        let last = outputs.size()[1] - 1;
        let predicted = outputs.f_flip([1])?.f_argmax(1, false)?.f_neg()?.f_add_scalar(last)?;
        Ok(predicted.f_eq_tensor(self.train.y)?.f_sum(Kind::Int64)?.f_int64_value(&[])? as usize)
    }

    /// The loss of `part` as libtorch computes it, in evaluation mode.
    pub fn evaluate(&self, part: &Part<'_>) -> Result<f64> {
        let _no_grad = tch::no_grad_guard();
        self.record.training(false)?;
        // A record has the pass of all rows.
        let outputs = match part.x.matrix() {
            None if !self.record.is_on() => part.x.through(self.net)?,
            _ => self.net.forward_recorded(&part.x.dense()?, false, self.record)?,
        };
        let loss = self.loss.mean(&outputs, part.y, part.weight)?;
        self.record.write(|recorder| recorder.loss(&loss))?;
        self.record.training(true)?;
        Ok(loss.f_double_value(&[])?)
    }
}

/// Rows to train on, or to validate with: `x [n, d]`; `y` int64 classes `[n]`, or float32 `[n, 1]`;
/// `weight` float32 `[n]`.
#[derive(Debug, Clone, Copy)]
pub struct Part<'a> {
    pub x: &'a Features,
    pub y: &'a Tensor,
    pub weight: Option<&'a Tensor>,
}

impl Part<'_> {
    /// n.
    pub fn rows(&self) -> i64 {
        self.x.rows()
    }

    /// Refuses what `net` and `loss` cannot work on; `what` names the part.
    pub fn check(&self, what: &str, net: &Mlp, loss: &Loss) -> Result<()> {
        let (rows, y) = (self.rows(), self.y.size());
        ensure!(rows > 0, "the {what} part has no rows");
        self.x.check(what, net.config.inputs)?;
        ensure!(
            y.first() == Some(&rows),
            "{what} part: x [{rows}, {}] and y {y:?} differ in their rows",
            self.x.width()
        );
        let weights = self.weight.map(Tensor::size);
        ensure!(weights.iter().all(|size| *size == [rows]), "{what} weights {weights:?}: expected [{rows}]");
        let (device, expected) = (self.x.device(), net.device());
        ensure!(
            device == expected && self.y.device() == device,
            "{what} part on {device:?}, the network on {expected:?}"
        );
        loss.check_target(net.config.outputs, self.y).with_context(|| format!("{what} part"))
    }
}
