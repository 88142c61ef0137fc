//! A row of JSON: an object's keys and cells.

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt::Formatter;

/// A value of an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    Null,
    Bool(bool),
    Integer(i64),
    /// Of 2^63 and more.
    Unsigned(u64),
    Number(f64),
    Text(Cow<'a, str>),
    List,
    Object,
}

/// Reads the object on `line` into `cells`, in its order.
///
/// # Errors
/// A line that is no object, or in which a key stands twice.
pub fn read<'a>(line: &'a [u8], cells: &mut Vec<(Cow<'a, str>, Cell<'a>)>) -> Result<(), serde_json::Error> {
    cells.clear();
    let mut json = serde_json::Deserializer::from_slice(line);
    json.deserialize_map(Row(cells))?;
    json.end()
}

struct Row<'v, 'a>(&'v mut Vec<(Cow<'a, str>, Cell<'a>)>);

impl<'a> Visitor<'a> for Row<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object such as {\"x\": 1}")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        let mut seen = HashSet::new();
        while let Some(Cell::Text(key)) = map.next_key_seed(Value)? {
            if !seen.insert(key.clone()) {
                return Err(M::Error::custom(format!("the key {key:?} stands twice")));
            }
            let cell = map.next_value_seed(Value)?;
            self.0.push((key, cell));
        }
        Ok(())
    }
}

/// One value.
struct Value;

impl<'a> DeserializeSeed<'a> for Value {
    type Value = Cell<'a>;

    fn deserialize<D: Deserializer<'a>>(self, json: D) -> Result<Cell<'a>, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Value {
    type Value = Cell<'a>;

    fn expecting(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Cell<'a>, E> {
        Ok(Cell::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Cell<'a>, E> {
        Ok(Cell::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Cell<'a>, E> {
        Ok(Cell::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Cell<'a>, E> {
        Ok(i64::try_from(value).map_or(Cell::Unsigned(value), Cell::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Cell<'a>, E> {
        Ok(Cell::Number(value))
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Cell<'a>, E> {
        Ok(Cell::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cell<'a>, E> {
        Ok(infinity(text).map_or_else(|| Cell::Text(Cow::Owned(text.into())), Cell::Number))
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut list: S) -> Result<Cell<'a>, S::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Cell::List)
    }

    fn visit_map<M: MapAccess<'a>>(self, mut object: M) -> Result<Cell<'a>, M::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Cell::Object)
    }
}

/// The lines with `null` for the `NaN`, and a marked text for the `Infinity`, that Python's `json` and DuckDB write, and that
/// are no JSON.
pub fn standard(bytes: &[u8]) -> Cow<'_, [u8]> {
    let has = |word: &str| memchr::memmem::find(bytes, word.as_bytes()).is_some();
    if !WORDS.iter().any(|(word, _)| has(word)) {
        return Cow::Borrowed(bytes);
    }
    let (mut out, mut inside, mut at) = (Vec::with_capacity(bytes.len()), false, 0);
    while at < bytes.len() {
        let rest = &bytes[at..];
        let word = WORDS.iter().find(|(word, _)| !inside && rest.starts_with(word.as_bytes()));
        if let Some((word, instead)) = word {
            out.extend_from_slice(instead.as_bytes());
            at += word.len();
            continue;
        }
        let take = if inside && rest[0] == b'\\' { rest.len().min(2) } else { 1 };
        if take == 1 {
            // No text goes on over the end of a line.
            inside = rest[0] != b'\n' && inside != (rest[0] == b'"');
        }
        out.extend_from_slice(&rest[..take]);
        at += take;
    }
    Cow::Owned(out)
}

/// What is no JSON, and what stands for it.
const WORDS: [(&str, &str); 3] =
    [("NaN", "null"), ("-Infinity", r#""\u0001-Infinity""#), ("Infinity", r#""\u0001Infinity""#)];

/// The number that a marked text stands for.
fn infinity(text: &str) -> Option<f64> {
    match text {
        "\u{1}Infinity" => Some(f64::INFINITY),
        "\u{1}-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_a_cell_and_a_key_stands_once() {
        let line = br#"{"a": 1, "b": -2.5, "c": "x", "d": "\u00e9", "e": true, "f": null, "g": [1, [2]], "h": {"i": {}}, "j": 18446744073709551615}"#;
        let mut cells = Vec::new();
        read(line, &mut cells).unwrap();
        let expected = [
            Cell::Integer(1),
            Cell::Number(-2.5),
            Cell::Text("x".into()),
            Cell::Text("é".into()),
            Cell::Bool(true),
            Cell::Null,
            Cell::List,
            Cell::Object,
            Cell::Unsigned(u64::MAX),
        ];
        assert_eq!(cells.iter().map(|(_, cell)| cell.clone()).collect::<Vec<_>>(), expected);
        for (line, words) in
            [(r#"{"a":1,"a":2}"#, "\"a\" stands twice"), ("[1]", "expected an object"), (r#"{"a":1} x"#, "trailing")]
        {
            assert!(read(line.as_bytes(), &mut Vec::new()).unwrap_err().to_string().contains(words), "{line}");
        }
    }

    #[test]
    fn what_is_no_json_is_read_outside_of_texts() {
        let text = br#"{"a": NaN, "b": "NaN \" NaN", "c": [NaN]}"#;
        assert_eq!(standard(text).as_ref(), br#"{"a": null, "b": "NaN \" NaN", "c": [null]}"#);
        assert!(matches!(standard(b"{}"), Cow::Borrowed(_)));
        let (line, mut cells) = (standard(br#"{"a": -Infinity, "b": "Infinity", "c": Infinity}"#), Vec::new());
        read(&line, &mut cells).unwrap();
        let cells: Vec<Cell<'_>> = cells.into_iter().map(|(_, cell)| cell).collect();
        let infinite = Cell::Number(f64::INFINITY);
        assert_eq!(cells, [Cell::Number(f64::NEG_INFINITY), Cell::Text("Infinity".into()), infinite]);
    }
}
