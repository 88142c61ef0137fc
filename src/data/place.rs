//! Where a cell stands, for errors.

/// A table's name, and which of its rows a batch holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    pub file: &'a str,
    /// Rows before the batch.
    first: usize,
    /// The row of the table that each row of the batch is, where they do not follow each other.
    picked: Option<&'a [u32]>,
}

impl<'a> Place<'a> {
    /// The whole of the table `file`.
    pub fn start(file: &'a str) -> Self {
        Self::after(file, 0)
    }

    /// A batch after `first` rows.
    pub fn after(file: &'a str, first: usize) -> Self {
        Self { file, first, picked: None }
    }

    /// Rows picked from the table.
    pub fn picked(file: &'a str, rows: &'a [u32]) -> Self {
        Self { file, first: 0, picked: Some(rows) }
    }

    /// The row of the table, from 0, that the batch's row `index` is.
    pub fn index(&self, index: usize) -> usize {
        self.picked.and_then(|rows| rows.get(index)).map_or(self.first + index, |&row| row as usize)
    }

    /// `FILE: row N` for the batch's row `index`; rows are counted from 1 below the header.
    pub fn row(&self, index: usize) -> String {
        format!("{}: row {}", self.file, self.index(index) + 1)
    }
}
