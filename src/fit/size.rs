//! How large the tensors of a fit are.

use super::divide::Divided;
use super::prepare::fit_preprocessing;
use super::settings::FitPlan;
use crate::torch::threads::GRAIN;
use anyhow::Result;

/// Elements of the largest tensor that a step of the training makes, or that a sum goes over; where that is [`GRAIN`] or more,
/// some number from there on. The forward pass over a part takes each row by itself, however many there are. The fused engine
/// shares its rows out as it sees fit, and has no largest tensor.
pub fn largest(divided: &Divided<'_>, config: &FitPlan) -> Result<usize> {
    if !config.engine.is_exact() {
        return Ok(usize::MAX);
    }
    let parts = divided.folds.iter().chain([&divided.parts]);
    let scored = parts.map(|parts| parts.valid.len().max(parts.test.len())).max().unwrap_or(0);
    let rows = config.train().batch_size.unwrap_or(usize::MAX).min(divided.rows.len());
    let hidden = config.hidden.iter().map(|&width| width as usize);
    let known = hidden.clone().map(|width| rows.saturating_mul(width)).max().unwrap_or(rows).max(scored);
    if known >= GRAIN {
        return Ok(known);
    }
    // How many columns categories and dates become is known of the training rows alone.
    let fitted = fit_preprocessing(divided, &divided.parts, config)?;
    let (inputs, outputs) = (fitted.pipeline.features().len(), fitted.target.outputs() as usize);
    let widths: Vec<usize> = [inputs].into_iter().chain(hidden).chain([outputs]).collect();
    let weights = widths.windows(2).map(|pair| pair[0] * pair[1]);
    let batch = rows * widths.iter().copied().max().unwrap_or(0);
    Ok(weights.sum::<usize>().max(batch).max(scored * outputs))
}
