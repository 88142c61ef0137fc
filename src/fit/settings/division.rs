//! How the rows are divided is said once: settings that contradict each other are refused, not resolved.

use super::raw::FitSettings;
use crate::choices::given::number;
use anyhow::{Result, ensure};

/// Refuses settings that divide the rows twice, or as cannot be.
pub(super) fn check(config: &FitSettings) -> Result<()> {
    shares(&config.split)?;
    let (folds, group) = (config.folds > 0, config.group.is_some());
    let apart = config.valid.is_some() || config.test.is_some();
    ensure!(
        !(apart && config.split_column.is_some()),
        "--split-column: says where each row goes, and so do --valid and --test"
    );
    ensure!(
        !(folds && config.valid.is_some()),
        "--valid: with --folds the rows of the table are validated in turn; leave one out"
    );
    ensure!(config.folds != 1, "--folds 1: expected 2 at least, or 0 for none");
    ensure!(
        !(config.stratify && group),
        "--stratify: --group keeps whole groups together, so the classes cannot have equal shares too; leave one out"
    );
    let time = "--split-time: the rows' order says where each row goes";
    ensure!(!(config.split_time.is_some() && config.split_column.is_some()), "{time}, and so does --split-column");
    ensure!(!(config.split_time.is_some() && config.stratify), "{time}, --stratify cannot; leave one out");
    ensure!(!(config.split_time.is_some() && group), "{time}, --group cannot; leave one out");
    ensure!(
        !(config.split_time.is_some() && folds),
        "--folds: with --split-time a fold would be trained on rows newer than those it is scored by; leave one out"
    );
    // With folds the column says which rows are the test part, and stratify or group how the others are divided.
    let column = config.split_column.is_some() && !folds;
    ensure!(!(column && config.stratify), "--stratify: --split-column says already where each row goes");
    ensure!(!(column && group), "--group: --split-column says already where each row goes");
    ensure!(
        !(folds && config.early_stop > 0),
        "--early-stop: with --folds there are no rows to stop by: those that a fold holds out score it, and the final model is trained on all rows but the test part; choose --epochs instead, or leave --folds out"
    );
    Ok(())
}

fn shares(split: &[f64]) -> Result<()> {
    let possible = split.len() == 3 && split.iter().all(|share| (0.0..=1.0).contains(share)) && split[0] > 0.0;
    ensure!(
        possible && (split.iter().sum::<f64>() - 1.0).abs() < 1e-9,
        "--split {}: expected three shares for training, validation and test that sum to 1, such as 0.6,0.2,0.2",
        split.iter().map(|share| number(*share)).collect::<Vec<_>>().join(",")
    );
    Ok(())
}
