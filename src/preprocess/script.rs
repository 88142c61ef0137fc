//! The pipeline in TorchScript: the same code prepares the training rows here and raw rows in anybody's Python.

use super::choices::{Encode, Unseen};
use super::dates;
use super::inputs::Category;
use super::pipeline::{NumberStep, Pipeline};
use crate::torch::safetensors::Named;
use anyhow::Result;
use std::fmt::Write;
use tch::Tensor;

/// dtypes by their number, as TorchScript has them: float64, float32. Each part is rounded to float32 by itself, for one-hot
/// columns of many categories would be twice as large in float64.
const FLOAT64: i64 = 7;
const FLOAT32: i64 = 6;

impl Pipeline {
    /// The constants that [`Pipeline::source`] refers to as buffers, float64.
    pub fn constants(&self) -> Vec<(String, Vec<f64>)> {
        let column = |of: fn(&NumberStep) -> f64| self.numbers.iter().map(of).collect();
        let mut constants = Vec::new();
        if !self.numbers.is_empty() {
            constants.push(("fill".into(), column(|step| step.fill.unwrap_or(f64::NAN))));
            constants.push(("center".into(), column(|step| step.center)));
            constants.push(("scale".into(), column(|step| step.scale)));
        }
        for (index, column) in self.inputs.categories.iter().enumerate() {
            if column.choice.encode == Encode::Onehot {
                constants.push((format!("codes{index}"), (0..column.slots()).map(|code| code as f64).collect()));
            }
        }
        constants
    }

    /// [`Pipeline::constants`] as tensors.
    pub fn buffers(&self) -> Result<Named> {
        let tensor = |(name, values): (String, Vec<f64>)| Ok((name, Tensor::f_from_slice(&values)?));
        self.constants().into_iter().map(tensor).collect()
    }

    /// `forward(x)`: raw matrix `[n, inputs]` of any float dtype to features `[n, features]`, float32.
    pub fn source(&self) -> Result<String> {
        let numbers = self.inputs.numbers.len();
        let mut text = format!("def forward(self, x):\n    x = torch.to(x, {FLOAT64})\n");
        let mut parts = Vec::new();
        if !self.numbers.is_empty() {
            let mut columns = vec![format!("x[:, 0:{numbers}]")];
            for (index, column) in self.inputs.dates.iter().enumerate() {
                writeln!(text, "    seconds = x[:, {}:{}]", numbers + index, numbers + index + 1)?;
                text += dates::CALENDAR;
                for part in &column.parts {
                    writeln!(text, "    date{} = {}", columns.len(), part.expression())?;
                    columns.push(format!("date{}", columns.len()));
                }
            }
            writeln!(text, "    numbers = torch.cat([{}], 1)", columns.join(", "))?;
            writeln!(text, "    missing = torch.isnan(numbers)")?;
            writeln!(text, "    filled = torch.where(missing, self.fill, numbers)")?;
            writeln!(text, "    scaled = (filled - self.center) / self.scale")?;
            parts.push(format!("torch.to(scaled, {FLOAT32})"));
        }
        let indicated = self.inputs.choices().take(numbers + self.inputs.dates.len()).enumerate();
        for (index, _) in indicated.filter(|(_, (_, choice))| choice.indicator) {
            parts.push(format!("torch.to(torch.isnan(x[:, {index}:{}]), {FLOAT32})", index + 1));
        }
        for (index, column) in self.inputs.categories.iter().enumerate() {
            self.category(index, column, &mut text)?;
            parts.push(format!("part{index}"));
        }
        writeln!(text, "    return torch.cat([{}], 1)", parts.join(", "))?;
        Ok(text)
    }

