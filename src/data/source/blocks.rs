//! A text table cut into blocks of whole rows, so that memory holds one block however long the table is.

use super::super::location::Location;
use super::rows::{Dialect, Fault, Row};
use anyhow::{Result, anyhow, bail, ensure};
use std::io::Read;

/// Bytes that are read at once.
const BLOCK: usize = 16 << 20;
/// No row of a table is this long; a file without line ends would be.
const LONGEST_ROW: usize = 64 << 20;

/// Some whole rows as a reader of RFC 4180 takes them, blank lines and comments left out.
#[derive(Debug)]
pub struct Block {
    pub bytes: Vec<u8>,
    pub rows: usize,
}

/// Reads rows; each must have as many cells as the first.
pub struct Blocks<'a, R> {
    reader: R,
    pub dialect: Dialect,
    /// What a line begins with that is no row; none where it is empty.
    comment: &'a [u8],
    place: Location<'a>,
    buffer: Vec<u8>,
    /// Rows given so far, the header not counted.
    row: usize,
    width: Option<usize>,
    begun: bool,
    ended: bool,
    in_header: bool,
}

impl<'a, R: Read> Blocks<'a, R> {
    pub fn new(reader: R, dialect: Dialect, comment: &'a str, place: Location<'a>) -> Self {
        let (buffer, comment) = (Vec::new(), comment.as_bytes());
        let (begun, ended, in_header) = (false, false, false);
        Self { reader, dialect, comment, place, buffer, row: 0, width: None, begun, ended, in_header }
    }

    /// Leaves out the first `count` lines, whatever is in them.
    pub fn skip_lines(&mut self, count: usize) -> Result<()> {
        for skipped in 0..count {
            let shown = self.place.file;
            ensure!(self.line()?.is_some(), "{shown}: --skip-rows {count}: there are only {skipped} lines");
            let end = memchr::memchr(b'\n', &self.buffer).map_or(self.buffer.len(), |at| at + 1);
            self.buffer.drain(..end);
        }
        Ok(())
    }

    /// The first line that is neither blank nor a comment, without its end. It stays to be read.
    pub fn line(&mut self) -> Result<Option<&[u8]>> {
        loop {
            self.fill()?;
            let start = self.first();
            if let Some(end) = memchr::memchr(b'\n', &self.buffer[start..]) {
                let line = &self.buffer[start..start + end];
                return Ok(Some(line.strip_suffix(b"\r").unwrap_or(line)));
            }
            if self.ended {
                return Ok(None);
            }
            self.check_length()?;
        }
    }

    /// Leaves out the line that [`Blocks::line`] gave.
    pub fn skip_line(&mut self) -> Result<()> {
        self.buffer.drain(..self.first());
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
        let rest = &self.buffer[at..];
        // A row of one empty cell is a row where rows have one cell.
        let blank = self.dialect.delimiter.is_none() || self.width != Some(1);
        match rest {
            [b'\n', ..] if blank => Some(at + 1),
            [b'\r', b'\n', ..] if blank => Some(at + 2),
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
            let old = header.iter().any(|name| name.contains('\r'));
            ensure!(
                !old,
                "{}: its line ends are CR alone, those of an old Mac; save it with line ends LF or CRLF",
                self.place.file
            );
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
            if start == self.buffer.len() && self.ended {
                return Ok(None);
            }
            let mut texts = Vec::new();
            match self.dialect.row(&self.buffer[start..], Some(&mut texts)) {
                Ok(row) => {
                    self.utf8(&self.buffer[start..start + row.end])?;
                    if take {
                        self.buffer.drain(..start + row.end);
                    }
                    let text = |text: Vec<u8>| String::from_utf8_lossy(&text).into_owned();
                    return Ok(Some(texts.into_iter().map(text).collect()));
                }
                Err(Fault::Unended) if !self.ended => self.check_length()?,
                Err(fault) => bail!(self.fault(fault, self.row)),
            }
        }
    }

    fn block(&mut self) -> Result<Option<Block>> {
        loop {
            self.fill()?;
            let scan = self.scan()?;
            if scan.end == 0 && !self.ended {
                self.check_length()?;
                continue;
            }
            if scan.end == 0 {
                return Ok(None);
            }
            let rest = self.buffer.split_off(scan.end);
            let bytes = std::mem::replace(&mut self.buffer, rest);
            self.utf8(&bytes)?;
            let bytes = scan.standard(bytes, self.dialect);
            self.row += scan.count;
            if scan.count > 0 {
                return Ok(Some(Block { bytes, rows: scan.count }));
            }
        }
    }

