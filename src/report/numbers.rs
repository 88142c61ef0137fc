//! Pictures of a regressor's predictions.

use super::short;
use crate::plot::{Color, Figure, Line, Panel, Points};

/// Points in one picture; of more, evenly spread rows are shown.
const MOST: usize = 5000;
/// Characters of the target's name along an axis.
const WIDE: usize = 40;
/// Bins of a histogram: the square root of the number of values, within these bounds.
const BINS: (usize, usize) = (5, 40);

/// The n of which every n-th of `count` rows is shown.
pub(super) fn evenly(count: usize) -> usize {
    count.div_ceil(MOST).max(1)
}

/// Every row, or `MOST` evenly spread ones, as (truth, predicted); and how many of how many, for the title.
fn shown(truth: &[f64], predicted: &[f64]) -> (Vec<(f64, f64)>, String) {
    let count = truth.len().min(predicted.len());
    let every = evenly(count);
    let pairs: Vec<_> = truth.iter().copied().zip(predicted.iter().copied()).step_by(every).collect();
    let note = if every > 1 { format!(" ({} of {count})", pairs.len()) } else { String::new() };
    (pairs, note)
}

/// Predicted against true values, both in the target's units, with the line on which they are equal.
pub fn predicted_against_actual(truth: &[f64], predicted: &[f64], target: &str, part: &str) -> Figure {
    let (target, (pairs, note)) = (short(target, WIDE), shown(truth, predicted));
    let all = || pairs.iter().flat_map(|pair| [pair.0, pair.1]).filter(|value| value.is_finite());
    let (low, high) = all().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    let panel = Panel::new("", format!("true {target}"), format!("predicted {target}"))
        .layer(Points::new(pairs.clone()).color(0).label("rows"))
        .layer(Line::new(vec![(low, low), (high, high)]).color(Color::GREY).dashed().label("predicted = true"));
    Figure::new(format!("Predicted against true values, {part} rows{note}")).panel(panel)
}

/// The residuals true - predicted, in the target's units: by predicted value, and as a histogram of all rows.
pub fn residuals(truth: &[f64], predicted: &[f64], target: &str, part: &str) -> Figure {
    let (target, (pairs, note)) = (short(target, WIDE), shown(truth, predicted));
    let points: Vec<_> = pairs.iter().map(|(truth, predicted)| (*predicted, truth - predicted)).collect();
    let label = format!("true − predicted {target}");
    let finite = || points.iter().filter(|point| point.0.is_finite() && point.1.is_finite());
    let (low, high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), p| (low.min(p.0), high.max(p.0)));
    let scatter = Panel::new("", format!("predicted {target}"), label.clone())
        .layer(Points::new(points.clone()).color(0))
        .layer(Line::new(vec![(low, 0.0), (high, 0.0)]).color(Color::GREY).dashed());
    let all: Vec<f64> = truth.iter().zip(predicted).map(|(truth, predicted)| truth - predicted).collect();
    let bars = Panel::new("", label, "rows").whole_y().layer(Line::new(histogram(&all)).color(0));
    Figure::new(format!("Residuals, {part} rows{note}")).columns(2).panel(scatter).panel(bars)
}

/// The outline of a histogram with equal bins over the values' range, from zero to zero.
fn histogram(values: &[f64]) -> Vec<(f64, f64)> {
    let finite = || values.iter().copied().filter(|value| value.is_finite());
    let (low, high) = finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    let (low, high) = if low < high { (low, high) } else { (low - 0.5, high + 0.5) };
    let bins = finite().count().isqrt().clamp(BINS.0, BINS.1);
    let mut counts = vec![0_usize; bins];
    for value in finite() {
        let bin = (value - low) / (high - low) * bins as f64;
        counts[(bin as usize).min(bins - 1)] += 1;
    }
    let edge = |index: usize| low + (high - low) * index as f64 / bins as f64;
    let steps =
        counts.iter().enumerate().flat_map(|(i, &count)| [(edge(i), count as f64), (edge(i + 1), count as f64)]);
    std::iter::once((low, 0.0)).chain(steps).chain([(high, 0.0)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::Layer;

    /// The rows, in the first layer of the first panel.
    fn points(figure: &Figure) -> Vec<(f64, f64)> {
        let Layer::Points(points) = &figure.panels[0].layers[0] else { panic!("{:?}", figure.panels[0].layers[0]) };
        points.points.clone()
    }

    // numpy.histogram([0, 1, 1, 5], bins=5)[0] == [1, 2, 0, 0, 1]
    #[test]
    fn the_histogram_counts_every_row_once() {
        let outline = histogram(&[0.0, 1.0, 1.0, 5.0, f64::NAN]);
        let heights: Vec<f64> = outline.iter().map(|point| point.1).collect();
        assert_eq!(heights, [0.0, 1.0, 1.0, 2.0, 2.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0]);
        assert_eq!((outline[0].0, outline[2].0, outline[11].0), (0.0, 1.0, 5.0));
        assert_eq!(histogram(&[2.0; 3]).iter().map(|point| point.1).sum::<f64>(), 6.0);
    }

    #[test]
    fn pictures_of_numbers_can_be_drawn_whatever_they_are() {
        for truth in [vec![1.0, 2.0, 4.0], vec![5.0; 3], vec![1.0]] {
            let predicted = vec![2.0; truth.len()];
            let figure = residuals(&truth, &predicted, "price", "test");
            let expected: Vec<_> = truth.iter().map(|truth| (2.0, truth - 2.0)).collect();
            assert_eq!(points(&figure), expected);
            figure.png().unwrap();
            let figure = predicted_against_actual(&truth, &predicted, "price", "test");
            let expected: Vec<_> = truth.iter().map(|truth| (*truth, 2.0)).collect();
            assert_eq!(points(&figure), expected);
            figure.png().unwrap();
        }
        assert!(residuals(&[], &[], "price", "test").png().is_err());
    }

    #[test]
    fn of_many_rows_evenly_spread_ones_are_shown() {
        let values: Vec<f64> = (0..12_001).map(f64::from).collect();
        let (pairs, note) = shown(&values, &values);
        assert_eq!((pairs.len(), pairs[1].0, note.as_str()), (4001, 3.0, " (4001 of 12001)"));
        assert_eq!(shown(&values[..10], &values[..10]).1, "");
    }
}
