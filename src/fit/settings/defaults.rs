//! What holds where nothing is said.

use super::importance::ImportanceRows;
use super::kinds::{ClassWeight, Log, Task};
use super::raw::FitSettings;
use crate::data::source::ReadOptions;
use crate::model::activation::Activation;
use crate::model::norm::Norm;
use crate::preprocess::choices::{ColumnChoice, TargetScale, Unseen};
use crate::train::config::TrainConfig;

impl Default for FitSettings {
    fn default() -> Self {
        let (column, train, read) = (ColumnChoice::default(), TrainConfig::default(), ReadOptions::default());
        Self {
            schema: None,
            target: String::new(),
            task: Task::Auto,
            features: vec![],
            drop: vec![],
            id: None,
            categorical: vec![],
            na: read.na,
            format: None,
            delimiter: read.delimiter,
            quote: read.quote,
            escape: read.escape,
            header: read.header,
            skip_rows: read.skip_rows,
            comment: read.comment,
            encoding: read.encoding,
            decimal: read.decimal,
            thousands: read.thousands,
            date_format: read.date_format,
            sheet: read.sheet,
            impute: column.impute,
            indicator: column.indicator,
            scale: column.scale,
            encode: column.encode,
            unseen: Unseen::Ignore,
            date_parts: vec![],
            column: vec![],
            split: vec![0.6, 0.2, 0.2],
            stratify: false,
            valid: None,
            test: None,
            split_column: None,
            group: None,
            split_time: None,
            folds: 0,
            sample_weight: None,
            hidden: vec![64, 32],
            activation: Activation::Relu,
            dropout: 0.0,
            loss: None,
            class_weight: ClassWeight::None,
            optimizer: train.optimizer,
            lr: train.lr,
            momentum: train.momentum,
            nesterov: train.nesterov,
            weight_decay: train.weight_decay,
            l1: train.l1,
            batch_size: train.batch_size.unwrap_or(0),
            epochs: train.epochs,
            schedule: train.schedule,
            warmup: train.warmup,
            early_stop: 0,
            clip_grad: train.clip_grad,
            engine: train.engine,
            log: Log::Csv,
            importance: ImportanceRows::Auto,
            norm: Norm::None,
            target_scale: TargetScale::Standard,
            order: train.order,
            drop_last: train.drop_last,
            valid_batch_size: train.valid_batch_size,
            accumulate: train.accumulate,
            ema: train.ema,
            init_from: None,
        }
    }
}
