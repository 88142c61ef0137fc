//! A JSON array of objects as the lines of NDJSON, however large it is.

use std::io::{Error, ErrorKind, Read, Result};

/// Bytes that are looked at at once.
const CHUNK: usize = 1 << 20;

/// Gives each element of an array on a line of its own; text that does not begin with `[` as it is.
pub struct ArrayLines<R> {
    reader: R,
    ready: Vec<u8>,
    given: usize,
    state: State,
    /// Brackets that are open, the array's own included.
    depth: usize,
    inside_text: bool,
    escaped: bool,
    ended: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Lines,
    Array,
    /// Behind the array's end.
    Behind,
}

impl<R: Read> ArrayLines<R> {
    pub fn new(reader: R) -> Self {
        let (ready, state) = (vec![], State::Start);
        Self { reader, ready, given: 0, state, depth: 0, inside_text: false, escaped: false, ended: false }
    }

    fn fill(&mut self) -> Result<()> {
        let mut bytes = vec![0; CHUNK];
        let count = self.reader.read(&mut bytes)?;
        self.ended = count == 0;
        self.ready.clear();
        self.given = 0;
        let mut rest = &bytes[..count];
        while let [byte, more @ ..] = rest
            && self.state != State::Lines
        {
            self.take(*byte)?;
            rest = more;
        }
        self.ready.extend_from_slice(rest);
        if self.ended && self.state == State::Array {
            return Err(Error::new(ErrorKind::InvalidData, "the array is not closed; the file is cut off"));
        }
        Ok(())
    }

    fn take(&mut self, byte: u8) -> Result<()> {
        match self.state {
            State::Start if byte == b'[' => (self.state, self.depth) = (State::Array, 1),
            // A byte order mark goes on to the reader of lines.
            State::Start if byte.is_ascii_whitespace() || byte >= 0x80 => self.ready.push(byte),
            State::Start => {
                self.state = State::Lines;
                self.ready.push(byte);
            }
            State::Lines => {}
            State::Array => self.take_in_array(byte),
            State::Behind if byte.is_ascii_whitespace() => {}
            State::Behind => return Err(Error::new(ErrorKind::InvalidData, "text stands behind the array's end")),
        }
        Ok(())
    }

    fn take_in_array(&mut self, byte: u8) {
        if self.inside_text {
            self.inside_text = self.escaped || byte != b'"';
            self.escaped = !self.escaped && byte == b'\\';
            return self.ready.push(byte);
        }
        match byte {
            b'[' | b'{' => self.depth += 1,
            b']' | b'}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.inside_text = byte == b'"';
        match byte {
            b']' if self.depth == 0 => {
                self.state = State::Behind;
                self.ready.push(b'\n');
            }
            b',' if self.depth == 1 => self.ready.push(b'\n'),
            b'\n' | b'\r' => self.ready.push(b' '),
            _ => self.ready.push(byte),
        }
    }
}

impl<R: Read> Read for ArrayLines<R> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        while self.given == self.ready.len() && !self.ended {
            self.fill()?;
        }
        let count = out.len().min(self.ready.len() - self.given);
        out[..count].copy_from_slice(&self.ready[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Result<String> {
        let mut all = String::new();
        ArrayLines::new(text.as_bytes()).read_to_string(&mut all)?;
        Ok(all)
    }

    #[test]
    fn elements_are_lines_and_what_is_no_array_stays() {
        assert_eq!(
            lines(" [{\"a\":\n[1,2]},{\"b\":\"],\\\"[\"}]\n").unwrap(),
            " {\"a\": [1,2]}\n{\"b\":\"],\\\"[\"}\n"
        );
        assert_eq!(lines("{\"a\":[1,\n2]}\n").unwrap(), "{\"a\":[1,\n2]}\n");
        assert!(lines("[{\"a\":1},").unwrap_err().to_string().contains("cut off"));
        assert!(lines("[] x").unwrap_err().to_string().contains("behind"));
        assert_eq!(lines("[]").unwrap(), "\n");
    }
}
