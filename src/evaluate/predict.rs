//! The predictions of a model file for the rows of a table.

use crate::checkpoint::{Checkpoint, Schema, TableModel};
use crate::data::location::Location;
use crate::data::table;
use crate::evaluate::predictions::{Predictions, outputs, probabilities, to_predictions};
use crate::preprocess::inputs::{Counts, Raw};
use crate::preprocess::tensors;
use anyhow::{Result, bail, ensure};
use polars::prelude::*;
use serde_json::Value;
use tch::{Device, Kind, Tensor};

/// Predictions, and what was missing or unknown in the rows.
pub struct Predicted {
    /// The column `id` if there is one, `prediction`, and for a classifier `probability_<class>` each.
    pub table: DataFrame,
    pub counts: Counts,
}

/// A batch of a table, and what a model of `fit` takes of it.
pub struct Asked {
    data: DataFrame,
    /// Rows before it.
    first: usize,
    table_model: Option<Taken>,
}

/// What a model of `fit` takes of some rows.
struct Taken {
    x: Tensor,
    /// The numbers in the batch of the rows of `x`.
    rows: Vec<u32>,
    counts: Counts,
}

impl Asked {
    /// # Errors
    /// Those of [`crate::preprocess::inputs::Inputs::raw`].
    pub fn of(data: DataFrame, first: usize, of_table: Option<&TableModel>, shown: &str) -> Result<Self> {
        let taken = |of_table: &TableModel| {
            let Raw { columns, rows, counts } = of_table.inputs.raw(&data, Location::after(shown, first))?;
            let x = tensors::from_columns(&columns, Kind::Double, Device::Cpu)?;
            anyhow::Ok(Taken { x, rows, counts })
        };
        Ok(Self { table_model: of_table.map(taken).transpose()?, data, first })
    }
}

/// The predictions for a batch of the table `shown`, a row each.
pub fn predictions(
    model: &Checkpoint,
    asked: Asked,
    id: Option<&str>,
    device: Device,
    shown: &str,
) -> Result<Predicted> {
    let (data, at) = (&asked.data, Location::after(shown, asked.first));
    let mut columns = Vec::new();
    if let Some(id) = id {
        let names = table::names(data).join(", ");
        ensure!(data.column(id).is_ok(), "{}: no column {id} (--id), its columns are {names}", at.file);
        columns.push(data.column(id)?.clone());
    }
    let (predicted_columns, counts) = match (&model.manifest.table, asked.table_model) {
        (Some(of_table), Some(taken)) => {
            (of_table_model(model, of_table, &taken, data.height(), (device, at))?, taken.counts)
        }
        _ => (of_tutorial(model, data, id, device, at)?, Counts::default()),
    };
    if let Some(twin) = predicted_columns.iter().find(|column| Some(column.name().as_str()) == id) {
        bail!("{}: column {}: an output has the same name; rename it, or name another with --id", at.file, twin.name());
    }
    columns.extend(predicted_columns);
    Ok(Predicted { table: DataFrame::new(data.height(), columns)?, counts })
}

