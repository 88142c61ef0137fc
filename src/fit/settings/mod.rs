//! The settings of `fit`: flags and TOML keys of the same names.

mod columns;
mod division;
pub mod roles;
pub mod schema;

use crate::choices::names::{named, unknown};
use crate::data::source::ReadOptions;
use crate::data::table::Format;
use crate::model::activation::Activation;
use crate::model::loss::LossKind;
use crate::preprocess::choices::{ColumnChoice, Encode, Impute, Scale, Unseen};
use crate::preprocess::dates::DatePart;
use crate::train::config::TrainConfig;
use crate::train::engine::EngineKind;
use crate::train::optim::OptimizerKind;
use crate::train::schedule::Schedule;
use anyhow::{Result, anyhow, ensure};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

named! {
    /// What is predicted.
    pub enum Task {
        /// A class where the target is text, a truth value, or whole numbers of at most 10 values; else a number.
        Auto = "auto",
        Regression = "regression",
        Classification = "classification",
    }
}

named! {
    /// How the classes weigh in the loss.
    pub enum ClassWeight {
        None = "none",
        /// `n / (classes · count)`, as scikit-learn's `class_weight="balanced"`.
        Balanced = "balanced",
    }
}

named! {
    /// Where the losses of each epoch go.
    pub enum Log {
        /// `history.csv`, which is always written.
        Csv = "csv",
        /// An event file besides, written while the training runs.
        Tensorboard = "tensorboard",
    }
}

/// Everything that `fit` can be told; `Default` is what holds where nothing is said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FitConfig {
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
    pub header: bool,
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
}

impl Default for FitConfig {
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
            header: read.header,
            impute: column.impute,
            indicator: column.indicator,
            scale: column.scale,
            encode: column.encode,
            unseen: column.unseen,
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
        }
    }
}

impl FitConfig {
    /// The settings in a TOML text, with `flags` (a table of the same keys) laid over them and the roles of the schema file
    /// under them. `shown` is the text's file.
    pub fn resolve(text: &str, shown: &str, flags: toml::Table) -> Result<Self> {
        let mut table: toml::Table = toml::from_str(text).map_err(|error| anyhow!("{shown}: {}", error.message()))?;
        let known = Self::keys()?;
        let names: Vec<&str> = known.keys().map(String::as_str).collect();
        ensure!(
            !table.contains_key("tune"),
            "{shown}: [tune]: settings of a search; use lockstep tune, or leave them out"
        );
        for key in table.keys() {
            ensure!(known.contains_key(key), "{shown}: unknown key {}", unknown(key, &names));
        }
        schema::beside(&mut table, Path::new(shown));
        table.extend(flags);
        schema::lay_under(&mut table)?;
        let config: Self =
            table.try_into().map_err(|error: toml::de::Error| anyhow!("{shown}: {}", error.message()))?;
        config.check()?;
        Ok(config)
    }

    /// Every key with a value of its kind, those too that have none by default.
    pub fn keys() -> Result<toml::Table> {
        Ok(toml::Table::try_from(Self {
            schema: Some(PathBuf::new()),
            valid: Some(PathBuf::new()),
            test: Some(PathBuf::new()),
            format: Some(Format::Csv),
            id: Some(String::new()),
            split_column: Some(String::new()),
            group: Some(String::new()),
            split_time: Some(String::new()),
            sample_weight: Some(String::new()),
            loss: Some(LossKind::Mse),
            weight_decay: Some(0.0),
            clip_grad: Some(1.0),
            ..Self::default()
        })?)
    }

