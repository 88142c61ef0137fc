//! The scale of a panel's colours, to the right of its plot.

use super::canvas::{Canvas, Face, Rect};
use super::color::Color;
use super::regions::ColorScale;
use super::ticks::{self, Tick};
use super::{Cells, Layer, Panel};
use anyhow::Result;
use plotters::style::text_anchor::HPos;

const EDGE: Color = Color::Rgb(0xB0, 0xB0, 0xB0);
const TICK: f64 = 12.5;
const BAR: f64 = 14.0;
const GAP: f64 = 16.0;

pub(super) struct ColorBar {
    scale: ColorScale,
    ticks: Vec<Tick>,
    /// Pixels of the widest tick.
    widest: f64,
}

impl ColorBar {
    /// That of the panel's heat map or surface; `None` where there is none.
    pub fn new(panel: &Panel, canvas: &Canvas<'_>) -> Result<Option<Self>> {
        let scale = panel.layers.iter().find_map(|layer| match layer {
            Layer::Heatmap(map) => Some(ColorScale { low: 0.0, high: map.high, label: map.label.clone() }),
            Layer::Regions(regions) => match &regions.cells {
                Cells::Values(_, scale) => Some(scale.clone()),
                Cells::Classes(_) => None,
            },
            _ => None,
        });
        let Some(scale) = scale else { return Ok(None) };
        let ticks = ticks::between(scale.low, scale.high, 5);
        let mut widest: f64 = 0.0;
        for tick in &ticks {
            widest = widest.max(canvas.text_width(&tick.label, TICK)?);
        }
        Ok(Some(Self { scale, ticks, widest }))
    }

    /// Pixels that it takes beside the plot.
    pub fn room(&self) -> f64 {
        let label = if self.scale.label.is_empty() { 0.0 } else { TICK + 12.0 };
        GAP + BAR + 6.0 + self.widest + label
    }

    pub fn draw(&self, canvas: &mut Canvas<'_>, plot: Rect) -> Result<()> {
        let bar = Rect { left: plot.right + GAP, right: plot.right + GAP + BAR, ..plot };
        let height = plot.bottom - plot.top;
        let value = |share: f64| self.scale.low + share * (self.scale.high - self.scale.low);
        canvas.rect(bar.grown(1.0), EDGE, 1.0)?;
        for step in 0..height.ceil() as usize {
            let top = plot.top + step as f64;
            let color = self.scale.color(value(1.0 - (step as f64 + 0.5) / height));
            canvas.rect(Rect { top, bottom: (top + 1.0).min(plot.bottom), ..bar }, color, 1.0)?;
        }
        for tick in &self.ticks {
            let y = plot.bottom - (tick.value - self.scale.low) / (self.scale.high - self.scale.low) * height;
            canvas.text(&tick.label, (bar.right + 6.0, y + TICK * 0.36), Face::new(TICK))?;
        }
        let place = (bar.right + 6.0 + self.widest + TICK + 6.0, (plot.top + plot.bottom) / 2.0);
        canvas.text(&self.scale.label, place, Face::new(TICK).anchor(HPos::Center).vertical())
    }
}
