//! How large the tensors of a fit are.

use super::divide::Divided;
use super::prepare::fit_preprocessing;
use super::settings::FitPlan;
use crate::torch::threads::{GRAIN, Steps};
use anyhow::Result;
use tch::Kind;

/// The bytes of the float32 features of all rows that are trained on and scored.
pub fn features(divided: &Divided<'_>, config: &FitPlan) -> Result<usize> {
    let fitted = fit_preprocessing(divided, &divided.parts, config)?;
    let rows: usize = fitted.parts.iter().map(|part| part.rows.len()).sum();
    Ok(rows * fitted.pipeline.features().len() * size_of::<f32>())
}

/// What the steps of a fit multiply; none where that is known to be no little, and for the fused engine, which shares its rows
/// out by itself.
pub fn steps(divided: &Divided<'_>, config: &FitPlan) -> Result<Option<Steps>> {
    let batch = config.train().batch_size.unwrap_or(usize::MAX);
    let hidden: Vec<usize> = config.hidden.iter().map(|&width| width as usize).collect();
    let rows = batch.min(divided.parts.train.len());
    // How the sums of a norm are divided over threads is not asked for here.
    if !config.engine.is_exact()
        || !config.norm.is_none()
        || hidden.iter().any(|width| rows.saturating_mul(*width) >= GRAIN)
        || rows >= GRAIN
    {
        return Ok(None);
    }
    // How many rows are left, and how many columns categories and dates become, is known of the training rows alone.
    let fitted = fit_preprocessing(divided, &divided.parts, config)?;
    let [train, valid, test] = fitted.parts.each_ref().map(|part| part.rows.len());
    let folds = divided.folds.iter();
    let trained = folds.clone().map(|fold| fold.train.len()).chain([train]);
    let batches = trained.flat_map(|rows| [batch.min(rows), rows % batch]).collect();
    let part = config.valid_batch_size.filter(|size| *size > 0).unwrap_or(usize::MAX);
    let validated = [valid, part.min(valid), valid % part];
    let measured = folds.map(|fold| fold.test.len()).chain([train, test]).chain(validated).collect();
    let ends = (fitted.pipeline.features().len(), fitted.target.outputs() as usize);
    let widths = [ends.0].into_iter().chain(hidden).chain([ends.1]).collect();
    Ok(Some(Steps { batches, measured, widths, anywhere: config.activation.is_same_anywhere(), kind: Kind::Float }))
}