    /// Refuses settings that cannot be, contradict each other, or would do nothing.
    pub fn check(&self) -> Result<()> {
        ensure!(!self.target.is_empty(), "--target: expected the column to predict");
        roles::check(self)?;
        division::check(self)?;
        let shares = &self.split;
        let possible = shares.len() == 3 && shares.iter().all(|share| (0.0..=1.0).contains(share)) && shares[0] > 0.0;
        ensure!(
            possible && (shares.iter().sum::<f64>() - 1.0).abs() < 1e-9,
            "--split: expected three shares for training, validation and test that sum to 1, such as 0.6,0.2,0.2"
        );
        ensure!((0.0..1.0).contains(&self.dropout), "--dropout {}: expected a number from 0 up, below 1", self.dropout);
        ensure!(
            self.hidden.iter().all(|units| (1..=1_000_000).contains(units)),
            "--hidden: expected units from 1 up, or none"
        );
        self.train()
            .check(self.folds == 0 && (self.shares()[1] > 0.0 || self.valid.is_some() || self.split_column.is_some()))
    }

    /// The shares of training, validation and test in the rows of the data table, adding up to 1. With `--valid` or
    /// `--test` that part comes from its own table, and its share of the data table is 0.
    pub fn shares(&self) -> [f64; 3] {
        let of = |share: f64, given: bool| if given { 0.0 } else { share };
        let shares = [self.split[0], of(self.split[1], self.valid.is_some()), of(self.split[2], self.test.is_some())];
        let sum: f64 = shares.iter().sum();
        if self.valid.is_some() || self.test.is_some() { shares.map(|share| share / sum) } else { shares }
    }

    /// How the table is to be read.
    pub fn read(&self) -> ReadOptions {
        ReadOptions {
            format: self.format,
            na: self.na.clone(),
            delimiter: self.delimiter.clone(),
            quote: self.quote.clone(),
            header: self.header,
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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(text: &str) -> Result<FitConfig> {
        FitConfig::resolve(text, "c.toml", toml::Table::new())
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_the_defaults() {
        let flags = toml::Table::from_iter([("lr".to_string(), toml::Value::Float(0.5))]);
        let config = FitConfig::resolve("target = \"y\"\nlr = 0.1\nepochs = 7\n", "c.toml", flags).unwrap();
        assert_eq!((config.lr, config.epochs, config.hidden), (0.5, 7, vec![64, 32]));
    }

    #[test]
    fn what_is_printed_reads_back_as_the_same_settings() {
        let config = FitConfig { target: "y".into(), ..FitConfig::default() };
        assert_eq!(resolve(&toml::to_string(&config).unwrap()).unwrap(), config);
    }

    #[test]
    fn one_thing_only_says_how_rows_are_divided() {
        for (text, words) in [
            ("split_time = \"t\"\nsplit_column = \"s\"", ["--split-time", "--split-column"]),
            ("split_time = \"t\"\nstratify = true", ["--split-time", "--stratify"]),
            ("split_time = \"t\"\ngroup = \"g\"", ["--split-time", "--group"]),
            ("split_time = \"t\"\nfolds = 3", ["--folds", "--split-time"]),
            ("group = \"g\"\nstratify = true", ["--stratify", "--group"]),
            ("group = \"g\"\nsplit_column = \"s\"", ["--group", "--split-column"]),
            ("stratify = true\nsplit_column = \"s\"", ["--stratify", "--split-column"]),
            ("folds = 3\nearly_stop = 5", ["--early-stop", "--folds"]),
            ("folds = 1", ["--folds 1", "2 at least"]),
        ] {
            let error = resolve(&format!("target = \"y\"\n{text}\n")).unwrap_err().to_string();
            assert!(words.iter().all(|word| error.contains(word)), "{text}: {error}");
        }
        for text in
            ["folds = 3\nstratify = true\nsplit_column = \"s\"", "folds = 3\ngroup = \"g\"", "split_time = \"t\""]
        {
            assert!(resolve(&format!("target = \"y\"\n{text}\n")).is_ok(), "{text}");
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_a_suggestion() {
        let error = resolve("target = \"y\"\nepoch = 3\n").unwrap_err().to_string();
        assert!(error.contains("c.toml: unknown key epoch") && error.contains("did you mean epochs?"), "{error}");
    }
}
