//! The legend: inside the plot where it covers nothing, else to its right.

use super::canvas::{Canvas, Face, Point, Rect};
use super::color::Color;
use super::layers::{BAND_ALPHA, DASH, Mark};
use super::{Layer, Panel, path};
use anyhow::Result;

const SIZE: f64 = 13.0;
const ROW: f64 = 20.0;
const SAMPLE: f64 = 28.0;
const PADDING: f64 = 8.0;
const GAP: f64 = 8.0;
/// Between the legend and the plot's edge.
const MARGIN: f64 = 10.0;

pub(super) struct Legend<'a> {
    entries: Vec<(&'a str, &'a Layer, Color)>,
    pub width: f64,
    pub height: f64,
}

impl<'a> Legend<'a> {
    /// The labelled layers of a panel; `None` where there are none.
    pub fn new(panel: &'a Panel, colors: &[Color], canvas: &Canvas<'_>) -> Result<Option<Self>> {
        let labelled = |layer: &'a Layer| match layer {
            Layer::Line(line) => line.label.as_deref(),
            Layer::Points(points) => points.label.as_deref(),
            Layer::Band(band) => band.label.as_deref(),
            Layer::Regions(_) | Layer::Bars(_) | Layer::Heatmap(_) => None,
        };
        let both = panel.layers.iter().zip(colors);
        let entries: Vec<_> = both.filter_map(|(layer, &color)| Some((labelled(layer)?, layer, color))).collect();
        if entries.is_empty() {
            return Ok(None);
        }
        let mut widest: f64 = 0.0;
        for (label, _, _) in &entries {
            widest = widest.max(canvas.text_width(label, SIZE)?);
        }
        let (width, height) = (2.0 * PADDING + SAMPLE + GAP + widest, 2.0 * PADDING + ROW * entries.len() as f64 - 4.0);
        Ok(Some(Self { entries, width, height }))
    }

    /// A place within `plot` that covers none of `taken`: corners first, then the middle of the sides.
    pub fn inside(&self, plot: Rect, taken: &[Point]) -> Option<Point> {
        let (left, right) = (plot.left + MARGIN, plot.right - MARGIN - self.width);
        let (top, bottom) = (plot.top + MARGIN, plot.bottom - MARGIN - self.height);
        let (center, middle) = ((left + right) / 2.0, (top + bottom) / 2.0);
        let places = [
            (right, top),
            (left, top),
            (right, bottom),
            (left, bottom),
            (right, middle),
            (center, top),
            (left, middle),
            (center, bottom),
        ];
        let free = |&(x, y): &Point| {
            let area = Rect { left: x, top: y, right: x + self.width, bottom: y + self.height }.grown(6.0);
            !taken.iter().any(|&point| area.contains(point))
        };
        (left <= right && top <= bottom).then(|| places.into_iter().find(free)).flatten()
    }

    /// Draws the legend with its upper left corner at `place`.
    pub fn draw(&self, canvas: &mut Canvas<'_>, (left, top): Point) -> Result<()> {
        let area = Rect { left, top, right: left + self.width, bottom: top + self.height };
        canvas.rect(area, Color::Rgb(0xCC, 0xCC, 0xCC), 1.0)?;
        canvas.rect(area.grown(-1.0), Color::Rgb(0xFF, 0xFF, 0xFF), 1.0)?;
        for (index, (label, layer, color)) in self.entries.iter().enumerate() {
            let middle = top + PADDING + (index as f64 + 0.5) * ROW - 2.0;
            sample(canvas, layer, *color, (left + PADDING, middle))?;
            let place = (left + PADDING + SAMPLE + GAP, middle + SIZE * 0.36);
            canvas.text(label, place, Face::new(SIZE))?;
        }
        Ok(())
    }
}

/// What a layer looks like, `SAMPLE` pixels wide.
fn sample(canvas: &mut Canvas<'_>, layer: &Layer, color: Color, (x, y): Point) -> Result<()> {
    let area = Rect { left: x, top: y - 6.0, right: x + SAMPLE, bottom: y + 6.0 };
    let center = (x + SAMPLE / 2.0, y);
    match layer {
        Layer::Line(line) => {
            for (from, to) in path::segments(&[(x, y), (x + SAMPLE, y)], area, line.dashed.then_some(DASH)) {
                canvas.segment(from, to, line.width, color)?;
            }
            line.marker.map_or(Ok(()), |marker| canvas.marker(center, marker, 3.6, color, None))
        }
        Layer::Points(points) => {
            let Mark { marker, radius, color, edge } = Mark::of(points, color);
            canvas.marker(center, marker, radius.max(3.0), color, edge)
        }
        Layer::Band(_) => canvas.rect(area, color, 2.0 * BAND_ALPHA),
        Layer::Regions(_) | Layer::Bars(_) | Layer::Heatmap(_) => Ok(()),
    }
}
