//! The fitted preprocessing: constants taken from the training rows, and the names of the features that come out.

use super::choices::{ColumnChoice, Encode, Impute, Scale, Unseen};
use super::dates::DatePart;
use super::inputs::{Category, Inputs};
use super::statistics as of;
use crate::choices::names::unknown;
use crate::cpu::threads;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

/// The fitted preprocessing. It turns the raw matrix of [`Inputs`] into the features that the network sees, and is part
/// of the model file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    pub inputs: Inputs,
    /// One for each number column, then one for each part of each date.
    pub numbers: Vec<NumberStep>,
    /// The code that takes the place of a missing category, for each category column; NaN where none can be missing.
    pub category_fill: Vec<Option<f64>>,
}

/// A missing value becomes `fill`; then each value `v` becomes `(v - center) / scale`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NumberStep {
    pub fill: Option<f64>,
    pub center: f64,
    pub scale: f64,
}

impl Pipeline {
    /// Takes the constants from the training rows: `train(i)` gives the raw values of the input column `i`, one column
    /// at a time, so that a table larger than memory can be fitted on.
    ///
    /// # Errors
    /// A column without any value, a constant for a missing value that is no number or no category of the column.
    pub fn fit(inputs: &Inputs, train: impl Fn(usize) -> Result<Vec<f64>> + Sync) -> Result<Self> {
        let columns = threads::map(inputs.choices().count(), AT_ONCE, |index| constants(inputs, index, train(index)?))?;
        let (mut numbers, mut category_fill) = (Vec::new(), Vec::new());
        for column in columns {
            match column {
                Constants::Numbers(steps) => numbers.extend(steps),
                Constants::Category(fill) => category_fill.push(fill),
            }
        }
        Ok(Self { inputs: inputs.clone(), numbers, category_fill })
    }

    /// The features that the network sees, in order; `index` is the input column each comes from.
    pub fn features(&self) -> Vec<Feature> {
        let (numbers, dates) = (&self.inputs.numbers, &self.inputs.dates);
        let plain = numbers.iter().enumerate().map(|(index, column)| Feature::new(column.name.clone(), index));
        let parts = dates.iter().enumerate().flat_map(|(index, column)| {
            let name = move |part| format!("{}.{part}", column.name);
            column.parts.iter().map(move |part| Feature::new(name(part), numbers.len() + index))
        });
        let missing = self.inputs.choices().enumerate().take(numbers.len() + dates.len());
        let missing = missing.filter(|(_, (_, choice))| choice.indicator);
        let missing = missing.map(|(index, (name, _))| Feature::new(format!("{name} missing"), index));
        let categories = self.inputs.categories.iter().enumerate();
        let categories = categories.flat_map(|(index, column)| column.features(numbers.len() + dates.len() + index));
        plain.chain(parts).chain(missing).chain(categories).collect()
    }
}

/// One column of the matrix that the network sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    pub name: String,
    /// The column of the raw matrix that it is made of.
    pub input: usize,
}

impl Feature {
    fn new(name: String, input: usize) -> Self {
        Self { name, input }
    }
}

impl Category {
    fn features(&self, input: usize) -> Vec<Feature> {
        match self.choice.encode {
            Encode::Label => vec![Feature::new(self.name.clone(), input)],
            Encode::Onehot => {
                let values = self.values.iter().map(|value| Feature::new(format!("{}={value}", self.name), input));
                let other =
                    (self.choice.unseen == Unseen::Other).then(|| Feature::new(format!("{} unseen", self.name), input));
                values.chain(other).collect()
            }
        }
    }
}

/// How many columns are in memory at the same time while their constants are computed.
const AT_ONCE: usize = 4;

/// What the training rows say about one input column.
enum Constants {
    Numbers(Vec<NumberStep>),
    Category(Option<f64>),
}

