//! How far the score falls with a column shuffled, on as many of the held-out rows as there is time for.

use super::prepare::{Prepared, Rows};
use super::train::Network;
use crate::evaluate::metrics::{accuracy, r2};
use crate::evaluate::predictions::{Predictions, answers, outputs};
use crate::evaluate::{Importance, Shuffling, permutation_importance};
use crate::fit::settings::ImportanceRows;
use crate::preprocess::target::Labels;
use crate::torch::script::Module;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use tch::Tensor;

/// The repeats of `sklearn.inspection.permutation_importance`.
const REPEATS: usize = 5;

/// What `--importance auto` may take: multiplications, of which a core does some ten thousand million in a second.
const BUDGET: f64 = 1e10;
/// What a pass takes beside those of the network, in multiplications.
const PASS: f64 = 2e5;
/// With fewer rows, of more, an importance would be noise.
const FEWEST: usize = 500;

/// The importance of each input column, and what it was computed from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ColumnImportance {
    /// How far accuracy or R² falls on the held-out rows with an input column shuffled, in the order of the inputs; empty
    /// where it was not computed.
    pub columns: Vec<Importance>,
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
}

impl HeldOut<'_> {
    /// Shuffles the features of each input column. `passed` is told how many passes of how many are done.
    pub fn importance(
        &self,
        wanted: ImportanceRows,
        seed: u32,
        passed: &mut dyn FnMut(usize, usize) -> Result<()>,
    ) -> Result<ColumnImportance> {
        let (columns, of) = (self.columns(), self.rows.x.size()[0] as usize);
        let passes = columns.len() * REPEATS;
        let rows = match wanted {
            ImportanceRows::None => 0,
            ImportanceRows::All => of,
            ImportanceRows::AtMost(rows) => rows.min(of),
            ImportanceRows::Auto => affordable(passes, self.network.net.count()).min(of),
        };
        let mut found = ColumnImportance { part: self.part, of, ..ColumnImportance::default() };
        if wanted == ImportanceRows::Auto && rows < of.min(FEWEST) {
            found.left_out = Some(format!(
                "importance was left out: {} columns shuffled {REPEATS} times each are {passes} passes of {of} {} rows \
                 through {} parameters; ask for it with --importance all, or of N rows with --importance N",
                columns.len(),
                self.part,
                self.network.net.count()
            ));
        } else if rows > 0 && self.score(&self.rows.x, None).is_err() {
            let name = self.prepared.target.score();
            found.left_out = Some(format!("importance was left out: {name} of {of} {} rows is not defined", self.part));
        } else if rows > 0 {
            let shuffling = Shuffling { columns: &columns, rows, repeats: REPEATS, seed };
            let score = |x: &Tensor, rows: Option<&[usize]>| self.score(x, rows);
            found.columns = permutation_importance(score, &self.rows.x, shuffling, &mut |pass| passed(pass, passes))?;
            found.rows = rows;
        }
        Ok(found)
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

    /// Accuracy or R² of rows as the network sees them; an error where it is not defined.
    fn score(&self, x: &Tensor, rows: Option<&[usize]>) -> Result<f64> {
        let (target, labels) = (&self.prepared.target, &self.rows.labels);
        let taken = rows.map(|rows| labels.take(rows));
        let score = match (answers(&outputs(self.module, "network", x)?, target)?, taken.as_ref().unwrap_or(labels)) {
            (Predictions::Classes { predicted, .. }, Labels::Classes(truth)) => accuracy(truth, &predicted),
            (Predictions::Numbers(predicted), Labels::Numbers(truth)) => r2(truth, &predicted),
            _ => None,
        };
        score.with_context(|| format!("{} is not defined", target.score()))
    }
}

/// The rows of which so many passes through so many parameters are within the budget.
fn affordable(passes: usize, parameters: i64) -> usize {
    ((BUDGET / passes.max(1) as f64 - PASS) / parameters.max(1) as f64).max(0.0) as usize
}

impl ColumnImportance {
    /// What it was computed from, as the summary has it.
    pub fn summary(&self) -> Value {
        json!({"part": self.part, "rows": self.rows, "of": self.of, "repeats": REPEATS})
    }

    /// The same for people, or why there is none; nothing where none was asked for.
    pub fn text(&self) -> Option<String> {
        if self.left_out.is_some() || self.columns.is_empty() {
            return self.left_out.clone();
        }
        let rows = if self.rows == self.of { "all".into() } else { format!("{} of", self.rows) };
        let Self { part, of, .. } = self;
        Some(format!("importance: each column shuffled {REPEATS} times among {rows} {of} {part} rows"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_of_rows_times_parameters_times_passes() {
        // 2,000 columns, 5 repeats: 10,000 passes of 1e6 multiplications each, 2e5 of them not the network's.
        assert_eq!(affordable(10_000, 100_000), 8);
        assert_eq!(affordable(50, 1_000), 199_800);
        assert_eq!(affordable(100_000, 1_300_000), 0);
        assert_eq!(affordable(0, 0), 9_999_800_000);
    }

    #[test]
    fn it_says_what_it_was_computed_from() {
        let of =
            |columns: Vec<Importance>, rows| ColumnImportance { columns, part: "test", rows, of: 40, left_out: None };
        let one = vec![Importance { mean: 0.5, std: 0.0 }];
        assert_eq!(
            of(one.clone(), 40).text().unwrap(),
            "importance: each column shuffled 5 times among all 40 test rows"
        );
        assert_eq!(of(one, 7).text().unwrap(), "importance: each column shuffled 5 times among 7 of 40 test rows");
        assert_eq!(of(vec![], 0).text(), None);
    }
}
