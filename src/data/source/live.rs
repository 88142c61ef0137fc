//! Standard input whose rows are answered as they come: read once, and never further than to the end of a row that is there.

use super::ReadOptions;
use crate::data::table::Format;
use anyhow::{Context, Result};
use polars::prelude::Schema;
use std::fmt;
use std::io::{Cursor, Read, Stdin};

/// Bytes that are asked for at once.
const PIECE: usize = 1 << 16;

/// What is no table yet: a header without a row, or a quote that is still open.
#[derive(Debug)]
pub struct Incomplete(String);

impl Incomplete {
    pub fn error(text: String) -> anyhow::Error {
        Self(text).into()
    }
}

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Incomplete {}

/// Standard input, of which a part was read.
pub struct Live {
    begun: Vec<u8>,
    ended: bool,
    rest: Stdin,
}

/// Whether rows in this format can be told apart as they come. A file in the place of standard input is all there, and is answered as
/// one that is named: to the bit.
pub fn is_possible(options: &ReadOptions) -> bool {
    let stdin = rustix::fs::fstat(std::io::stdin());
    let file = stdin.is_ok_and(|stdin| rustix::fs::FileType::from_raw_mode(stdin.st_mode).is_file());
    !file
        && matches!(options.format, None | Some(Format::Csv | Format::Tsv | Format::Ndjson))
        && options.encoding.eq_ignore_ascii_case("utf-8")
}

impl Live {
    /// Waits for the first bytes.
    pub fn begin() -> Result<Self> {
        let mut live = Self { begun: vec![], ended: false, rest: std::io::stdin() };
        live.read()?;
        Ok(live)
    }

    /// Whether it is neither compressed nor in UTF-16, by its first bytes.
    pub fn is_plain(&self) -> bool {
        let marks: [&[u8]; 5] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK", b"\xff\xfe", b"\xfe\xff"];
        !marks.iter().any(|mark| self.begun.starts_with(mark))
    }

    /// The names and types that `schema` finds in the first rows, as soon as there are some.
    pub fn first(&mut self, schema: impl Fn(Cursor<Vec<u8>>) -> Result<Schema>) -> Result<Schema> {
        loop {
            let whole =
                if self.ended { self.begun.len() } else { memchr::memrchr(b'\n', &self.begun).map_or(0, |at| at + 1) };
            let found = schema(Cursor::new(self.begun[..whole].to_vec()));
            match found {
                Err(error) if !self.ended && error.is::<Incomplete>() => self.read()?,
                found => return found,
            }
        }
    }

    fn read(&mut self) -> Result<()> {
        let length = self.begun.len();
        self.begun.resize(length + PIECE, 0);
        let read = self.rest.read(&mut self.begun[length..]).context("standard input: cannot read")?;
        self.begun.truncate(length + read);
        self.ended = read == 0;
        Ok(())
    }

    /// All of it.
    pub fn bytes(self) -> impl Read + Send {
        Cursor::new(self.begun).chain(self.rest)
    }
}
