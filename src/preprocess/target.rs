//! What is predicted: classes by their index, or numbers in scaled units.

use super::categories::Categories;
use super::choices::TargetScale;
use super::inputs::{number_values, texts};
use super::pipeline::fits_float32;
use super::statistics;
use crate::data::location::Location;
use anyhow::{Result, bail, ensure};
use polars::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tch::{Kind, Tensor};

/// How the target is coded for the network, as fitted on the training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The classes in the order of the logits: whole numbers by value, text by letter.
    Classes(Categories),
    /// The network learns `(value - center) / scale`.
    Number { center: f64, scale: f64 },
}

/// The target of some rows as it is in the table: class indices, or numbers in its own units.
#[derive(Debug, Clone, PartialEq)]
pub enum Labels {
    Classes(Vec<i64>),
    Numbers(Vec<f64>),
}

impl Labels {
    /// Adds further rows.
    pub fn extend(&mut self, more: Self) {
        match (self, more) {
            (Self::Classes(all), Self::Classes(more)) => all.extend(more),
            (Self::Numbers(all), Self::Numbers(more)) => all.extend(more),
            (all, more) => *all = more,
        }
    }

    /// Those of some rows, each of which must be there.
    pub fn take(&self, rows: &[usize]) -> Self {
        match self {
            Self::Classes(all) => Self::Classes(rows.iter().map(|&row| all[row]).collect()),
            Self::Numbers(all) => Self::Numbers(rows.iter().map(|&row| all[row]).collect()),
        }
    }
}

impl Target {
    /// Classes, or center and scale, of the training rows; `scale` none where there are classes.
    pub fn fit(train: &DataFrame, name: &str, scale: Option<TargetScale>, at: Location<'_>) -> Result<Self> {
        if let Some(kind) = scale {
            let values = number_values(train, name, at)?;
            let (center, scale) = match kind {
                TargetScale::Standard => statistics::standard(&values),
                TargetScale::None => (0.0, 1.0),
            };
            ensure!(
                fits_float32(center, scale, values.iter().map(|value| (value - center) / scale)),
                "{}: the target {name}: its values are too large to be scaled to float32; give them in a larger unit",
                at.file
            );
            return Ok(Self::Number { center, scale });
        }
        let cells = texts(train, name, at)?;
        let distinct: PlHashSet<&str> = cells.iter().flatten().collect();
        let mut classes: Vec<String> = distinct.into_iter().map(str::to_string).collect();
        classes.sort_unstable();
        if let Some(numbers) = whole_numbers(&classes) {
            let mut order: Vec<usize> = (0..classes.len()).collect();
            order.sort_by_key(|&index| numbers[index]);
            classes = order.into_iter().map(|index| classes[index].clone()).collect();
        }
        ensure!(
            classes.len() > 1,
            "{}: the target {name} has only the class {} among the training rows, expected two at least",
            at.file,
            classes.join("")
        );
        Ok(Self::Classes(classes.into()))
    }

    pub fn is_classification(&self) -> bool {
        matches!(self, Self::Classes(_))
    }

    /// The classes in the order of the logits, as predictions have them: whole numbers if all are written as such, else text;
    /// none for a number.
    pub fn class_labels(&self) -> Option<Vec<Value>> {
        let Self::Classes(classes) = self else { return None };
        Some(match whole_numbers(classes) {
            Some(numbers) => numbers.into_iter().map(Value::from).collect(),
            None => classes.iter().map(|class| class.as_str().into()).collect(),
        })
    }

    /// The one metric that a model is judged by.
    pub fn score(&self) -> &'static str {
        if self.is_classification() { "accuracy" } else { "r2" }
    }

    /// Number of outputs of the network.
    pub fn outputs(&self) -> i64 {
        match self {
            Self::Classes(classes) => classes.len() as i64,
            Self::Number { .. } => 1,
        }
    }

    /// The target of some rows, for the loss and for the metrics. `remedy` says what to do about a class that no training
    /// row has.
    pub fn code(&self, rows: &DataFrame, name: &str, at: Location<'_>, remedy: &str) -> Result<(Tensor, Labels)> {
        match self {
            Self::Classes(classes) => {
                let cells = texts(rows, name, at)?;
                let index = |(row, cell): (usize, Option<&str>)| match cell.and_then(|cell| classes.code(cell)) {
                    Some(index) => Ok(index as i64),
                    None => bail!(
                        "{}, target {name}: class {:?} does not occur among the training rows; {remedy}",
                        at.row(row),
                        cell.unwrap_or_default()
                    ),
                };
                let codes: Vec<i64> = cells.iter().enumerate().map(index).collect::<Result<_>>()?;
                Ok((Tensor::f_from_slice(&codes)?, Labels::Classes(codes)))
            }
            Self::Number { center, scale } => {
                let values = number_values(rows, name, at)?;
                let scaled: Vec<f64> = values.iter().map(|value| (value - center) / scale).collect();
                let y = Tensor::f_from_slice(&scaled)?.f_to_kind(Kind::Float)?.f_unsqueeze(1)?;
                Ok((y, Labels::Numbers(values)))
            }
        }
    }
}

/// The classes as numbers, if each is one written as a whole number is: `7`, not `007` or `+7`, which are texts.
fn whole_numbers(classes: &[String]) -> Option<Vec<i64>> {
    let number = |class: &String| class.parse::<i64>().ok().filter(|number| number.to_string() == *class);
    classes.iter().map(number).collect()
}
