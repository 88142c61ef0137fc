//! Standard input: copied, so that it can be read again, or read once, as its rows come.

use super::ReadOptions;
use super::blocks::{Incomplete, Text};
use crate::cpu::input::Input;
use crate::data::table::Format;
use crate::train::observer::Interrupted;
use anyhow::{Context, Result, bail, ensure};
use polars::prelude::Schema;
use std::io::{Cursor, Read, Seek, Write};
use std::path::PathBuf;
use tempfile::NamedTempFile;

pub enum Stdin {
    /// A file that has all of it.
    Copied(NamedTempFile),
    /// Rows that are answered as they come.
    Live(Live),
}

impl Stdin {
    /// Sets `options.live` to what can be done: rows that are neither compressed nor in UTF-16 can be told apart as they come.
    pub fn open(options: &mut ReadOptions) -> Result<Self> {
        options.live &= is_possible(options);
        if !options.live {
            return copied(input()?);
        }
        let live = Live::begin()?;
        options.live = live.is_plain();
        if options.live { Ok(Self::Live(live)) } else { copied(live.text.bytes()) }
    }

    /// The file to be read; rows that come have none.
    pub fn file(&self) -> PathBuf {
        match self {
            Self::Copied(copy) => copy.path().to_path_buf(),
            Self::Live(_) => "-".into(),
        }
    }
}

fn input() -> Result<Input> {
    Input::open().context("standard input: cannot read")
}

fn copied(mut bytes: impl Read) -> Result<Stdin> {
    let room = || {
        let folder = std::env::temp_dir();
        format!("standard input: cannot copy it to {}; set TMPDIR to a folder with room", folder.display())
    };
    let mut copy = NamedTempFile::new().with_context(room)?;
    let done = std::io::copy(&mut bytes, &mut copy).and_then(|_| copy.flush()).and_then(|()| copy.rewind());
    Interrupted::check("standard input was read")?;
    done.with_context(room)?;
    Ok(Stdin::Copied(copy))
}

/// Whether rows in this format can be told apart as they come. A file in the place of standard input is all there, and is answered as
/// one that is named: to the bit.
fn is_possible(options: &ReadOptions) -> bool {
    let stdin = rustix::fs::fstat(std::io::stdin());
    let file = stdin.is_ok_and(|stdin| rustix::fs::FileType::from_raw_mode(stdin.st_mode).is_file());
    !file
        && matches!(options.format, None | Some(Format::Csv | Format::Tsv | Format::Ndjson))
        && options.encoding.eq_ignore_ascii_case("utf-8")
}

/// Standard input of which a part was read, never further than to the end of a row that is there.
pub struct Live {
    text: Text<Input>,
}

impl Live {
    /// Waits for the first bytes.
    fn begin() -> Result<Self> {
        let mut live = Self { text: Text::new(input()?, true) };
        live.read()?;
        Ok(live)
    }

    fn is_plain(&self) -> bool {
        let marks: [&[u8]; 5] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK", b"\xff\xfe", b"\xfe\xff"];
        !marks.iter().any(|mark| self.text.buffer.starts_with(mark))
    }

    /// The names and types that `schema` finds in the first rows, as soon as there are some.
    ///
    /// # Errors
    /// Those of `schema`, a first row of more than 64 MiB.
    pub fn first(&mut self, schema: impl Fn(Cursor<Vec<u8>>) -> Result<Schema>) -> Result<Schema> {
        loop {
            let whole = memchr::memrchr(b'\n', &self.text.buffer).map_or(0, |at| at + 1);
            if whole > 0 || self.text.ended {
                let found = schema(Cursor::new(self.text.buffer[..whole].to_vec()));
                match found {
                    Err(error) if !self.text.ended && error.is::<Incomplete>() => {}
                    found => return found,
                }
            }
            if let Some(why) = self.text.too_long() {
                bail!("standard input: row 1: {why}");
            }
            self.read()?;
        }
    }

    fn read(&mut self) -> Result<()> {
        let read = self.text.read();
        Interrupted::check("standard input was read")?;
        read.context("standard input: cannot read")
    }

    /// Refuses objects where rows of cells are expected.
    pub fn check_rows(&self) -> Result<()> {
        let start = self.text.buffer.iter().find(|byte| !byte.is_ascii_whitespace());
        ensure!(start != Some(&b'{'), "standard input: begins like NDJSON; say --format ndjson");
        Ok(())
    }

    /// All of it.
    pub fn bytes(self) -> impl Read + Send {
        self.text.bytes()
    }
}
