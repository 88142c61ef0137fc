//! A model's predictions for some rows, and how good they are.

use crate::data::location::Location;
use crate::evaluate::metrics::{self, Metrics};
use crate::evaluate::{MeanBaseline, PriorBaseline};
use crate::model::mlp::Mlp;
use crate::preprocess::target::{Labels, Target};
use crate::torch::script::Module;
use crate::train::features::Features;
use anyhow::{Context, Result, bail};
use tch::{Device, Kind, Tensor};

/// A model's predictions.
#[derive(Debug, Clone, PartialEq)]
pub enum Predictions {
    /// Class index of each row, and the probabilities row by row.
    Classes {
        predicted: Vec<i64>,
        probabilities: Vec<f64>,
    },
    Numbers(Vec<f64>),
}

impl Predictions {
    /// Adds the predictions for further rows.
    pub fn extend(&mut self, more: Self) {
        match (self, more) {
            (Self::Numbers(all), Self::Numbers(more)) => all.extend(more),
            (Self::Classes { predicted, probabilities }, Self::Classes { predicted: classes, probabilities: more }) => {
                predicted.extend(classes);
                probabilities.extend(more);
            }
            (all, more) => *all = more,
        }
    }

    /// Refuses answers that are no finite numbers: a value so far from those of the training that it overflows float32.
    /// `at` says where the answers' rows stand.
    pub fn check_finite(&self, at: Location<'_>) -> Result<()> {
        let (values, width) = match self {
            Self::Classes { predicted, probabilities } => (probabilities, probabilities.len() / predicted.len().max(1)),
            Self::Numbers(values) => (values, 1),
        };
        if let Some(index) = values.iter().position(|value| !value.is_finite()) {
            let (row, answer) = (at.row(index / width.max(1)), values[index]);
            bail!("{row}: a number in it is too large for the model, whose answer is {answer}");
        }
        Ok(())
    }
}

/// The answers of some rows with their metrics, and the baseline's metrics for the same rows.
pub struct Scored {
    pub predictions: Predictions,
    pub metrics: Metrics,
    pub baseline: Metrics,
}

/// How many rows go through the network at once.
const CHUNK: i64 = 1 << 16;
/// Where a row becomes more features than this, so many of them are made at once: as one block of 65,536 rows they would be gigabytes.
const WIDE: i64 = 1 << 11;
const BLOCK: i64 = 1 << 24;

/// The module's outputs on the CPU: `forward` of raw rows, or `network` of rows that are preprocessed already.
pub fn outputs(module: &Module, method: &str, x: &Tensor) -> Result<Tensor> {
    let outputs = x
        .f_split(rows_at_once(module, method)?, 0)?
        .into_iter()
        .map(|x| Ok(module.call(method, &x)?.f_to_device(Device::Cpu)?));
    Ok(Tensor::f_cat(&outputs.collect::<Result<Vec<_>>>()?, 0)?)
}

/// The network's outputs for preprocessed rows, as its module's are, without making one.
pub fn outputs_of(net: &Mlp, x: &Features) -> Result<Tensor> {
    let outputs = x.chunks(CHUNK).map(|x| Ok(net.forward(&x?, false)?.f_to_device(Device::Cpu)?));
    Ok(Tensor::f_cat(&outputs.collect::<Result<Vec<_>>>()?, 0)?)
}

/// The predictions of `network` for rows that are preprocessed already, some rows at a time, so that memory holds little beside
/// them. `step` is told before each step how many of how many are done, and an error of it ends the work.
pub fn predictions_in_steps(
    module: &Module,
    x: &Features,
    target: &Target,
    step: &mut dyn FnMut(usize, usize) -> Result<()>,
) -> Result<Predictions> {
    let chunks = x.chunks(CHUNK);
    let count = chunks.len();
    let mut all: Option<Predictions> = None;
    for (done, x) in chunks.enumerate() {
        step(done, count)?;
        let more = to_predictions(&module.call("network", &x?)?.f_to_device(Device::Cpu)?, target)?;
        match &mut all {
            Some(all) => all.extend(more),
            None => all = Some(more),
        }
    }
    all.context("no rows to predict")
}

/// Raw rows become features, of many categories each: fewer rows at once where these are wide.
fn rows_at_once(module: &Module, method: &str) -> Result<i64> {
    if method != "forward" {
        return Ok(CHUNK);
    }
    let widest = module.state()?.iter().filter_map(|entry| entry.tensor.size().last().copied()).max().unwrap_or(1);
    Ok(if widest > WIDE { (BLOCK / widest).max(1) } else { CHUNK })
}

/// Turns the network's outputs `[n, k]` into predictions, as the model file's `predict` does, with the probabilities.
pub fn to_predictions(outputs: &Tensor, target: &Target) -> Result<Predictions> {
    let mut answers = answers(outputs, target)?;
    if let Predictions::Classes { probabilities: all, .. } = &mut answers {
        *all = Vec::try_from(probabilities(outputs)?.f_contiguous()?.f_view(-1)?)?;
    }
    Ok(answers)
}

/// The same without the probabilities.
pub fn answers(outputs: &Tensor, target: &Target) -> Result<Predictions> {
    Ok(match target {
        Target::Number { center, scale } => {
            let value = outputs.f_select(1, 0)?.f_to_kind(Kind::Double)?.f_mul_scalar(*scale)?.f_add_scalar(*center)?;
            Predictions::Numbers(Vec::try_from(value)?)
        }
        Target::Classes(_) => Predictions::Classes {
            predicted: match outputs.size()[1] {
                1 => Vec::try_from(outputs.f_select(1, 0)?.f_gt(0)?.f_to_kind(Kind::Int64)?)?,
                _ => Vec::try_from(outputs.f_argmax(1, false)?)?,
            },
            probabilities: vec![],
        },
    })
}

/// Probabilities `[n, k]` in float64, on the CPU: softmax of the logits, or of one logit a row its sigmoid.
pub fn probabilities(logits: &Tensor) -> Result<Tensor> {
    let logits = logits.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?;
    if logits.size()[1] > 1 {
        return Ok(logits.f_softmax(1, None)?);
    }
    let positive = logits.f_sigmoid()?;
    Ok(Tensor::f_cat(&[positive.f_neg()?.f_add_scalar(1.0)?, positive], 1)?)
}

/// The metrics of `answers` against `truth`.
pub fn measure(predictions: &Predictions, labels: &Labels, target: &Target) -> Result<Metrics> {
    match (predictions, labels, target) {
        (Predictions::Classes { predicted, probabilities }, Labels::Classes(labels), Target::Classes(classes)) => {
            Ok(metrics::classification(labels, predicted, probabilities, classes.len()))
        }
        (Predictions::Numbers(predicted), Labels::Numbers(labels), _) => Ok(metrics::regression(labels, predicted)),
        _ => bail!("classes and numbers cannot be scored against each other"),
    }
}

/// The metrics of `answers` against `truth`, beside those of the baseline that the training rows give.
pub fn score(predictions: Predictions, labels: &Labels, train: &Labels, target: &Target) -> Result<Scored> {
    let metrics = measure(&predictions, labels, target)?;
    let baseline = match (labels, train) {
        (Labels::Classes(labels), Labels::Classes(train)) => {
            PriorBaseline::fit(train, target.outputs() as usize).map(|baseline| baseline.metrics(labels))
        }
        (Labels::Numbers(labels), Labels::Numbers(train)) => {
            MeanBaseline::fit(train).map(|baseline| baseline.metrics(labels))
        }
        _ => None,
    };
    Ok(Scored { predictions, metrics, baseline: baseline.context("no training rows to take a baseline from")? })
}
