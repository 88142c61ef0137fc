//! The fitted preprocessing: constants taken from the training rows, and the names of the features that come out.

use super::choices::{ColumnChoice, Encode, Impute, Scale, Unseen};
use super::inputs::{Category, Inputs};
use super::statistics as of;
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

/// What is done to the raw matrix of [`Inputs`]; this is what the model file carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    pub inputs: Inputs,
    /// For each number column, then for each part of each date.
    pub numbers: Vec<NumberStep>,
    /// The code that takes the place of a missing category, for each category column; NaN where none can be missing.
    pub category_fill: Vec<Option<f64>>,
}

/// `(value or fill - center) / scale`.
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
    pub fn fit(inputs: &Inputs, train: impl Fn(usize) -> Result<Vec<f64>>) -> Result<Self> {
        let (numbers, dates) = (inputs.numbers.len(), inputs.dates.len());
        let mut steps = Vec::new();
        for (index, column) in inputs.numbers.iter().enumerate() {
            steps.push(number_step(&column.name, &column.choice, train(index)?)?);
        }
        for (index, column) in inputs.dates.iter().enumerate() {
            let seconds = train(numbers + index)?;
            for part in &column.parts {
                let values = seconds.iter().map(|&second| part.of(second)).collect();
                steps.push(number_step(&column.name, &column.choice, values)?);
            }
        }
        let fills = inputs.categories.iter().enumerate();
        let fills = fills.map(|(index, column)| category_fill(column, &train(numbers + dates + index)?));
        Ok(Self { inputs: inputs.clone(), numbers: steps, category_fill: fills.collect::<Result<_>>()? })
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

fn number_step(name: &str, choice: &ColumnChoice, mut values: Vec<f64>) -> Result<NumberStep> {
    let present: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    if present.is_empty() {
        bail!("column {name}: every value of the training rows is missing; leave it out with --drop {name}");
    }
    let fill = match &choice.impute {
        Impute::Mean => Some(of::mean(&present)),
        Impute::Median => Some(of::median(&present)),
        Impute::MostFrequent => Some(of::most_frequent(&present)),
        Impute::Constant(text) => {
            let number = text.parse::<f64>().ok().filter(|value| value.is_finite());
            Some(number.with_context(|| format!("column {name}: impute constant={text}: expected a number"))?)
        }
        Impute::Drop | Impute::Error => None,
    };
    // As in a scikit-learn Pipeline, the scaler sees what the imputer made.
    drop(present);
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
    let present: Vec<f64> = codes.iter().copied().filter(|code| !code.is_nan()).collect();
    if present.is_empty() {
        bail!("column {name}: every value of the training rows is missing; leave it out with --drop {name}");
    }
    match &column.choice.impute {
        Impute::Mean | Impute::Median | Impute::MostFrequent => Ok(Some(of::most_frequent(&present))),
        Impute::Constant(text) => match column.values.iter().position(|value| value == text) {
            Some(code) => Ok(Some(code as f64)),
            None => {
                bail!("column {name}: impute constant={text}: not one of its categories ({})", column.values.join(", "))
            }
        },
        Impute::Drop | Impute::Error => Ok(None),
    }
}
