//! From a table to tensors: which columns, which rows, what is predicted.

use super::config::{FitConfig, Task};
use crate::data::table;
use crate::names::unknown;
use crate::preprocess::inputs::{Category, Counts, Inputs, Number, number_values, texts};
use crate::preprocess::pipeline::Pipeline;
use crate::preprocess::split::{self, Parts};
use crate::preprocess::target::{Target, Truth};
use crate::preprocess::tensors;
use crate::torchscript::Module;
use anyhow::{Context, Result, bail, ensure};
use polars::prelude::*;
use std::collections::BTreeSet;
use tch::{Device, Kind, Tensor};

/// A whole-number target with more values than this is a number, not a class.
const MOST_CLASSES: usize = 10;

/// A table made ready for training.
pub struct Prepared {
    pub pipeline: Pipeline,
    pub target: Target,
    pub train: Rows,
    pub valid: Option<Rows>,
    pub test: Option<Rows>,
    /// Rows left out since their target was missing.
    pub without_target: usize,
}

/// The rows of one part.
pub struct Rows {
    /// The matrix that the model file's `forward` takes: `[n, inputs]` float64.
    pub raw: Tensor,
    /// What the network sees: `[n, features]` float32.
    pub x: Tensor,
    /// int64 classes `[n]`, or float32 `[n, 1]` in the scaled units of the target.
    pub y: Tensor,
    /// What each row weighs in the loss, float32 `[n]`.
    pub weight: Option<Tensor>,
    pub truth: Truth,
    pub counts: Counts,
}

/// The rows that a fit works on, and the part that each belongs to.
pub struct Divided {
    /// The rows whose target is known, in the order of the table; `parts` counts these.
    pub data: DataFrame,
    pub without_target: usize,
    pub classification: bool,
    pub parts: Parts,
}

/// Which rows have a target, whether it is a class, and which rows are trained on, validated with, and kept for the test.
pub fn divide(data: &DataFrame, config: &FitConfig, seed: u32, shown: &str) -> Result<Divided> {
    let (data, without_target) = with_target(data, config, shown)?;
    let classification = is_classification(&data, config, shown)?;
    let parts = parts(&data, config, classification, seed, shown)?;
    Ok(Divided { data, without_target, classification, parts })
}

/// Everything from the rows of `parts` up to the training; all constants come from the training rows alone.
pub fn prepare(rows: &Divided, parts: &Parts, config: &FitConfig, device: Device, shown: &str) -> Result<Prepared> {
    let Divided { data, without_target, classification, .. } = rows;
    let inputs = inputs(data, config, &parts.train, shown)?;
    let take = |rows: &[usize]| split::take(data, rows);
    let train_table = take(&parts.train)?;
    let train_raw = inputs.raw(&train_table, shown)?;
    ensure!(
        !train_raw.rows.is_empty(),
        "{shown}: no training row is left after those with missing values were dropped"
    );
    let pipeline = Pipeline::fit(&inputs, &train_raw)?;
    let target = Target::fit(&split::take(&train_table, &train_raw.rows)?, &config.target, *classification, shown)?;
    let module = module(&pipeline)?;
    let rows = |indices: &[usize]| -> Result<Option<Rows>> {
        if indices.is_empty() {
            return Ok(None);
        }
        let table = take(indices)?;
        let raw = inputs.raw(&table, shown)?;
        let kept = split::take(&table, &raw.rows)?;
        let matrix = tensors::from_columns(&raw.columns, Kind::Double, Device::Cpu)?;
        let x = module.call("forward", &matrix)?.f_to_device(device)?;
        let (y, truth) = target.code(&kept, &config.target, shown)?;
        let weight = weights(&kept, config, shown)?.map(|weight| weight.f_to_device(device)).transpose()?;
        Ok(Some(Rows { raw: matrix, x, y: y.f_to_device(device)?, weight, truth, counts: raw.counts }))
    };
    let train = rows(&parts.train)?.context("no training rows")?;
    let (valid, test) = (rows(&parts.valid)?, rows(&parts.test)?);
    Ok(Prepared { pipeline, target, train, valid, test, without_target: *without_target })
}

/// What `--task auto` comes to, and whether the target can be that.
fn is_classification(data: &DataFrame, config: &FitConfig, shown: &str) -> Result<bool> {
    let column = data.column(&config.target)?;
    let text = matches!(column.dtype(), DataType::String | DataType::Boolean | DataType::Categorical(..));
    let few = column.dtype().is_integer() && column.n_unique()? <= MOST_CLASSES;
    match config.task {
        Task::Auto => Ok(text || few),
        Task::Classification => Ok(true),
        Task::Regression if text => {
            number_values(data, &config.target, shown)?;
            bail!("{shown}: the target {} is {}, expected numbers for --task regression", config.target, column.dtype())
        }
        Task::Regression => Ok(false),
    }
}

/// The pipeline alone as a TorchScript module.
pub fn module(pipeline: &Pipeline) -> Result<Module> {
    let module = Module::new("Preprocess")?;
    fill(&module, pipeline)?;
    Ok(module)
}

/// Gives `module` the pipeline's buffers and its `forward`.
pub fn fill(module: &Module, pipeline: &Pipeline) -> Result<()> {
    for (name, buffer) in pipeline.buffers()? {
        module.buffer(&name, &buffer)?;
    }
    module.define(&pipeline.source()?)
}

