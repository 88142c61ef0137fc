//! What stands before the rows of a CSV: lines to skip, the delimiter, the columns' names.

use super::ReadOptions;
use super::blocks::{Blocks, Incomplete};
use crate::data::location::Location;
use anyhow::{Result, bail, ensure};
use std::io::Read;

/// The blocks below the header, and the names in it.
///
/// # Errors
/// An empty file, a header whose names are not told apart.
pub fn open<'a, R: Read>(
    file: R,
    options: &'a ReadOptions,
    place: Location<'a>,
) -> Result<(Blocks<'a, R>, Option<Vec<String>>)> {
    let mut blocks = Blocks::new(file, options.live, options.dialect()?, &options.comment, place);
    blocks.skip_lines(options.skip_rows)?;
    let (quote, line) = (blocks.dialect.quote, blocks.line()?.unwrap_or_default());
    ensure!(
        !line.contains(&b'\r') || line.iter().any(|byte| Some(*byte) == quote),
        "{}: its line ends are CR alone, those of an old Mac; save it with line ends LF or CRLF",
        place.file
    );
    if blocks.dialect.delimiter.is_none() {
        let line = blocks.line()?.unwrap_or_default().to_vec();
        blocks.dialect.delimiter = Some(match excel(&line) {
            Some(delimiter) => {
                blocks.skip_line()?;
                delimiter
            }
            None => delimiter(&line, blocks.dialect.quote),
        });
    } else if excel(blocks.line()?.unwrap_or_default()).is_some() {
        blocks.skip_line()?;
    }
    if !options.header {
        return Ok((blocks, None));
    }
    let Some(header) = blocks.header()? else {
        return Err(Incomplete::error(format!("{}: the file is empty, expected a header and rows", place.file)));
    };
    if let [one] = header.as_slice()
        && let Some(other) = [";", "\t", "|", ","].into_iter().find(|other| one.contains(other))
    {
        let word = if other == "\t" { "tab".into() } else { format!("'{other}'") };
        bail!("{}: one column only, {one:?}; say --delimiter {word}", place.file);
    }
    // R's write.table; with a comma between cells it would rather be one inside a cell.
    let rs = matches!(blocks.dialect.delimiter, Some(b' ' | b'\t'));
    let rows = if rs && blocks.row_names()? { vec![String::new()] } else { vec![] };
    Ok((blocks, Some(named([rows, header].concat(), place.file)?)))
}

/// The delimiter that Excel writes into a line of its own: `sep=;`.
fn excel(line: &[u8]) -> Option<u8> {
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    match line.strip_prefix(b"sep=").or_else(|| line.strip_prefix(b"SEP="))? {
        [delimiter] => Some(*delimiter),
        _ => None,
    }
}

/// The delimiter of the first line: a comma if there is one, else the most frequent of `;`, tab and `|`.
fn delimiter(line: &[u8], quote: Option<u8>) -> u8 {
    let mut quoted = false;
    let mut counts = [0; 4];
    const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];
    for byte in line {
        quoted ^= Some(*byte) == quote;
        if let Some(index) = CANDIDATES.iter().position(|candidate| !quoted && candidate == byte) {
            counts[index] += 1;
        }
    }
    let most = (1..4).max_by_key(|&index| (counts[index], 4 - index)).filter(|&index| counts[index] > 0);
    // Quoted names with blanks between, as R writes them.
    let blanks = memchr::memmem::find(line, b"\" \"").is_some();
    match (counts[0], most) {
        (0, Some(index)) => CANDIDATES[index],
        (0, None) if blanks => b' ',
        _ => b',',
    }
}

/// The names, where one that is empty gets the name that pandas gives it: `Unnamed: 0` in the first column.
///
/// # Errors
/// A name that stands twice.
pub fn named(mut names: Vec<String>, shown: &str) -> Result<Vec<String>> {
    for index in 0..names.len() {
        if !names[index].trim().is_empty() {
            continue;
        }
        let name = format!("Unnamed: {index}");
        let mut free = name.clone();
        let mut twin = 0;
        while names.contains(&free) {
            twin += 1;
            free = format!("{name}.{twin}");
        }
        names[index] = free;
    }
    let mut seen = std::collections::HashSet::new();
    if let Some(twice) = names.iter().find(|name| !seen.insert(name.as_str())) {
        bail!("{shown}: the column {twice} stands twice in the header, expected each name once");
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_seen_in_the_first_line() {
        for (line, expected) in [
            ("a,b;c;d", b','),
            ("a;b", b';'),
            ("a\tb|c\td", b'\t'),
            ("\"x,y\";b", b';'),
            ("a", b','),
            ("\"a\" \"y\"", b' '),
        ] {
            assert_eq!(delimiter(line.as_bytes(), Some(b'"')), expected, "{line}");
        }
    }

    // pandas.read_csv(io.StringIO(text)).columns
    #[test]
    fn names_that_are_empty_are_those_of_pandas() {
        let named = |names: &[&str]| named(names.iter().map(|name| name.to_string()).collect(), "t.csv");
        assert_eq!(named(&["", "x", "y"]).unwrap(), ["Unnamed: 0", "x", "y"]);
        assert_eq!(named(&["a", "", " "]).unwrap(), ["a", "Unnamed: 1", "Unnamed: 2"]);
        assert_eq!(named(&["", "Unnamed: 0", "x"]).unwrap(), ["Unnamed: 0.1", "Unnamed: 0", "x"]);
        assert_eq!(named(&["a", "a_duplicated_0"]).unwrap().len(), 2);
        assert!(named(&["a", "b", "a"]).unwrap_err().to_string().contains("the column a stands twice"));
    }

    #[test]
    fn line_ends_of_an_old_mac_are_named_with_a_header_and_without() {
        for header in [true, false] {
            let options = ReadOptions { header, ..ReadOptions::default() };
            let refused = open(b"a,b\r1,2\r".as_slice(), &options, Location::start("t.csv")).err().unwrap();
            assert!(refused.to_string().contains("CR alone"), "{refused}");
        }
        // Excel writes a line break inside a cell so.
        let options = ReadOptions::default();
        let (_, names) = open(b"\"a\r\nb\",y\r\n1,2\r\n".as_slice(), &options, Location::start("t.csv")).unwrap();
        assert_eq!(names.unwrap(), ["a\r\nb", "y"]);
    }

    #[test]
    fn excels_line_says_the_delimiter() {
        for (text, names) in [("sep=;\nx;y\n1;2\n", ["x", "y"]), ("sep=,\r\nx,y\r\n1,2\r\n", ["x", "y"])] {
            let options = ReadOptions::default();
            let (_, found) = open(text.as_bytes(), &options, Location::start("t.csv")).unwrap();
            assert_eq!(found.unwrap(), names);
            let options = ReadOptions { delimiter: text[4..5].into(), ..options };
            assert_eq!(open(text.as_bytes(), &options, Location::start("t.csv")).unwrap().1.unwrap(), names);
        }
    }
}
