//! The settings as they were given, unchecked.

use super::importance::ImportanceRows;
use super::kinds::{ClassWeight, Log, Task};
use crate::data::source::ReadOptions;
use crate::data::table::Format;
use crate::model::activation::Activation;
use crate::model::loss::LossKind;
use crate::model::norm::Norm;
use crate::preprocess::choices::{Encode, Impute, Scale, TargetScale, Unseen};
use crate::preprocess::dates::DatePart;
use crate::train::config::TrainConfig;
use crate::train::engine::EngineKind;
use crate::train::optim::OptimizerKind;
use crate::train::order_kind::OrderKind;
use crate::train::schedule::Schedule;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Everything that `fit` can be told; `Default` is what holds where nothing is said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitSettings {
    /// File of the columns' types and roles; in a settings file relative to that file.
    pub schema: Option<PathBuf>,
    pub target: String,
    pub task: Task,
    /// The columns to learn from; none: all but the target, `id` and `drop`.
    pub features: Vec<String>,
    pub drop: Vec<String>,
    pub id: Option<String>,
    /// Number columns that are to be taken as categories.
    pub categorical: Vec<String>,
    pub na: Vec<String>,
    /// None: by the file's name.
    pub format: Option<Format>,
    pub delimiter: String,
    pub quote: String,
    pub escape: String,
    pub header: bool,
    pub skip_rows: usize,
    pub comment: String,
    pub encoding: String,
    pub decimal: String,
    pub thousands: String,
    pub date_format: Vec<String>,
    pub sheet: Option<String>,
    pub impute: Impute,
    pub indicator: bool,
    pub scale: Scale,
    pub encode: Encode,
    pub unseen: Unseen,
    /// What is made of a date; none: year, month, day, weekday, and of a time the hour.
    pub date_parts: Vec<DatePart>,
    /// Choices for single columns, such as `age:impute=median,scale=none`.
    pub column: Vec<String>,
    /// Shares of the training, validation and test rows.
    pub split: Vec<f64>,
    pub stratify: bool,
    /// Tables that are the validation part and the test part, instead of a share of the rows.
    pub valid: Option<PathBuf>,
    pub test: Option<PathBuf>,
    /// Column that says `train`, `valid` or `test` for each row, instead of `split`.
    pub split_column: Option<String>,
    /// Column of groups: no group is in two parts.
    pub group: Option<String>,
    /// Column of times: the oldest rows are trained on, the newest are the test part.
    pub split_time: Option<String>,
    /// Cross validation: so many folds of the rows that are not the test part. 0: none.
    pub folds: usize,
    /// Column of weights that the rows have in the loss.
    pub sample_weight: Option<String>,
    pub hidden: Vec<i64>,
    pub activation: Activation,
    pub dropout: f64,
    /// None: cross-entropy for classes, mse for numbers.
    pub loss: Option<LossKind>,
    pub class_weight: ClassWeight,
    pub optimizer: OptimizerKind,
    pub lr: f64,
    pub momentum: f64,
    pub nesterov: bool,
    pub weight_decay: Option<f64>,
    pub l1: f64,
    /// Rows of a batch, or 0 for all rows in one.
    pub batch_size: usize,
    pub epochs: usize,
    pub schedule: Schedule,
    pub warmup: usize,
    /// 0: no early stopping.
    pub early_stop: usize,
    pub clip_grad: Option<f64>,
    pub engine: EngineKind,
    pub log: Log,
    /// Not written where nobody asked: the settings of runs from before are those of runs from now on.
    #[serde(skip_serializing_if = "ImportanceRows::is_auto")]
    pub importance: ImportanceRows,
    // As `importance`, these are not written where nobody asked.
    /// Of each hidden layer, before the activation.
    #[serde(skip_serializing_if = "Norm::is_none")]
    pub norm: Norm,
    /// Of a target that is a number.
    #[serde(skip_serializing_if = "TargetScale::is_default")]
    pub target_scale: TargetScale,
    /// Whose order the training rows are seen in.
    #[serde(skip_serializing_if = "OrderKind::is_default")]
    pub order: OrderKind,
    /// A last batch with fewer rows than the others is left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub drop_last: bool,
    /// Rows of a batch of the validation loss, 0 for all in one; none: all in one, by no loader.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_batch_size: Option<usize>,
    /// Batches whose gradients are added up before an update.
    #[serde(skip_serializing_if = "is_one")]
    pub accumulate: usize,
    /// `decay` of the moving average of the weights.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ema: Option<f64>,
    /// File of the weights that the network starts from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_from: Option<PathBuf>,
}

