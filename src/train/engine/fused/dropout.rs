//! Dropout: the masks that the `exact` engine would have drawn.

use super::plan::Plan;
use crate::torch::generator;
use crate::torch::memory::Floats;
use anyhow::Result;
use tch::{Device, Kind, Tensor};

/// Draws the masks of a batch of so many rows from torch's generator as `torch.nn.functional.dropout` does behind each hidden
/// layer on the CPU: a layer's outputs are multiplied by 0, or by `1 / (1 - p)`. All in a row, `[rows, units]` a layer; none without
/// dropout. Everything that a batch draws is drawn here.
pub fn draw(plan: &Plan, rows: usize) -> Result<Option<Floats>> {
    if plan.dropout == 0.0 {
        return Ok(None);
    }
    generator::drawn(|| drawn(plan, rows)).map(Some)
}

fn drawn(plan: &Plan, rows: usize) -> Result<Floats> {
    let masks = Tensor::f_empty([(rows * plan.hidden().sum::<usize>()) as i64], (Kind::Float, Device::Cpu))?;
    let (mut first, stays) = (0, 1.0 - plan.dropout);
    for units in plan.hidden() {
        let count = (rows * units) as i64;
        let mut mask = masks.f_narrow(0, first, count)?.f_view([rows as i64, units as i64])?;
        let _ = mask.f_bernoulli_float_(stays)?.f_div_scalar_(stays)?;
        first += count;
    }
    Floats::of(&masks)
}

/// The mask of the hidden layer at `layer` out of those that [`draw`] gave.
pub fn of_layer<'a>(plan: &Plan, masks: &'a [f32], rows: usize, layer: usize) -> &'a [f32] {
    let before = rows * plan.hidden().take(layer).sum::<usize>();
    &masks[before..][..rows * plan.layers[layer].outputs]
}
