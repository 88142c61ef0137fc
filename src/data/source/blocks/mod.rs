//! A text table cut into blocks of whole rows, so that memory holds one block however long the table is.

mod scan;
mod text;

pub use text::{Incomplete, Text};

use super::rows::{Dialect, Fault, Row};
use crate::data::location::Location;
use anyhow::{Result, anyhow, bail, ensure};
use scan::Scan;
use std::io::Read;

/// Some whole rows as a reader of RFC 4180 takes them, blank lines and comments left out.
#[derive(Debug)]
pub struct Block {
    pub bytes: Vec<u8>,
    pub rows: usize,
}

/// Reads rows; each must have as many cells as the first.
pub struct Blocks<'a, R> {
    text: Text<R>,
    pub dialect: Dialect,
    /// What a line begins with that is no row; none where it is empty.
    comment: &'a [u8],
    place: Location<'a>,
    /// Rows given so far, the header not counted.
    row: usize,
    width: Option<usize>,
    in_header: bool,
}

impl<'a, R: Read> Blocks<'a, R> {
    /// With `at_once` rows are given as soon as they are there, and not by the block.
    pub fn new(reader: R, at_once: bool, dialect: Dialect, comment: &'a str, place: Location<'a>) -> Self {
        let text = Text::new(reader, at_once);
        Self { text, dialect, comment: comment.as_bytes(), place, row: 0, width: None, in_header: false }
    }

    /// Leaves out the first `count` lines, whatever is in them.
    pub fn skip_lines(&mut self, count: usize) -> Result<()> {
        for skipped in 0..count {
            let shown = self.place.file;
            ensure!(self.line()?.is_some(), "{shown}: --skip-rows {count}: there are only {skipped} lines");
            let end = memchr::memchr(b'\n', &self.text.buffer).map_or(self.text.buffer.len(), |at| at + 1);
            self.text.buffer.drain(..end);
        }
        Ok(())
    }

