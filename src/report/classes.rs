//! Pictures of a classifier's predictions.

use super::short;
use crate::evaluate::metrics::{binary_average_precision, binary_roc_auc, precision_recall_curve, roc_curve};
use crate::plot::{Color, Figure, Heatmap, Line, Panel};

/// Curves in one picture, and colours of the palette that tell them apart; later ones are dashed.
const MOST: usize = 10;
const COLORS: usize = 6;
/// About how many pixels wide a heat map's plot is, and one character of a class name.
const PLOT: (usize, usize) = (520, 440);
const CHARACTER: usize = 8;
const LINE: usize = 18;
/// Characters of a class name that are shown at most.
const LONGEST: usize = 20;

type Points = Vec<(f64, f64)>;

/// Rows by true class (top to bottom) and predicted class (left to right), as in
/// [`metrics::confusion_matrix`](crate::evaluate::metrics::confusion_matrix); the colour is the share of the true
/// class's rows. `part` names the rows, such as "test".
pub fn confusion_matrix(matrix: &[Vec<u64>], names: &[String], part: &str) -> Figure {
    let count = matrix.len();
    let mut map = Heatmap {
        columns: count,
        shares: Vec::new(),
        texts: Vec::new(),
        high: 1.0,
        label: "share of the true class's rows".into(),
    };
    for row in matrix {
        let sum: u64 = row.iter().sum();
        map.shares.extend(row.iter().map(|&cell| cell as f64 / sum as f64));
        map.texts.extend(row.iter().map(u64::to_string));
    }
    let (every, longest) = room_across(count, names);
    let shown = |every: usize, longest: usize| {
        let names = names.iter().enumerate().step_by(every);
        names.map(move |(index, name)| (index, short(name, longest)))
    };
    let x = shown(every, longest).map(|(index, name)| (index as f64, name)).collect();
    let down = (count * LINE).div_ceil(PLOT.1).max(1);
    let y = shown(down, LONGEST).map(|(index, name)| (count as f64 - 1.0 - index as f64, name)).collect();
    let panel = Panel::new("", "predicted class", "true class").x_ticks(x).y_ticks(y).layer(map);
    Figure::new(format!("Confusion matrix, {part} rows")).panel(panel)
}

/// How the names of the classes fit under a heat map: every n-th class is named, with so many characters. All are named
/// if that leaves at least 8 characters each, else fewer with more characters.
fn room_across(count: usize, names: &[String]) -> (usize, usize) {
    let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(1).clamp(1, LONGEST);
    let room = PLOT.0 / count.max(1) / CHARACTER;
    if room > longest.min(8) {
        return (1, room.min(LONGEST));
    }
    ((count * (longest + 1) * CHARACTER).div_ceil(PLOT.0), longest)
}

/// The ROC curve of class 1 of two, or of each class against the rest; of more than 10 classes the 10 with the smallest
/// area. `probabilities` is `[n, classes]` row by row. `None` where no class has a curve.
pub fn roc(truth: &[i64], probabilities: &[f64], names: &[String], part: &str) -> Option<Figure> {
    let curves = Curves::of(truth, probabilities, names, binary_roc_auc, roc_curve)?;
    let chance = Line::new(vec![(0.0, 0.0), (1.0, 1.0)]).color(Color::GREY).dashed().label("chance");
    let panel = curves.panel("AUC", "false positive rate", "true positive rate").layer(chance);
    Some(Figure::new(curves.title("ROC", part)).panel(panel))
}

/// The precision-recall curve of class 1 of two, or of each class against the rest, as the steps whose area is the
/// average precision; of more than 10 classes the 10 with the smallest. `None` where no class has a curve.
pub fn precision_recall(truth: &[i64], probabilities: &[f64], names: &[String], part: &str) -> Option<Figure> {
    let steps = |positive: &[bool], scores: &[f64]| {
        let mut points = precision_recall_curve(positive, scores)?;
        points.reverse();
        let step = |pair: &[(f64, f64)]| [(pair[0].0, pair[1].1), pair[1]];
        Some(points.windows(2).flat_map(step).collect())
    };
    let curves = Curves::of(truth, probabilities, names, binary_average_precision, steps)?;
    let mut panel = curves.panel("AP", "recall", "precision");
    if names.len() == 2 {
        let share = truth.iter().filter(|&&class| class == 1).count() as f64 / truth.len() as f64;
        panel = panel.layer(Line::new(vec![(0.0, share), (1.0, share)]).color(Color::GREY).dashed().label("chance"));
    }
    Some(Figure::new(curves.title("Precision and recall", part)).panel(panel))
}

/// One class against the rest: its name, the area under its curve, the curve.
struct Curves {
    shown: Vec<(String, f64, Points)>,
    all: usize,
}