fn is_one(count: &usize) -> bool {
    *count == 1
}

impl FitSettings {
    /// The shares of the rows of the table itself: a part that is a table of its own takes none of them.
    pub fn shares(&self) -> [f64; 3] {
        let of = |share: f64, given: bool| if given { 0.0 } else { share };
        let shares = [self.split[0], of(self.split[1], self.valid.is_some()), of(self.split[2], self.test.is_some())];
        let sum: f64 = shares.iter().sum();
        if self.valid.is_some() || self.test.is_some() { shares.map(|share| share / sum) } else { shares }
    }

    /// What the rows are made ready by: the settings without those of the network and its training. Engine and size of a batch stay,
    /// for by them it is refused what memory does not hold.
    pub fn preparation(&self) -> Self {
        let none = Self::default();
        Self {
            hidden: none.hidden,
            activation: none.activation,
            dropout: none.dropout,
            norm: none.norm,
            init_from: none.init_from,
            loss: none.loss,
            class_weight: none.class_weight,
            log: none.log,
            importance: none.importance,
            optimizer: none.optimizer,
            lr: none.lr,
            momentum: none.momentum,
            nesterov: none.nesterov,
            weight_decay: none.weight_decay,
            l1: none.l1,
            schedule: none.schedule,
            warmup: none.warmup,
            clip_grad: none.clip_grad,
            ema: none.ema,
            epochs: none.epochs,
            early_stop: none.early_stop,
            order: none.order,
            drop_last: none.drop_last,
            valid_batch_size: none.valid_batch_size,
            accumulate: none.accumulate,
            ..self.clone()
        }
    }

    /// How the table is to be read.
    pub fn read(&self) -> ReadOptions {
        ReadOptions {
            format: self.format,
            na: self.na.clone(),
            delimiter: self.delimiter.clone(),
            quote: self.quote.clone(),
            escape: self.escape.clone(),
            header: self.header,
            skip_rows: self.skip_rows,
            comment: self.comment.clone(),
            encoding: self.encoding.clone(),
            decimal: self.decimal.clone(),
            thousands: self.thousands.clone(),
            date_format: self.date_format.clone(),
            sheet: self.sheet.clone(),
            live: false,
        }
    }

    pub fn train(&self) -> TrainConfig {
        TrainConfig {
            engine: self.engine,
            epochs: self.epochs,
            batch_size: (self.batch_size > 0).then_some(self.batch_size),
            lr: self.lr,
            optimizer: self.optimizer,
            schedule: self.schedule,
            warmup: self.warmup,
            early_stop: (self.early_stop > 0).then_some(self.early_stop),
            clip_grad: self.clip_grad,
            l1: self.l1,
            weight_decay: self.weight_decay,
            momentum: self.momentum,
            nesterov: self.nesterov,
            order: self.order,
            drop_last: self.drop_last,
            valid_batch_size: self.valid_batch_size,
            accumulate: self.accumulate,
            ema: self.ema,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_prepare_alike_differ_in_the_training_alone() {
        let settings = FitSettings::default();
        let training = FitSettings { lr: 0.5, epochs: 7, hidden: vec![3], dropout: 0.1, ..settings.clone() };
        assert_eq!(training.preparation(), settings.preparation());
        for other in [
            FitSettings { encode: Encode::Label, ..settings.clone() },
            FitSettings { sample_weight: Some("w".into()), ..settings.clone() },
            // By these a batch is held against the free memory.
            FitSettings { batch_size: 0, ..settings.clone() },
            FitSettings { engine: EngineKind::Fused, ..settings.clone() },
        ] {
            assert_ne!(other.preparation(), settings.preparation());
        }
    }
}
