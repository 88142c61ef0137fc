//! `lockstep show bias-variance`.

use super::{begin, line, short};
use crate::cli::ShowBiasVariance;
use crate::commands::print::Verdict;
use crate::plot::{Color, Figure, Line, Marker, Panel, Points};
use crate::train::ReadLoss;
use crate::tutorial::concepts::bias_variance::{self, Config, Fits, Outcome, Row, Sweep};
use crate::tutorial::concepts::known;
use anyhow::Result;
use serde_json::json;

pub(super) fn run(args: &ShowBiasVariance) -> Result<Verdict> {
    let config = Config::from(args);
    let mut job = begin(&args.common, &args.out)?;
    let mut progress = job.epochs(config.total_epochs())?;
    let report = |epoch: usize, loss: ReadLoss<'_>| progress.report(epoch, loss);
    let outcome = bias_variance::run(&config, args.common.seed, job.device, report)?;
    progress.finish();
    job.folder.stage("bias-variance.csv", csv(&outcome.rows).as_bytes())?;
    job.folder.stage("bias-variance.png", &figure(&outcome, &config).png()?)?;
    let settings = distinct(&outcome.rows);
    let furthest = settings.iter().map(|row| row.deviations().abs()).fold(0.0, f64::max);
    let results = json!({"largest_gap_in_standard_errors": furthest, "settings": outcome.rows});
    let summary = job.summary("bias-variance", &config, results)?;
    job.finish(summary, &text(&outcome.rows, furthest))
}

fn csv(rows: &[Row]) -> String {
    let mut text = String::from(
        "sweep,hidden,samples,weight_decay,training_error,noise,variance,bias_squared,sum,measured_error,gap,standard_error\n",
    );
    for row in rows {
        let sweep = match row.sweep {
            Sweep::Hidden => "hidden",
            Sweep::Samples => "samples",
            Sweep::Decay => "decay",
        };
        text += &line(&[
            &sweep,
            &row.hidden,
            &row.samples,
            &row.weight_decay,
            &row.training_error,
            &row.noise,
            &row.variance,
            &row.bias_squared,
            &row.sum,
            &row.measured_error,
            &row.gap,
            &row.standard_error,
        ]);
    }
    text
}

/// Each setting once, though two sweeps may share it.
fn distinct(rows: &[Row]) -> Vec<Row> {
    let mut distinct: Vec<Row> = Vec::new();
    for row in rows {
        if !distinct.iter().any(|other| other.same_setting(row)) {
            distinct.push(*row);
        }
    }
    distinct
}

fn figure(outcome: &Outcome, config: &Config) -> Figure {
    let mut figure = Figure::new("Error = noise + variance + bias²").columns(3);
    for (index, fits) in chosen(&outcome.fits).into_iter().enumerate() {
        figure = figure.panel(fits_panel(fits, index == 0));
    }
    let largest = config.hidden.last().copied().unwrap_or(1);
    let of = |sweep: Sweep| outcome.rows.iter().filter(move |row| row.sweep == sweep);
    let count = |x: f64, _: &Row| (x, x.to_string());
    let hidden = parts_panel("More hidden units", "hidden units", of(Sweep::Hidden), |row| row.hidden as f64, count);
    let label = format!("training points, {largest} units");
    let samples = parts_panel("More data", &label, of(Sweep::Samples), |row| row.samples as f64, count);
    // A logarithmic axis has no zero: it stands a decade below the least decay.
    let least = config.weight_decay.iter().copied().filter(|&decay| decay > 0.0).fold(1.0, f64::min);
    let place = |row: &Row| if row.weight_decay > 0.0 { row.weight_decay } else { least / 10.0 };
    let name = |x: f64, row: &Row| (x, if row.weight_decay > 0.0 { x.to_string() } else { "none".into() });
    let label = format!("weight decay, {largest} units");
    let decay = parts_panel("Weight decay", &label, of(Sweep::Decay), place, name);
    figure.panel(hidden).panel(samples).panel(decay)
}

/// The least, a middle and the greatest capacity.
fn chosen(fits: &[Fits]) -> Vec<&Fits> {
    let mut indices = vec![0, fits.len() / 2, fits.len().saturating_sub(1)];
    indices.dedup();
    indices.into_iter().filter_map(|index| fits.get(index)).collect()
}

