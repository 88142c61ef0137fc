//! `lockstep run two-layer`.

use crate::cli::{RunProgram, TwoLayerArgs};
use crate::commands::job::Job;
use crate::commands::print::Verdict;
use crate::python::numpy;
use crate::report::loss_picture;
use crate::runs::history;
use crate::torch::safetensors;
use crate::tutorial::config::TwoLayerConfig;
use crate::tutorial::program::Program;
use crate::tutorial::two_layer::{self, Outcome};
use anyhow::Result;
use serde_json::json;
use tch::{Device, Tensor};

pub(super) fn run(args: &RunProgram<TwoLayerArgs>) -> Result<Verdict> {
    let config = TwoLayerConfig::from(&args.settings);
    let mut job = Job::begin(&args.common, &args.folder(Program::TwoLayer.name()))?;
    job.settle(|| Ok(config.steps()))?;
    let mut progress = job.epochs(config.epochs)?;
    let outcome = two_layer::run(&config, args.common.seed, job.device, |epoch, loss| progress.report(epoch, loss))?;
    progress.finish();
    let results = json!({
        "parameters": outcome.net.count(),
        "epochs": config.epochs,
        "loss": outcome.losses.last(),
        "training_seconds": outcome.seconds,
    });
    let summary = job.summary(Program::TwoLayer.name(), &config, results)?;
    job.folder.stage("history.csv", history::csv(&outcome.losses).as_bytes())?;
    job.folder.stage("weights.safetensors", &safetensors::to_bytes(&outcome.net.named())?)?;
    let label = "loss (sum of squares / samples)";
    job.folder.stage("loss.png", &loss_picture("Two-layer network on random numbers", label, &outcome.losses)?)?;
    job.finish(summary, &text(&outcome)?)
}

fn text(outcome: &Outcome) -> Result<String> {
    let loss = numpy::repr(outcome.losses.last().copied().unwrap_or(f64::NAN));
    Ok(format!(
        "{}\nloss {loss}\nas in the tutorial, the loss is divided by the number of samples and its gradient is not\n\
         trained in {:.3} s",
        printed(&outcome.net.w1, &outcome.net.w2)?,
        outcome.seconds
    ))
}

/// `print('w1={} \n w2={}'.format(w1, w2))`, as the tutorial's Boston program has it.
pub(super) fn printed(w1: &Tensor, w2: &Tensor) -> Result<String> {
    let array = |tensor: &Tensor| -> Result<String> {
        let values = Vec::<f64>::try_from(tensor.f_to_device(Device::Cpu)?.f_contiguous()?.f_view(-1)?)?;
        let (rows, columns) = tensor.size2()?;
        Ok(numpy::array(&values, Some(rows as usize), columns as usize))
    };
    Ok(format!("w1={} \n w2={}", array(w1)?, array(w2)?))
}