    /// The first line that is neither blank nor a comment, without its end. It stays to be read.
    pub fn line(&mut self) -> Result<Option<&[u8]>> {
        loop {
            self.fill()?;
            let start = self.first();
            if let Some(end) = memchr::memchr(b'\n', &self.text.buffer[start..]) {
                let line = &self.text.buffer[start..start + end];
                return Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)));
            }
            if self.text.ended {
                return Ok(None);
            }
            self.read_on()?;
        }
    }

    /// Leaves out the line that [`Blocks::line`] gave.
    pub fn skip_line(&mut self) -> Result<()> {
        self.text.buffer.drain(..self.first());
        self.skip_lines(1)
    }

    /// Where the first row begins.
    fn first(&self) -> usize {
        let mut at = 0;
        while let Some(end) = self.no_row(at) {
            at = end;
        }
        at
    }

    /// The end of the blank line or comment at `at`, if that is what stands there.
    fn no_row(&self, at: usize) -> Option<usize> {
        let rest = &self.text.buffer[at..];
        // A row of one empty cell is a row where rows have one cell.
        let blank = self.dialect.delimiter.is_none() || self.width != Some(1);
        let blanks =
            rest.iter().take_while(|&&byte| matches!(byte, b' ' | b'\t') && Some(byte) != self.dialect.delimiter);
        let blanks = if blank { blanks.count() } else { 0 };
        match &rest[blanks..] {
            [b'\n', ..] if blank => Some(at + blanks + 1),
            [b'\r', b'\n', ..] if blank => Some(at + blanks + 2),
            _ if !self.comment.is_empty() && rest.starts_with(self.comment) => {
                memchr::memchr(b'\n', rest).map(|end| at + end + 1)
            }
            _ => None,
        }
    }

    /// The cells of the header, which say how many cells a row has; none where there is no line at all.
    pub fn header(&mut self) -> Result<Option<Vec<String>>> {
        self.in_header = true;
        let header = self.next_cells(true)?;
        self.in_header = false;
        if let Some(header) = &header {
            self.width = Some(header.len());
        }
        Ok(header)
    }

    /// Whether rows have one cell more than the header, as R writes the names of rows; from here on that is their
    /// width. A delimiter behind the last cell is none.
    pub fn row_names(&mut self) -> Result<bool> {
        let Some(width) = self.width else { return Ok(false) };
        let first = self.next_cells(false)?.unwrap_or_default();
        let named = first.len() == width + 1 && first.last().is_some_and(|cell| !cell.trim().is_empty());
        self.width = Some(width + usize::from(named));
        Ok(named)
    }

    /// The cells of the next row, which is taken out if asked for.
    fn next_cells(&mut self, take: bool) -> Result<Option<Vec<String>>> {
        loop {
            self.fill()?;
            let start = self.first();
            if start == self.text.buffer.len() && self.text.ended {
                return Ok(None);
            }
            let mut texts = Vec::new();
            match self.dialect.row(&self.text.buffer[start..], Some(&mut texts)) {
                Ok(row) => {
                    self.utf8(&self.text.buffer[start..start + row.end])?;
                    if take {
                        self.text.buffer.drain(..start + row.end);
                    }
                    let text = |text: Vec<u8>| String::from_utf8_lossy(&text).into_owned();
                    return Ok(Some(texts.into_iter().map(text).collect()));
                }
                Err(Fault::Unended) if !self.text.ended => self.read_on()?,
                Err(fault) => return Err(self.fault(fault, self.row)),
            }
        }
    }

    fn block(&mut self) -> Result<Option<Block>> {
        loop {
            self.fill()?;
            let scan = self.scan()?;
            if scan.end == 0 && !self.text.ended {
                self.read_on()?;
                continue;
            }
            if scan.end == 0 {
                return Ok(None);
            }
            let rest = self.text.buffer.split_off(scan.end);
            let bytes = std::mem::replace(&mut self.text.buffer, rest);
            self.utf8(&bytes)?;
            let bytes = scan.standard(bytes, self.dialect);
            self.row += scan.count;
            if scan.count > 0 {
                return Ok(Some(Block { bytes, rows: scan.count }));
            }
        }
    }

    /// Reads on where less than a block is at hand.
    fn fill(&mut self) -> Result<()> {
        let filled = self.text.fill();
        self.readable(filled)
    }

    /// Reads on for a row that does not end in what is at hand.
    fn read_on(&mut self) -> Result<()> {
        if let Some(why) = self.text.too_long() {
            bail!("{}: {why}", self.at(self.row));
        }
        let read = self.text.read();
        self.readable(read)
    }

    fn readable(&self, read: std::io::Result<()>) -> Result<()> {
        read.map_err(|error| anyhow!("{}: cannot read: {error}", self.place.file))
    }

    /// Finds the whole rows in the buffer.
    fn scan(&mut self) -> Result<Scan> {
        let mut scan = Scan::default();
        while scan.end < self.text.buffer.len() {
            if self.plain_rows(&mut scan)? {
                continue;
            }
            match self.dialect.row(&self.text.buffer[scan.end..], None) {
                Ok(row) => self.take(row, &mut scan)?,
                Err(Fault::Unended) if !self.text.ended => break,
                Err(fault) => return Err(self.fault(fault, self.row + scan.count)),
            }
        }
        Ok(scan)
    }

    /// Takes rows without quotes and escapes, as most are, in one pass. True if it came further.
    fn plain_rows(&mut self, scan: &mut Scan) -> Result<bool> {
        let start = scan.end;
        while let Some(end) = self.no_row(scan.end) {
            scan.left_out.push((scan.end, end));
            scan.end = end;
        }
        if self.dialect.escape.is_some() {
            return Ok(scan.end > start);
        }
        let [delimiter, quote] = [self.dialect.delimiter, self.dialect.quote].map(|byte| byte.unwrap_or(b'\n'));
        let (from, mut cells) = (scan.end, 1);
        let buffer = std::mem::take(&mut self.text.buffer);
        let mut result = Ok(());
        for at in memchr::memchr3_iter(b'\n', delimiter, quote, &buffer[from..]) {
            match buffer[from + at] {
                b'\n' => {
                    let row = Row { end: from + at + 1 - scan.end, cells, odd: false };
                    result = self.take(row, scan);
                    cells = 1;
                    // A blank line or a comment may follow.
                    let next = buffer.get(scan.end);
                    if result.is_err()
                        || matches!(next, Some(b'\n' | b'\r' | b' ' | b'\t'))
                        || next == self.comment.first()
                    {
                        break;
                    }
                }
                byte if Some(byte) == self.dialect.delimiter => cells += 1,
                _ => break,
            }
        }
        self.text.buffer = buffer;
        result.map(|()| scan.end > start)
    }

    fn take(&mut self, row: Row, scan: &mut Scan) -> Result<()> {
        self.check_width(row, self.row + scan.count)?;
        if row.odd {
            scan.odd.push((scan.end, scan.end + row.end));
        }
        scan.end += row.end;
        scan.count += 1;
        Ok(())
    }

    fn check_width(&mut self, row: Row, at: usize) -> Result<()> {
        let (cells, expected) = (row.cells, *self.width.get_or_insert(row.cells));
        let why = match expected {
            1 => "if titles or comments stand above the header, say --skip-rows or --comment",
            _ => "is a delimiter inside a cell that is not quoted?",
        };
        ensure!(
            cells == expected || self.dialect.delimiter.is_none(),
            "{}: {cells} {}, expected {expected} as in the first line; {why}",
            self.at(at),
            if cells == 1 { "cell" } else { "cells" }
        );
        Ok(())
    }

    fn at(&self, row: usize) -> String {
        if self.in_header { format!("{}: header", self.place.file) } else { self.place.row(row) }
    }

    fn fault(&self, fault: Fault, row: usize) -> anyhow::Error {
        let at = self.at(row);
        match fault {
            Fault::Unended => Incomplete::error(format!(
                "{at}: a quote is opened and never closed; say --quote none if quotes are text"
            )),
            Fault::AfterQuote { cell } => anyhow!(
                "{at}, cell {}: text stands behind its closing quote; a quote inside a quoted cell is written twice: say \
                 --escape '\\' if a backslash stands before it, or --quote none if quotes are text",
                cell + 1
            ),
        }
    }

    fn utf8(&self, bytes: &[u8]) -> Result<()> {
        let wrong = memchr::memchr(0, bytes);
        let Some(at) = wrong.or_else(|| std::str::from_utf8(bytes).err().map(|error| error.valid_up_to())) else {
            return Ok(());
        };
        let at_row = self.at(self.row + memchr::memchr_iter(b'\n', &bytes[..at]).count());
        match wrong {
            Some(_) => bail!("{at_row}: a NUL byte; is this a table of text, or one in --encoding utf-16le?"),
            None => bail!(
                "{at_row}: not UTF-8 text (byte 0x{:02x}); say which encoding it is, such as --encoding latin1",
                bytes[at]
            ),
        }
    }
}

/// The rows below the header, block by block.
impl<R: Read> Iterator for Blocks<'_, R> {
    type Item = Result<Block>;

    fn next(&mut self) -> Option<Self::Item> {
        self.block().transpose()
    }
}

/// Each block with the number of rows before it.
pub fn numbered(blocks: impl Iterator<Item = Result<Block>>) -> impl Iterator<Item = Result<(Block, usize)>> {
    let mut rows = 0;
    blocks.map(move |block| {
        block.map(|block| {
            let first = rows;
            rows += block.rows;
            (block, first)
        })
    })
}

#[cfg(test)]
mod tests;
