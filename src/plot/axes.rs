//! One panel: margins, grid, layers, frame, ticks, labels, legend.

use super::canvas::{Canvas, Face, Rect};
use super::color::Color;
use super::colorbar::ColorBar;
use super::layers::{self, View};
use super::legend::Legend;
use super::scale::{self, Scale};
use super::ticks::{self, Tick};
use super::{Axis, Panel};
use anyhow::Result;
use plotters::style::text_anchor::HPos;

const TITLE: f64 = 16.0;
const LABEL: f64 = 14.0;
const TICK: f64 = 12.5;
const WHITE: Color = Color::Rgb(0xFF, 0xFF, 0xFF);
const GRID: Color = Color::Rgb(0xE4, 0xE4, 0xE4);
const MINOR: Color = Color::Rgb(0xF2, 0xF2, 0xF2);
const FRAME: Color = Color::Rgb(0x5A, 0x5A, 0x5A);

/// Draws `panel` over a canvas of `width` × `height` pixels.
pub(super) fn draw(canvas: &mut Canvas<'_>, panel: &Panel, width: f64, height: f64) -> Result<()> {
    let ranges = scale::ranges(panel)?;
    let colors = layers::colors(panel);
    let legend = Legend::new(panel, &colors, canvas)?;
    let bar = ColorBar::new(panel, canvas)?;
    let room = bar.as_ref().map_or(0.0, ColorBar::room);
    let mut frame = Frame::new(canvas, panel, ranges, width, height, room)?;
    let mut place = None;
    if let Some(legend) = &legend {
        let taken: Vec<_> = panel.layers.iter().flat_map(|layer| layers::footprint(layer, &frame.view)).collect();
        place = legend.inside(frame.view.plot, &taken);
        if place.is_none() {
            frame = Frame::new(canvas, panel, ranges, width, height, room + legend.width + 12.0)?;
            place = Some((frame.view.plot.right + room + 12.0, frame.view.plot.top));
        }
    }
    frame.grid(canvas)?;
    for (layer, &color) in panel.layers.iter().zip(&colors) {
        layers::draw(canvas, layer, color, &frame.view)?;
    }
    frame.surround(canvas, width, height)?;
    frame.labels(canvas, panel, height)?;
    if let Some(bar) = bar {
        bar.draw(canvas, frame.view.plot)?;
    }
    match (legend, place) {
        (Some(legend), Some(place)) => legend.draw(canvas, place),
        _ => Ok(()),
    }
}

/// The axes of a panel: where they lie and what is written at them.
struct Frame {
    view: View,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
}

impl Frame {
    /// Leaves room for what is written, and `right` pixels beside the plot.
    fn new(
        canvas: &Canvas<'_>,
        panel: &Panel,
        [x, y]: [(f64, f64); 2],
        width: f64,
        height: f64,
        right: f64,
    ) -> Result<Self> {
        let label = |axis: &Axis| if axis.label.is_empty() { 0.0 } else { LABEL + 10.0 };
        let top = if panel.title.is_empty() { 18.0 } else { TITLE + 24.0 };
        let bottom = height - 12.0 - TICK - 12.0 - label(&panel.x);
        let y_ticks = ticks::of(&panel.y, y, ((bottom - top) / 52.0) as usize);
        let widest = widest(canvas, &y_ticks)?;
        let left = 14.0 + label(&panel.y) + widest + 9.0;
        let mut plot = Rect { left, top, right: width - 24.0 - right, bottom };
        // Labels must not touch each other, and the last one must not be cut off.
        let mut wanted = ((plot.right - plot.left) / 72.0) as usize;
        let x_ticks = loop {
            let x_ticks = ticks::of(&panel.x, x, wanted);
            let room = self::widest(canvas, &x_ticks)? + 14.0;
            let labelled = x_ticks.iter().filter(|tick| !tick.label.is_empty()).count();
            if wanted <= 2 || room * labelled as f64 <= plot.right - plot.left {
                break x_ticks;
            }
            wanted -= 1;
        };
        if right == 0.0 {
            plot.right = plot.right.min(width - 10.0 - self::widest(canvas, &x_ticks)? / 2.0);
        }
        let view = View {
            x: Scale { min: x.0, max: x.1, log: panel.x.log, start: plot.left, end: plot.right },
            y: Scale { min: y.0, max: y.1, log: panel.y.log, start: plot.bottom, end: plot.top },
            plot,
        };
        Ok(Self { view, x_ticks, y_ticks })
    }

