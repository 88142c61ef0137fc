//! How far the score falls with a column shuffled, on as many of the held-out rows, and for as many columns, as there is time
//! for.

mod extent;

use super::prepare::{Prepared, Rows};
use super::train::Network;
use crate::cpu::room::{free, shown};
use crate::evaluate::metrics::{accuracy, r2};
use crate::evaluate::predictions::{Predictions, answers, outputs};
use crate::evaluate::{Importance, Shuffling, permutation_importance};
use crate::fit::settings::ImportanceRows;
use crate::preprocess::target::Labels;
use crate::torch::script::Module;
use anyhow::{Context, Result};
use extent::{Extent, heaviest};
use serde_json::{Value, json};
use tch::Tensor;

/// The repeats of `sklearn.inspection.permutation_importance`.
const REPEATS: usize = 5;

/// The importance of each input column, and what it was computed from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ColumnImportance {
    /// How far accuracy or R² falls on the held-out rows with an input column shuffled, in the order of `inputs`; empty
    /// where it was not computed.
    pub columns: Vec<Importance>,
    /// The input columns that were shuffled: all, or those with the largest weights in the first layer.
    pub inputs: Vec<usize>,
    /// Input columns that there are.
    pub of_inputs: usize,
    /// The part that the rows are of.
    pub part: &'static str,
    /// The rows that were shuffled, of all the part's.
    pub rows: usize,
    pub of: usize,
    /// Why it was not computed, where nobody asked for that.
    pub left_out: Option<String>,
}

/// What the network is asked about.
pub struct HeldOut<'a> {
    pub prepared: &'a Prepared,
    pub network: &'a Network,
    pub module: &'a Module,
    pub part: &'static str,
    pub rows: &'a Rows,
    /// Accuracy or R² of all of them, where it is defined.
    pub whole: Option<f64>,
}

impl HeldOut<'_> {
    /// Shuffles the features of each input column. `passed` is told how many passes of how many are done.
    pub fn importance(
        &self,
        wanted: ImportanceRows,
        seed: u32,
        passed: &mut dyn FnMut(usize, usize) -> Result<()>,
    ) -> Result<ColumnImportance> {
        let (all, of) = (self.columns(), self.rows.x.rows() as usize);
        let extent = Extent::of(wanted, all.len(), of, self.network.net.count());
        let mut found = ColumnImportance { part: self.part, of, of_inputs: all.len(), ..ColumnImportance::default() };
        let Some(Extent { columns, rows }) = extent else {
            found.left_out = Some(self.too_large(all.len(), of));
            return Ok(found);
        };
        if rows > 0 && self.whole.is_none() {
            let name = self.prepared.target.score();
            found.left_out = Some(format!("importance was left out: {name} of {of} {} rows is not defined", self.part));
        } else if let Some(why) = self.too_wide(rows) {
            found.left_out = Some(why);
        } else if let Some(whole) = self.whole.filter(|_| rows > 0) {
            let inputs = self.chosen(&all, columns)?;
            let columns: Vec<Vec<i64>> = inputs.iter().map(|&input| all[input].clone()).collect();
            let shuffling = Shuffling { columns: &columns, rows, repeats: REPEATS, seed };
            let x = &self.rows.x;
            let (score, passes) = (|x: &Tensor, rows: Option<&[usize]>| self.score(x, rows), columns.len() * REPEATS);
            found.columns = permutation_importance(score, whole, x, shuffling, &mut |pass| passed(pass, passes))?;
            (found.inputs, found.rows) = (inputs, rows);
        }
        Ok(found)
    }

    /// Why so many rows of coded features, a matrix of which would be shuffled, are not.
    fn too_wide(&self, rows: usize) -> Option<String> {
        let x = &self.rows.x;
        let bytes = rows as u128 * x.width() as u128 * 4;
        let fits = x.matrix().is_some() || free().is_none_or(|free| 2 * bytes <= free);
        (!fits).then(|| {
            let (width, bytes) = (x.width(), shown(bytes));
            format!("importance was left out: {rows} rows of {width} features need {bytes}; ask for fewer with --importance N")
        })
    }

    fn too_large(&self, columns: usize, of: usize) -> String {
        format!(
            "importance was left out: {columns} columns shuffled {REPEATS} times each are {} passes of {of} {} rows \
             through {} parameters; ask for it with --importance all, or of N rows with --importance N",
            columns * REPEATS,
            self.part,
            self.network.net.count()
        )
    }

    /// The input columns to shuffle, in their order.
    fn chosen(&self, columns: &[Vec<i64>], most: usize) -> Result<Vec<usize>> {
        match self.network.net.linear_weights().next() {
            Some(weights) if most < columns.len() => heaviest(weights, columns, most),
            _ => Ok((0..columns.len()).collect()),
        }
    }

    /// The features that each input column becomes. What shuffles these together shuffles the column: a row's features
    /// depend on nothing but the row.
    fn columns(&self) -> Vec<Vec<i64>> {
        let mut columns = vec![Vec::new(); self.prepared.pipeline.inputs.names().len()];
        for (index, feature) in self.prepared.pipeline.features().iter().enumerate() {
            columns[feature.input].push(index as i64);
        }
        columns
    }

    /// Accuracy or R² of rows as the network sees them, all or some; an error where it is not defined.
    fn score(&self, x: &Tensor, rows: Option<&[usize]>) -> Result<f64> {
        let labels = &self.rows.labels;
        let taken = rows.map(|rows| labels.take(rows));
        let predictions = answers(&outputs(self.module, "network", x)?, &self.prepared.target)?;
        let score = match (predictions, taken.as_ref().unwrap_or(labels)) {
            (Predictions::Classes { predicted, .. }, Labels::Classes(truth)) => accuracy(truth, &predicted),
            (Predictions::Numbers(predicted), Labels::Numbers(truth)) => r2(truth, &predicted),
            _ => None,
        };
        score.with_context(|| format!("{} is not defined", self.prepared.target.score()))
    }
}

