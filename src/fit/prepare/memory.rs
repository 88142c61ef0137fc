//! The features of all rows are in memory while a network is trained on them, or in a file where they are too many; and a one-hot
//! column of many categories may ask for more than any machine has. What cannot be had is refused before it is taken, for the
//! system would end the process.

use super::PartRows;
use crate::cpu::room::{free, shown};
use crate::fit::settings::FitPlan;
use crate::preprocess::choices::Encode;
use crate::preprocess::inputs::Category;
use crate::preprocess::pipeline::Pipeline;
use crate::train::features::Layout;
use anyhow::{Result, bail};

/// Columns that an error names.
const NAMED: usize = 3;

/// Features that are to be in a file.
pub struct InFile {
    /// A sentence that says so.
    pub why: String,
    /// Rows whose places in it are written at once: those of a quarter of the free memory, for rows are in a drawn order, and one that
    /// is written to a page that memory has let go has to be read first.
    pub rows: usize,
}

/// What a table's features are made by.
pub struct Room<'a> {
    pub pipeline: &'a Pipeline,
    /// Which features are kept as codes.
    pub layout: Option<&'a Layout>,
    pub parts: &'a [PartRows; 3],
    pub config: &'a FitPlan,
}

impl Room<'_> {
    /// How the features of the table `table` are kept in a file, where they take more than half of the memory that is free.
    ///
    /// # Errors
    /// Where columns of many categories ask for more than there is: how much they need, which columns they are, and the ways out.
    pub fn check(&self, table: &str) -> Result<Option<InFile>> {
        let Some(free) = free() else { return Ok(None) };
        let (rows, batch) = self.matrix();
        if let Some(refusal) = refusal(self.pipeline, rows, batch, free) {
            bail!("{table}: {refusal}");
        }
        let of_row = bytes_of_row(self.pipeline, self.layout) as u128;
        let bytes = self.rows() as u128 * of_row;
        if bytes <= free / 2 {
            return Ok(None);
        }
        let (needed, there, folder) = (shown(bytes), shown(free), std::env::temp_dir());
        let why = format!(
            "features of {needed} are kept in a file in {} (TMPDIR), for {there} of memory are free",
            folder.display()
        );
        let rows = (free / 4 / of_row.max(1)) as usize;
        Ok(Some(InFile { why, rows: rows.max(1) }))
    }

    /// The rows of which every feature is in memory at once: all, or where there are codes those of a batch in Python's order of
    /// operations, with whether they are that.
    fn matrix(&self) -> (usize, bool) {
        let [train, ..] = self.parts;
        match (self.layout, self.config.engine.is_exact()) {
            (None, _) => (self.rows(), false),
            (Some(_), true) => (self.config.train().batch_size.unwrap_or(usize::MAX).min(train.rows.len()), true),
            (Some(_), false) => (0, false),
        }
    }

    fn rows(&self) -> usize {
        self.parts.iter().map(|part| part.rows.len()).sum()
    }
}

/// The bytes that are kept of the features of a row.
fn bytes_of_row(pipeline: &Pipeline, layout: Option<&Layout>) -> usize {
    match layout {
        Some(layout) => layout.rest.len() * size_of::<f32>() + layout.blocks.len() * size_of::<i64>(),
        None => pipeline.features().len() * size_of::<f32>(),
    }
}

fn refusal(pipeline: &Pipeline, rows: usize, batch: bool, free: u128) -> Option<String> {
    let features = pipeline.features().len();
    let bytes = (rows * features * size_of::<f32>()) as u128;
    if bytes <= free {
        return None;
    }
    let (of, smaller) = match batch {
        true => ("a batch of ", "a smaller --batch-size or --engine fused needs less, "),
        false => ("", ""),
    };
    let needs =
        format!("{features} features of {of}{rows} rows need {} of memory, and {} are free", shown(bytes), shown(free));
    let mut wide: Vec<&Category> = pipeline.inputs.categories.iter().collect();
    wide.retain(|column| column.choice.encode == Encode::Onehot && column.slots() * 10 >= features);
    wide.sort_by_key(|column| std::cmp::Reverse(column.slots()));
    wide.truncate(NAMED);
    let widest = wide.first()?;
    let counts: Vec<String> =
        wide.iter().map(|column| format!("{} has {} categories", column.name, column.values.len())).collect();
    let names: Vec<&str> = wide.iter().map(|column| column.name.as_str()).collect();
    Some(format!(
        "{needs}; {}, a feature each: {smaller}--column {}:encode=label makes a single feature of a column, --encode label of every one, \
         --drop {} leaves them out",
        counts.join(", "),
        widest.name,
        names.join(",")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::choices::ColumnChoice;
    use crate::preprocess::inputs::{Inputs, Number};

    fn pipeline(columns: &[(&str, usize, Encode)]) -> Pipeline {
        let category = |&(name, count, encode): &(&str, usize, Encode)| Category {
            name: name.into(),
            values: (0..count).map(|value| value.to_string()).collect::<Vec<_>>().into(),
            choice: ColumnChoice { encode, ..ColumnChoice::default() },
        };
        let numbers = vec![Number { name: "a".into(), choice: ColumnChoice::default() }];
        let inputs = Inputs { numbers, dates: vec![], categories: columns.iter().map(category).collect() };
        Pipeline::fit(&inputs, |_| Ok(vec![0.0, 1.0])).unwrap()
    }

    #[test]
    fn what_fits_is_not_refused() {
        let pipeline = pipeline(&[("user", 999, Encode::Onehot)]);
        assert_eq!(refusal(&pipeline, 1_000, false, 4_000_000), None);
        assert!(refusal(&pipeline, 1_000, false, 3_999_999).is_some());
    }

    #[test]
    fn the_columns_with_the_most_categories_are_named_with_the_ways_out() {
        let columns =
            [("colour", 7, Encode::Onehot), ("user", 26_365, Encode::Onehot), ("film", 9_000, Encode::Onehot)];
        let found =
            refusal(&pipeline(&[&columns[..], &[("city", 50_000, Encode::Label)]].concat()), 300_000, false, 24 << 30);
        assert_eq!(
            found.unwrap(),
            "35374 features of 300000 rows need 42 GB of memory, and 26 GB are free; user has 26365 categories, film has 9000 \
             categories, a feature each: --column user:encode=label makes a single feature of a column, --encode label of every \
             one, --drop user,film leaves them out"
        );
        assert_eq!(refusal(&pipeline(&[]), 1_000_000_000, false, 1 << 30), None, "numbers go to a file");
    }
}