    fn grid(&self, canvas: &mut Canvas<'_>) -> Result<()> {
        let View { x, y, plot } = self.view;
        let color = |tick: &Tick| if tick.label.is_empty() { MINOR } else { GRID };
        for tick in &self.x_ticks {
            if let Some(at) = x.pixel(tick.value) {
                canvas.rect(Rect { left: at - 0.5, right: at + 0.5, ..plot }, color(tick), 1.0)?;
            }
        }
        for tick in &self.y_ticks {
            if let Some(at) = y.pixel(tick.value) {
                canvas.rect(Rect { top: at - 0.5, bottom: at + 0.5, ..plot }, color(tick), 1.0)?;
            }
        }
        Ok(())
    }

    /// Wipes what the layers left outside the plot, and draws the frame.
    fn surround(&self, canvas: &mut Canvas<'_>, width: f64, height: f64) -> Result<()> {
        let Rect { left, top, right, bottom } = self.view.plot;
        let all = Rect { left: 0.0, top: 0.0, right: width, bottom: height };
        for margin in [
            Rect { bottom: top, ..all },
            Rect { top: bottom, ..all },
            Rect { right: left, ..all },
            Rect { left: right, ..all },
        ] {
            canvas.rect(margin, WHITE, 1.0)?;
        }
        let outer = self.view.plot.grown(1.0);
        for edge in [
            Rect { bottom: top, ..outer },
            Rect { top: bottom, ..outer },
            Rect { right: left, ..outer },
            Rect { left: right, ..outer },
        ] {
            canvas.rect(edge, FRAME, 1.0)?;
        }
        Ok(())
    }

    /// Ticks with their labels, the axes' labels, the title.
    fn labels(&self, canvas: &mut Canvas<'_>, panel: &Panel, height: f64) -> Result<()> {
        let View { x, y, plot } = self.view;
        for tick in self.x_ticks.iter().filter(|tick| !tick.label.is_empty()) {
            if let Some(at) = x.pixel(tick.value) {
                let mark = Rect { left: at - 0.5, right: at + 0.5, top: plot.bottom, bottom: plot.bottom + 5.0 };
                canvas.rect(mark, FRAME, 1.0)?;
                canvas.text(&tick.label, (at, plot.bottom + 8.0 + TICK), Face::new(TICK).anchor(HPos::Center))?;
            }
        }
        for tick in self.y_ticks.iter().filter(|tick| !tick.label.is_empty()) {
            if let Some(at) = y.pixel(tick.value) {
                let mark = Rect { left: plot.left - 5.0, right: plot.left, top: at - 0.5, bottom: at + 0.5 };
                canvas.rect(mark, FRAME, 1.0)?;
                canvas.text(&tick.label, (plot.left - 9.0, at + TICK * 0.36), Face::new(TICK).anchor(HPos::Right))?;
            }
        }
        let center = ((plot.left + plot.right) / 2.0, (plot.top + plot.bottom) / 2.0);
        let middle = |size: f64| Face::new(size).anchor(HPos::Center);
        canvas.text(&panel.x.label, (center.0, height - 12.0), middle(LABEL))?;
        canvas.text(&panel.y.label, (10.0 + LABEL, center.1), middle(LABEL).vertical())?;
        canvas.text(&panel.title, (center.0, plot.top - 12.0), middle(TITLE))
    }
}

fn widest(canvas: &Canvas<'_>, ticks: &[Tick]) -> Result<f64> {
    let mut widest: f64 = 0.0;
    for tick in ticks {
        widest = widest.max(canvas.text_width(&tick.label, TICK)?);
    }
    Ok(widest)
}
