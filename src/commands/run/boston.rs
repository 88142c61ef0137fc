//! `lockstep run boston`.

use super::two_layer::printed;
use crate::cli::{RunBostonArgs, RunProgram};
use crate::commands::job::Job;
use crate::commands::print::Verdict;
use crate::data;
use crate::data::boston::Boston;
use crate::python::numpy::repr;
use crate::report::loss_picture;
use crate::runs::history;
use crate::torch::safetensors;
use crate::tutorial::boston::{self, Outcome, checkpoint};
use crate::tutorial::config::BostonConfig;
use crate::tutorial::program::Program;
use anyhow::Result;
use serde_json::{Value, json};

pub(super) fn run(args: &RunProgram<RunBostonArgs>) -> Result<Verdict> {
    let config = BostonConfig::from(&args.settings);
    let mut job = Job::begin(&args.common, &args.folder(Program::Boston.name()))?;
    let table = Boston::load(config.data.as_deref(), &config.exclude)?;
    job.settle(|| boston::steps(&table, &config, args.common.seed))?;
    let mut progress = job.epochs(config.epochs)?;
    let outcome =
        boston::run_on(table, &config, args.common.seed, job.device, |epoch, loss| progress.report(epoch, loss))?;
    progress.finish();
    job.data(config.data.as_deref(), data::boston::CSV)?;
    let summary = job.summary(Program::Boston.name(), &config, results(&outcome, &config))?;
    let model = checkpoint::to_bytes(&outcome, args.common.seed, serde_json::to_value(&config)?, job.provenance())?;
    job.folder.stage("history.csv", history::csv(&outcome.losses).as_bytes())?;
    job.folder.stage("model.pt", &model)?;
    job.folder.stage("weights.safetensors", &safetensors::to_bytes(&outcome.net.named())?)?;
    let title = format!("{} from {} columns", outcome.target, outcome.scaler.columns.len());
    job.folder.stage("loss.png", &loss_picture(&title, &label(&outcome), &outcome.losses)?)?;
    job.finish(summary, &text(&outcome, &config)?)
}

fn results(outcome: &Outcome, config: &BostonConfig) -> Value {
    let mut results = json!({
        "parameters": outcome.net.count(),
        "epochs": config.epochs,
        "loss": outcome.losses.last(),
        "training_seconds": outcome.seconds,
        "features": outcome.scaler.columns,
        "target": outcome.target,
        "rows": outcome.x.size()[0],
    });
    if let Some(test) = &outcome.test {
        results["test_rows"] = test.rows.into();
        results["test_loss"] = test.loss.into();
    }
    results
}

/// The loss with its unit, which is known of Boston's target alone.
fn label(outcome: &Outcome) -> String {
    let unit = if outcome.target == "MEDV" { "$1000" } else { outcome.target.as_str() };
    format!("mean square error (squares of {unit})")
}

fn text(outcome: &Outcome, config: &BostonConfig) -> Result<String> {
    let loss = outcome.losses.last().copied().unwrap_or(f64::NAN);
    let mut lines = vec![printed(&outcome.net.w1, &outcome.net.w2)?, format!("loss {}", repr(loss))];
    if let Some(test) = &outcome.test {
        lines.push(format!("loss on {} rows kept apart {}", test.rows, repr(test.loss)));
    }
    if !config.train_bias {
        lines.push("as in the tutorial, b1 and b2 stay 0; --train-bias updates them".into());
    }
    if !config.mean_gradient {
        lines.push("as in the tutorial, the gradient lacks the 1/n of the MSE; --mean-gradient puts it in".into());
    }
    if outcome.scaler.columns.iter().any(|column| column == "B") && outcome.target == "MEDV" {
        lines.push(
            "as in the tutorial, column B is a feature; --exclude B leaves it out, data/README.md says why".into(),
        );
    }
    if !outcome.scaler.constant.is_empty() {
        let columns = outcome.scaler.constant.join(", ");
        lines.push(format!("constant on the training rows, so 0 once normalised (NumPy would divide by 0): {columns}"));
    }
    lines.push(format!("trained in {:.3} s", outcome.seconds));
    Ok(lines.join("\n"))
}
