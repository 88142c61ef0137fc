//! Pictures of a model over the plane of its two inputs, or along its one.

use super::numbers::evenly;
use super::short;
use crate::plot::{Cells, ColorScale, Figure, GridAxis, Line, Panel, Points, Regions};

/// Characters of a name along an axis.
const WIDE: usize = 40;

/// Some rows over the inputs: x, or x and y, in raw units (NaN where missing), and their true answer.
#[derive(Debug, Clone)]
pub struct ShownRows<'a, T> {
    /// What the rows are called, such as "test".
    pub part: &'a str,
    pub points: Vec<(f64, f64)>,
    pub labels: &'a [T],
}

impl<T: Copy> ShownRows<'_, T> {
    /// The points with their truth; of many rows evenly spread ones.
    fn some(&self) -> (Vec<(f64, f64)>, Vec<T>) {
        let every = evenly(self.labels.len());
        let both = self.points.iter().copied().zip(self.labels.iter().copied());
        both.step_by(every).unzip()
    }
}

/// The class that the model gives at each point of a grid, under the rows in the colours of their true classes; `train`
/// small and pale. A class has its line in the legend where it has a row.
pub fn decision_surface(
    axes: [&str; 2],
    [x, y]: [GridAxis; 2],
    classes: Vec<u8>,
    names: &[String],
    held: &ShownRows<'_, i64>,
    train: Option<&ShownRows<'_, i64>>,
) -> Figure {
    let label = |points: Points, class: usize| points.label(short(&names[class], 20));
    let mut panel = Panel::new("", short(axes[0], WIDE), short(axes[1], WIDE)).layer(Regions {
        x,
        y,
        cells: Cells::Classes(classes),
    });
    let (points, labels) = held.some();
    if let Some(train) = train {
        let (pale, of_train) = train.some();
        let missing = |class: usize| !labels.contains(&(class as i64));
        let look = |points: Points, class| if missing(class) { label(points, class) } else { points };
        panel = panel.class_points(&pale, &of_train, names.len(), |points, class| look(points.faint(), class));
    }
    panel = panel.class_points(&points, &labels, names.len(), |points, class| label(points, class).outlined());
    Figure::new(title("Decision surface", held.part, train.is_some())).panel(panel)
}

/// The predicted value at each point of a grid, under the rows in the colours of their true values.
pub fn prediction_surface(
    axes: [&str; 2],
    [x, y]: [GridAxis; 2],
    values: Vec<f64>,
    target: &str,
    held: &ShownRows<'_, f64>,
) -> Figure {
    let target = short(target, WIDE);
    let (points, labels) = held.some();
    let all = || values.iter().chain(&labels).copied();
    let (low, high) = all().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    let (low, high) = if low < high { (low, high) } else { (low - 0.5, high + 0.5) };
    let scale = ColorScale { low, high, label: target.clone() };
    let colors = labels.iter().map(|&value| scale.color(value)).collect();
    let panel = Panel::new("", short(axes[0], WIDE), short(axes[1], WIDE))
        .layer(Regions { x, y, cells: Cells::Values(values, scale) })
        .layer(Points::new(points).colors(colors).outlined());
    Figure::new(format!("Predicted {target}, and the true one of the {} rows", held.part)).panel(panel)
}

/// The predicted value along the one input, over the rows; `train` small and pale.
pub fn prediction_curve(
    input: &str,
    curve: Vec<(f64, f64)>,
    target: &str,
    held: &ShownRows<'_, f64>,
    train: Option<&ShownRows<'_, f64>>,
) -> Figure {
    let pairs = |shown: &ShownRows<'_, f64>| {
        let (points, labels) = shown.some();
        points.iter().zip(labels).map(|(point, value)| (point.0, value)).collect()
    };
    let target = short(target, WIDE);
    let mut panel = Panel::new("", short(input, WIDE), target.clone());
    if let Some(train) = train {
        panel = panel.layer(Points::new(pairs(train)).color(0).faint().label(format!("{} rows", train.part)));
    }
    let rows = Points::new(pairs(held)).color(0).label(format!("{} rows", held.part));
    panel = panel.layer(rows).layer(Line::new(curve).color(1).label("predicted"));
    Figure::new(format!("Predicted {target}")).panel(panel)
}

fn title(what: &str, part: &str, train: bool) -> String {
    format!("{what}, {part} rows{}", if train { " (training rows small and pale)" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::Layer;

    const AXIS: GridAxis = GridAxis { start: 0.5, step: 1.0, count: 2 };

    fn labels(figure: &Figure) -> Vec<Option<&str>> {
        let points = figure.panels[0].layers.iter().filter_map(|layer| match layer {
            Layer::Points(points) => Some(points.label.as_deref()),
            _ => None,
        });
        points.collect()
    }

    #[test]
    fn each_class_with_a_row_has_one_line_in_the_legend() {
        let names = ["a".to_string(), "b".to_string(), "c".to_string()];
        let held = ShownRows { part: "test", points: vec![(0.1, 0.1), (f64::NAN, 1.0)], labels: &[0, 1] };
        let train = ShownRows { part: "training", points: vec![(1.0, 1.0), (2.0, 0.0)], labels: &[2, 0] };
        let figure = decision_surface(["x", "y"], [AXIS; 2], vec![0, 1, 2, 0], &names, &held, Some(&train));
        assert_eq!(labels(&figure), [None, Some("c"), Some("a"), Some("b")]);
        assert!(figure.title.contains("test rows"), "{}", figure.title);
        figure.png().unwrap();
    }

    #[test]
    fn true_values_have_the_colours_of_predicted_ones() {
        let held = ShownRows { part: "test", points: vec![(0.1, 0.1), (1.0, 1.0)], labels: &[1.0, 9.0] };
        let figure = prediction_surface(["x", "y"], [AXIS; 2], vec![1.0, 2.0, 3.0, 5.0], "price", &held);
        let [Layer::Regions(regions), Layer::Points(points)] = &figure.panels[0].layers[..] else { panic!() };
        let Cells::Values(_, scale) = &regions.cells else { panic!("{:?}", regions.cells) };
        assert_eq!((scale.low, scale.high), (1.0, 9.0));
        assert_eq!(points.colors, [scale.color(1.0), scale.color(9.0)]);
        figure.png().unwrap();
        // Where all values are one, the scale has room around it.
        let flat = ShownRows { labels: &[2.0, 2.0], ..held };
        let figure = prediction_surface(["x", "y"], [AXIS; 2], vec![2.0; 4], "price", &flat);
        let Layer::Regions(regions) = &figure.panels[0].layers[0] else { panic!() };
        let Cells::Values(_, scale) = &regions.cells else { panic!("{:?}", regions.cells) };
        assert_eq!((scale.low, scale.high), (1.5, 2.5));
        figure.png().unwrap();
    }

    #[test]
    fn the_curve_lies_over_the_rows() {
        let held = ShownRows { part: "test", points: vec![(1.0, f64::NAN), (2.0, f64::NAN)], labels: &[10.0, 20.0] };
        let figure = prediction_curve("x", vec![(0.0, 9.0), (3.0, 21.0)], "price", &held, None);
        let [Layer::Points(points), Layer::Line(_)] = &figure.panels[0].layers[..] else { panic!() };
        assert_eq!(points.points, [(1.0, 10.0), (2.0, 20.0)]);
    }
}
