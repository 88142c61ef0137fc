//! Pictures: panels of lines, points, bands, bars, heat maps and decision surfaces, drawn to a PNG.
//!
//! ```no_run
//! use lockstep::plot::{Figure, Layer, Line, Panel};
//! # fn main() -> anyhow::Result<()> {
//! let losses = Line::new(vec![(1.0, 0.7), (2.0, 0.4), (3.0, 0.3)]).label("training loss");
//! let png = Figure::new("Two moons").panel(Panel::new("", "epoch", "loss (nats)").layer(losses)).png()?;
//! # Ok(()) }
//! ```

mod axes;
mod bars;
mod canvas;
mod color;
mod colorbar;
mod figure;
mod font;
mod heatmap;
mod installed;
mod layers;
mod legend;
mod path;
mod regions;
mod scale;
mod stand_in;
#[cfg(test)]
mod tests;
mod ticks;

pub use bars::Bars;
pub use color::{CLASSES, Color, Marker};
pub use figure::Figure;
pub use heatmap::Heatmap;
pub use regions::{Cells, ColorScale, GridAxis, Regions};
pub use stand_in::StandIns;

/// One pair of axes with its layers, the later ones drawn over the earlier.
#[derive(Debug, Clone)]
pub struct Panel {
    pub title: String,
    pub x: Axis,
    pub y: Axis,
    pub layers: Vec<Layer>,
}

impl Panel {
    /// Labels carry their unit, such as `time (s)`; an empty title or label takes no room.
    pub fn new(title: impl Into<String>, x_label: impl Into<String>, y_label: impl Into<String>) -> Self {
        Self { title: title.into(), x: Axis::new(x_label.into()), y: Axis::new(y_label.into()), layers: Vec::new() }
    }

    pub fn log_x(mut self) -> Self {
        self.x.log = true;
        self
    }

    pub fn log_y(mut self) -> Self {
        self.y.log = true;
        self
    }

    /// For counts: ticks at whole numbers only.
    pub fn whole_x(mut self) -> Self {
        self.x.whole = true;
        self
    }

    /// For counts: ticks at whole numbers only.
    pub fn whole_y(mut self) -> Self {
        self.y.whole = true;
        self
    }

    /// Shows exactly this range, instead of what the layers span.
    pub fn x_range(mut self, min: f64, max: f64) -> Self {
        self.x.range = Some((min, max));
        self
    }

    /// Shows exactly this range, instead of what the layers span.
    pub fn y_range(mut self, min: f64, max: f64) -> Self {
        self.y.range = Some((min, max));
        self
    }

    /// Ticks at exactly these values, with these labels.
    pub fn x_ticks(mut self, ticks: Vec<(f64, String)>) -> Self {
        self.x.ticks = Some(ticks);
        self
    }

    /// Ticks at exactly these values, with these labels.
    pub fn y_ticks(mut self, ticks: Vec<(f64, String)>) -> Self {
        self.y.ticks = Some(ticks);
        self
    }

    pub fn layer(mut self, layer: impl Into<Layer>) -> Self {
        self.layers.push(layer.into());
        self
    }

    /// Points over [`Regions`], a layer for each of `count` classes that has any; `look` says what they are like.
    pub fn class_points(
        mut self,
        points: &[(f64, f64)],
        classes: &[i64],
        count: usize,
        look: impl Fn(Points, usize) -> Points,
    ) -> Self {
        for class in 0..count {
            let own = points.iter().zip(classes).filter(|(_, label)| **label == class as i64);
            let own: Vec<_> = own.map(|(&point, _)| point).collect();
            if !own.is_empty() {
                self = self.layer(look(Points::new(own).color(Color::class(class as u8)), class));
            }
        }
        self
    }
}

/// An axis: what it measures, linear or logarithmic, and its range where it is given.
#[derive(Debug, Clone)]
pub struct Axis {
    pub label: String,
    pub log: bool,
    /// Ticks at whole numbers only.
    pub whole: bool,
    pub range: Option<(f64, f64)>,
    /// Values with their labels, instead of what suits the range.
    pub ticks: Option<Vec<(f64, String)>>,
}

