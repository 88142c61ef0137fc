//! Drawing at three times the size; the average over each 3 × 3 block is the picture's pixel, which smooths edges.
//!
//! Everything here takes pixels of the finished picture, as fractions where need be.

use super::color::{Color, Marker};
use super::font;
use anyhow::{Result, anyhow};
use plotters::prelude::{BitMapBackend, DrawingBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, FontDesc, FontStyle, FontTransform, RGBColor, ShapeStyle, TextStyle};

/// Drawn pixels per pixel of the picture, each way.
pub(super) const SCALE: usize = 3;

pub(super) type Point = (f64, f64);

/// A rectangle, right and bottom edges excluded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Rect {
    pub fn contains(&self, (x, y): Point) -> bool {
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }

    /// The rectangle with `room` more on every side.
    pub fn grown(&self, room: f64) -> Self {
        Self { left: self.left - room, top: self.top - room, right: self.right + room, bottom: self.bottom + room }
    }
}

/// How a text is set: size in pixels, colour, and which end of it lies at the given place.
#[derive(Clone, Copy)]
pub(super) struct Face {
    pub size: f64,
    pub color: Color,
    pub anchor: HPos,
    /// Read from bottom to top.
    pub vertical: bool,
}

impl Face {
    pub fn new(size: f64) -> Self {
        Self { size, color: Color::Rgb(0x26, 0x26, 0x26), anchor: HPos::Left, vertical: false }
    }

    pub fn anchor(self, anchor: HPos) -> Self {
        Self { anchor, ..self }
    }

    pub fn vertical(self) -> Self {
        Self { vertical: true, ..self }
    }
}

pub(super) struct Canvas<'a> {
    backend: BitMapBackend<'a>,
}

impl<'a> Canvas<'a> {
    /// Draws into `buffer`, 3·SCALE² bytes for each of width × height pixels.
    pub fn new(buffer: &'a mut [u8], width: usize, height: usize) -> Result<Self> {
        let size = ((width * SCALE) as u32, (height * SCALE) as u32);
        let backend = BitMapBackend::with_buffer_and_format(buffer, size).map_err(|error| anyhow!("plot: {error}"))?;
        Ok(Self { backend })
    }

    /// A filled rectangle, blended by `alpha`.
    pub fn rect(&mut self, rect: Rect, color: Color, alpha: f64) -> Result<()> {
        let (from, to) = (at((rect.left, rect.top)), at((rect.right, rect.bottom)));
        if from.0 >= to.0 || from.1 >= to.1 {
            return Ok(());
        }
        done(self.backend.draw_rect(from, to, &fill(color, alpha), true))
    }

    /// A filled polygon.
    pub fn polygon(&mut self, corners: &[Point], color: Color) -> Result<()> {
        done(self.backend.fill_polygon(corners.iter().map(|&corner| at(corner)), &fill(color, 1.0)))
    }

    /// A straight stroke with flat ends.
    pub fn segment(&mut self, from: Point, to: Point, width: f64, color: Color) -> Result<()> {
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        if length < 1e-9 {
            return Ok(());
        }
        let (dx, dy) = ((to.0 - from.0) / length * width / 2.0, (to.1 - from.1) / length * width / 2.0);
        self.polygon(
            &[(from.0 - dy, from.1 + dx), (to.0 - dy, to.1 + dx), (to.0 + dy, to.1 - dx), (from.0 + dy, from.1 - dx)],
            color,
        )
    }

    /// A filled disc.
    pub fn disc(&mut self, center: Point, radius: f64, color: Color) -> Result<()> {
        let radius = (radius * SCALE as f64).round().max(1.0) as u32;
        done(self.backend.draw_circle(at(center), radius, &fill(color, 1.0), true))
    }

    /// A mark of about `radius`, over a larger one in `edge`'s colour where there is one.
    pub fn marker(
        &mut self,
        center: Point,
        marker: Marker,
        radius: f64,
        color: Color,
        edge: Option<Color>,
    ) -> Result<()> {
        if let Some(edge) = edge {
            self.shape(center, marker, radius + 1.1, edge)?;
        }
        self.shape(center, marker, radius, color)
    }

    fn shape(&mut self, (x, y): Point, marker: Marker, r: f64, color: Color) -> Result<()> {
        match marker {
            Marker::Circle => self.disc((x, y), r, color),
            Marker::Square => {
                let half = r * 0.9;
                self.rect(Rect { left: x, top: y, right: x, bottom: y }.grown(half), color, 1.0)
            }
            Marker::Triangle => {
                self.polygon(&[(x, y - 1.25 * r), (x + 1.15 * r, y + 0.8 * r), (x - 1.15 * r, y + 0.8 * r)], color)
            }
            Marker::Diamond => {
                self.polygon(&[(x, y - 1.3 * r), (x + 1.3 * r, y), (x, y + 1.3 * r), (x - 1.3 * r, y)], color)
            }
        }
    }

    /// A text with its baseline through `place`.
    pub fn text(&mut self, text: &str, place: Point, face: Face) -> Result<()> {
        let font = font::of(text)?;
        let size = face.size * font.line_height() * SCALE as f64;
        let (red, green, blue) = face.color.rgb();
        let color = RGBColor(red, green, blue);
        let transform = if face.vertical { FontTransform::Rotate270 } else { FontTransform::None };
        let style = TextStyle::from(FontDesc::new(font.family(), size, FontStyle::Normal).transform(transform))
            .color(&color)
            .pos(Pos::new(face.anchor, VPos::Top));
        let (x, y) = at(place);
        // plotters sets the baseline half a line height below the place it is given.
        let half = (size / 2.0).round() as i32;
        done(self.backend.draw_text(text, &style, if face.vertical { (x - half, y) } else { (x, y - half) }))
    }

    /// How wide a text is.
    pub fn text_width(&self, text: &str, size: f64) -> Result<f64> {
        let font = font::of(text)?;
        let size = size * font.line_height() * SCALE as f64;
        let font = FontDesc::new(font.family(), size, FontStyle::Normal);
        let (width, _) = font.box_size(text).map_err(|error| anyhow!("plot: {error}"))?;
        Ok(f64::from(width) / SCALE as f64)
    }
}

/// The drawn pixel nearest to a place; what lies far outside stays within the range of an i32.
fn at((x, y): Point) -> (i32, i32) {
    let drawn = |value: f64| (value * SCALE as f64).round().clamp(-1e6, 1e6) as i32;
    (drawn(x), drawn(y))
}

fn fill(color: Color, alpha: f64) -> ShapeStyle {
    let (red, green, blue) = color.rgb();
    RGBColor(red, green, blue).mix(alpha).filled()
}

fn done(result: Result<(), impl std::fmt::Display>) -> Result<()> {
    result.map_err(|error| anyhow!("plot: {error}"))
}
