//! How a line of text is cut into cells. What counts the cells of a row and what reads them is the same code.

use memchr::{memchr, memchr2, memchr3};
use std::ops::Range;

/// How cells and rows are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dialect {
    /// The byte between two cells; none: a row is one cell, as in NDJSON.
    pub delimiter: Option<u8>,
    /// The byte around a cell that holds delimiters or line ends. Two of them inside such a cell are one of its text.
    pub quote: Option<u8>,
    /// The byte after which any byte stands for itself.
    pub escape: Option<u8>,
}

/// A row at the start of some bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Behind its line end.
    pub end: usize,
    pub cells: usize,
    /// Whether it has to be rewritten for readers of RFC 4180: blanks around quotes, a quote inside a cell, an escape.
    pub odd: bool,
}

/// Why bytes are no row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The row ends behind the last byte.
    Unended,
    /// A quote is opened in this cell, and closed before its end.
    AfterQuote { cell: usize },
}

/// Where a cell ends, and whether the row ends there too.
struct CellEnd {
    at: usize,
    last: bool,
    odd: bool,
}

impl Dialect {
    /// The first row of `bytes`. With `texts` the texts of its cells are put there, without quotes and escapes.
    ///
    /// # Errors
    /// A row that does not end, text behind a closing quote.
    pub fn row(&self, bytes: &[u8], mut texts: Option<&mut Vec<Vec<u8>>>) -> Result<Row, Fault> {
        let mut row = Row { end: 0, cells: 0, odd: false };
        loop {
            let mut text = texts.is_some().then(Vec::new);
            let quote = self.opening(bytes, row.end);
            let end = match quote {
                Some(quote) => self.quoted(bytes, row.end..quote, row.cells, text.as_mut())?,
                None => self.plain(bytes, row.end, text.as_mut())?,
            };
            row.cells += 1;
            row.odd |= end.odd;
            row.end = end.at + 1;
            if let (Some(texts), Some(text)) = (texts.as_deref_mut(), text) {
                texts.push(text);
            }
            if end.last {
                return Ok(row);
            }
        }
    }

    /// The row for a reader of RFC 4180, whose quote is [`Dialect::standard_quote`].
    pub fn rewrite(&self, bytes: &[u8], out: &mut Vec<u8>) -> Result<Row, Fault> {
        let mut texts = Vec::new();
        let row = self.row(bytes, Some(&mut texts))?;
        let quote = self.standard_quote().unwrap_or(b'"');
        for (index, text) in texts.iter().enumerate() {
            if index > 0 {
                out.extend(self.delimiter);
            }
            if text.iter().any(|&byte| byte == quote || matches!(byte, b'\n' | b'\r') || Some(byte) == self.delimiter) {
                out.push(quote);
                text.iter().for_each(|&byte| out.extend(std::iter::repeat_n(byte, 1 + usize::from(byte == quote))));
                out.push(quote);
            } else {
                out.extend(text);
            }
        }
        out.push(b'\n');
        Ok(row)
    }

    /// The quote of rows that have been rewritten: an escaped delimiter needs one even where the table has none.
    pub fn standard_quote(&self) -> Option<u8> {
        self.quote.or(self.escape.map(|_| b'"'))
    }

    /// Where the cell at `start` opens a quote, after blanks at most.
    fn opening(&self, bytes: &[u8], start: usize) -> Option<usize> {
        let quote = self.quote?;
        let at = start + bytes[start..].iter().take_while(|&&byte| self.is_blank(byte)).count();
        (bytes.get(at) == Some(&quote)).then_some(at)
    }

    fn is_blank(&self, byte: u8) -> bool {
        matches!(byte, b' ' | b'\t') && Some(byte) != self.delimiter
    }

    /// The next line end, delimiter, quote or escape.
    fn next_special(&self, bytes: &[u8]) -> Option<usize> {
        let [delimiter, quote] = [self.delimiter, self.quote].map(|byte| byte.unwrap_or(b'\n'));
        let next = memchr3(b'\n', delimiter, quote, bytes);
        match self.escape {
            Some(escape) => memchr(escape, &bytes[..next.unwrap_or(bytes.len())]).or(next),
            None => next,
        }
    }

    /// A cell without quotes around it.
    fn plain(&self, bytes: &[u8], start: usize, mut text: Option<&mut Vec<u8>>) -> Result<CellEnd, Fault> {
        let (mut at, mut from, mut odd) = (start, start, false);
        loop {
            at += self.next_special(&bytes[at..]).ok_or(Fault::Unended)?;
            let byte = bytes[at];
            if byte == b'\n' || Some(byte) == self.delimiter {
                let last = byte == b'\n';
                let end = if last && at > from && bytes[at - 1] == b'\r' { at - 1 } else { at };
                text.iter_mut().for_each(|text| text.extend_from_slice(&bytes[from..end]));
                return Ok(CellEnd { at, last, odd });
            }
            odd = true;
            if Some(byte) == self.escape {
                text.iter_mut().for_each(|text| text.extend_from_slice(&bytes[from..at]));
                from = at + 1;
                at = from;
            }
            at += 1;
            if at >= bytes.len() {
                return Err(Fault::Unended);
            }
        }
    }

