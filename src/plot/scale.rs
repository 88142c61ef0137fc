//! An axis' range and its way from values to pixels.

use super::{Axis, Layer, Panel};
use anyhow::{Result, bail};

/// Room left beyond the data, as a share of what they span.
const PADDING: f64 = 0.04;

/// Maps `min..max` to `start..end` pixels, linearly or by the logarithm.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub min: f64,
    pub max: f64,
    pub log: bool,
    pub start: f64,
    pub end: f64,
}

impl Scale {
    /// The pixel of `value`; `None` where it has no place (NaN, infinite, or not positive on a logarithmic axis).
    pub fn pixel(&self, value: f64) -> Option<f64> {
        let (min, max) = (forward(self.min, self.log)?, forward(self.max, self.log)?);
        let share = (forward(value, self.log)? - min) / (max - min);
        Some(self.start + share * (self.end - self.start))
    }

    /// `value`'s pixel, or for what lies below a logarithmic axis its lower end; NaN has none.
    pub fn pixel_or_floor(&self, value: f64) -> Option<f64> {
        if self.log && value <= 0.0 { Some(self.start) } else { self.pixel(value) }
    }
}

fn forward(value: f64, log: bool) -> Option<f64> {
    let value = if log { value.log10() } else { value };
    value.is_finite().then_some(value)
}

/// The ranges of a panel's x and y axis: given, or what its layers span and a little more.
pub(super) fn ranges(panel: &Panel) -> Result<[(f64, f64); 2]> {
    let mut spans = [None, None];
    let mut tight = [false, false];
    for layer in &panel.layers {
        for (index, axis) in [&panel.x, &panel.y].into_iter().enumerate() {
            values(layer, index, &mut |value| {
                if let Some(value) = forward(value, axis.log) {
                    let (min, max) = spans[index].unwrap_or((value, value));
                    spans[index] = Some((value.min(min), value.max(max)));
                }
            });
            tight[index] |= match layer {
                Layer::Regions(_) | Layer::Heatmap(_) => true,
                Layer::Bars(_) => index == 1,
                _ => false,
            };
        }
    }
    Ok([range(&panel.x, spans[0], tight[0], &panel.title)?, range(&panel.y, spans[1], tight[1], &panel.title)?])
}

fn range(axis: &Axis, span: Option<(f64, f64)>, tight: bool, title: &str) -> Result<(f64, f64)> {
    if let Some((min, max)) = axis.range {
        if !(min < max && (max - min).is_finite()) || axis.log && min <= 0.0 {
            bail!("plot: axis {:?} of panel {title:?}: no range from {min} to {max}", axis.label);
        }
        return Ok((min, max));
    }
    let Some((min, max)) = span else {
        bail!("plot: axis {:?} of panel {title:?}: no value to show", axis.label);
    };
    let room = match max - min {
        width if !width.is_finite() => {
            bail!("plot: axis {:?} of panel {title:?}: the values span too much", axis.label)
        }
        width if width > 1e-12 * max.abs() => width * if tight { 0.0 } else { PADDING },
        _ if axis.log => 0.5,
        _ if max == 0.0 => 0.5,
        _ => 0.1 * max.abs(),
    };
    let (min, max) = (min - room, max + room);
    Ok(if axis.log { (10_f64.powf(min), 10_f64.powf(max)) } else { (min, max) })
}

/// Every x (`index` 0) or y (1) value of a layer.
fn values(layer: &Layer, index: usize, each: &mut dyn FnMut(f64)) {
    let pairs = match layer {
        Layer::Line(line) => &line.points,
        Layer::Points(points) => &points.points,
        Layer::Band(band) => {
            for &(x, low, high) in &band.points {
                let ends = if index == 0 { [x, x] } else { [low, high] };
                ends.into_iter().for_each(&mut *each);
            }
            return;
        }
        Layer::Regions(regions) => {
            let (low, high) = [regions.x, regions.y][index].span();
            each(low);
            return each(high);
        }
        Layer::Heatmap(map) => {
            each(-0.5);
            return each([map.columns, map.rows()][index] as f64 - 0.5);
        }
        Layer::Bars(bars) if index == 1 => {
            each(-0.5);
            return each(bars.bars.len() as f64 - 0.5);
        }
        Layer::Bars(bars) => {
            each(0.0);
            return bars.bars.iter().flat_map(|(value, error)| [value - error, value + error]).for_each(each);
        }
    };
    for &(x, y) in pairs {
        // A point shows only where both of its values do.
        if x.is_finite() && y.is_finite() {
            each(if index == 0 { x } else { y });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Line, Panel};
    use super::*;

    #[test]
    fn a_value_halfway_lies_halfway() {
        let scale = Scale { min: 1.0, max: 100.0, log: true, start: 50.0, end: 10.0 };
        assert_eq!(scale.pixel(10.0), Some(30.0));
        assert_eq!(scale.pixel(0.0), None);
        assert_eq!(scale.pixel_or_floor(0.0), Some(50.0));
        assert_eq!(Scale { log: false, ..scale }.pixel(f64::NAN), None);
    }

    #[test]
    fn values_without_a_place_do_not_stretch_the_axes() {
        let line = Line::new(vec![(0.0, 1.0), (f64::NAN, 9.0), (50.0, f64::INFINITY), (1.0, 2.0)]);
        let [x, y] = ranges(&Panel::new("", "", "").layer(line)).unwrap();
        assert_eq!((x, y), ((-0.04, 1.04), (0.96, 2.04)));
    }

    #[test]
    fn one_value_alone_still_has_a_range() {
        for value in [0.0, -3.0, 1e300] {
            let [_, (min, max)] = ranges(&Panel::new("", "", "").layer(Line::new(vec![(0.0, value)]))).unwrap();
            assert!(min < value && value < max, "{min} {value} {max}");
        }
    }

    #[test]
    fn nothing_to_show_and_a_range_that_is_none_are_errors() {
        let panel = Panel::new("loss", "epoch", "nats");
        let error = ranges(&panel.clone().layer(Line::new(vec![(1.0, f64::NAN)]))).unwrap_err().to_string();
        assert!(error.contains("\"epoch\"") && error.contains("\"loss\""), "{error}");
        let line = Line::new(vec![(1.0, -1.0)]);
        assert!(ranges(&panel.clone().log_y().layer(line.clone())).is_err());
        assert!(ranges(&panel.clone().layer(line.clone()).y_range(2.0, 2.0)).is_err());
        assert!(ranges(&panel.clone().layer(line.clone()).log_y().y_range(0.0, 2.0)).is_err());
        assert!(ranges(&panel.layer(line).x_range(f64::NAN, 2.0)).is_err());
    }
}
