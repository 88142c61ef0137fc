//! `trials.png`: the score against the trial, and against each parameter.

use super::metric::Metric;
use super::space::{Domain, Param, json, show};
use super::trial::Trial;
use crate::plot::{Color, Figure, Line, Panel, Points};

/// Parameters that have a panel.
const MOST: usize = 8;
/// Characters of a value under its tick.
const LONGEST: usize = 12;

/// Points are means; the line is the best so far. A failed trial has no point.
pub fn figure(trials: &[Trial], params: &[Param], metric: &Metric) -> Figure {
    let scored: Vec<(&Trial, f64)> = trials.iter().filter_map(|trial| Some((trial, trial.score?.mean))).collect();
    let label = format!("{}, mean", metric.name);
    let mut best: Option<f64> = None;
    let so_far = scored.iter().flat_map(|(trial, mean)| {
        let before = best.unwrap_or(*mean);
        let better = if metric.prefers(*mean, before) { *mean } else { before };
        best = Some(better);
        [(trial.trial as f64, before), (trial.trial as f64, better)]
    });
    let line = Line::new(so_far.collect()).color(Color::GREY).label("best so far");
    let points = Points::new(scored.iter().map(|(trial, mean)| (trial.trial as f64, *mean)).collect()).color(0);
    let first = Panel::new("", "trial", label.clone()).layer(line).layer(points.label("trials"));
    let mut figure = Figure::new(format!("{} trials", trials.len())).columns(2).panel(first);
    for param in params.iter().take(MOST) {
        figure = figure.panel(of(param, &scored, &label));
    }
    figure
}

fn of(param: &Param, scored: &[(&Trial, f64)], label: &str) -> Panel {
    let panel = Panel::new("", param.name.clone(), label);
    let value = |trial: &Trial| trial.params.get(&param.name).cloned().unwrap_or_default();
    let Domain::Values(values) = &param.domain else {
        let points = scored.iter().filter_map(|(trial, mean)| Some((value(trial).as_f64()?, *mean))).collect();
        let panel = panel.layer(Points::new(points).color(0));
        return if matches!(param.domain, Domain::Range(range) if range.log) { panel.log_x() } else { panel };
    };
    // Listed values stand side by side, whatever lies between them.
    let texts: Vec<String> = values.iter().map(|value| show(&json(value))).collect();
    let place = |trial: &Trial| texts.iter().position(|text| *text == show(&value(trial))).map(|place| place as f64);
    let points = scored.iter().filter_map(|(trial, mean)| Some((place(trial)?, *mean))).collect();
    let short = |text: &String| text.chars().take(LONGEST).collect::<String>();
    let ticks = texts.iter().enumerate().map(|(place, text)| (place as f64, short(text))).collect();
    panel.x_range(-0.5, values.len() as f64 - 0.5).x_ticks(ticks).layer(Points::new(points).color(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::Spread;
    use crate::plot::Layer;
    use crate::tune::search::Settings;
    use crate::tune::trial::{Status, params};
    use serde_json::Map;

    #[test]
    fn values_and_ranges_can_be_drawn_and_a_failed_trial_is_left_out() {
        let searched = ["hidden=64,32;none", "lr=0.001..1:log"].map(|text| Param::parse(text).unwrap());
        let settings = |hidden: &[i64], lr: f64| -> Settings {
            let hidden = hidden.iter().map(|&units| toml::Value::Integer(units)).collect();
            vec![("hidden".into(), toml::Value::Array(hidden)), ("lr".into(), toml::Value::Float(lr))]
        };
        let trial = |trial, settings: Settings, mean: Option<f64>| Trial {
            trial,
            params: params(&settings),
            status: if mean.is_some() { Status::Done } else { Status::Failed },
            score: mean.map(|mean| Spread { mean, std: 0.0 }),
            metrics: Map::new(),
            scores: vec![],
            seconds: 0.0,
            reason: None,
        };
        let trials = [
            trial(1, settings(&[64, 32], 0.1), Some(0.5)),
            trial(2, settings(&[], 0.01), Some(0.75)),
            trial(3, settings(&[], 1.0), None),
        ];
        let metric = Metric::choose(None, true).unwrap();
        let drawn = figure(&trials, &searched, &metric);
        let points = |panel: &Panel| match panel.layers.last() {
            Some(Layer::Points(points)) => points.points.clone(),
            other => panic!("{other:?}"),
        };
        let [score, hidden, lr] = &drawn.panels[..] else { panic!("{} panels", drawn.panels.len()) };
        assert_eq!((drawn.title.as_str(), score.y.label.as_str()), ("3 trials", "accuracy, mean"));
        assert_eq!(points(score), [(1.0, 0.5), (2.0, 0.75)]);
        // The best so far rises where a better trial stands.
        let Layer::Line(best) = &score.layers[0] else { panic!("{:?}", score.layers[0]) };
        assert_eq!(best.points, [(1.0, 0.5), (1.0, 0.5), (2.0, 0.5), (2.0, 0.75)]);
        assert_eq!(points(hidden), [(0.0, 0.5), (1.0, 0.75)]);
        assert_eq!(hidden.x.ticks, Some(vec![(0.0, "64,32".into()), (1.0, "none".into())]));
        assert_eq!((points(lr), lr.x.log), (vec![(0.1, 0.5), (0.01, 0.75)], true));
        drawn.png().unwrap();
        figure(&trials[..1], &searched, &metric).png().unwrap();
    }
}