    /// A cell whose quote is opened behind `blanks`.
    fn quoted(
        &self,
        bytes: &[u8],
        blanks: Range<usize>,
        cell: usize,
        mut text: Option<&mut Vec<u8>>,
    ) -> Result<CellEnd, Fault> {
        let mut from = blanks.end + 1;
        let (mut at, mut odd) = (from, !blanks.is_empty());
        loop {
            let quote = self.quote.unwrap_or(b'\n');
            at += memchr2(quote, self.escape.unwrap_or(quote), &bytes[at..]).ok_or(Fault::Unended)?;
            text.iter_mut().for_each(|text| text.extend_from_slice(&bytes[from..at]));
            let next = *bytes.get(at + 1).ok_or(Fault::Unended)?;
            let doubled = Some(bytes[at]) == self.quote && Some(next) == self.quote;
            let escaped = Some(bytes[at]) == self.escape && self.escape != self.quote;
            if !doubled && !escaped {
                break;
            }
            odd |= escaped;
            // The byte itself is text, whatever it is.
            from = at + 1;
            at += 2;
        }
        let behind = at + 1;
        at = behind + bytes[behind..].iter().take_while(|&&byte| self.is_blank(byte)).count();
        odd |= at > behind;
        if bytes.get(at) == Some(&b'\r') && bytes.get(at + 1) == Some(&b'\n') {
            at += 1;
        }
        match bytes.get(at) {
            Some(&byte) if byte == b'\n' || Some(byte) == self.delimiter => {
                Ok(CellEnd { at, last: byte == b'\n', odd })
            }
            Some(b'\r') if at + 1 == bytes.len() => Err(Fault::Unended),
            None => Err(Fault::Unended),
            _ => Err(Fault::AfterQuote { cell }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: Dialect = Dialect { delimiter: Some(b','), quote: Some(b'"'), escape: None };

    fn cells(dialect: Dialect, line: &str) -> Result<(Vec<String>, bool), Fault> {
        let mut texts = Vec::new();
        let row = dialect.row(line.as_bytes(), Some(&mut texts))?;
        assert_eq!((row.cells, row.end), (texts.len(), line.len()));
        assert_eq!(dialect.row(line.as_bytes(), None), Ok(row), "counted as it is read");
        Ok((texts.into_iter().map(|text| String::from_utf8(text).unwrap()).collect(), row.odd))
    }

    // list(csv.reader([line], skipinitialspace=True)) in Python
    #[test]
    fn cells_are_cut_as_python_cuts_them() {
        for (line, expected, odd) in [
            ("a,b\n", vec!["a", "b"], false),
            ("a,,\r\n", vec!["a", "", ""], false),
            ("\"x,y\",\"say \"\"hi\"\"\",\"\"\r\n", vec!["x,y", "say \"hi\"", ""], false),
            ("\"two\nlines\",2\n", vec!["two\nlines", "2"], false),
            ("500, \"Bonn, 7\", 2000\n", vec!["500", "Bonn, 7", " 2000"], true),
            ("1\" pipe,0\n", vec!["1\" pipe", "0"], true),
            ("\"a\" ,b\n", vec!["a", "b"], true),
        ] {
            let expected = expected.into_iter().map(String::from).collect();
            assert_eq!(cells(CSV, line), Ok((expected, odd)), "{line:?}");
        }
        assert_eq!(cells(CSV, "1,\"a\"b\n"), Err(Fault::AfterQuote { cell: 1 }));
        assert_eq!(cells(CSV, "1,\"a\n"), Err(Fault::Unended));
        assert_eq!(cells(CSV, "1,2"), Err(Fault::Unended));
    }

    // list(csv.reader([line], escapechar="\\", doublequote=False))
    #[test]
    fn an_escape_takes_the_next_byte_as_it_is() {
        let escaped = Dialect { escape: Some(b'\\'), ..CSV };
        let some = |texts: &[&str]| Ok((texts.iter().map(|text| text.to_string()).collect(), true));
        assert_eq!(cells(escaped, "\"a \\\"b\\\" 0\",1\n"), some(&["a \"b\" 0", "1"]));
        assert_eq!(cells(escaped, "a\\,b,\\\\\n"), some(&["a,b", "\\"]));
        let bare = Dialect { quote: None, ..escaped };
        assert_eq!(cells(bare, "\"a\\,b,2\n"), some(&["\"a,b", "2"]));
    }

    #[test]
    fn blanks_are_cells_where_they_are_the_delimiter() {
        let blank = Dialect { delimiter: Some(b' '), ..CSV };
        assert_eq!(cells(blank, "\"a b\" 1  2\n").unwrap().0, ["a b", "1", "", "2"]);
    }

    #[test]
    fn a_rewritten_row_is_cut_alike_without_being_odd() {
        let escaped = Dialect { quote: None, escape: Some(b'\\'), ..CSV };
        for (dialect, line) in [(CSV, "5\" x, \"a, b\" , c\n"), (escaped, "a\\,\\\"b,\"c\n")] {
            let mut out = Vec::new();
            dialect.rewrite(line.as_bytes(), &mut out).unwrap();
            let out = String::from_utf8(out).unwrap();
            let standard = Dialect { quote: dialect.standard_quote(), escape: None, ..dialect };
            assert_eq!(cells(standard, &out).unwrap(), (cells(dialect, line).unwrap().0, false), "{out:?}");
        }
    }
}
