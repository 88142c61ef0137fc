//! Losses by epoch, and what each feature adds.

use super::short;
use crate::evaluate::Importance;
use crate::plot::{Bars, Color, Figure, Line, Panel};
use anyhow::Result;

/// Bars in one picture.
const MOST: usize = 20;
/// Losses that span more than this factor are shown on a logarithmic axis.
const WIDE: f64 = 20.0;

/// Points that a curve is drawn through at most.
const CURVE: usize = 2000;

/// Values over epochs as a line; of a long history every n-th epoch, and the last.
pub fn curve(values: impl ExactSizeIterator<Item = f64>) -> Line {
    let (count, every) = (values.len(), values.len().div_ceil(CURVE).max(1));
    let points = values.enumerate().filter(|(index, _)| index % every == 0 || index + 1 == count);
    Line::new(points.map(|(index, value)| ((index + 1) as f64, value)).collect())
}

/// The picture of a loss over the epochs, on a logarithmic axis, as PNG.
pub fn loss_picture<T: Copy + Into<f64>>(title: &str, label: &str, losses: &[T]) -> Result<Vec<u8>> {
    let losses = losses.iter().map(|&loss| loss.into());
    Figure::new(title).panel(Panel::new("", "epoch", label).whole_x().log_y().layer(curve(losses))).png()
}

/// The training loss of each epoch, from 1, and the validation loss where there is one; `best` is the epoch whose
/// weights were kept. `loss` names the loss with its unit. Epochs without a finite loss leave a gap.
pub fn learning_curves(loss: &str, train: &[f64], valid: Option<&[f64]>, best: Option<usize>) -> Figure {
    let mut panel = Panel::new("", "epoch", loss).whole_x();
    let all = || train.iter().chain(valid.unwrap_or_default()).copied().filter(|loss| loss.is_finite());
    let (low, high) = all().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), l| (low.min(l), high.max(l)));
    if low > 0.0 && high / low > WIDE {
        panel = panel.log_y();
    }
    panel = panel.layer(curve(train.iter().copied()).label("training").color(0));
    if let Some(valid) = valid {
        panel = panel.layer(curve(valid.iter().copied()).label("validation").color(1));
    }
    if let Some(best) = best.filter(|_| low < high) {
        let at = best as f64;
        let line = Line::new(vec![(at, low), (at, high)]).label(format!("best epoch, {best}"));
        panel = panel.layer(line.color(Color::GREY).dashed());
    }
    Figure::new("Learning curves").panel(panel)
}

/// The features by falling importance, the 20 largest; `score` is the metric that falls, on `rows` such as `40 test rows`.
pub fn importance(names: &[String], importances: &[Importance], score: &str, rows: &str) -> Figure {
    let mut features: Vec<_> = names.iter().zip(importances).collect();
    features.sort_by(|a, b| b.1.mean.total_cmp(&a.1.mean));
    let title = match features.len() {
        count if count > MOST => format!("Permutation importance, {rows}: the {MOST} largest of {count}"),
        _ => format!("Permutation importance, {rows}"),
    };
    features.truncate(MOST);
    features.reverse();
    let ticks = features.iter().enumerate().map(|(index, (name, _))| (index as f64, short(name, 28))).collect();
    let bars = features.iter().map(|(_, importance)| (importance.mean, importance.std)).collect();
    let label = format!("fall of {score} with the feature shuffled (mean ± standard deviation)");
    Figure::new(title).panel(Panel::new("", label, "").y_ticks(ticks).layer(Bars::new(bars).color(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::Layer;

    #[test]
    fn losses_start_at_epoch_1_and_span_decides_the_scale() {
        let figure = learning_curves("loss", &[3.0, 2.0, 1.0], Some(&[3.0, 2.5, 2.6]), Some(2));
        let panel = &figure.panels[0];
        let Layer::Line(train) = &panel.layers[0] else { panic!("{:?}", panel.layers[0]) };
        assert_eq!(train.points, [(1.0, 3.0), (2.0, 2.0), (3.0, 1.0)]);
        let Layer::Line(best) = &panel.layers[2] else { panic!("{:?}", panel.layers[2]) };
        assert_eq!((best.points.as_slice(), panel.y.log), ([(2.0, 1.0), (2.0, 3.0)].as_slice(), false));
        assert!(learning_curves("loss", &[3.0, 0.1], None, None).panels[0].y.log);
        // A loss of zero or below has no logarithm.
        assert!(!learning_curves("loss", &[3.0, 0.0], None, None).panels[0].y.log);
        // One epoch is a point: a line at the best of them would have no height.
        let one = learning_curves("loss", &[3.0], None, Some(1));
        assert_eq!(one.panels[0].layers.len(), 1);
        one.png().unwrap();
        assert!(learning_curves("loss", &[f64::NAN], None, None).png().is_err());
    }

    #[test]
    fn a_long_history_is_drawn_through_fewer_points_and_keeps_its_ends() {
        let losses: Vec<f64> = (0..4999).map(f64::from).collect();
        let Line { points, .. } = curve(losses.iter().copied());
        assert!(points.len() <= CURVE + 1, "{}", points.len());
        assert_eq!((points[0], points[1], points[points.len() - 1]), ((1.0, 0.0), (4.0, 3.0), (4999.0, 4998.0)));
        assert_eq!(curve([0.5, 0.25].into_iter()).points, [(1.0, 0.5), (2.0, 0.25)]);
    }

    #[test]
    fn the_most_important_feature_is_the_highest_bar() {
        let names: Vec<String> = (0..25).map(|i| format!("x{i}")).collect();
        let importances: Vec<_> = (0..25).map(|i| Importance { mean: f64::from(i), std: 0.5 }).collect();
        let figure = importance(&names, &importances, "accuracy", "40 test rows");
        let Layer::Bars(bars) = &figure.panels[0].layers[0] else { panic!("{:?}", figure.panels[0].layers[0]) };
        assert_eq!((bars.bars.len(), bars.bars[0], bars.bars[19]), (20, (5.0, 0.5), (24.0, 0.5)));
        let ticks = figure.panels[0].y.ticks.as_ref().unwrap();
        assert_eq!((&ticks[19], &ticks[0]), (&(19.0, "x24".into()), &(0.0, "x5".into())));
        assert!(figure.title.contains("20 largest of 25"), "{}", figure.title);
    }
}
