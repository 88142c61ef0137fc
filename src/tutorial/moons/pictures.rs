//! The picture of `run moons`: the decision surface under the samples.

use super::Outcome;
use super::surface::surface;
use crate::plot::{Cells, Figure, Panel, Points, Regions};
use anyhow::Result;

/// More points than this cover each other, and take long to draw.
const MOST_SHOWN: usize = 20_000;

/// The tutorial's `plot_decision_boundary`: the class at every point of the grid, the samples over it.
pub fn decision_boundary(outcome: &Outcome) -> Result<Figure> {
    let surface = surface(&outcome.net, &outcome.points.x)?;
    let title = format!("Two moons: decision surface, accuracy {}", outcome.accuracy);
    let regions = Regions { x: surface.x, y: surface.y, cells: Cells::Classes(surface.classes) };
    let all = outcome.points.moons.points.len();
    let shown = if all > MOST_SHOWN { format!("; the first {MOST_SHOWN} of {all} points") } else { String::new() };
    let title = title + &shown;
    let points: Vec<_> = outcome.points.moons.points.iter().take(MOST_SHOWN).map(|&[x1, x2]| (x1, x2)).collect();
    let panel = Panel::new("", "x1", "x2").layer(regions);
    let look = |points: Points, class| points.label(format!("class {class}")).outlined();
    Ok(Figure::new(title).panel(panel.class_points(&points, &outcome.points.moons.labels, 2, look)))
}
