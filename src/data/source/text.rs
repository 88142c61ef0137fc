//! The text of a file: unpacked where it is compressed, in UTF-8 whatever it was written in.

use anyhow::{Context, Result, bail};
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};
use std::io::{BufRead, BufReader, Error, ErrorKind, Read};

/// Bytes that are decoded at once.
const CHUNK: usize = 1 << 16;

/// The text of `file`, which is named `shown` in errors. gzip and Zstandard are told by their first bytes, UTF-16 by its
/// byte order mark; any other encoding is the one named.
///
/// # Errors
/// Another compression, an encoding that is none of the WHATWG's names.
pub fn text<'a>(file: impl Read + Send + 'a, encoding: &str, shown: &str) -> Result<Box<dyn Read + Send + 'a>> {
    let named = self::encoding(encoding)?;
    let mut text = unpacked(file, shown)?;
    let start = peek(&mut text, shown)?;
    let encoding = match Encoding::for_bom(start) {
        Some((by_mark, _)) => by_mark,
        None => named,
    };
    Ok(if encoding == UTF_8 { Box::new(text) } else { Box::new(Decoded::new(text, encoding)) })
}

/// The encoding that has this name.
///
/// # Errors
/// A name that the WHATWG's Encoding Standard does not have.
pub fn encoding(name: &str) -> Result<&'static Encoding> {
    let Some(encoding) = Encoding::for_label(name.as_bytes()) else {
        bail!("--encoding {name}: unknown, expected a name such as utf-8, latin1, windows-1252, utf-16le or shift_jis");
    };
    Ok(encoding)
}

/// The first bytes, which stay to be read.
fn peek<'a>(reader: &'a mut impl BufRead, shown: &str) -> Result<&'a [u8]> {
    reader.fill_buf().with_context(|| format!("{shown}: cannot read"))
}

type Buffered<'a> = BufReader<Box<dyn Read + Send + 'a>>;

fn unpacked<'a>(file: impl Read + Send + 'a, shown: &str) -> Result<Buffered<'a>> {
    let mut file: Buffered<'a> = BufReader::new(Box::new(file));
    let start = peek(&mut file, shown)?;
    let cannot = |what: &str, how: &str| format!("{shown}: {what}, expected text, gzip or Zstandard; {how}");
    Ok(match start {
        [0x1f, 0x8b, ..] => BufReader::new(Box::new(flate2::bufread::MultiGzDecoder::new(file))),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let unpacked = zstd::Decoder::with_buffer(file).with_context(|| format!("{shown}: cannot unpack"))?;
            BufReader::new(Box::new(unpacked))
        }
        [b'P', b'K', 3, 4, ..] => {
            bail!(cannot("a zip archive or a workbook", "unpack it with unzip, or say --format xlsx"))
        }
        [b'P', b'A', b'R', b'1', ..] => bail!("{shown}: is Parquet; say --format parquet"),
        [b'A', b'R', b'R', b'O', b'W', b'1', ..] => bail!("{shown}: is an Arrow file; say --format ipc"),
        [b'B', b'Z', b'h', ..] => bail!(cannot("compressed with bzip2", "unpack it with bunzip2")),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => bail!(cannot("compressed with xz", "unpack it with unxz")),
        _ => file,
    })
}

/// Text of another encoding as UTF-8.
struct Decoded<R> {
    reader: R,
    decoder: Decoder,
    /// Decoded and not yet given.
    ready: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: BufRead> Decoded<R> {
    fn new(reader: R, encoding: &'static Encoding) -> Self {
        Self { reader, decoder: encoding.new_decoder(), ready: vec![], given: 0, ended: false }
    }

    /// Decodes what the reader has at hand.
    fn decode(&mut self) -> std::io::Result<()> {
        let bytes = self.reader.fill_buf()?;
        let bytes = &bytes[..bytes.len().min(CHUNK)];
        self.ended = bytes.is_empty();
        self.ready.resize(self.decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(4 * CHUNK), 0);
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(bytes, &mut self.ready, self.ended);
        self.reader.consume(read);
        self.ready.truncate(written);
        self.given = 0;
        match result {
            DecoderResult::Malformed(..) => {
                let encoding = self.decoder.encoding().name();
                Err(Error::new(
                    ErrorKind::InvalidData,
                    format!("the text is not {encoding}; say which it is with --encoding"),
                ))
            }
            _ => Ok(()),
        }
    }
}

impl<R: BufRead> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        while self.given == self.ready.len() && !self.ended {
            self.decode()?;
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
    use std::io::Write;

    fn read(bytes: &[u8], encoding: &str) -> Result<String> {
        let mut all = String::new();
        text(bytes, encoding, "t.csv")?.read_to_string(&mut all)?;
        Ok(all)
    }

    #[test]
    fn compressed_text_is_seen_by_its_first_bytes() {
        let mut gzip = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
        gzip.write_all(b"a,b\n1,2\n").unwrap();
        // gzip files stuck together are one text, as for zcat.
        let gzip = gzip.finish().unwrap().repeat(2);
        assert_eq!(read(&gzip, "utf-8").unwrap(), "a,b\n1,2\na,b\n1,2\n");
        let zstandard = zstd::encode_all(b"a,b\n".as_slice(), 0).unwrap();
        assert_eq!(read(&zstandard, "utf-8").unwrap(), "a,b\n");
        assert!(read(b"PK\x03\x04...", "utf-8").unwrap_err().to_string().contains("unzip"));
    }

    // "größe €" in Python: .encode("cp1252"), .encode("utf-16"), .encode("shift_jis") of "値"
    #[test]
    fn text_of_another_encoding_becomes_utf8() {
        assert_eq!(read(b"gr\xf6\xdfe \x80", "latin1").unwrap(), "größe €");
        assert_eq!(read(b"\xff\xfeg\0r\0\xf6\0", "utf-8").unwrap(), "grö");
        assert_eq!(read(b"\xfe\xff\0g\0r\0\xf6", "utf-8").unwrap(), "grö");
        assert_eq!(read(b"\x92l", "shift_jis").unwrap(), "値");
        assert_eq!(read("\u{feff}a".as_bytes(), "latin1").unwrap(), "\u{feff}a", "the mark says UTF-8");
        assert!(read(b"a", "klingon").err().unwrap().to_string().contains("--encoding klingon: unknown"));
        assert!(read(b"\x81\x20", "shift_jis").unwrap_err().to_string().contains("not Shift_JIS"));
    }
}
