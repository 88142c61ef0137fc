//! The decision surface: the class that `Net` gives at every point of a grid around the samples.

use super::net::{INPUTS, predict};
use crate::model::mlp::Mlp;
use crate::plot::GridAxis;
use anyhow::Result;
use tch::{Device, Tensor};

/// The tutorial's grid step, and its padding around the samples.
const STEP: f32 = 0.01;
const PADDING: f32 = 0.5;
/// The step is doubled until the grid has no more points than this (the tutorial's has about 100,000).
const MOST_POINTS: usize = 10_000_000;
/// Points that are computed at a time: their hidden layer stays in the cache.
const TILE: usize = 1 << 11;

/// The class of each point of a grid, row by row from the lowest `y` up, each row from the lowest `x` up.
#[derive(Debug, Clone)]
pub struct Surface {
    pub x: GridAxis,
    pub y: GridAxis,
    pub classes: Vec<u8>,
}

/// `plot_decision_boundary`'s `xx`, `yy` and `Z` for samples `x [n, 2]`.
pub fn surface(net: &Mlp, x: &Tensor) -> Result<Surface> {
    let _no_grad = tch::no_grad_guard();
    let low = Vec::<f32>::try_from(x.f_amin([0_i64].as_slice(), false)?.f_to_device(Device::Cpu)?)?;
    let high = Vec::<f32>::try_from(x.f_amax([0_i64].as_slice(), false)?.f_to_device(Device::Cpu)?)?;
    let (x_axis, y_axis) = axes([low[0], low[1]], [high[0], high[1]]);
    let points = x_axis.count * y_axis.count;
    let mut classes = Vec::with_capacity(points);
    for first in (0..points).step_by(TILE) {
        let tile = first..points.min(first + TILE);
        let coordinates: Vec<f32> =
            tile.flat_map(|i| [x_axis.at(i % x_axis.count) as f32, y_axis.at(i / x_axis.count) as f32]).collect();
        let tensor = Tensor::f_from_slice(&coordinates)?.f_view([-1, INPUTS])?.f_to_device(x.device())?;
        let predicted = predict(net, &tensor)?.f_to_kind(tch::Kind::Uint8)?.f_to_device(Device::Cpu)?;
        classes.extend(Vec::<u8>::try_from(predicted)?);
    }
    Ok(Surface { x: x_axis, y: y_axis, classes })
}

fn axes(low: [f32; 2], high: [f32; 2]) -> (GridAxis, GridAxis) {
    let mut step = STEP;
    loop {
        let axis = |i: usize| arange(low[i] - PADDING, high[i] + PADDING, step);
        let (x, y) = (axis(0), axis(1));
        if x.count.saturating_mul(y.count) <= MOST_POINTS {
            return (x, y);
        }
        step *= 2.0;
    }
}

/// `np.arange(start, stop, step)` of two `np.float32`s and a Python float: NumPy counts the steps and adds the first
/// one in float32, and goes on in float64.
fn arange(start: f32, stop: f32, step: f32) -> GridAxis {
    let next = start + step;
    let count = f64::from((stop - start) / step).ceil().max(0.0) as usize;
    GridAxis { start: start.into(), step: f64::from(next) - f64::from(start), count }
}

#[cfg(test)]
mod tests {
    use super::*;

    // a = np.arange(np.float32(-1.7), np.float32(2.9), 0.01); len(a), a[1] - a[0], a[-1]
    #[test]
    fn the_grid_is_numpys() {
        let axis = arange(-1.7, 2.9, 0.01);
        let last = axis.start + (axis.count - 1) as f64 * axis.step;
        assert_eq!((axis.count, axis.step, last), (461, 0.009999990463256836, 2.8999955654144287));
    }

    #[test]
    fn a_wide_grid_takes_a_wider_step() {
        let (x, y) = axes([-1e3, -1e3], [1e3, 1e3]);
        assert!(x.count * y.count <= MOST_POINTS && x.step > 0.01, "{x:?} {y:?}");
    }
}
