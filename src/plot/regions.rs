//! A surface over a grid, as merged runs of cells of one colour: hundreds of thousands of points cost little.

use super::canvas::{Canvas, Rect};
use super::color::{Color, shade};
use super::layers::View;
use super::scale::Scale;
use anyhow::{Result, ensure};
use std::ops::Range;

/// One axis of a grid: `start + i · step` for `i < count`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GridAxis {
    pub start: f64,
    pub step: f64,
    pub count: usize,
}

impl GridAxis {
    /// `count` points in the middle of as many equal cells from `low` to `high`.
    pub fn between(low: f64, high: f64, count: usize) -> Self {
        let step = (high - low) / count as f64;
        Self { start: low + step / 2.0, step, count }
    }

    pub fn at(&self, index: usize) -> f64 {
        self.start + index as f64 * self.step
    }

    pub fn points(&self) -> impl Iterator<Item = f64> + Clone {
        let axis = *self;
        (0..axis.count).map(move |index| axis.at(index))
    }

    /// From the first cell's edge to the last one's.
    pub(super) fn span(&self) -> (f64, f64) {
        (self.at(0) - self.step / 2.0, self.at(self.count) - self.step / 2.0)
    }

    /// The pixels of the cells `cells`, within `low..high`.
    fn edges(&self, cells: Range<usize>, scale: &Scale, low: f64, high: f64) -> (f64, f64) {
        let edge = |index: usize| {
            let pixel = scale.pixel_or_floor(self.start + (index as f64 - 0.5) * self.step);
            pixel.map_or(low, |pixel| pixel.clamp(low, high))
        };
        (edge(cells.start), edge(cells.end))
    }
}

/// What a model answers at each point of a grid, row by row from the lowest y, x fastest; a point colours the cell
/// around it.
#[derive(Debug, Clone)]
pub struct Regions {
    pub x: GridAxis,
    pub y: GridAxis,
    pub cells: Cells,
}

/// The answers of [`Regions`].
#[derive(Debug, Clone)]
pub enum Cells {
    /// Points of class c go with [`Color::class`].
    Classes(Vec<u8>),
    Values(Vec<f64>, ColorScale),
}

/// Values from `low` (white) to `high` (dark); the panel has the scale, with `label`, beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct ColorScale {
    pub low: f64,
    pub high: f64,
    pub label: String,
}

impl ColorScale {
    pub fn color(&self, value: f64) -> Color {
        shade((value - self.low) / (self.high - self.low))
    }
}

impl Regions {
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, view: &View) -> Result<()> {
        let (width, height) = (self.x.count, self.y.count);
        let colors: Vec<Color> = match &self.cells {
            Cells::Classes(classes) => classes.iter().map(|&class| Color::region(class)).collect(),
            Cells::Values(values, scale) => values.iter().map(|&value| scale.color(value)).collect(),
        };
        let found = colors.len();
        ensure!(found > 0 && found == width * height, "plot: regions of {width} × {height} points, but {found} cells");
        for GridAxis { start, step, .. } in [self.x, self.y] {
            ensure!(step > 0.0 && (start + step).is_finite(), "plot: regions from {start} by steps of {step}");
        }
        for (row, colors) in colors.chunks(width).enumerate() {
            let (bottom, top) = self.y.edges(row..row + 1, &view.y, view.plot.top, view.plot.bottom);
            let mut start = 0;
            for run in colors.chunk_by(|a, b| a == b) {
                let end = start + run.len();
                let (left, right) = self.x.edges(start..end, &view.x, view.plot.left, view.plot.right);
                canvas.rect(Rect { left, top, right, bottom }, run[0], 1.0)?;
                start = end;
            }
        }
        Ok(())
    }
}