    fn category(&self, index: usize, column: &Category, text: &mut String) -> Result<()> {
        let place = self.inputs.numbers.len() + self.inputs.dates.len() + index;
        writeln!(text, "    code{index} = x[:, {place}:{}]", place + 1)?;
        if let Some(fill) = self.category_fill[index] {
            writeln!(text, "    code{index} = torch.nan_to_num(code{index}, {fill:?})")?;
        }
        match (column.choice.encode, column.choice.unseen) {
            (Encode::Onehot, _) => {
                writeln!(text, "    part{index} = torch.to(torch.eq(code{index}, self.codes{index}), {FLOAT32})")?;
            }
            (Encode::Label, Unseen::Ignore) => {
                let unseen = format!("torch.ge(code{index}, {:?})", column.values.len() as f64);
                let known = format!("torch.masked_fill(code{index}, {unseen}, -1.0)");
                writeln!(text, "    part{index} = torch.to({known}, {FLOAT32})")?;
            }
            (Encode::Label, _) => writeln!(text, "    part{index} = torch.to(code{index}, {FLOAT32})")?,
        }
        Ok(())
    }
}

impl Category {
    /// Number of one-hot columns.
    pub fn slots(&self) -> usize {
        self.values.len() + usize::from(self.choice.unseen == Unseen::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::super::choices::{ColumnChoice, Impute, Scale};
    use super::super::dates::{Date, DatePart};
    use super::super::inputs::{Inputs, Number, Raw};
    use super::super::tensors;
    use super::*;
    use crate::data::location::Location;
    use crate::torch::script::Module;
    use polars::prelude::*;
    use tch::{Device, Kind};

    fn table() -> DataFrame {
        df!("a" => [Some(1.0), None, Some(3.0), Some(10.0)], "b" => [2, 2, 4, 8],
            "c" => [Some("x"), Some("y"), None, Some("x")])
        .unwrap()
    }

    fn inputs(number: ColumnChoice, category: ColumnChoice) -> Inputs {
        let numbers = ["a", "b"].map(|name| Number { name: name.into(), choice: number.clone() }).to_vec();
        let c = Category { name: "c".into(), values: vec!["x".into(), "y".into()].into(), choice: category };
        Inputs { numbers, dates: vec![], categories: vec![c] }
    }

    fn features(inputs: &Inputs, data: &DataFrame) -> (Vec<Vec<f32>>, Vec<String>, Raw) {
        let train = inputs.raw(&table(), Location::start("t")).unwrap();
        let pipeline = Pipeline::fit(inputs, |index| Ok(train.columns[index].clone())).unwrap();
        let module = Module::new("Preprocess").unwrap();
        for (name, buffer) in pipeline.buffers().unwrap() {
            module.buffer(&name, &buffer).unwrap();
        }
        module.define(&pipeline.source().unwrap()).unwrap();
        let raw = inputs.raw(data, Location::start("t")).unwrap();
        let x = tensors::from_columns(&raw.columns, Kind::Double, Device::Cpu).unwrap();
        let y = module.call("forward", &x).unwrap();
        let width = y.size()[1] as usize;
        let flat = Vec::<f32>::try_from(y.contiguous().view(-1)).unwrap();
        let names = pipeline.features().into_iter().map(|feature| feature.name).collect();
        (flat.chunks(width).map(<[f32]>::to_vec).collect(), names, raw)
    }

    // ColumnTransformer([("n", make_pipeline(SimpleImputer(strategy="median", add_indicator=False), StandardScaler()), ["a", "b"]),
    //                    ("c", make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()), ["c"])])
    //     .fit_transform(table).astype(np.float32)
    #[test]
    fn imputed_scaled_and_encoded_as_scikit_learn_does() {
        let choice = ColumnChoice { impute: Impute::Median, ..ColumnChoice::default() };
        let (rows, names, raw) = features(&inputs(choice.clone(), choice), &table());
        assert_eq!(names, ["a", "b", "c=x", "c=y"]);
        assert_eq!(rows[0], [-0.95065415, -0.8164966, 1.0, 0.0]);
        assert_eq!(rows[1], [-0.3656362, -0.8164966, 0.0, 1.0]);
        assert_eq!(rows[2], [-0.3656362, 0.0, 1.0, 0.0]);
        assert_eq!(rows[3], [1.6819266, 1.6329932, 1.0, 0.0]);
        assert_eq!(raw.counts.imputed, [("a".to_string(), 1), ("c".to_string(), 1)].into());
    }

    #[test]
    fn an_indicator_marks_what_was_missing_and_label_coding_gives_the_index() {
        let number = ColumnChoice { indicator: true, scale: Scale::None, ..ColumnChoice::default() };
        let label = ColumnChoice { encode: Encode::Label, unseen: Unseen::Ignore, ..ColumnChoice::default() };
        let inputs = inputs(number, label);
        let other = df!("a" => [None, Some(5.0)], "b" => [1.0, 2.0], "c" => ["new", "y"]).unwrap();
        let (rows, names, raw) = features(&inputs, &other);
        assert_eq!(names, ["a", "b", "a missing", "b missing", "c"]);
        assert_eq!(rows[0], [14.0 / 3.0, 1.0, 1.0, 0.0, -1.0]);
        assert_eq!(rows[1], [5.0, 2.0, 0.0, 0.0, 1.0]);
        assert_eq!(raw.counts.unseen, [("c".to_string(), 1)].into());
    }

    #[test]
    fn a_date_is_taken_apart_in_torchscript_as_here() {
        let cells = ["1899-12-31T06:30:00", "2024-02-29T23:59:30", "2000-03-01", "1970-01-01", "2100-12-31T12:00:00"];
        let names = DatePart::NAMES.iter().map(|name| name.parse().unwrap()).collect::<Vec<DatePart>>();
        let choice =
            ColumnChoice { scale: Scale::None, impute: Impute::Constant("-7".into()), ..ColumnChoice::default() };
        let date = Date { name: "d".into(), parts: names.clone(), choice };
        let inputs = Inputs { numbers: vec![], dates: vec![date], categories: vec![] };
        let data = df!("d" => cells.iter().copied().map(Some).chain([None]).collect::<Vec<_>>()).unwrap();
        let seconds = inputs.raw(&data, Location::start("t")).unwrap().columns.remove(0);
        let pipeline = Pipeline::fit(&inputs, |_| Ok(seconds.clone())).unwrap();
        let module = Module::new("Preprocess").unwrap();
        pipeline.buffers().unwrap().iter().for_each(|(name, buffer)| module.buffer(name, buffer).unwrap());
        module.define(&pipeline.source().unwrap()).unwrap();
        let x = module.call(
            "forward",
            &tensors::from_columns(std::slice::from_ref(&seconds), Kind::Double, Device::Cpu).unwrap(),
        );
        let x = x.unwrap();
        for (row, second) in seconds.iter().enumerate() {
            let found = Vec::<f32>::try_from(x.get(row as i64)).unwrap();
            let expected = names.iter().map(|part| if second.is_nan() { -7.0 } else { part.of(*second) as f32 });
            assert_eq!(found, expected.collect::<Vec<_>>(), "row {row}");
        }
        let features: Vec<String> = pipeline.features().into_iter().map(|feature| feature.name).collect();
        assert_eq!(features[..2], ["d.year", "d.month"]);
    }

    #[test]
    fn an_unseen_category_is_an_error_nothing_or_a_code_of_its_own() {
        let other = df!("a" => [1.0], "b" => [1.0], "c" => ["new"]).unwrap();
        let with = |unseen| inputs(ColumnChoice::default(), ColumnChoice { unseen, ..ColumnChoice::default() });
        let error = with(Unseen::Error).raw(&other, Location::start("t.csv")).unwrap_err().to_string();
        assert!(error.contains("t.csv: row 1, column c: category \"new\""), "{error}");
        assert_eq!(features(&with(Unseen::Ignore), &other).0[0][2..], [0.0, 0.0]);
        assert_eq!(features(&with(Unseen::Other), &other).0[0][2..], [0.0, 0.0, 1.0]);
    }

    #[test]
    fn rows_with_a_missing_value_are_dropped_or_refused_on_request() {
        let choice = |impute| ColumnChoice { impute, ..ColumnChoice::default() };
        let dropped =
            inputs(choice(Impute::Drop), ColumnChoice::default()).raw(&table(), Location::start("t")).unwrap();
        assert_eq!((dropped.rows, dropped.counts.dropped_rows), (vec![0, 2, 3], 1));
        let error = inputs(choice(Impute::Error), ColumnChoice::default())
            .raw(&table(), Location::start("t"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("row 2, column a: missing"), "{error}");
    }
}