/// The predictions of a model of `fit`, which treats missing values and unseen categories as it was fitted to. A row
/// that it drops has no prediction.
fn of_table_model(
    model: &Checkpoint,
    of_table: &TableModel,
    taken: &Taken,
    height: usize,
    (device, at): (Device, Location<'_>),
) -> Result<Vec<Column>> {
    let place = |values: Vec<f64>| {
        let mut all = vec![None; height];
        taken.rows.iter().zip(values).for_each(|(&row, value)| all[row as usize] = Some(value));
        all
    };
    let outputs = outputs(&model.module, "forward", &taken.x.f_to_device(device)?)?;
    let predictions = to_predictions(&outputs, &of_table.target)?;
    let rows: Vec<u32> = taken.rows.iter().map(|&row| at.index(row as usize) as u32).collect();
    predictions.check_finite(Location::picked(at.file, &rows))?;
    Ok(match predictions {
        Predictions::Numbers(values) => vec![Column::new("prediction".into(), place(values))],
        Predictions::Classes { predicted, probabilities } => {
            // Not the manifest's, in which an earlier lockstep wrote the text 007 as the number 7.
            let classes = of_table.target.class_labels().unwrap_or_default();
            let mut index = vec![None; height];
            taken.rows.iter().zip(&predicted).for_each(|(&row, &class)| index[row as usize] = Some(class));
            let mut columns = vec![labels(&classes, &index)];
            for (position, class) in classes.iter().enumerate() {
                let values = probabilities.iter().skip(position).step_by(classes.len()).copied().collect();
                columns.push(Column::new(probability(class), place(values)));
            }
            columns
        }
    })
}

/// The predictions of a model of one of the tutorial's programs, which takes its features as numbers, in their order.
fn of_tutorial(
    model: &Checkpoint,
    data: &DataFrame,
    id: Option<&str>,
    device: Device,
    at: Location<'_>,
) -> Result<Vec<Column>> {
    let schema = &model.manifest.schema;
    check_columns(data, schema, id, at)?;
    let features = table::numbers(data, &schema.features, at)?;
    let kind = if schema.dtype == "float64" { Kind::Double } else { Kind::Float };
    let x = tensors::from_table(&features, kind, device)?;
    match &model.manifest.classes {
        Some(classes) => classified(model, classes, &x),
        None => Ok(vec![Column::new("prediction".into(), doubles(&model.module.call("predict", &x)?)?)]),
    }
}

/// scikit-learn's rule for named features: all of them, in the order of the fit, and no others. The target and `id`
/// may stand among them.
fn check_columns(data: &DataFrame, schema: &Schema, id: Option<&str>, at: Location<'_>) -> Result<()> {
    let names = table::names(data);
    let expected = schema.features.join(", ");
    for feature in &schema.features {
        ensure!(names.contains(feature), "{}: no column {feature}, the model's features are {expected}", at.file);
    }
    let found: Vec<&String> =
        names.iter().filter(|name| **name != schema.target && Some(name.as_str()) != id).collect();
    if let Some(extra) = found.iter().find(|name| !schema.features.contains(name)) {
        bail!(
            "{}: column {extra} is not a feature of the model ({expected}): leave it out, or name it with --id",
            at.file
        );
    }
    ensure!(
        found.iter().copied().eq(&schema.features),
        "{}: the model's features are {expected}, in this order",
        at.file
    );
    Ok(())
}

/// Probabilities from `forward(x)`, and the class that the model's own `predict` gives.
fn classified(model: &Checkpoint, classes: &[Value], x: &Tensor) -> Result<Vec<Column>> {
    let logits = model.module.call("forward", x)?;
    let (rows, found) = (x.size()[0], logits.size());
    ensure!(
        found == [rows, classes.len() as i64],
        "the model's forward gives {found:?} for {rows} rows and {} classes",
        classes.len()
    );
    let probabilities = probabilities(&logits)?;
    let index = Vec::<i64>::try_from(model.module.call("predict", x)?.f_to_device(Device::Cpu)?)?;
    let mut columns = vec![labels(classes, &index.into_iter().map(Some).collect::<Vec<_>>())];
    for (position, class) in classes.iter().enumerate() {
        columns.push(Column::new(probability(class), doubles(&probabilities.f_select(1, position as i64)?)?));
    }
    Ok(columns)
}

/// The column `prediction`: whole numbers if all classes are, else text.
fn labels(classes: &[Value], index: &[Option<i64>]) -> Column {
    let class = |index: &Option<i64>| classes.get((*index)? as usize);
    let name = "prediction".into();
    if classes.iter().all(Value::is_i64) {
        let labels: Vec<Option<i64>> = index.iter().map(|index| class(index)?.as_i64()).collect();
        return Column::new(name, labels);
    }
    let labels: Vec<Option<String>> = index.iter().map(|index| class(index).map(text)).collect();
    Column::new(name, labels)
}

fn probability(class: &Value) -> PlSmallStr {
    format!("probability_{}", text(class)).into()
}

fn text(class: &Value) -> String {
    class.as_str().map_or_else(|| class.to_string(), str::to_string)
}

fn doubles(tensor: &Tensor) -> Result<Vec<f64>> {
    Ok(Vec::try_from(tensor.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?.f_contiguous()?.f_view(-1)?)?)
}
