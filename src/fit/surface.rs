//! The picture of a model with one or two number columns as its inputs: its predictions over them, made by the model
//! file's own module from raw values.

use super::outcome::Outcome;
use super::prepare::Rows;
use crate::fit::settings::FitPlan;
use crate::plot::{CLASSES, Figure, GridAxis};
use crate::preprocess::target::{Labels, Target};
use crate::preprocess::tensors;
use crate::report::{self, ShownRows};
use anyhow::Result;
use tch::{Device, Kind};

/// How many cells the plane has across and up, and how many points a curve.
const CELLS: (usize, usize) = (480, 360);
const POINTS: usize = 400;
/// Room around the rows, as a share of what they span.
const ROOM: f64 = 0.05;

/// `decision_surface` for classes and two number columns, `prediction_surface` for a number and two,
/// `prediction_curve` for a number and one; `None` for other models, and for more classes than colours.
pub fn picture(outcome: &Outcome, config: &FitPlan) -> Result<Option<(&'static str, Figure)>> {
    let prepared = &outcome.prepared;
    let inputs = &prepared.pipeline.inputs;
    if !inputs.categories.is_empty() || !inputs.dates.is_empty() || inputs.numbers.len() > 2 {
        return Ok(None);
    }
    let (part, held, _) = outcome.held_out();
    let train = (part != "training").then_some(&prepared.train);
    let names: Vec<&str> = inputs.numbers.iter().map(|column| column.name.as_str()).collect();
    let truths = (&held.labels, &prepared.train.labels, &prepared.target);
    match (truths, &names[..]) {
        ((Labels::Classes(labels), Labels::Classes(of_train), Target::Classes(classes)), &[x, y])
            if classes.len() <= CLASSES =>
        {
            let Some([across, up]) = plane(held, &prepared.train)? else { return Ok(None) };
            let cells = over(outcome, across, up)?.into_iter().map(|class| class as u8).collect();
            let held = ShownRows { part, points: points(held)?, labels };
            let train = train.map(|rows| shown(rows, of_train)).transpose()?;
            let figure = report::decision_surface([x, y], [across, up], cells, classes, &held, train.as_ref());
            Ok(Some(("decision_surface", figure)))
        }
        ((Labels::Numbers(labels), ..), &[x, y]) => {
            let Some([across, up]) = plane(held, &prepared.train)? else { return Ok(None) };
            let values = over(outcome, across, up)?;
            let held = ShownRows { part, points: points(held)?, labels };
            let figure = report::prediction_surface([x, y], [across, up], values, &config.target, &held);
            Ok(Some(("prediction_surface", figure)))
        }
        ((Labels::Numbers(labels), Labels::Numbers(of_train), _), &[x]) => {
            let Some(axis) = axis(held, &prepared.train, 0, POINTS)? else { return Ok(None) };
            let places: Vec<f64> = axis.points().collect();
            let values = predict(outcome, std::slice::from_ref(&places))?;
            let curve = places.into_iter().zip(values).collect();
            let held = ShownRows { part, points: points(held)?, labels };
            let train = train.map(|rows| shown(rows, of_train)).transpose()?;
            Ok(Some(("prediction_curve", report::prediction_curve(x, curve, &config.target, &held, train.as_ref()))))
        }
        _ => Ok(None),
    }
}

fn shown<'a, T>(rows: &Rows, labels: &'a [T]) -> Result<ShownRows<'a, T>> {
    Ok(ShownRows { part: "training", points: points(rows)?, labels })
}

/// The first two inputs of each row; the second NaN where there is one alone.
fn points(rows: &Rows) -> Result<Vec<(f64, f64)>> {
    let x = column(rows, 0)?;
    let y = if rows.raw.size()[1] > 1 { column(rows, 1)? } else { vec![f64::NAN; x.len()] };
    Ok(x.into_iter().zip(y).collect())
}

