//! The picture of `run moons`: the decision surface under the samples.

use super::Outcome;
use super::surface::surface;
use crate::plot::{Cells, Figure, Panel, Points, Regions};
use anyhow::Result;

/// The tutorial's `plot_decision_boundary`: the class at every point of the grid, the samples over it.
pub fn decision_boundary(outcome: &Outcome) -> Result<Figure> {
    let surface = surface(&outcome.net, &outcome.x)?;
    let title = format!("Two moons: decision surface, accuracy {}", outcome.accuracy);
    let regions = Regions { x: surface.x, y: surface.y, cells: Cells::Classes(surface.classes) };
    let points: Vec<_> = outcome.moons.points.iter().map(|&[x1, x2]| (x1, x2)).collect();
    let panel = Panel::new("", "x1", "x2").layer(regions);
    let look = |points: Points, class| points.label(format!("class {class}")).outlined();
    Ok(Figure::new(title).panel(panel.class_points(&points, &outcome.moons.labels, 2, look)))
}
