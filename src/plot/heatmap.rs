//! A heat map: coloured cells with a text in each.

use super::canvas::{Canvas, Face, Rect};
use super::color::{Color, shade};
use super::layers::View;
use anyhow::{Result, ensure};
use plotters::style::text_anchor::HPos;

/// Cells row by row from the top; row r of n lies at y = n - 1 - r, column c at x = c, each cell one wide and high.
/// Name them with ticks of the axes.
#[derive(Debug, Clone)]
pub struct Heatmap {
    pub columns: usize,
    /// Between 0 (white) and 1 (dark): the colour of each cell; NaN is grey.
    pub shares: Vec<f64>,
    /// What is written into each cell where it has room.
    pub texts: Vec<String>,
    /// What the colours measure, and what 1 stands for.
    pub label: String,
    pub high: f64,
}

const DARK: Color = Color::Rgb(0x26, 0x26, 0x26);
const WHITE: Color = Color::Rgb(0xFF, 0xFF, 0xFF);
const EDGE: Color = Color::Rgb(0xB0, 0xB0, 0xB0);
const TEXT: f64 = 14.0;
const SMALLEST: f64 = 8.0;

impl Heatmap {
    /// Rows; of cells that do not fill their last row, that one too.
    pub(super) fn rows(&self) -> usize {
        self.shares.len().div_ceil(self.columns.max(1))
    }

    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, view: &View) -> Result<()> {
        let (cells, texts, columns) = (self.shares.len(), self.texts.len(), self.columns);
        ensure!(
            cells > 0 && columns > 0 && cells.is_multiple_of(columns) && texts == cells,
            "plot: a heat map of {cells} cells and {texts} texts in {columns} columns"
        );
        for (index, (&share, text)) in self.shares.iter().zip(&self.texts).enumerate() {
            let (x, y) = ((index % columns) as f64, (self.rows() - 1 - index / columns) as f64);
            let edges = (view.x.pixel(x - 0.5), view.x.pixel(x + 0.5), view.y.pixel(y + 0.5), view.y.pixel(y - 0.5));
            let (Some(left), Some(right), Some(top), Some(bottom)) = edges else { continue };
            let cell = Rect { left, top, right, bottom };
            canvas.rect(cell, EDGE, 1.0)?;
            canvas.rect(cell.grown(-0.5), shade(share), 1.0)?;
            write(canvas, text, cell, if share > 0.55 { WHITE } else { DARK })?;
        }
        Ok(())
    }
}

/// The text in the middle of its cell, smaller where it must be, or not at all.
fn write(canvas: &mut Canvas<'_>, text: &str, cell: Rect, color: Color) -> Result<()> {
    let (width, height) = (cell.right - cell.left - 4.0, cell.bottom - cell.top - 4.0);
    let wanted = canvas.text_width(text, TEXT)?;
    let size = (TEXT * width / wanted.max(1.0)).min(height / 1.1).min(TEXT);
    if size < SMALLEST {
        return Ok(());
    }
    let place = ((cell.left + cell.right) / 2.0, (cell.top + cell.bottom) / 2.0 + size * 0.36);
    canvas.text(text, place, Face { color, ..Face::new(size).anchor(HPos::Center) })
}