fn constants(inputs: &Inputs, index: usize, values: Vec<f64>) -> Result<Constants> {
    let (numbers, dates) = (inputs.numbers.len(), inputs.dates.len());
    if let Some(column) = inputs.numbers.get(index) {
        return Ok(Constants::Numbers(vec![number_step(&column.name, &column.choice, values)?]));
    }
    if let Some(column) = inputs.dates.get(index - numbers) {
        let of = |part: &DatePart| values.iter().map(|&second| part.of(second)).collect();
        let steps = column.parts.iter().map(|part| number_step(&column.name, &column.choice, of(part)));
        return Ok(Constants::Numbers(steps.collect::<Result<_>>()?));
    }
    Ok(Constants::Category(category_fill(&inputs.categories[index - numbers - dates], &values)?))
}

fn number_step(name: &str, choice: &ColumnChoice, mut values: Vec<f64>) -> Result<NumberStep> {
    let present = || values.iter().copied().filter(|value| !value.is_nan());
    if present().next().is_none() {
        bail!("column {name}: every value of the training rows is missing; leave it out with --drop {name}");
    }
    let fill = match &choice.impute {
        Impute::Mean => Some(of::mean(present())),
        Impute::Median => Some(of::median(&present().collect::<Vec<_>>())),
        Impute::MostFrequent => Some(of::most_frequent(&present().collect::<Vec<_>>())),
        Impute::Constant(text) => {
            let number = text.parse::<f64>().ok().filter(|value| value.is_finite());
            Some(number.with_context(|| {
                format!(
                    "--impute constant={text}: the column {name} holds numbers, and that is none; \
                     --column {name}:impute=mean chooses for it alone"
                )
            })?)
        }
        Impute::Drop | Impute::Error => None,
    };
    // As in a scikit-learn Pipeline, the scaler sees what the imputer made.
    if let Some(fill) = fill {
        values.iter_mut().filter(|value| value.is_nan()).for_each(|value| *value = fill);
    }
    let (center, scale) = match choice.scale {
        Scale::Standard => of::standard(&values),
        Scale::Minmax => of::minmax(&values),
        Scale::Robust => of::robust(&values),
        Scale::None => (0.0, 1.0),
    };
    let scaled = |value: &f64| (value - center) / scale;
    if !fits_float32(center, scale, values.iter().map(scaled)) {
        bail!(
            "column {name}: its values are too large to be scaled to float32; give them in a larger unit, or leave it out with --drop {name}"
        );
    }
    Ok(NumberStep { fill, center, scale })
}

/// Whether the scaled values are float32 numbers; missing ones are NaN and pass. A spread that is too large for float64
/// would scale every value to 0.
pub(super) fn fits_float32(center: f64, scale: f64, mut scaled: impl Iterator<Item = f64>) -> bool {
    center.is_finite() && scale.is_finite() && scaled.all(|value| !(value as f32).is_infinite())
}

fn category_fill(column: &Category, codes: &[f64]) -> Result<Option<f64>> {
    let name = &column.name;
    let mut counts = vec![0; column.values.len() + 1];
    codes.iter().filter(|code| !code.is_nan()).for_each(|&code| counts[code as usize] += 1);
    // max_by_key keeps the last of equal keys, and the first category is to win.
    let most = (0..counts.len()).rev().max_by_key(|&code| counts[code]);
    let Some(most) = most.filter(|&code| counts[code] > 0) else {
        bail!("column {name}: every value of the training rows is missing; leave it out with --drop {name}");
    };
    match &column.choice.impute {
        Impute::Mean | Impute::Median | Impute::MostFrequent => Ok(Some(most as f64)),
        Impute::Constant(text) => match column.values.iter().position(|value| value == text) {
            Some(code) => Ok(Some(code as f64)),
            None => {
                bail!(
                    "--impute constant={text}: no category of the column {name}: {}; \
                     --column {name}:impute=most-frequent chooses for it alone",
                    unknown(text, &column.values)
                )
            }
        },
        Impute::Drop | Impute::Error => Ok(None),
    }
}
