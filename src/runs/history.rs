//! `history.csv`: one line an epoch.

use std::fmt::Write;

/// What one column says of the epochs, each number in the shortest form that reads back to the same float of its dtype.
#[derive(Debug, Clone, Copy)]
pub enum Column<'a> {
    Float32(&'a [f32]),
    Float64(&'a [f64]),
    /// An epoch without a number has an empty cell.
    Optional(&'a [Option<f64>]),
}

impl<'a> From<&'a [f32]> for Column<'a> {
    fn from(values: &'a [f32]) -> Self {
        Self::Float32(values)
    }
}

impl<'a> From<&'a [f64]> for Column<'a> {
    fn from(values: &'a [f64]) -> Self {
        Self::Float64(values)
    }
}

impl<'a> From<&'a [Option<f64>]> for Column<'a> {
    fn from(values: &'a [Option<f64>]) -> Self {
        Self::Optional(values)
    }
}

impl Column<'_> {
    fn len(self) -> usize {
        match self {
            Self::Float32(values) => values.len(),
            Self::Float64(values) => values.len(),
            Self::Optional(values) => values.len(),
        }
    }

    fn write(self, index: usize, text: &mut String) {
        // Writing to a string cannot fail.
        let _ = match self {
            Self::Float32(values) => values.get(index).map(|value| write!(text, "{value}")),
            Self::Float64(values) => values.get(index).map(|value| write!(text, "{value}")),
            Self::Optional(values) => values.get(index).copied().flatten().map(|value| write!(text, "{value}")),
        };
    }
}

/// `epoch` and the columns under their names, for the epochs after `done`. A column that ends before the others has empty
/// cells from there on.
pub fn table(done: usize, columns: &[(&str, Column<'_>)]) -> String {
    let mut text = String::from("epoch");
    for (name, _) in columns {
        text += ",";
        text += name;
    }
    text.push('\n');
    for index in 0..columns.iter().map(|(_, column)| column.len()).max().unwrap_or(0) {
        let _ = write!(text, "{}", done + index + 1);
        for (_, column) in columns {
            text.push(',');
            column.write(index, &mut text);
        }
        text.push('\n');
    }
    text
}

/// `epoch,loss`.
pub fn csv<'a, T>(losses: &'a [T]) -> String
where
    Column<'a>: From<&'a [T]>,
{
    csv_after(0, losses)
}

/// The same for losses of the epochs after `done`.
pub fn csv_after<'a, T>(done: usize, losses: &'a [T]) -> String
where
    Column<'a>: From<&'a [T]>,
{
    table(done, &[("loss", losses.into())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_written_in_the_shortest_form_of_their_dtype() {
        assert_eq!(csv(&[0.1_f32, 2.0]), "epoch,loss\n1,0.1\n2,2\n");
        assert_eq!(csv(&[0.1_f64 + 0.2]), "epoch,loss\n1,0.30000000000000004\n");
        assert_eq!(csv_after(7, &[0.5_f64]), "epoch,loss\n8,0.5\n");
    }

    #[test]
    fn an_epoch_without_a_number_has_an_empty_cell() {
        let (loss, valid, lr) = ([1.5, 0.25], [None, Some(0.5)], [0.01, 1e-9]);
        let columns = [("loss", loss[..].into()), ("valid_loss", valid[..].into()), ("lr", lr[..].into())];
        assert_eq!(table(0, &columns), "epoch,loss,valid_loss,lr\n1,1.5,,0.01\n2,0.25,0.5,0.000000001\n");
    }
}
