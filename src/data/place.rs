//! Where a cell stands, for errors.

/// A file of a table that is made of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub file: String,
    /// Rows of the table before it.
    pub first: usize,
}

/// A table's name, and which of its rows a batch holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    pub file: &'a str,
    /// Rows before the batch.
    first: usize,
    /// The row of the table that each row of the batch is, where they do not follow each other.
    picked: Option<&'a [u32]>,
    pieces: &'a [Piece],
}

impl<'a> Place<'a> {
    /// The whole of the table `file`.
    pub fn start(file: &'a str) -> Self {
        Self::after(file, 0)
    }

    /// A batch after `first` rows.
    pub fn after(file: &'a str, first: usize) -> Self {
        Self { file, first, picked: None, pieces: &[] }
    }

    /// Rows picked from the table.
    pub fn picked(file: &'a str, rows: &'a [u32]) -> Self {
        Self { picked: Some(rows), ..Self::start(file) }
    }

    /// The same, of a table made of `pieces`, in the order of their first rows.
    pub fn of(self, pieces: &'a [Piece]) -> Self {
        Self { pieces, ..self }
    }

    /// The row of the table, from 0, that the batch's row `index` is.
    pub fn index(&self, index: usize) -> usize {
        self.picked.and_then(|rows| rows.get(index)).map_or(self.first + index, |&row| row as usize)
    }

    /// `FILE: row N` for the batch's row `index`; rows are counted from 1 below the file's header.
    pub fn row(&self, index: usize) -> String {
        let row = self.index(index);
        match self.pieces.iter().rev().find(|piece| piece.first <= row) {
            Some(piece) => format!("{}: row {}", piece.file, row - piece.first + 1),
            None => format!("{}: row {}", self.file, row + 1),
        }
    }
}
