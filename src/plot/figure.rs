//! A figure's panels put together and written as a PNG.

use super::canvas::{Canvas, Face, SCALE};
use super::{Panel, StandIns, axes};
use anyhow::{Context, Result, ensure};
use plotters::style::text_anchor::HPos;

/// Pixels of a panel that stands alone, and of one among others.
const ALONE: (usize, usize) = (800, 560);
const AMONG: (usize, usize) = (640, 460);
/// Pixels that the title takes.
const TITLE: usize = 44;
const TITLE_SIZE: f64 = 19.0;

/// Panels in a grid, left to right and top to bottom, under one title.
#[derive(Debug, Clone)]
pub struct Figure {
    pub title: String,
    pub columns: usize,
    pub panels: Vec<Panel>,
}

impl Figure {
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), columns: 1, panels: Vec::new() }
    }

    /// Panels side by side in a row.
    pub fn columns(mut self, columns: usize) -> Self {
        self.columns = columns;
        self
    }

    pub fn panel(mut self, panel: Panel) -> Self {
        self.panels.push(panel);
        self
    }

    /// Width and height of the picture in pixels: 800 × 560 for a panel alone, 640 × 460 for each of several, and 44
    /// above them for a title that is not empty.
    pub fn size(&self) -> (usize, usize) {
        let (width, height) = self.panel_size();
        let columns = self.columns.min(self.panels.len());
        (columns * width, self.title_height() + self.panels.len().div_ceil(columns.max(1)) * height)
    }

    /// The picture as PNG, 8 bits of red, green and blue. A figure without a panel or column is an error, as is a panel
    /// that has nothing to show.
    pub fn png(&self) -> Result<Vec<u8>> {
        // Whoever wants to know what the numbers are has replaced the names before.
        let mut shown = self.clone();
        StandIns::default().replace(&mut shown);
        shown.drawn()
    }

    fn drawn(&self) -> Result<Vec<u8>> {
        ensure!(!self.panels.is_empty(), "plot: figure {:?} has no panel", self.title);
        ensure!(self.columns > 0, "plot: figure {:?} has no column", self.title);
        let (width, height) = self.size();
        let mut picture = vec![0xFF; 3 * width * height];
        if self.title_height() > 0 {
            let middle = (width as f64 / 2.0, TITLE as f64 / 2.0 + TITLE_SIZE * 0.5);
            paint(&mut picture, width, (0, 0), (width, TITLE), |canvas| {
                canvas.text(&self.title, middle, Face::new(TITLE_SIZE).anchor(HPos::Center))
            })?;
        }
        let panel = self.panel_size();
        for (index, shown) in self.panels.iter().enumerate() {
            let (row, column) = (index / self.columns, index % self.columns);
            let corner = (column * panel.0, self.title_height() + row * panel.1);
            paint(&mut picture, width, corner, panel, |canvas| {
                axes::draw(canvas, shown, panel.0 as f64, panel.1 as f64)
            })?;
        }
        encode(&picture, width, height).context("plot: the picture cannot be written as PNG")
    }

    fn panel_size(&self) -> (usize, usize) {
        if self.panels.len() > 1 { AMONG } else { ALONE }
    }

    fn title_height(&self) -> usize {
        if self.title.is_empty() { 0 } else { TITLE }
    }
}

/// Draws on a white canvas of `size` and puts it into the picture, `width` pixels wide, with its corner at `corner`.
fn paint(
    picture: &mut [u8],
    width: usize,
    corner: (usize, usize),
    size: (usize, usize),
    draw: impl FnOnce(&mut Canvas<'_>) -> Result<()>,
) -> Result<()> {
    let mut drawn = vec![0xFF; 3 * SCALE * SCALE * size.0 * size.1];
    draw(&mut Canvas::new(&mut drawn, size.0, size.1)?)?;
    for (y, rows) in drawn.chunks_exact(3 * SCALE * SCALE * size.0).enumerate() {
        let start = 3 * ((corner.1 + y) * width + corner.0);
        average(rows, &mut picture[start..start + 3 * size.0]);
    }
    Ok(())
}

/// Each pixel of `out` is the mean over its block in `rows`, which holds SCALE drawn rows.
fn average(rows: &[u8], out: &mut [u8]) {
    let length = rows.len() / SCALE;
    let mut sums = vec![0_u16; length];
    for row in rows.chunks_exact(length) {
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += u16::from(value);
        }
    }
    let count = (SCALE * SCALE) as u16;
    for (pixel, block) in out.chunks_exact_mut(3).zip(sums.chunks_exact(3 * SCALE)) {
        for (channel, value) in pixel.iter_mut().enumerate() {
            let sum: u16 = block.iter().skip(channel).step_by(3).sum();
            *value = ((sum + count / 2) / count) as u8;
        }
    }
}

fn encode(picture: &[u8], width: usize, height: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(picture)?;
    writer.finish()?;
    Ok(bytes)
}