    /// Reads on; at the end of the file the last row gets its line end.
    fn fill(&mut self) -> Result<()> {
        if self.ended {
            return Ok(());
        }
        self.buffer.reserve(BLOCK);
        let read = (&mut self.reader).take(BLOCK as u64).read_to_end(&mut self.buffer);
        let read = read.map_err(|error| anyhow!("{}: cannot read: {error}", self.place.file))?;
        if !self.begun && self.buffer.starts_with(b"\xef\xbb\xbf") {
            self.buffer.drain(..3);
        }
        self.begun = true;
        self.ended = read < BLOCK;
        if self.ended && self.buffer.last().is_some_and(|&byte| byte != b'\n') {
            self.buffer.push(b'\n');
        }
        Ok(())
    }

    /// Finds the whole rows in the buffer.
    fn scan(&mut self) -> Result<Scan> {
        let mut scan = Scan::default();
        while scan.end < self.buffer.len() {
            if let Some(end) = self.no_row(scan.end) {
                scan.left_out.push((scan.end, end));
                scan.end = end;
                continue;
            }
            match self.dialect.row(&self.buffer[scan.end..], None) {
                Ok(row) => {
                    self.check_width(row, self.row + scan.count)?;
                    if row.odd {
                        scan.odd.push((scan.end, scan.end + row.end));
                    }
                    scan.end += row.end;
                    scan.count += 1;
                }
                Err(Fault::Unended) if !self.ended => break,
                Err(fault) => bail!(self.fault(fault, self.row + scan.count)),
            }
        }
        Ok(scan)
    }

    fn check_width(&mut self, row: Row, at: usize) -> Result<()> {
        let (cells, expected) = (row.cells, *self.width.get_or_insert(row.cells));
        let why = match expected {
            1 => "if titles or comments stand above the header, say --skip-rows or --comment",
            _ => "is a delimiter inside a cell that is not quoted?",
        };
        ensure!(
            cells == expected || self.dialect.delimiter.is_none(),
            "{}: {cells} cells, expected {expected} as in the first line; {why}",
            self.at(at)
        );
        Ok(())
    }

    fn check_length(&self) -> Result<()> {
        ensure!(
            self.buffer.len() < LONGEST_ROW,
            "{}: longer than {} MiB without a line end; is this a table of text, and every quote closed?",
            self.at(self.row),
            LONGEST_ROW >> 20
        );
        Ok(())
    }

    fn at(&self, row: usize) -> String {
        if self.in_header { format!("{}: header", self.place.file) } else { self.place.row(row) }
    }

