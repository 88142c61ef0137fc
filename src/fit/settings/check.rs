//! The one gate between settings and their use: only here does a [`FitPlan`] come into being.

use super::columns::ColumnRule;
use super::raw::FitSettings;
use super::{division, roles};
use crate::choices::given::number;
use crate::preprocess::choices::ColumnChoice;
use anyhow::{Result, ensure};
use serde::{Serialize, Serializer};
use std::ops::Deref;
use std::path::PathBuf;

/// Settings that passed [`FitSettings::check`], which alone can make one. It reads as the settings do, and is written as
/// they are: model files and summaries hold nothing else.
#[derive(Debug, Clone, PartialEq)]
pub struct FitPlan {
    settings: FitSettings,
    /// `settings.column`, parsed.
    rules: Vec<ColumnRule>,
}

impl FitSettings {
    /// Refuses settings that cannot be, contradict each other, or would do nothing; all that can be told without the table.
    pub fn check(self) -> Result<FitPlan> {
        ensure!(
            !self.target.is_empty(),
            "--target: expected the column to predict; lockstep inspect DATA lists the columns"
        );
        self.read().check()?;
        roles::check(&self)?;
        division::check(&self)?;
        let rules = self.column.iter().map(|rule| ColumnRule::parse(rule)).collect::<Result<_>>()?;
        let dropout = number(self.dropout);
        ensure!((0.0..1.0).contains(&self.dropout), "--dropout {dropout}: expected a number from 0 up, below 1");
        let wrong = self.hidden.iter().find(|units| !(1..=MOST_UNITS).contains(*units));
        if let Some(units) = wrong {
            anyhow::bail!("--hidden: {units}, expected whole numbers from 1 to {MOST_UNITS}, or none");
        }
        let validated = self.shares()[1] > 0.0 || self.valid.is_some() || self.split_column.is_some();
        self.train().check(self.folds == 0 && validated)?;
        Ok(FitPlan { settings: self, rules })
    }
}

/// Units of a hidden layer: with more, two such layers would not fit into any memory.
const MOST_UNITS: i64 = 1_000_000;

impl FitPlan {
    /// What is done to the column `name`: the choices for all columns, changed by the rules for this one.
    pub fn choice(&self, name: &str) -> ColumnChoice {
        let mut choice = ColumnChoice {
            impute: self.impute.clone(),
            indicator: self.indicator,
            scale: self.scale,
            encode: self.encode,
            unseen: self.unseen,
        };
        self.rules.iter().filter(|rule| rule.column == name).for_each(|rule| rule.change(&mut choice));
        choice
    }

    /// Refuses a table (`shown` is its name) without a column that the settings name.
    pub fn check_columns(&self, names: &[String], shown: &str) -> Result<()> {
        roles::present(names, self, &self.rules, shown)
    }

    /// The same with another place of the schema file, whose content no check looks at.
    pub fn with_schema(mut self, schema: Option<PathBuf>) -> Self {
        self.settings.schema = schema;
        self
    }
}

impl Deref for FitPlan {
    type Target = FitSettings;

    fn deref(&self) -> &FitSettings {
        &self.settings
    }
}