/// The legend stands in one of the panels only: where nets scatter it would cover them.
fn fits_panel(fits: &Fits, legend: bool) -> Panel {
    let places = known::places();
    let curve = |values: &[f64]| Line::new(places.iter().copied().zip(values.iter().copied()).collect());
    let named = |line: Line, name: &str| if legend { line.label(name) } else { line };
    let truth: Vec<f64> = places.iter().map(|&x| known::truth(x)).collect();
    let units = if fits.hidden == 1 { "unit" } else { "units" };
    let mut panel = Panel::new(format!("{} hidden {units}", fits.hidden), "x", "y").y_range(-2.2, 2.2);
    for (index, net) in fits.nets.iter().enumerate() {
        let one = curve(net).thin().color(Color::Rgb(0x9A, 0xC4, 0xE4));
        panel = panel.layer(if index == 0 { named(one, "single nets") } else { one });
    }
    panel
        .layer(named(curve(&truth).color(Color::BLACK).dashed(), "truth"))
        .layer(named(curve(&fits.mean).color(1), "mean of all nets"))
}

fn parts_panel<'a>(
    title: &str,
    label: &str,
    rows: impl Iterator<Item = &'a Row>,
    place: impl Fn(&Row) -> f64,
    tick: impl Fn(f64, &Row) -> (f64, String),
) -> Panel {
    let rows: Vec<(f64, &Row)> = rows.map(|row| (place(row), row)).collect();
    let part = |value: fn(&Row) -> f64| rows.iter().map(|&(x, row)| (x, value(row))).collect::<Vec<_>>();
    let marked = |value: fn(&Row) -> f64, color: usize, marker, label: &str| {
        Line::new(part(value)).color(color).marker(marker).label(label)
    };
    Panel::new(title, label, "mean square error")
        .log_x()
        .x_ticks(rows.iter().map(|&(x, row)| tick(x, row)).collect())
        .layer(Line::new(part(|row| row.noise)).color(Color::GREY).dashed().label("noise"))
        .layer(marked(|row| row.bias_squared, 0, Marker::Square, "bias²"))
        .layer(marked(|row| row.variance, 1, Marker::Triangle, "variance"))
        .layer(Line::new(part(|row| row.sum)).color(Color::BLACK).label("their sum"))
        .layer(
            Points::new(part(|row| row.measured_error))
                .color(3)
                .marker(Marker::Diamond)
                .outlined()
                .label("measured error"),
        )
}

fn text(rows: &[Row], furthest: f64) -> String {
    let of = |sweep: Sweep| rows.iter().filter(|row| row.sweep == sweep).collect::<Vec<_>>();
    let settings = distinct(rows);
    let within = settings.iter().filter(|row| row.deviations().abs() <= 1.0).count();
    let change = |rows: &[&Row]| match (rows.first(), rows.last()) {
        (Some(a), Some(b)) => {
            let parts =
                [(a.bias_squared, b.bias_squared), (a.variance, b.variance), (a.measured_error, b.measured_error)];
            let [bias, variance, error] = parts.map(|(from, to)| format!("{} -> {}", short(from), short(to)));
            format!("bias² {bias}, variance {variance}, error {error}")
        }
        _ => String::new(),
    };
    let best =
        |rows: &[&Row]| rows.iter().copied().min_by(|a, b| a.measured_error.total_cmp(&b.measured_error)).copied();
    let ends = |rows: &[&Row], value: fn(&Row) -> f64| {
        let [from, to] = [rows.first(), rows.last()].map(|row| row.map_or(f64::NAN, |row| value(row)));
        format!("{} -> {}", short(from), short(to))
    };
    let (hidden, samples, decay) = (of(Sweep::Hidden), of(Sweep::Samples), of(Sweep::Decay));
    let least = |rows: &[&Row], value: fn(&Row) -> f64| best(rows).map_or(String::new(), |row| short(value(&row)));
    format!(
        "Noise + variance + bias² differs from the measured error by {:.2} standard errors at most; \
         {within} of {} settings lie within one.\n\
         Hidden units {}: {}; least error at {}.\n\
         At {} units, training points {}: {}; weight decay {}: {}, least error at {}.",
        furthest,
        settings.len(),
        ends(&hidden, |row| row.hidden as f64),
        change(&hidden),
        least(&hidden, |row| row.hidden as f64),
        samples.first().map_or(0, |row| row.hidden),
        ends(&samples, |row| row.samples as f64),
        change(&samples),
        ends(&decay, |row| row.weight_decay),
        change(&decay),
        least(&decay, |row| row.weight_decay),
    )
}