fn column(rows: &Rows, index: i64) -> Result<Vec<f64>> {
    Ok(Vec::try_from(rows.raw.f_select(1, index)?.f_to_device(Device::Cpu)?.f_contiguous()?)?)
}

fn plane(held: &Rows, train: &Rows) -> Result<Option<[GridAxis; 2]>> {
    let across = axis(held, train, 0, CELLS.0)?;
    Ok(across.zip(axis(held, train, 1, CELLS.1)?).map(|(across, up)| [across, up]))
}

/// The range of a column's values with a little room on either side; `None` where that overflows.
fn axis(held: &Rows, train: &Rows, index: i64, count: usize) -> Result<Option<GridAxis>> {
    let values = [column(held, index)?, column(train, index)?].concat();
    let present = values.into_iter().filter(|value| !value.is_nan());
    let (low, high) = present.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
    let room = if low < high { ROOM * (high - low) } else { (0.1 * low.abs()).max(0.5) };
    let axis = GridAxis::between(low - room, high + room, count);
    Ok((axis.start.is_finite() && axis.step.is_finite() && axis.step > 0.0).then_some(axis))
}

/// The answers on a grid, row by row from the lowest, asked for a row at a time: a wide hidden layer takes memory.
fn over(outcome: &Outcome, across: GridAxis, up: GridAxis) -> Result<Vec<f64>> {
    let mut predictions = Vec::with_capacity(across.count * up.count);
    for y in up.points() {
        predictions.extend(predict(outcome, &[across.points().collect(), vec![y; across.count]])?);
    }
    Ok(predictions)
}

/// Class indices, or values in the target's units.
fn predict(outcome: &Outcome, columns: &[Vec<f64>]) -> Result<Vec<f64>> {
    let raw = tensors::from_columns(columns, Kind::Double, Device::Cpu)?;
    let predictions = outcome.scores.module.call("predict", &raw)?.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?;
    Ok(Vec::try_from(predictions.f_contiguous()?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::store::Store;
    use crate::fit::divide::divide;
    use crate::fit::outcome::fit;
    use crate::fit::settings::FitSettings;
    use crate::torch::testing::seeded;
    use polars::prelude::df;

    #[test]
    fn a_plane_is_shown_as_it_is_in_raw_units() {
        let _torch = seeded(0);
        let a: Vec<f64> = (0..60).map(|row| f64::from(row % 6) * 1000.0).collect();
        let b: Vec<f64> = (0..60).map(|row| f64::from(row / 6) / 10.0).collect();
        let plane = |a: f64, b: f64| 7.0 + 0.002 * a - 5.0 * b;
        let y: Vec<f64> = a.iter().zip(&b).map(|(&a, &b)| plane(a, b)).collect();
        let data = df!("a" => a, "b" => b, "y" => y).unwrap();
        let config =
            FitSettings { target: "y".into(), hidden: vec![], lr: 0.05, epochs: 300, ..FitSettings::default() };
        let config = config.check().unwrap();
        let outcome =
            fit(&divide(&Store::of(data, "t"), &config, 0).unwrap(), &config, 0, Device::Cpu, &mut ()).unwrap();
        let (_, held, _) = outcome.held_out();
        let [across, up] = super::plane(held, &outcome.prepared.train).unwrap().unwrap();
        assert_eq!((across.count, up.count), CELLS);
        assert!(
            across.at(0) < 0.0 && across.at(479) > 5000.0 && up.at(0) < 0.0 && up.at(359) > 0.9,
            "{across:?} {up:?}"
        );
        let values = over(&outcome, across, up).unwrap();
        for (column, row) in [(0, 0), (479, 0), (0, 359), (100, 200)] {
            let expected = plane(across.at(column), up.at(row));
            let found = values[row * across.count + column];
            assert!((found - expected).abs() < 0.01, "({column}, {row}): {found}, expected {expected}");
        }
        assert_eq!(picture(&outcome, &config).unwrap().unwrap().0, "prediction_surface");
    }
}
