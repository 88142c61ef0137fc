//! Settings from their sources: flags over a TOML file over the roles of a schema file over the defaults.

use super::importance::ImportanceRows;
use super::raw::FitSettings;
use super::schema;
use crate::choices::names::unknown_setting;
use crate::choices::{aliases, given};
use crate::data::table::Format;
use crate::model::loss::LossKind;
use crate::model::norm::Norm;
use crate::preprocess::choices::TargetScale;
use crate::train::order_kind::OrderKind;
use anyhow::{Result, bail, ensure};
use std::path::{Path, PathBuf};

/// What a settings file may say of the run beside the settings: each stands for its flag.
pub const OF_RUN: [&str; 2] = ["seed", "threads"];
/// What `fit` is told by flags alone.
const FLAGS: [&str; 4] = ["device", "out", "quiet", "config"];

impl FitSettings {
    /// The settings in a TOML text, with `flags` (a table of the same keys) laid over them and the roles of the schema file
    /// under them; [`FitSettings::check`] is the next step. `shown` is the text's file.
    ///
    /// # Errors
    /// A text that is no TOML, a key that is no setting, a value that its setting does not take, each with its name; a
    /// schema file that cannot be read.
    pub fn resolve(text: &str, shown: &str, flags: toml::Table) -> Result<Self> {
        let mut table: toml::Table = given::table(text, shown)?;
        OF_RUN.iter().for_each(|key| _ = table.remove(*key));
        let known = Self::keys()?;
        let names: Vec<&str> = known.keys().map(String::as_str).chain(OF_RUN).collect();
        ensure!(
            !table.contains_key("tune"),
            "{shown}: [tune]: settings of a search; use lockstep tune, or leave them out"
        );
        if let Some(key) = table.keys().find(|key| !known.contains_key(*key)) {
            bail!("{shown}: unknown key {}", unknown_key(key, &names));
        }
        schema::beside(&mut table, Path::new(shown));
        table.extend(flags.clone());
        schema::lay_under(&mut table)?;
        given::read(table, &flags, shown)
    }

    /// Every key with a value of its kind, those too that have none by default.
    pub fn keys() -> Result<toml::Table> {
        Ok(toml::Table::try_from(Self {
            schema: Some(PathBuf::new()),
            valid: Some(PathBuf::new()),
            test: Some(PathBuf::new()),
            format: Some(Format::Csv),
            sheet: Some(String::new()),
            id: Some(String::new()),
            split_column: Some(String::new()),
            group: Some(String::new()),
            split_time: Some(String::new()),
            sample_weight: Some(String::new()),
            loss: Some(LossKind::Mse),
            weight_decay: Some(0.0),
            clip_grad: Some(1.0),
            importance: ImportanceRows::All,
            norm: Norm::Batch,
            target_scale: TargetScale::None,
            order: OrderKind::Sequential,
            drop_last: true,
            valid_batch_size: Some(1),
            accumulate: 2,
            ema: Some(0.5),
            init_from: Some(PathBuf::new()),
            ..Self::default()
        })?)
    }
}

/// What is said of `key`, which is none of `names`: one that is a flag alone has no name in a file.
fn unknown_key(key: &str, names: &[&str]) -> String {
    let own = FLAGS.iter().find(|flag| **flag == key).copied();
    match own.or(aliases::setting(key, &FLAGS).and_then(Result::ok)) {
        Some(flag) => format!("{key}: it is given as a flag, --{flag}"),
        None => unknown_setting(key, names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::settings::FitPlan;

    fn resolve(text: &str) -> Result<FitPlan> {
        FitSettings::resolve(text, "c.toml", toml::Table::new())?.check()
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_the_defaults() {
        let flags = toml::Table::from_iter([("lr".to_string(), toml::Value::Float(0.5))]);
        let config = FitSettings::resolve("target = \"y\"\nlr = 0.1\nepochs = 7\n", "c.toml", flags).unwrap();
        assert_eq!((config.lr, config.epochs, config.hidden), (0.5, 7, vec![64, 32]));
    }

    #[test]
    fn what_is_printed_reads_back_as_the_same_settings() {
        let config = FitSettings { target: "y".into(), ..FitSettings::default() };
        let text = toml::to_string(&config).unwrap();
        // As the README and `fit --help` state them.
        for line in
            ["target = \"y\"", "split = [0.6, 0.2, 0.2]", "hidden = [64, 32]", "lr = 0.001", "optimizer = \"adam\""]
        {
            assert!(text.lines().any(|found| found == line), "{line} is missing in:\n{text}");
        }
        assert_eq!(*resolve(&toml::to_string(&config).unwrap()).unwrap(), config);
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

    #[test]
    fn a_value_that_cannot_be_read_is_named_by_its_flag_or_its_key() {
        let flags = toml::Table::from_iter([("loss".to_string(), "rmse".into())]);
        let error = FitSettings::resolve("lr = 'fast'\n", "c.toml", toml::Table::new()).unwrap_err().to_string();
        assert!(error.starts_with("c.toml: lr: \"fast\", expected a number"), "{error}");
        let error = FitSettings::resolve("loss = 'mea'\n", "c.toml", flags).unwrap_err().to_string();
        assert!(error.starts_with("--loss rmse: did you mean mse? (expected mse, "), "{error}");
        let error = resolve("loss = 'rmse'\n").unwrap_err().to_string();
        assert!(error.starts_with("c.toml: loss: rmse, did you mean mse? (expected mse, "), "{error}");
    }
}
