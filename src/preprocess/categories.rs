//! The categories of a column, or the classes of a target: texts in the order of their codes, and the code of each text.

use polars::prelude::PlHashMap;
use serde::{Deserialize, Serialize, Serializer};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// Truth values as programs spell them.
pub const TRUTHS: [[&str; 2]; 3] = [["true", "false"], ["True", "False"], ["TRUE", "FALSE"]];

/// Texts by their codes 0, 1, …. There may be a hundred thousand, so a copy shares them, and what finds the code of a text is
/// made once for all batches of a table.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "Vec<String>")]
pub struct Categories(Arc<Known>);

#[derive(Debug)]
struct Known {
    values: Vec<String>,
    codes: OnceLock<PlHashMap<String, usize>>,
}

impl Categories {
    /// The code of a text that stands for one of them.
    pub fn code(&self, text: &str) -> Option<usize> {
        self.0.codes.get_or_init(|| self.spelled().collect()).get(text).copied()
    }

    /// Every text that stands for one of them, with its code.
    pub fn spelled(&self) -> impl Iterator<Item = (String, usize)> + '_ {
        let all = self.iter().zip(spellings(self)).enumerate();
        all.flat_map(|(code, (value, others))| others.into_iter().chain([value.clone()]).map(move |text| (text, code)))
    }
}

/// Other spellings of the categories of a column, in the order of `values`: `True` for `true` where the categories are truth
/// values, `1.0` for `1`, as a table writes it whose column has gaps, where they are numbers.
fn spellings(values: &[String]) -> Vec<Vec<String>> {
    let truth = |value: &String| TRUTHS.iter().find_map(|pair| pair.iter().position(|truth| truth == value));
    let numbers = values.iter().all(|value| value.parse::<f64>().is_ok_and(|number| number.to_string() == *value));
    let others = |value: &String| match truth(value)
        .filter(|_| values.len() == 2 && values.iter().all(|value| truth(value).is_some()))
    {
        Some(place) => TRUTHS.map(|pair| pair[place].to_string()).to_vec(),
        None if numbers && value.parse::<i64>().is_ok() => vec![format!("{value}.0")],
        None => vec![],
    };
    values.iter().map(others).collect()
}

impl From<Vec<String>> for Categories {
    fn from(values: Vec<String>) -> Self {
        Self(Arc::new(Known { values, codes: OnceLock::new() }))
    }
}

impl Deref for Categories {
    type Target = [String];

    fn deref(&self) -> &[String] {
        &self.0.values
    }
}

impl PartialEq for Categories {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Serialize for Categories {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.values.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str]) -> Categories {
        values.iter().map(ToString::to_string).collect::<Vec<_>>().into()
    }

    // [str(v) for v in pandas.Series([1, 2, None])] has "1.0", "2.0"; str(True) is "True".
    #[test]
    fn a_text_has_the_code_of_the_category_that_it_spells() {
        let found = |values: &[&str], texts: &[&str]| {
            let categories = of(values);
            texts.iter().map(|text| categories.code(text)).collect::<Vec<_>>()
        };
        assert_eq!(found(&["a", "b"], &["a", "b", "c", "A"]), [Some(0), Some(1), None, None]);
        assert_eq!(found(&["1", "12"], &["12", "12.0", "1.00"]), [Some(1), Some(1), None]);
        assert_eq!(found(&["007", "12"], &["12.0"]), [None]);
        assert_eq!(found(&["false", "true"], &["True", "FALSE", "true"]), [Some(1), Some(0), Some(1)]);
        assert_eq!(found(&["false", "maybe", "true"], &["True"]), [None]);
    }

    #[test]
    fn they_are_a_list_of_texts_in_json() {
        let categories = of(&["a", "b"]);
        assert_eq!(serde_json::to_string(&categories).unwrap(), r#"["a","b"]"#);
        assert_eq!(serde_json::from_str::<Categories>(r#"["a","b"]"#).unwrap(), categories);
    }
}
