//! Horizontal bars with whiskers.

use super::canvas::{Canvas, Point, Rect};
use super::color::Color;
use super::layers::View;
use anyhow::{Result, ensure};

/// Bars from x = 0 to each value, the first at y = 0, the next above it, with a whisker of ± its error. Name them with
/// ticks of the y axis.
#[derive(Debug, Clone)]
pub struct Bars {
    /// (value, error)
    pub bars: Vec<(f64, f64)>,
    pub color: Option<Color>,
}

/// Half the height of a bar; bars lie at a distance of 1.
const HALF: f64 = 0.36;
const WHISKER: Color = Color::Rgb(0x26, 0x26, 0x26);

impl Bars {
    pub fn new(bars: Vec<(f64, f64)>) -> Self {
        Self { bars, color: None }
    }

    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, color: Color, view: &View) -> Result<()> {
        ensure!(!self.bars.is_empty(), "plot: no bars");
        for (index, &(value, error)) in self.bars.iter().enumerate() {
            let Some(bar) = bar(index, value, view) else { continue };
            canvas.rect(bar, color, 1.0)?;
            let ends = view.x.pixel(value - error).zip(view.x.pixel(value + error));
            let Some((low, high)) = ends.filter(|_| error > 0.0) else { continue };
            let middle = (bar.top + bar.bottom) / 2.0;
            let reach = ((bar.bottom - bar.top) / 4.0).min(5.0);
            canvas.segment((low, middle), (high, middle), 1.4, WHISKER)?;
            for end in [low, high] {
                canvas.segment((end, middle - reach), (end, middle + reach), 1.4, WHISKER)?;
            }
        }
        let Some(zero) = view.x.pixel(0.0).filter(|zero| (view.plot.left..=view.plot.right).contains(zero)) else {
            return Ok(());
        };
        canvas.rect(Rect { left: zero - 0.5, right: zero + 0.5, ..view.plot }, WHISKER, 1.0)
    }

    /// Places that the bars cover.
    pub(super) fn footprint(&self, view: &View, step: f64) -> Vec<Point> {
        let bars = self.bars.iter().enumerate().filter_map(|(index, &(value, _))| bar(index, value, view));
        bars.flat_map(|bar| {
            let count = ((bar.right - bar.left) / step).ceil().clamp(1.0, 1000.0);
            let x = move |i: usize| bar.left + i as f64 / count * (bar.right - bar.left);
            (0..=count as usize).flat_map(move |i| [(x(i), bar.top), (x(i), bar.bottom)])
        })
        .collect()
    }
}

fn bar(index: usize, value: f64, view: &View) -> Option<Rect> {
    let y = index as f64;
    let (top, bottom) = (view.y.pixel(y + HALF)?, view.y.pixel(y - HALF)?);
    let (zero, end) = (view.x.pixel(0.0)?, view.x.pixel(value)?);
    Some(Rect { left: zero.min(end), right: zero.max(end), top, bottom })
}
