//! The settings of a search: flags, and `[tune]` in TOML.

use super::search::{Search, Settings};
use super::space::{Domain, Param, apply, json, show};
use crate::choices::given;
use crate::choices::names::unknown_setting;
use crate::fit::settings::{FitPlan, FitSettings, Log};
use anyhow::{Context, Result, anyhow, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};
use toml::Table;

/// How settings are searched; those of every trial are in [`FitSettings`].
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct TuneConfig {
    pub search: Search,
    /// Of a random search.
    pub trials: Option<usize>,
    /// Repeats of every trial, each with the next seed.
    pub seeds: u32,
    /// None: accuracy, or R².
    pub metric: Option<String>,
    #[serde(skip)]
    pub params: Vec<Param>,
}

const KEYS: [&str; 5] = ["search", "trials", "seeds", "metric", "params"];

impl Default for TuneConfig {
    fn default() -> Self {
        Self { search: Search::Grid, trials: None, seeds: 1, metric: None, params: vec![] }
    }
}

/// The settings in a TOML text under the flags: `fit` holds those of every trial, `tune` those of `[tune]`, and `params` what
/// `--param` was given, which takes the place of an entry of `[tune.params]` of the same name.
pub fn resolve(text: &str, shown: &str, fit: Table, tune: Table, params: &[String]) -> Result<(FitPlan, TuneConfig)> {
    let mut table: Table = given::table(text, shown)?;
    let section = table.remove("tune").unwrap_or(toml::Value::Table(Table::new()));
    let toml::Value::Table(mut section) = section else { anyhow::bail!("{shown}: tune: expected a section [tune]") };
    if let Some(key) = section.keys().find(|key| !KEYS.contains(&key.as_str())) {
        anyhow::bail!("{shown}: [tune]: unknown key {}", unknown_setting(key, &KEYS));
    }
    let listed = section.remove("params").unwrap_or(toml::Value::Table(Table::new()));
    let toml::Value::Table(listed) = listed else { anyhow::bail!("{shown}: expected a section [tune.params]") };
    section.extend(tune.clone());
    let mut config: TuneConfig = given::read(section, &tune, &format!("{shown}: [tune]"))?;
    ensure!(config.trials != Some(0), "--trials 0: expected 1 at least");
    ensure!(config.seeds > 0, "--seeds 0: expected 1 at least");
    config.params = searched(&listed, shown, params)?;
    let fit = FitSettings::resolve(&toml::to_string(&table)?, shown, fit)?.check()?;
    ensure!(
        fit.log == Log::Csv,
        "--log {}: a search writes no events of its trials; leave it out, and give it to lockstep fit with best.toml",
        fit.log
    );
    Ok((fit, config))
}

fn searched(listed: &Table, shown: &str, given: &[String]) -> Result<Vec<Param>> {
    let mut params: Vec<Param> = Vec::new();
    for text in given {
        let param = Param::parse(text)?;
        ensure!(params.iter().all(|other| other.name != param.name), "--param {text}: {} is given twice", param.name);
        params.push(param);
    }
    let count = params.len();
    for (name, value) in listed {
        let param = Param::from_toml(name, value, shown)?;
        if params[..count].iter().all(|other| other.name != param.name) {
            params.push(param);
        }
    }
    params.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(params)
}

/// The settings of each trial, whole. One that cannot be is refused, before any is trained.
pub fn configs(base: &FitPlan, plan: &[Settings]) -> Result<Vec<FitPlan>> {
    let base = Table::try_from(base)?;
    let config = |(index, settings): (usize, &Settings)| {
        let whole: Result<FitSettings, _> = apply(&base, settings).try_into();
        let whole = whole.map_err(|error: toml::de::Error| anyhow!("{}", given::plain(error.message())));
        whole
            .and_then(FitSettings::check)
            .with_context(|| format!("--param: trial {} ({})", index + 1, shown(settings)))
    };
    plan.iter().enumerate().map(config).collect()
}

/// `lr=0.1, hidden=64,32`.
pub fn shown(settings: &Settings) -> String {
    let pairs = settings.iter().map(|(name, value)| format!("{name}={}", show(&json(value))));
    pairs.collect::<Vec<_>>().join(", ")
}

impl TuneConfig {
    /// What is searched, as JSON: lists, and ranges as text.
    pub fn space(&self) -> Map<String, Value> {
        let of = |domain: &Domain| match domain {
            Domain::Values(values) => values.iter().map(json).collect(),
            Domain::Range(range) => {
                Value::from(format!("{}..{}{}", range.low, range.high, if range.log { ":log" } else { "" }))
            }
        };
        self.params.iter().map(|param| (param.name.clone(), of(&param.domain))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tune::search::plan;

    const FILE: &str = "target = \"y\"\nlr = 0.5\n[tune]\nsearch = \"random\"\ntrials = 3\n[tune.params]\nlr = \"0.1..1\"\n\
                        dropout = [0.0, 0.5]\n";

    fn resolved(text: &str, params: &[&str]) -> Result<(FitPlan, TuneConfig)> {
        let params: Vec<String> = params.iter().map(|text| text.to_string()).collect();
        resolve(text, "c.toml", Table::new(), Table::new(), &params)
    }

    #[test]
    fn flags_win_over_the_section() {
        let (fit, tune) = resolved(FILE, &["lr=0.1,0.2"]).unwrap();
        assert_eq!((fit.lr, tune.search, tune.trials, tune.seeds), (0.5, Search::Random, Some(3), 1));
        assert_eq!(serde_json::to_string(&tune.space()).unwrap(), r#"{"dropout":[0.0,0.5],"lr":[0.1,0.2]}"#);
        let flags = Table::from_iter([("search".to_string(), toml::Value::String("grid".into()))]);
        let (_, tune) = resolve(FILE, "c.toml", Table::new(), flags, &[]).unwrap();
        assert_eq!((tune.search, &tune.space()["lr"]), (Search::Grid, &Value::from("0.1..1")));
    }

    #[test]
    fn a_mistake_in_the_section_is_named() {
        for (text, words) in [
            ("[tune]\nserch = \"grid\"\n", "c.toml: [tune]: unknown key serch, did you mean search?"),
            ("[tune]\nsearch = \"gird\"\n", "did you mean grid?"),
            ("[tune]\nseeds = 0\n", "--seeds 0"),
            ("tune = 3\n", "expected a section [tune]"),
            ("[tune.params]\nlrr = [0.1]\n", "did you mean lr?"),
            ("leraning = 3\n[tune.params]\nlr = [0.1]\n", "unknown key leraning"),
        ] {
            let error = resolved(&format!("target = \"y\"\n{text}"), &[]).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
        assert!(resolved("target = \"y\"\n", &["lr=1,2", "lr=3,4"]).unwrap_err().to_string().contains("given twice"));
    }

    #[test]
    fn a_trial_that_cannot_be_is_refused_before_any_runs() {
        let (fit, tune) = resolved("target = \"y\"\n", &["optimizer=sgd,adam", "momentum=0,0.9"]).unwrap();
        let error = configs(&fit, &plan(tune.search, &tune.params, None, 0).unwrap()).unwrap_err();
        let error = format!("{error:#}");
        assert!(error.starts_with("--param: trial 4 (momentum=0.9, optimizer=adam): --momentum 0.9"), "{error}");
        let (fit, tune) = resolved("target = \"y\"\n", &["dropout=0.1,1.5"]).unwrap();
        assert!(configs(&fit, &plan(tune.search, &tune.params, None, 0).unwrap()).is_err());
    }
}