/// The rows whose target is known.
fn with_target(data: &DataFrame, config: &FitConfig, shown: &str) -> Result<(DataFrame, usize)> {
    let names = table::names(data);
    let Ok(column) = data.column(&config.target) else {
        bail!("{shown}: --target: no column {}", unknown(&config.target, &names));
    };
    let rows: Vec<usize> =
        (0..data.height()).filter(|&row| !column.get(row).is_ok_and(|value| value.is_null())).collect();
    ensure!(!rows.is_empty(), "{shown}: the target {} is missing in every row", config.target);
    Ok((split::take(data, &rows)?, data.height() - rows.len()))
}

fn parts(data: &DataFrame, config: &FitConfig, classification: bool, seed: u32, shown: &str) -> Result<Parts> {
    if let Some(name) = &config.split_column {
        return parts_by_column(data, name, shown);
    }
    ensure!(classification || !config.stratify, "--stratify: needs classes, the target {} is a number", config.target);
    let groups = config.stratify.then(|| texts(data, &config.target, shown)).transpose()?;
    let groups = groups.map(|texts| texts.iter().map(|text| text.unwrap_or_default().to_string()).collect::<Vec<_>>());
    split::parts(data.height(), [config.split[0], config.split[1], config.split[2]], groups.as_deref(), seed)
}

/// The rows that the column `name` gives to each part.
fn parts_by_column(data: &DataFrame, name: &str, shown: &str) -> Result<Parts> {
    let mut parts = Parts::default();
    for (row, cell) in texts(data, name, shown)?.iter().enumerate() {
        match cell {
            Some("train") => parts.train.push(row),
            Some("valid") => parts.valid.push(row),
            Some("test") => parts.test.push(row),
            other => bail!(
                "{shown}: row {}, --split-column {name}: {:?}, expected train, valid or test",
                row + 1,
                other.unwrap_or_default()
            ),
        }
    }
    ensure!(!parts.train.is_empty(), "{shown}: --split-column {name}: no row says train");
    Ok(parts)
}

/// The rows' weights, if there is a column of them.
fn weights(rows: &DataFrame, config: &FitConfig, shown: &str) -> Result<Option<Tensor>> {
    let Some(name) = &config.sample_weight else { return Ok(None) };
    let weights = number_values(rows, name, shown)?;
    if let Some(wrong) = weights.iter().find(|weight| weight.is_nan() || **weight < 0.0) {
        bail!("{shown}: --sample-weight {name}: {wrong}, expected a number from 0 up in every row");
    }
    ensure!(weights.iter().sum::<f64>() > 0.0, "{shown}: --sample-weight {name}: every weight is 0");
    Ok(Some(Tensor::f_from_slice(&weights)?.f_to_kind(Kind::Float)?))
}

/// The columns to learn from, told apart by their types.
fn inputs(data: &DataFrame, config: &FitConfig, train: &[usize], shown: &str) -> Result<Inputs> {
    let names = table::names(data);
    for (flag, listed) in
        [("--features", &config.features), ("--drop", &config.drop), ("--categorical", &config.categorical)]
    {
        if let Some(stranger) = listed.iter().find(|name| !names.contains(name)) {
            bail!("{shown}: {flag}: no column {}", unknown(stranger, &names));
        }
    }
    let left_out: BTreeSet<&String> = [&config.id, &config.split_column, &config.sample_weight]
        .into_iter()
        .flatten()
        .chain(&config.drop)
        .chain([&config.target])
        .collect();
    let chosen = if config.features.is_empty() { &names } else { &config.features };
    let mut inputs = Inputs { numbers: vec![], categories: vec![] };
    for name in chosen.iter().filter(|name| !left_out.contains(name)) {
        let choice = config.choice(name)?;
        let text =
            matches!(data.column(name)?.dtype(), DataType::String | DataType::Boolean | DataType::Categorical(..));
        if text || config.categorical.contains(name) {
            refuse_numbers_as_text(data, name, config, shown)?;
            inputs.categories.push(Category::fit(name, data, train, &choice, shown)?);
        } else {
            inputs.numbers.push(Number { name: name.clone(), choice });
        }
    }
    ensure!(!inputs.names().is_empty(), "{shown}: no column is left to learn from beside the target {}", config.target);
    Ok(inputs)
}

/// A text column most of whose cells are numbers is a number column with a slip in it, not a category.
fn refuse_numbers_as_text(data: &DataFrame, name: &str, config: &FitConfig, shown: &str) -> Result<()> {
    if config.categorical.iter().any(|other| other == name) || *data.column(name)?.dtype() != DataType::String {
        return Ok(());
    }
    let cells = texts(data, name, shown)?;
    let number = |cell: &str| cell.trim().replace(',', "").parse::<f64>().is_ok();
    let present = cells.iter().flatten().count();
    let numbers = cells.iter().flatten().filter(|cell| number(cell)).count();
    if numbers * 2 <= present {
        return Ok(());
    }
    let slip = cells.iter().position(|cell| cell.is_some_and(|cell| cell.trim().parse::<f64>().is_err()));
    let row = slip.unwrap_or_default();
    bail!(
        "{shown}: row {}, column {name}: {:?} is not a number, while {numbers} of {present} cells are; write it as one, \
         name it with --na if it means missing, or take the column as categories with --categorical {name}",
        row + 1,
        cells.get(row).unwrap_or_default()
    );
}
