//! Where a row stands in the user's files, for error messages.

/// One of the files that a table consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub file: String,
    /// The number of the table's rows in the files before this one.
    pub first: usize,
}

/// The name of a table and which of its rows a batch holds, so that an error about row 3 of the batch can name the row
/// of the user's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Location<'a> {
    pub file: &'a str,
    /// How many rows of the table come before the batch.
    first: usize,
    /// For each row of the batch its number in the table, where the batch is not a run of consecutive rows.
    picked: Option<&'a [u32]>,
    pieces: &'a [Piece],
}

impl<'a> Location<'a> {
    /// A batch that begins with the first row of the table `file`.
    pub fn start(file: &'a str) -> Self {
        Self::after(file, 0)
    }

    /// A batch before which the table has `first` rows.
    pub fn after(file: &'a str, first: usize) -> Self {
        Self { file, first, picked: None, pieces: &[] }
    }

    /// A batch of single rows of the table, named by their numbers.
    pub fn picked(file: &'a str, rows: &'a [u32]) -> Self {
        Self { picked: Some(rows), ..Self::start(file) }
    }

    /// The same place in a table that consists of several files: errors then name the file and the row in it. `pieces`
    /// are in the order of their rows.
    pub fn of(self, pieces: &'a [Piece]) -> Self {
        Self { pieces, ..self }
    }

    /// The number in the table, from 0, of the batch's row `index`.
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