impl Axis {
    fn new(label: String) -> Self {
        Self { label, log: false, whole: false, range: None, ticks: None }
    }
}

/// What a panel shows. Values that are NaN, infinite, or not positive on a logarithmic axis have no place in it:
/// points there are left out, lines and bands have a gap. A panel in which nothing has a place is an error.
#[derive(Debug, Clone)]
pub enum Layer {
    Line(Line),
    Points(Points),
    Band(Band),
    Regions(Regions),
    Bars(Bars),
    Heatmap(Heatmap),
}

/// A line through points in their order, 2 pixels wide.
#[derive(Debug, Clone)]
pub struct Line {
    pub points: Vec<(f64, f64)>,
    pub label: Option<String>,
    pub color: Option<Color>,
    pub dashed: bool,
    /// Pixels.
    pub width: f64,
    /// A mark on each point, besides the line.
    pub marker: Option<Marker>,
}

impl Line {
    pub fn new(points: Vec<(f64, f64)>) -> Self {
        Self { points, label: None, color: None, dashed: false, width: layers::LINE_WIDTH, marker: None }
    }

    pub fn dashed(mut self) -> Self {
        self.dashed = true;
        self
    }

    /// One pixel wide, for one of many.
    pub fn thin(mut self) -> Self {
        self.width = 1.0;
        self
    }
}

/// Single points. Without a marker of their own they take the one that goes with their colour, so that groups can be
/// told apart without colour too.
#[derive(Debug, Clone)]
pub struct Points {
    pub points: Vec<(f64, f64)>,
    pub label: Option<String>,
    pub color: Option<Color>,
    pub outlined: bool,
    /// Small and pale, for those that matter less.
    pub faint: bool,
    /// One for each point, instead of one for all.
    pub colors: Vec<Color>,
    pub marker: Option<Marker>,
}

impl Points {
    pub fn new(points: Vec<(f64, f64)>) -> Self {
        Self { points, label: None, color: None, outlined: false, faint: false, colors: Vec::new(), marker: None }
    }

    /// A dark edge, for points over [`Regions`].
    pub fn outlined(mut self) -> Self {
        self.outlined = true;
        self
    }

    /// Small and pale, for those that matter less.
    pub fn faint(mut self) -> Self {
        self.faint = true;
        self
    }

    /// A colour for each point.
    pub fn colors(mut self, colors: Vec<Color>) -> Self {
        self.colors = colors;
        self
    }
}

/// A translucent area between a low and a high value at each x, x rising.
#[derive(Debug, Clone)]
pub struct Band {
    pub points: Vec<(f64, f64, f64)>,
    pub label: Option<String>,
    pub color: Option<Color>,
}

impl Band {
    /// Each point is (x, low, high).
    pub fn new(points: Vec<(f64, f64, f64)>) -> Self {
        Self { points, label: None, color: None }
    }
}

/// What layers of several kinds are told in the same way.
macro_rules! told {
    (label $($kind:ident),*) => {$(
        impl $kind {
            /// Its line in the legend.
            pub fn label(mut self, label: impl Into<String>) -> Self {
                self.label = Some(label.into());
                self
            }
        }
    )*};
    (color $($kind:ident),*) => {$(
        impl $kind {
            /// A number of the palette or a [`Color`]; otherwise the palette's next.
            pub fn color(mut self, color: impl Into<Color>) -> Self {
                self.color = Some(color.into());
                self
            }
        }
    )*};
    (marker $($kind:ident),*) => {$(
        impl $kind {
            pub fn marker(mut self, marker: Marker) -> Self {
                self.marker = Some(marker);
                self
            }
        }
    )*};
}
told!(label Line, Points, Band);
told!(color Line, Points, Band, Bars);
told!(marker Line, Points);

macro_rules! into_layer {
    ($($kind:ident),*) => {$(
        impl From<$kind> for Layer {
            fn from(layer: $kind) -> Self {
                Self::$kind(layer)
            }
        }
    )*};
}
into_layer!(Line, Points, Band, Regions, Bars, Heatmap);