impl Curves {
    fn of(
        truth: &[i64],
        probabilities: &[f64],
        names: &[String],
        area: impl Fn(&[bool], &[f64]) -> Option<f64>,
        curve: impl Fn(&[bool], &[f64]) -> Option<Points>,
    ) -> Option<Self> {
        let against_rest = |class: usize| -> (Vec<bool>, Vec<f64>) {
            let positive = truth.iter().map(|&truth| truth == class as i64).collect();
            (positive, probabilities.iter().skip(class).step_by(names.len()).copied().collect())
        };
        let first = usize::from(names.len() == 2);
        let mut areas: Vec<(usize, f64)> = Vec::new();
        for class in first..names.len() {
            let (positive, scores) = against_rest(class);
            areas.extend(area(&positive, &scores).map(|area| (class, area)));
        }
        let all = areas.len();
        if all > MOST {
            areas.sort_by(|a, b| a.1.total_cmp(&b.1));
            areas.truncate(MOST);
        }
        // The curves of these alone are in memory.
        let shown = areas.into_iter().filter_map(|(class, area)| {
            let (positive, scores) = against_rest(class);
            Some((short(&names[class], 18), area, curve(&positive, &scores)?))
        });
        (all > 0).then_some(Self { shown: shown.collect(), all })
    }

    fn title(&self, name: &str, part: &str) -> String {
        match self.all > MOST {
            true => format!("{name}, {part} rows: the {MOST} lowest of {} classes", self.all),
            false => format!("{name}, {part} rows"),
        }
    }

    fn panel(&self, area: &str, x: &str, y: &str) -> Panel {
        let mut panel = Panel::new("", x, y).x_range(-0.02, 1.02).y_range(-0.02, 1.02);
        for (index, (name, value, points)) in self.shown.iter().enumerate() {
            let line = Line::new(points.clone()).label(format!("{name} ({area} {value:.3})")).color(index % COLORS);
            panel = panel.layer(if index < COLORS { line } else { line.dashed() });
        }
        panel
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::metrics::areas;
    use crate::plot::Layer;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|class| format!("class {class}")).collect()
    }

    #[test]
    fn the_matrix_is_coloured_by_the_share_of_the_true_class() {
        let figure = confusion_matrix(&[vec![3, 1], vec![0, 0]], &names(2), "test");
        let panel = &figure.panels[0];
        let Layer::Heatmap(map) = &panel.layers[0] else { panic!("{:?}", panel.layers[0]) };
        assert_eq!(
            (&map.shares[..2], map.texts.as_slice()),
            (&[0.75, 0.25][..], ["3", "1", "0", "0"].map(String::from).as_slice())
        );
        assert!(map.shares[2].is_nan());
        // Class 0 is the first column and the highest row.
        assert_eq!(panel.x.ticks.as_ref().unwrap()[0], (0.0, "class 0".into()));
        assert_eq!(panel.y.ticks.as_ref().unwrap()[0], (1.0, "class 0".into()));
        figure.png().unwrap();
    }

    #[test]
    fn names_under_the_matrix_never_touch() {
        for count in 1..60 {
            let (every, longest) = room_across(count, &names(count));
            assert!(every * PLOT.0 / count >= longest * CHARACTER, "{count}: {every}, {longest}");
        }
        assert_eq!(room_across(3, &names(3)).0, 1);
    }

    #[test]
    fn two_classes_have_one_curve_and_more_one_each() {
        let two = roc(&[0, 1, 1], &[0.9, 0.1, 0.3, 0.7, 0.6, 0.4], &names(2), "test").unwrap();
        assert_eq!(two.panels[0].layers.len(), 2);
        let Layer::Line(line) = &two.panels[0].layers[0] else { panic!("{:?}", two.panels[0].layers[0]) };
        assert_eq!(line.label.as_deref(), Some("class 1 (AUC 1.000)"));
        // Class 2 has no row, and so no curve.
        let three = [0.7, 0.2, 0.1, 0.2, 0.7, 0.1];
        assert_eq!(roc(&[0, 1], &three, &names(3), "test").unwrap().panels[0].layers.len(), 3);
        assert!(roc(&[0, 0], &three, &names(3), "test").is_none());
    }

    #[test]
    fn of_many_classes_the_worst_are_shown() {
        let probabilities: Vec<f64> = (0..12 * 12).map(|i| if i % 13 == 0 { 0.8 } else { 0.2 / 11.0 }).collect();
        let truth: Vec<i64> = (0..11).chain([0]).collect();
        let figure = precision_recall(&truth, &probabilities, &names(12), "test").unwrap();
        assert!(figure.title.contains("10 lowest of 11"), "{}", figure.title);
        assert_eq!(figure.panels[0].layers.len(), 10);
        let Layer::Line(line) = &figure.panels[0].layers[0] else { panic!("{:?}", figure.panels[0].layers[0]) };
        assert!(line.label.as_ref().unwrap().starts_with("class 0 "), "{:?}", line.label);
    }

    #[test]
    fn the_area_under_the_steps_is_the_average_precision() {
        let scores = [0.9, 0.8, 0.8, 0.7, 0.3, 0.2];
        let probabilities: Vec<f64> = scores.iter().flat_map(|score| [1.0 - score, *score]).collect();
        let truth = [1, 0, 1, 1, 0, 1];
        let figure = precision_recall(&truth, &probabilities, &names(2), "test").unwrap();
        let Layer::Line(line) = &figure.panels[0].layers[0] else { panic!("{:?}", figure.panels[0].layers[0]) };
        let area: f64 = line.points.windows(2).map(|pair| (pair[1].0 - pair[0].0) * pair[1].1).sum();
        assert!((area - areas(&truth, &probabilities, 2)[1].unwrap()).abs() < 1e-12, "{area}");
    }
}