impl ColumnImportance {
    /// What it was computed from, as the summary has it. The columns are named in a wide table only, of which some were left out.
    pub fn summary(&self) -> Value {
        let mut from = json!({"part": self.part, "rows": self.rows, "of": self.of, "repeats": REPEATS});
        if self.is_partial() {
            from["columns"] = self.inputs.len().into();
            from["of_columns"] = self.of_inputs.into();
            from["columns_by"] = "largest weights in the first layer".into();
        }
        from
    }

    /// The same for people, or why there is none; nothing where none was asked for.
    pub fn text(&self) -> Option<String> {
        if self.left_out.is_some() || self.columns.is_empty() {
            return self.left_out.clone();
        }
        let rows = if self.rows == self.of { "all".into() } else { format!("{} of", self.rows) };
        let Self { part, of, .. } = self;
        if !self.is_partial() {
            return Some(format!("importance: each column shuffled {REPEATS} times among {rows} {of} {part} rows"));
        }
        Some(format!(
            "importance: {} of {} columns, those with the largest weights in the first layer, each shuffled {REPEATS} times \
             among {rows} {of} {part} rows; there is no time for the others unless you say --importance all",
            self.inputs.len(),
            self.of_inputs
        ))
    }

    /// Whether some columns were left out.
    fn is_partial(&self) -> bool {
        !self.inputs.is_empty() && self.inputs.len() < self.of_inputs
    }

    /// The names of the columns that were shuffled, of all the inputs' `names`.
    pub fn names(&self, names: &[String]) -> Vec<String> {
        self.inputs.iter().map(|&input| names[input].clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_it_was_computed_from() {
        let of = |columns: Vec<Importance>, rows, of_inputs| {
            let inputs = (0..columns.len()).collect();
            ColumnImportance { columns, inputs, of_inputs, part: "test", rows, of: 40, left_out: None }
        };
        let one = vec![Importance { mean: 0.5, std: 0.0 }];
        assert_eq!(
            of(one.clone(), 40, 1).text().unwrap(),
            "importance: each column shuffled 5 times among all 40 test rows"
        );
        assert_eq!(
            of(one.clone(), 7, 1).text().unwrap(),
            "importance: each column shuffled 5 times among 7 of 40 test rows"
        );
        assert_eq!(of(vec![], 0, 1).text(), None);
        let some = of(one, 40, 3);
        assert!(some.text().unwrap().starts_with("importance: 1 of 3 columns, those with the largest weights"));
        assert_eq!((&some.summary()["columns"], &some.summary()["of_columns"]), (&1.into(), &3.into()));
        assert_eq!(some.names(&["a".into(), "b".into(), "c".into()]), ["a"]);
    }
}