    fn fault(&self, fault: Fault, row: usize) -> String {
        let at = self.at(row);
        match fault {
            Fault::Unended => format!("{at}: a quote is opened and never closed; say --quote none if quotes are text"),
            Fault::AfterQuote { cell } => format!(
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

/// The whole rows at the start of a buffer.
#[derive(Debug, Default)]
struct Scan {
    end: usize,
    count: usize,
    /// Blank lines and comments among them, from and to.
    left_out: Vec<(usize, usize)>,
    /// Rows to be rewritten, from and to.
    odd: Vec<(usize, usize)>,
}

impl Scan {
    /// `bytes` without what is no row, and in the quotes that every reader knows.
    fn standard(&self, bytes: Vec<u8>, dialect: Dialect) -> Vec<u8> {
        // Without a quote of its own a table may hold the one that rewritten rows get.
        let all = dialect.quote != dialect.standard_quote();
        if self.left_out.is_empty() && self.odd.is_empty() && !all {
            return bytes;
        }
        let mut kept = Vec::with_capacity(bytes.len());
        let mut changes: Vec<(usize, usize, bool)> =
            self.left_out.iter().map(|&(from, to)| (from, to, false)).collect();
        changes.extend(self.odd.iter().map(|&(from, to)| (from, to, true)));
        changes.sort_unstable();
        let mut at = 0;
        let copy = |part: &[u8], kept: &mut Vec<u8>| match all {
            true => rewritten(part, dialect, kept),
            false => kept.extend_from_slice(part),
        };
        for (from, to, odd) in changes {
            copy(&bytes[at..from], &mut kept);
            if odd {
                rewritten(&bytes[from..to], dialect, &mut kept);
            }
            at = to;
        }
        copy(&bytes[at..], &mut kept);
        kept
    }
}

/// Rewrites whole rows, which have been cut before.
fn rewritten(mut rows: &[u8], dialect: Dialect, out: &mut Vec<u8>) {
    while let Ok(row) = dialect.rewrite(rows, out) {
        rows = &rows[row.end..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: Dialect = Dialect { delimiter: Some(b','), quote: Some(b'"'), escape: None };

    fn blocks<'a>(text: &'a [u8], dialect: Dialect) -> Blocks<'a, &'a [u8]> {
        Blocks::new(text, dialect, "#", Location::start("t.csv"))
    }

    fn all(text: &[u8], dialect: Dialect) -> Result<(Vec<String>, String)> {
        let mut blocks = blocks(text, dialect);
        let header = blocks.header()?.unwrap_or_default();
        let mut rows = String::new();
        for block in blocks {
            rows += &String::from_utf8(block?.bytes)?;
        }
        Ok((header, rows))
    }

    #[test]
    fn rows_end_outside_quotes_only_and_blank_lines_are_none() {
        let (header, rows) = all(b"\xef\xbb\xbfa,b\n\n1,\"x\n,y\"\r\n\r\n2,z", CSV).unwrap();
        assert_eq!((header, rows.as_str()), (vec!["a".to_string(), "b".into()], "1,\"x\n,y\"\r\n2,z\n"));
        assert_eq!(all(b"", CSV).unwrap(), (vec![], String::new()));
    }

    #[test]
    fn comments_are_no_rows_and_odd_rows_are_rewritten_where_they_stand() {
        let (header, rows) = all(b"# from a service\na,b\n1,2\n#, \"\n3, \"x, y\"\n4,5\" z\n", CSV).unwrap();
        assert_eq!(
            (header.len(), rows.as_str()),
            (2, "1,2\n3,\"x, y\"\n\"4\",\"5\"\" z\"\n".replace("\"4\"", "4").as_str())
        );
        let escaped = Dialect { quote: None, escape: Some(b'\\'), ..CSV };
        assert_eq!(all(b"a,b\n\"1,2\nx\\,y,3\n", escaped).unwrap().1, "\"\"\"1\",2\n\"x,y\",3\n");
    }

    #[test]
    fn lines_before_the_header_are_skipped_on_request_and_rs_row_names_are_seen() {
        let mut table = blocks(b"title \"\n\na b\nx y\n1 2 3\n", Dialect { delimiter: Some(b' '), ..CSV });
        table.skip_lines(1).unwrap();
        assert_eq!(table.line().unwrap(), Some(b"a b".as_slice()));
        table.skip_lines(2).unwrap();
        assert_eq!(table.header().unwrap().unwrap(), ["x", "y"]);
        assert!(table.row_names().unwrap());
        assert_eq!(table.next().unwrap().unwrap().bytes, b"1 2 3\n");
        let error = blocks(b"a\n", CSV).skip_lines(2).unwrap_err().to_string();
        assert_eq!(error, "t.csv: --skip-rows 2: there are only 1 lines");
        let mut trailing = blocks(b"a,b\n1,2,\n", CSV);
        trailing.header().unwrap();
        assert!(!trailing.row_names().unwrap());
    }

    #[test]
    fn what_is_no_row_is_named_by_its_number() {
        let refusal = |text: &[u8]| all(text, CSV).unwrap_err().to_string();
        assert!(refusal(b"a,b\n1,2\n3\n").starts_with("t.csv: row 2: 1 cells, expected 2"));
        assert!(refusal(b"a,b\n1,2\n3,4,5\n").starts_with("t.csv: row 2: 3 cells, expected 2"));
        assert!(refusal(b"a,b\n1,\"2\n3,4\n").starts_with("t.csv: row 1: a quote is opened"));
        assert!(refusal(b"a,b\n1,2\n3,\"4\" 5\n").starts_with("t.csv: row 2, cell 2: text stands behind"));
        assert!(refusal(b"a,b\n1,2\n3,\xe9\n").starts_with("t.csv: row 2: not UTF-8 text (byte 0xe9)"));
        assert!(refusal(b"a,b\n1,\0\n").starts_with("t.csv: row 1: a NUL byte"));
        assert!(refusal(b"\xe9,b\n1,2\n").starts_with("t.csv: header: not UTF-8"));
        assert!(refusal(b"a,b\r1,2\r").contains("CR alone"));
    }

    #[test]
    fn a_line_without_an_end_is_refused_before_it_fills_the_memory() {
        let endless = std::io::repeat(b'x');
        let mut blocks = Blocks::new(endless, CSV, "", Location::start("t.csv"));
        assert!(blocks.header().unwrap_err().to_string().contains("longer than 64 MiB"));
    }

    #[test]
    fn a_row_over_the_edge_of_two_reads_stays_whole() {
        let mut text = b"a,b\n".to_vec();
        for _ in 0..3 {
            text.extend(std::iter::repeat_n(b'7', BLOCK - 3));
            text.extend(b",8\n");
        }
        let mut blocks = blocks(&text, CSV);
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
