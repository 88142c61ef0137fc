//! A text table cut into blocks of whole rows, so that memory holds one block however long the table is.

use super::super::location::Location;
use anyhow::{Context, Result, bail, ensure};
use memchr::memchr3_iter;
use std::io::Read;

/// Bytes that are read at once.
const BLOCK: usize = 16 << 20;
/// No row of a table is this long; a file without line ends would be.
const LONGEST_ROW: usize = 64 << 20;

/// How cells and rows are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    /// The byte between two cells; none: a row is one cell, as in NDJSON.
    pub delimiter: Option<u8>,
    /// The byte around a cell that holds delimiters or line ends.
    pub quote: Option<u8>,
}

/// Some whole rows as they stand in the file, blank lines left out.
#[derive(Debug)]
pub struct Block {
    pub bytes: Vec<u8>,
    pub rows: usize,
}

/// Reads rows; each must have as many cells as the first.
pub struct Blocks<'a, R> {
    reader: R,
    dialect: Dialect,
    place: Location<'a>,
    buffer: Vec<u8>,
    /// Rows given so far, the header not counted.
    row: usize,
    width: Option<usize>,
    ended: bool,
    in_header: bool,
}

impl<'a, R: Read> Blocks<'a, R> {
    pub fn new(reader: R, dialect: Dialect, place: Location<'a>) -> Self {
        Self { reader, dialect, place, buffer: Vec::new(), row: 0, width: None, ended: false, in_header: false }
    }

    /// The first row alone, if there is one: the header. It says how many cells a row has.
    pub fn header(&mut self) -> Result<Option<Vec<u8>>> {
        self.in_header = true;
        let first = self.block(Some(1))?;
        (self.in_header, self.row) = (false, 0);
        let Some(header) = first.map(|first| first.bytes) else { return Ok(None) };
        let text = header.strip_suffix(b"\n").unwrap_or(&header);
        ensure!(
            !text.strip_suffix(b"\r").unwrap_or(text).contains(&b'\r'),
            "{}: its line ends are CR alone, those of an old Mac; save it with line ends LF or CRLF",
            self.place.file
        );
        Ok(Some(header))
    }

    fn at(&self, row: usize) -> String {
        if self.in_header { format!("{}: header", self.place.file) } else { self.place.row(row) }
    }

    fn block(&mut self, most: Option<usize>) -> Result<Option<Block>> {
        loop {
            self.fill()?;
            let rows = self.scan(most)?;
            if rows.end == 0 && !self.ended {
                ensure!(
                    self.buffer.len() < LONGEST_ROW,
                    "{}: longer than {} MiB without a line end; is this a table of text, and every quote closed?",
                    self.at(self.row),
                    LONGEST_ROW >> 20
                );
                continue;
            }
            if rows.end == 0 {
                return Ok(None);
            }
            let rest = self.buffer.split_off(rows.end);
            let mut bytes = std::mem::replace(&mut self.buffer, rest);
            rows.remove_blank(&mut bytes);
            self.utf8(&bytes)?;
            self.row += rows.count;
            if rows.count > 0 {
                return Ok(Some(Block { bytes, rows: rows.count }));
            }
        }
    }

    /// Reads on; at the end of the file the last row gets its line end.
    fn fill(&mut self) -> Result<()> {
        if self.ended {
            return Ok(());
        }
        let start = self.buffer.is_empty() && self.row == 0 && self.width.is_none();
        self.buffer.reserve(BLOCK);
        let read = (&mut self.reader).take(BLOCK as u64).read_to_end(&mut self.buffer);
        let read = read.with_context(|| format!("{}: cannot read", self.place.file))?;
        if start && self.buffer.starts_with(b"\xef\xbb\xbf") {
            self.buffer.drain(..3);
        }
        if start && (self.buffer.starts_with(b"\xff\xfe") || self.buffer.starts_with(b"\xfe\xff")) {
            bail!("{}: the text is UTF-16, expected UTF-8; save it as UTF-8", self.place.file);
        }
        self.ended = read < BLOCK;
        if self.ended && self.buffer.last().is_some_and(|&byte| byte != b'\n') {
            self.buffer.push(b'\n');
        }
        Ok(())
    }

    /// Finds the whole rows in the buffer and counts their cells.
    fn scan(&mut self, most: Option<usize>) -> Result<Scan> {
        let mut scan = Scan::default();
        let (quote, delimiter) = (self.dialect.quote.unwrap_or(b'\n'), self.dialect.delimiter.unwrap_or(b'\n'));
        let (mut quoted, mut cells, mut width) = (false, 1, self.width);
        for at in memchr3_iter(b'\n', quote, delimiter, &self.buffer) {
            match self.buffer[at] {
                b'\n' if !quoted => {
                    let one_cell = self.dialect.delimiter.is_some() && width == Some(1);
                    if matches!(&self.buffer[scan.end..at], b"" | b"\r") && !one_cell {
                        scan.blank.push((scan.end, at + 1));
                    } else {
                        let expected = *width.get_or_insert(cells);
                        self.check_width(cells, expected, self.row + scan.count)?;
                        scan.count += 1;
                    }
                    (scan.end, cells) = (at + 1, 1);
                    if most.is_some_and(|most| scan.count >= most) {
                        break;
                    }
                }
                byte if Some(byte) == self.dialect.quote => quoted = !quoted,
                byte if Some(byte) == self.dialect.delimiter && !quoted => cells += 1,
                _ => {}
            }
        }
        self.width = width;
        if quoted && self.ended {
            bail!("{}: a quote is opened and never closed", self.at(self.row + scan.count));
        }
        Ok(scan)
    }

