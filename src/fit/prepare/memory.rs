//! The features of all rows are in memory while a network is trained on them, and a one-hot column of many categories may ask for
//! more than there is. What cannot be had is refused before it is taken, for the system would end the process.

use super::PartRows;
use crate::cpu::room::{free, shown};
use crate::preprocess::choices::Encode;
use crate::preprocess::inputs::Category;
use crate::preprocess::pipeline::Pipeline;
use anyhow::{Result, bail};

/// Columns that an error names.
const NAMED: usize = 3;

/// Refuses the features of `parts` of the table `table` where they would not find room.
///
/// # Errors
/// How much they need, the columns that need the most of it, and the ways out.
pub fn check(pipeline: &Pipeline, parts: &[PartRows; 3], table: &str) -> Result<()> {
    let rows = parts.iter().map(|part| part.rows.len()).sum();
    match free().and_then(|free| refusal(pipeline, rows, free)) {
        Some(refusal) => bail!("{table}: {refusal}"),
        None => Ok(()),
    }
}

fn refusal(pipeline: &Pipeline, rows: usize, free: u128) -> Option<String> {
    let features = pipeline.features().len();
    let bytes = (rows * features * size_of::<f32>()) as u128;
    if bytes <= free {
        return None;
    }
    let needs =
        format!("{features} features of {rows} rows need {} of memory, and {} are free", shown(bytes), shown(free));
    let mut wide: Vec<&Category> = pipeline.inputs.categories.iter().collect();
    wide.retain(|column| column.choice.encode == Encode::Onehot && column.slots() * 10 >= features);
    wide.sort_by_key(|column| std::cmp::Reverse(column.slots()));
    wide.truncate(NAMED);
    let Some(widest) = wide.first() else {
        return Some(format!("{needs}; give fewer rows, or leave columns out with --drop"));
    };
    let counts: Vec<String> =
        wide.iter().map(|column| format!("{} has {} categories", column.name, column.values.len())).collect();
    let names: Vec<&str> = wide.iter().map(|column| column.name.as_str()).collect();
    Some(format!(
        "{needs}; {}, a feature each: --column {}:encode=label makes a single feature of a column, --encode label of every one, \
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
        assert_eq!(refusal(&pipeline, 1_000, 4_000_000), None);
        assert!(refusal(&pipeline, 1_000, 3_999_999).is_some());
    }

    #[test]
    fn the_columns_with_the_most_categories_are_named_with_the_ways_out() {
        let columns =
            [("colour", 7, Encode::Onehot), ("user", 26_365, Encode::Onehot), ("film", 9_000, Encode::Onehot)];
        let found = refusal(&pipeline(&[&columns[..], &[("city", 50_000, Encode::Label)]].concat()), 300_000, 24 << 30);
        assert_eq!(
            found.unwrap(),
            "35374 features of 300000 rows need 42 GB of memory, and 26 GB are free; user has 26365 categories, film has 9000 \
             categories, a feature each: --column user:encode=label makes a single feature of a column, --encode label of every \
             one, --drop user,film leaves them out"
        );
        let numbers = refusal(&pipeline(&[]), 1_000_000_000, 1 << 30).unwrap();
        assert_eq!(
            numbers,
            "1 features of 1000000000 rows need 4.0 GB of memory, and 1.1 GB are free; give fewer rows, or leave columns out \
             with --drop"
        );
    }
}
