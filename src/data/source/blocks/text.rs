//! The text of a table as it is read: a block at once, or whatever is there.

use std::fmt;
use std::io::{Cursor, ErrorKind, Read, Result};

/// Bytes that are read at once.
pub(super) const BLOCK: usize = 4 << 20;
/// Bytes that are taken at once of what comes row by row.
const PIECE: usize = 1 << 16;
/// No row of a table is this long; a file without line ends would be.
const LONGEST_ROW: usize = 64 << 20;

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

/// A text of which a part was read.
pub struct Text<R> {
    /// What was read and not taken yet.
    pub buffer: Vec<u8>,
    /// Whether that is all there is.
    pub ended: bool,
    /// Whether rows are given as soon as they are there, and not by the block.
    pub at_once: bool,
    reader: R,
    begun: bool,
}

impl<R: Read> Text<R> {
    pub fn new(reader: R, at_once: bool) -> Self {
        Self { buffer: vec![], ended: false, at_once, reader, begun: false }
    }

    /// Reads on where less than a block is at hand, so that a block is one whatever was read for the header.
    pub fn fill(&mut self) -> Result<()> {
        if self.buffer.len() < BLOCK && !self.at_once { self.read() } else { Ok(()) }
    }

    /// Reads on; at the end of the text the last row gets its line end. The mark of UTF-8 is left out.
    pub fn read(&mut self) -> Result<()> {
        if self.ended {
            return Ok(());
        }
        let read = if self.at_once { self.read_piece()? } else { self.read_block()? };
        if !self.begun && self.buffer.starts_with(b"\xef\xbb\xbf") {
            self.buffer.drain(..3);
        }
        self.begun = true;
        self.ended = if self.at_once { read == 0 } else { read < BLOCK };
        if self.ended && self.buffer.last().is_some_and(|&byte| byte != b'\n') {
            self.buffer.push(b'\n');
        }
        Ok(())
    }

    fn read_block(&mut self) -> Result<usize> {
        self.buffer.reserve(BLOCK);
        (&mut self.reader).take(BLOCK as u64).read_to_end(&mut self.buffer)
    }

    fn read_piece(&mut self) -> Result<usize> {
        let length = self.buffer.len();
        self.buffer.resize(length + PIECE, 0);
        let read = loop {
            match self.reader.read(&mut self.buffer[length..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buffer.truncate(length + *read.as_ref().unwrap_or(&0));
        read
    }

    /// Why a row that does not end in what was read is none, if it is too long for one.
    pub fn too_long(&self) -> Option<String> {
        let why = || {
            format!(
                "longer than {} MiB without a line end; is this a table of text, and every quote closed?",
                LONGEST_ROW >> 20
            )
        };
        (self.buffer.len() >= LONGEST_ROW).then(why)
    }

    /// All of it, what was read included.
    pub fn bytes(self) -> impl Read + Send
    where
        R: Send,
    {
        Cursor::new(self.buffer).chain(self.reader)
    }
}
