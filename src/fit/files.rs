//! The files that show what was trained: model, history, pictures, report.

use super::checkpoint::{self, ModelInfo};
use super::outcome::Outcome;
use super::report::{Shown, page, pictures};
use super::table::pinned;
use crate::checkpoint::Provenance;
use crate::data::schema::TableSchema;
use crate::data::store::Store;
use crate::evaluate::Verdict;
use crate::fit::settings::FitPlan;
use crate::plot::StandIns;
use crate::runs::folder::RunFolder;
use crate::runs::history;
use crate::torch::safetensors;
use anyhow::Result;

/// The schema's file in the run folder.
pub const SCHEMA: &str = "schema.toml";

/// A fit that has come to its end.
pub struct Finished<'a> {
    pub outcome: &'a Outcome,
    pub config: &'a FitPlan,
    pub seed: u32,
    pub provenance: Provenance,
    pub store: &'a Store,
    pub schema: Option<&'a TableSchema>,
    pub verdict: &'a Verdict,
}

impl Finished<'_> {
    /// Stages every file but the summary and the settings. `go_on` is asked before each step; an error of it ends the work.
    /// Gives the names that have numbers in the pictures.
    pub fn stage(self, folder: &mut RunFolder, go_on: &mut dyn FnMut() -> Result<()>) -> Result<StandIns> {
        let Self { outcome, config, seed, provenance, store, schema, verdict } = self;
        let (pictures, numbered) = pictures(outcome, config, go_on)?;
        go_on()?;
        for picture in &pictures {
            folder.stage(&format!("{}.png", picture.name), &picture.png)?;
        }
        let pinned = pinned(&outcome.prepared, store, schema);
        let metrics = outcome.scores.valid.as_ref().unwrap_or(&outcome.scores.train).metrics.iter();
        let metrics = metrics.filter_map(|(name, value)| Some((name.to_string(), value?))).collect();
        let kept = provenance.clone();
        let info = ModelInfo { config, seed, pinned: &pinned, metrics, provenance };
        let training = outcome.trained.snapshot.tensors()?;
        let model = checkpoint::to_bytes(&outcome.prepared, &outcome.scores.module, &training, info)?;
        folder.stage("history.csv", history(outcome).as_bytes())?;
        folder.stage("model.pt", &model)?;
        folder.stage("model.safetensors", &safetensors::to_bytes(&outcome.network.net.state()?)?)?;
        if let Some(schema) = schema {
            folder.stage(SCHEMA, schema.to_toml()?.as_bytes())?;
        }
        go_on()?;
        let shown = Shown { config, seed, provenance: &kept, verdict: &verdict.text, data: &store.display_name };
        let page = page(outcome, &shown, (&pictures, &numbered))?;
        folder.stage("report.html", page.as_bytes())?;
        Ok(numbered)
    }
}

/// `epoch,loss,valid_loss,lr`; without validation rows the third column is empty.
fn history(outcome: &Outcome) -> String {
    let history = outcome.trained.history();
    let columns = [
        ("loss", history.loss().into()),
        ("valid_loss", history.valid_loss().unwrap_or_default().into()),
        ("lr", history.lr().into()),
    ];
    history::table(history.before(), &columns)
}
