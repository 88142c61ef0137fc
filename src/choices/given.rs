//! What a user gave, as an error about it shows it.

/// A number as people write it: `-1`, `0.001`, `1e39`.
pub fn number(value: f64) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").unwrap_or(&text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_shown_as_they_are_written() {
        let cases = [(-1.0, "-1"), (0.001, "0.001"), (1e39, "1e39"), (2.5e-9, "2.5e-9"), (f64::NAN, "NaN")];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }
}
