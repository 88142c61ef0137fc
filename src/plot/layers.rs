//! Drawing the layers of a panel, and where they leave room.

use super::canvas::{Canvas, Point, Rect};
use super::color::{Color, Marker};
use super::scale::Scale;
use super::{Band, Layer, Line, Panel, Points, path};
use anyhow::Result;

pub(super) const LINE_WIDTH: f64 = 2.0;
pub(super) const DASH: (f64, f64) = (7.0, 4.5);
pub(super) const BAND_ALPHA: f64 = 0.22;
const EDGE: Color = Color::Rgb(0x1A, 0x1A, 0x1A);

/// The colour of each layer: its own, or the palette's next; regions and heat maps have theirs by cell and take none.
pub(super) fn colors(panel: &Panel) -> Vec<Color> {
    let mut next = 0;
    let mut choose = |own: Option<Color>| {
        own.unwrap_or_else(|| {
            next += 1;
            Color::Palette(next - 1)
        })
    };
    let color = |layer: &Layer| match layer {
        Layer::Line(line) => choose(line.color),
        Layer::Points(points) => choose(points.color),
        Layer::Band(band) => choose(band.color),
        Layer::Bars(bars) => choose(bars.color),
        Layer::Regions(_) | Layer::Heatmap(_) => Color::GREY,
    };
    panel.layers.iter().map(color).collect()
}

/// A panel's scales and the rectangle they fill.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub x: Scale,
    pub y: Scale,
    pub plot: Rect,
}

pub(super) fn draw(canvas: &mut Canvas<'_>, layer: &Layer, color: Color, view: &View) -> Result<()> {
    match layer {
        Layer::Line(line) => draw_line(canvas, line, color, view),
        Layer::Points(points) => draw_points(canvas, points, color, view),
        Layer::Band(band) => draw_band(canvas, band, color, view),
        Layer::Regions(regions) => regions.draw(canvas, view),
        Layer::Bars(bars) => bars.draw(canvas, color, view),
        Layer::Heatmap(map) => map.draw(canvas, view),
    }
}

fn draw_line(canvas: &mut Canvas<'_>, line: &Line, color: Color, view: &View) -> Result<()> {
    let room = view.plot.grown(2.0 * line.width);
    for piece in path::pieces(&line.points, &view.x, &view.y) {
        if let [lone] = piece[..] {
            // One point alone, such as a run of one epoch, is no stroke, but must be seen.
            canvas.disc(lone, 1.5 * line.width, color)?;
        }
        for (from, to) in path::segments(&piece, room, line.dashed.then_some(DASH)) {
            canvas.segment(from, to, line.width, color)?;
            if !line.dashed {
                // Round joints: without them two segments leave a notch where they meet.
                canvas.disc(to, line.width / 2.0, color)?;
            }
        }
    }
    if let Some(marker) = line.marker {
        for (_, point) in visible(&line.points, view) {
            canvas.marker(point, marker, 3.6, color, None)?;
        }
    }
    Ok(())
}

/// Small marks where there are many points.
fn radius(count: usize) -> f64 {
    match count {
        0..=60 => 4.6,
        61..=400 => 3.8,
        401..=2000 => 2.8,
        _ => 1.8,
    }
}

/// How the points of a layer look.
pub(super) struct Mark {
    pub marker: Marker,
    pub radius: f64,
    pub color: Color,
    pub edge: Option<Color>,
}

impl Mark {
    pub fn of(points: &Points, color: Color) -> Self {
        let radius = radius(points.points.len());
        Self {
            marker: points.marker.unwrap_or_else(|| Marker::of(color)),
            radius: if points.faint { 0.6 * radius } else { radius },
            color: if points.faint { color.faint() } else { color },
            edge: points.outlined.then_some(EDGE),
        }
    }
}

fn draw_points(canvas: &mut Canvas<'_>, points: &Points, color: Color, view: &View) -> Result<()> {
    let Mark { marker, radius, color, edge } = Mark::of(points, color);
    for (index, point) in visible(&points.points, view) {
        canvas.marker(point, marker, radius, points.colors.get(index).copied().unwrap_or(color), edge)?;
    }
    Ok(())
}

/// The places of those points that lie in the plot, with their numbers.
fn visible<'a>(points: &'a [(f64, f64)], view: &'a View) -> impl Iterator<Item = (usize, Point)> + 'a {
    let pixel = |(index, &(x, y)): (usize, &(f64, f64))| Some((index, view.x.pixel(x).zip(view.y.pixel(y))?));
    points.iter().enumerate().filter_map(pixel).filter(|&(_, point)| view.plot.grown(0.5).contains(point))
}

fn draw_band(canvas: &mut Canvas<'_>, band: &Band, color: Color, view: &View) -> Result<()> {
    for (x, low, high) in columns(band, view, 1.0 / super::canvas::SCALE as f64) {
        let (top, bottom) = (high.min(low).max(view.plot.top), high.max(low).min(view.plot.bottom));
        let right = x + 1.0 / super::canvas::SCALE as f64;
        canvas.rect(Rect { left: x, top, right, bottom }, color, BAND_ALPHA)?;
    }
    Ok(())
}

/// (x, low, high) of a band in pixels, at steps of `step` pixels within the plot.
fn columns(band: &Band, view: &View, step: f64) -> Vec<(f64, f64, f64)> {
    let pixel = |&(x, low, high): &(f64, f64, f64)| {
        Some((view.x.pixel(x)?, view.y.pixel_or_floor(low)?, view.y.pixel_or_floor(high)?))
    };
    let mut columns = Vec::new();
    for pair in band.points.windows(2) {
        let (Some(a), Some(b)) = (pixel(&pair[0]), pixel(&pair[1])) else { continue };
        let first = ((a.0.max(view.plot.left)) / step).round() as i64;
        let last = ((b.0.min(view.plot.right)) / step).round() as i64;
        for index in first..last {
            let x = index as f64 * step;
            let share = ((x - a.0) / (b.0 - a.0)).clamp(0.0, 1.0);
            columns.push((x, a.1 + share * (b.1 - a.1), a.2 + share * (b.2 - a.2)));
        }
    }
    columns
}

/// Places that a layer covers, close enough together that a legend cannot slip between them.
pub(super) fn footprint(layer: &Layer, view: &View) -> Vec<Point> {
    const STEP: f64 = 4.0;
    match layer {
        Layer::Points(points) => visible(&points.points, view).map(|(_, point)| point).collect(),
        Layer::Line(line) => {
            let pieces = path::pieces(&line.points, &view.x, &view.y);
            let segments = pieces.iter().flat_map(|piece| path::segments(piece, view.plot, None));
            segments
                .flat_map(|(from, to)| {
                    let count = ((to.0 - from.0).hypot(to.1 - from.1) / STEP).ceil().max(1.0);
                    (0..=count as usize).map(move |i| {
                        let share = i as f64 / count;
                        (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1))
                    })
                })
                .collect()
        }
        Layer::Band(band) => {
            let columns = columns(band, view, STEP);
            let column = |(x, low, high): (f64, f64, f64)| {
                let (top, bottom) = (high.min(low).max(view.plot.top), high.max(low).min(view.plot.bottom));
                let count = ((bottom - top) / STEP).ceil().clamp(0.0, 1000.0) as usize;
                (0..=count).map(move |i| (x, (top + i as f64 * STEP).min(bottom)))
            };
            columns.into_iter().flat_map(column).collect()
        }
        Layer::Bars(bars) => bars.footprint(view, STEP),
        Layer::Regions(_) | Layer::Heatmap(_) => Vec::new(),
    }
}