    fn check_width(&self, cells: usize, expected: usize, row: usize) -> Result<()> {
        ensure!(
            cells == expected || self.dialect.delimiter.is_none(),
            "{}: {cells} cells, expected {expected} as in the first line; is a delimiter inside a cell that is not quoted?",
            self.at(row)
        );
        Ok(())
    }

    fn utf8(&self, bytes: &[u8]) -> Result<()> {
        let wrong = if bytes.contains(&0) { memchr::memchr(0, bytes) } else { None };
        let Some(at) = wrong.or_else(|| std::str::from_utf8(bytes).err().map(|error| error.valid_up_to())) else {
            return Ok(());
        };
        let row = self.row + memchr::memchr_iter(b'\n', &bytes[..at]).count();
        let what = if wrong.is_some() { "a NUL byte" } else { "not UTF-8 text" };
        bail!("{}: {what} (byte 0x{:02x}); save the table as UTF-8", self.at(row), bytes[at]);
    }
}

/// The rows below the header, block by block.
impl<R: Read> Iterator for Blocks<'_, R> {
    type Item = Result<Block>;

    fn next(&mut self) -> Option<Self::Item> {
        self.block(None).transpose()
    }
}

/// The whole rows at the start of a buffer.
#[derive(Debug, Default)]
struct Scan {
    end: usize,
    count: usize,
    /// Blank lines among them, from and to.
    blank: Vec<(usize, usize)>,
}

impl Scan {
    fn remove_blank(&self, bytes: &mut Vec<u8>) {
        if self.blank.is_empty() {
            return;
        }
        let mut kept = Vec::with_capacity(bytes.len());
        let mut from = 0;
        for &(start, end) in &self.blank {
            kept.extend_from_slice(&bytes[from..start]);
            from = end;
        }
        kept.extend_from_slice(&bytes[from..]);
        *bytes = kept;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: Dialect = Dialect { delimiter: Some(b','), quote: Some(b'"') };

    fn all(text: &[u8]) -> Result<(String, Vec<String>)> {
        let mut blocks = Blocks::new(text, CSV, Location::start("t.csv"));
        let header = String::from_utf8(blocks.header()?.unwrap_or_default())?;
        let mut rows = Vec::new();
        for block in blocks {
            rows.push(String::from_utf8(block?.bytes)?);
        }
        Ok((header, rows))
    }

    #[test]
    fn rows_end_outside_quotes_only_and_blank_lines_are_none() {
        let (header, rows) = all(b"\xef\xbb\xbfa,b\n\n1,\"x\n,y\"\r\n\r\n2,z").unwrap();
        assert_eq!((header.as_str(), rows), ("a,b\n", vec!["1,\"x\n,y\"\r\n2,z\n".to_string()]));
        assert_eq!(all(b"").unwrap(), (String::new(), vec![]));
    }

    #[test]
    fn what_is_no_row_is_named_by_its_number() {
        let refusal = |text: &[u8]| all(text).unwrap_err().to_string();
        assert!(refusal(b"a,b\n1,2\n3\n").starts_with("t.csv: row 2: 1 cells, expected 2"));
        assert!(refusal(b"a,b\n1,2\n3,4,5\n").starts_with("t.csv: row 2: 3 cells, expected 2"));
        assert!(refusal(b"a,b\n1,\"2\n3,4\n").starts_with("t.csv: row 1: a quote is opened"));
        assert!(refusal(b"a,b\n1,2\n3,\xe9\n").starts_with("t.csv: row 2: not UTF-8 text (byte 0xe9)"));
        assert!(refusal(b"a,b\n1,\0\n").starts_with("t.csv: row 1: a NUL byte"));
        assert!(refusal(b"\xff\xfea\0").contains("UTF-16"));
    }

    #[test]
    fn a_line_without_an_end_is_refused_before_it_fills_the_memory() {
        let endless = std::io::repeat(b'x');
        let mut blocks = Blocks::new(endless, CSV, Location::start("t.csv"));
        assert!(blocks.header().unwrap_err().to_string().contains("longer than 64 MiB"));
    }

    #[test]
    fn a_row_over_the_edge_of_two_reads_stays_whole() {
        let mut text = b"a,b\n".to_vec();
        for _ in 0..3 {
            text.extend(std::iter::repeat_n(b'7', BLOCK - 3));
            text.extend(b",8\n");
        }
        let mut blocks = Blocks::new(text.as_slice(), CSV, Location::start("t.csv"));
        blocks.header().unwrap();
        let mut rows = 0;
        for block in blocks {
            let block = block.unwrap();
            assert!(block.bytes.ends_with(b",8\n"));
            rows += block.rows;
        }
        assert_eq!(rows, 3);
    }
}