impl Serialize for FitPlan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.settings.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::choices::{Impute, Scale, Unseen};
    use crate::train::config::TrainConfig;
    use crate::train::order_kind::OrderKind;
    use toml::{Table, Value};

    fn settings() -> FitSettings {
        FitSettings { target: "y".into(), ..FitSettings::default() }
    }

    #[test]
    fn a_plan_is_written_as_its_settings_are() {
        let settings = FitSettings {
            schema: Some("s.toml".into()),
            column: vec!["a:scale=none".into()],
            lr: 0.1 + 0.2,
            clip_grad: Some(1.0),
            ..settings()
        };
        let plan = settings.clone().check().unwrap();
        assert_eq!(serde_json::to_string(&plan).unwrap(), serde_json::to_string(&settings).unwrap());
        assert_eq!(toml::to_string(&plan).unwrap(), toml::to_string(&settings).unwrap());
        let moved = plan.with_schema(None);
        assert_eq!(*moved, FitSettings { schema: None, ..settings });
    }

    #[test]
    fn a_rule_for_one_column_changes_that_column_only() {
        let column = vec!["a:impute=median,scale=none".into(), "c:scale=robust".into(), "a:scale=minmax".into()];
        let plan = FitSettings { column, ..settings() }.check().unwrap();
        assert_eq!(plan.choice("b"), ColumnChoice { unseen: Unseen::Ignore, ..ColumnChoice::default() });
        assert_eq!((plan.choice("a").impute, plan.choice("a").scale), (Impute::Median, Scale::Minmax));
        assert_eq!(plan.choice("c").scale, Scale::Robust);
    }

    #[test]
    fn a_wrong_rule_is_no_plan() {
        let wrong = FitSettings { column: vec!["a:imputed=mean".into()], ..settings() };
        let error = wrong.check().unwrap_err().to_string();
        assert!(error.starts_with("--column a:imputed=mean: imputed, did you mean impute?"), "{error}");
    }

    /// The refusal of settings whose one line is `key = value`, given as flags.
    fn refusal(lines: &str) -> String {
        let mut flags: Table = toml::from_str(lines).unwrap();
        flags.insert("target".into(), "y".into());
        let plan = FitSettings::resolve("", "settings", flags).and_then(FitSettings::check);
        plan.unwrap_err().to_string()
    }

    #[test]
    fn every_training_settings_refusal_begins_with_its_flag() {
        let cases = [
            ("engine", "engine = 'fussed'", "--engine fussed: did you mean fused?"),
            ("epochs", "epochs = 0", "--epochs 0: expected a whole number"),
            ("epochs", "epochs = 5000000000", "--epochs 5000000000: expected 100000000 at most"),
            ("batch_size", "batch_size = -1", "--batch-size -1: "),
            ("lr", "lr = -1.0", "--lr -1: expected a number above 0"),
            ("lr", "lr = 1e39", "--lr 1e39: expected"),
            ("lr", "lr = 'fast'", "--lr fast: "),
            ("optimizer", "optimizer = 'adan'", "--optimizer adan: did you mean adam?"),
            ("schedule", "schedule = 'cosin'", "--schedule cosin: did you mean cosine?"),
            ("schedule", "schedule = 'step:gama=1'", "--schedule step:gama=1: step: no parameter gama"),
            ("warmup", "warmup = 200", "--warmup 200: expected fewer than the 100 epochs"),
            ("warmup", "warmup = 2\nschedule = 'one-cycle'", "--warmup 2: --schedule one-cycle brings"),
            ("order", "order = 'dataloder'", "--order dataloder: did you mean dataloader?"),
            ("order", "order = 'dataloader:valid_persistent=true'", "--order dataloader:valid_persistent=true: valid"),
            ("drop_last", "drop_last = 'yes'", "--drop-last yes: \"yes\", expected true or false"),
            ("valid_batch_size", "valid_batch_size = 8\nsplit = [0.8, 0.0, 0.2]", "--valid-batch-size 8: there is no"),
            ("valid_batch_size", "valid_batch_size = 0\nfolds = 3", "--valid-batch-size full: there is no validation"),
            ("accumulate", "accumulate = 0", "--accumulate 0: expected"),
            ("ema", "ema = 1.5", "--ema 1.5: expected a number from 0 to 1"),
            ("ema", "ema = nan", "--ema NaN: expected"),
            ("early_stop", "early_stop = 3\nsplit = [0.8, 0.0, 0.2]", "--early-stop 3: needs a validation part"),
            ("clip_grad", "clip_grad = 0.0", "--clip-grad 0: expected a number above 0"),
            ("l1", "l1 = -0.5", "--l1 -0.5: expected a number from 0"),
            ("weight_decay", "weight_decay = inf", "--weight-decay inf: expected a number from 0"),
            ("momentum", "momentum = 0.9", "--momentum 0.9: belongs to --optimizer sgd"),
            ("momentum", "momentum = nan", "--momentum NaN: expected"),
            ("nesterov", "nesterov = true", "--nesterov: belongs to --optimizer sgd"),
            ("nesterov", "nesterov = true\noptimizer = 'sgd'", "--nesterov: needs a --momentum above 0"),
        ];
        for (_, lines, start) in cases {
            let error = refusal(lines);
            assert!(error.starts_with(start), "{lines}: {error}, expected {start}");
        }
        let Value::Table(all) = Value::try_from(TrainConfig {
            batch_size: Some(1),
            order: OrderKind::Sequential,
            valid_batch_size: Some(1),
            ema: Some(0.5),
            early_stop: Some(1),
            clip_grad: Some(1.0),
            weight_decay: Some(0.0),
            ..TrainConfig::default()
        })
        .unwrap() else {
            unreachable!("a struct is a table")
        };
        for key in all.keys() {
            assert!(cases.iter().any(|(tried, ..)| tried == key), "no case tries {key}");
        }
    }

    #[test]
    fn what_is_said_of_the_rows_and_the_net_is_refused_by_name_too() {
        for (lines, start) in [
            ("split = [0.9, 0.2, 0.2]", "--split 0.9,0.2,0.2: expected three shares"),
            ("dropout = 1.0", "--dropout 1: expected"),
            ("norm = 'bach'", "--norm bach: did you mean batch?"),
            ("hidden = [64, 0]", "--hidden: 0, expected whole numbers from 1"),
            ("delimiter = ';;'", "--delimiter \";;\": expected one ASCII character"),
            ("loss = 'rmse'", "--loss rmse: did you mean mse? (expected "),
            ("date_parts = ['year', 'dy']", "--date-parts year,dy: dy, did you mean day?"),
            ("column = ['a:scale=big']", "--column a:scale=big: scale: big (expected standard"),
            ("column = ['a']", "--column a: expected NAME:KEY=VALUE"),
        ] {
            let error = refusal(lines);
            assert!(error.starts_with(start), "{lines}: {error}, expected {start}");
        }
    }
}
