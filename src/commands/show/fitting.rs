//! `lockstep show fitting`.

use super::{begin, line, short};
use crate::cli::ShowFitting;
use crate::commands::print::Verdict;
use crate::plot::{Band, Color, Figure, Line, Marker, Panel, Points};
use crate::train::ReadLoss;
use crate::tutorial::concepts::fitting::{self, Config, Outcome, Row, best};
use crate::tutorial::concepts::known;
use anyhow::{Context, Result};
use serde_json::json;

pub(super) fn run(args: &ShowFitting) -> Result<Verdict> {
    let config = Config::from(args);
    let mut job = begin(&args.common, &args.out)?;
    let mut progress = job.epochs(config.epochs * config.hidden.len())?;
    let report = |epoch: usize, loss: ReadLoss<'_>| progress.report(epoch, loss);
    let outcome = fitting::run(&config, args.common.seed, job.device, report)?;
    progress.finish();
    let found = Found::of(&outcome, &config).context("no capacity was trained")?;
    job.folder.stage("fitting.csv", csv(&outcome.rows).as_bytes())?;
    job.folder.stage("fitting.png", &figure(&outcome, &found, &config).png()?)?;
    let results = json!({
        "noise": config.noise * config.noise,
        "least_capacity": found.least,
        "best_capacity": found.best,
        "greatest_capacity": found.greatest,
        "best_epoch": found.stop,
    });
    let summary = job.summary("fitting", &config, results)?;
    job.finish(summary, &text(&found, &config))
}

/// What the curves come to.
struct Found {
    /// The least, the best and the greatest capacity at the end of the training.
    least: Row,
    best: Row,
    greatest: Row,
    /// The greatest capacity at its best epoch.
    stop: Row,
}

impl Found {
    fn of(outcome: &Outcome, config: &Config) -> Option<Self> {
        let last = outcome.last();
        let stop = best(&outcome.across_epochs(*config.hidden.last()?))?;
        Some(Self { least: *last.first()?, best: best(&last)?, greatest: *last.last()?, stop })
    }
}

fn csv(rows: &[Row]) -> String {
    let header = "hidden,epoch,training_error,training_standard_error,test_error,test_standard_error\n";
    let lines = rows.iter().map(|row| {
        let errors = [row.training_error, row.training_standard_error, row.test_error, row.test_standard_error];
        line(&[&row.hidden, &row.epoch, &errors[0], &errors[1], &errors[2], &errors[3]])
    });
    std::iter::once(header.to_string()).chain(lines).collect()
}

fn figure(outcome: &Outcome, found: &Found, config: &Config) -> Figure {
    let last = outcome.last();
    let capacity = errors_panel("Across capacity", "hidden units", &last, |row| row.hidden as f64, true, config);
    let rows = outcome.across_epochs(found.greatest.hidden);
    let title = format!("Across epochs, {} hidden units", found.greatest.hidden);
    let epochs = errors_panel(&title, "epoch", &rows, |row| row.epoch as f64, false, config);
    let title = "Training error and test error";
    Figure::new(title).columns(3).panel(fits_panel(outcome, found)).panel(capacity).panel(epochs)
}

/// An error and its standard error.
type WithError = fn(&Row) -> (f64, f64);

fn errors_panel(title: &str, label: &str, rows: &[Row], x: fn(&Row) -> f64, marked: bool, config: &Config) -> Panel {
    let noise = config.noise * config.noise;
    let mut panel = Panel::new(title, label, "mean square error").log_x();
    let curves: [(&str, Marker, WithError); 2] = [
        ("training", Marker::Circle, |row| (row.training_error, row.training_standard_error)),
        ("test", Marker::Square, |row| (row.test_error, row.test_standard_error)),
    ];
    for (index, (name, marker, value)) in curves.into_iter().enumerate() {
        let band = rows.iter().map(|row| (x(row), value(row).0 - value(row).1, value(row).0 + value(row).1));
        let curve = Line::new(rows.iter().map(|row| (x(row), value(row).0)).collect()).color(index).label(name);
        panel = panel.layer(Band::new(band.collect()).color(index));
        panel = panel.layer(if marked { curve.marker(marker) } else { curve });
    }
    let floor = rows.iter().map(|row| (x(row), noise)).collect();
    if marked {
        panel = panel.x_ticks(rows.iter().map(|row| (x(row), x(row).to_string())).collect());
    }
    panel.layer(Line::new(floor).color(Color::GREY).dashed().label("noise"))
}

/// One net's fit at the least, the best and the greatest capacity.
fn fits_panel(outcome: &Outcome, found: &Found) -> Panel {
    let places = known::places();
    let curve = |values: &[f64]| Line::new(places.iter().copied().zip(values.iter().copied()).collect());
    let truth: Vec<f64> = places.iter().map(|&x| known::truth(x)).collect();
    let mut panel = Panel::new("One net's data and fits", "x", "y").y_range(-2.2, 2.2);
    panel = panel.layer(curve(&truth).color(Color::BLACK).dashed().label("truth"));
    let mut shown = vec![found.least.hidden, found.best.hidden, found.greatest.hidden];
    shown.dedup();
    for (hidden, color) in shown.into_iter().zip([0, 2, 1]) {
        if let Some(fit) = outcome.fits.iter().find(|fit| fit.hidden == hidden) {
            panel = panel.layer(curve(&fit.curve).color(color).label(units(hidden)));
        }
    }
    panel.layer(Points::new(outcome.points.clone()).color(Color::GREY).outlined().label("training points"))
}

fn units(hidden: i64) -> String {
    format!("{hidden} hidden unit{}", if hidden == 1 { "" } else { "s" })
}

fn text(found: &Found, config: &Config) -> String {
    let noise = config.noise * config.noise;
    let errors =
        |row: &Row| format!("training error {}, test error {}", short(row.training_error), short(row.test_error));
    let Found { least, best, greatest, stop } = found;
    // Under-fitting: even the training points are missed by much more than their noise.
    let under = if least.training_error > 2.0 * noise { "under-fits" } else { "does not under-fit" };
    // Over-fitting: the test error is beyond doubt above the best one, while the training error is not above.
    let doubt = 2.0 * best.test_standard_error.hypot(greatest.test_standard_error);
    let over = best.test_error + doubt < greatest.test_error && greatest.training_error <= best.training_error;
    let over = if over { "over-fits" } else { "does not over-fit beyond doubt" };
    let doubt = 2.0 * stop.test_standard_error.hypot(greatest.test_standard_error);
    let rises = if stop.test_error + doubt < greatest.test_error {
        "over-fits from there"
    } else {
        "does not rise beyond doubt"
    };
    format!(
        "{} {under}: {}, noise {}.\n\
         {} fit best: {}; {} {over}: {}.\n\
         With {} the test error is least at epoch {} ({}) and {rises}: {} at epoch {}.",
        units(least.hidden),
        errors(least),
        short(noise),
        best.hidden,
        errors(best),
        greatest.hidden,
        errors(greatest),
        greatest.hidden,
        stop.epoch,
        errors(stop),
        errors(greatest),
        greatest.epoch,
    )
}
