//! NDJSON, an object a line, and JSON, an array of objects: each key is a column, in whatever row it first occurs.

use super::array_lines::ArrayLines;
use super::blocks::{Block, Blocks, Incomplete, numbered};
use super::json_row::{Cell, read, standard};
use super::rows::Dialect;
use super::types::{read_as, unreadable, widen};
use super::{Give, ReadOptions};
use crate::cpu::threads;
use crate::data::location::Location;
use anyhow::{Result, anyhow};
use polars::prelude::*;
use std::borrow::Cow;
use std::collections::HashSet;
use std::io::Read;

/// Reads one file of objects.
pub struct Reader<'a> {
    options: &'a ReadOptions,
    place: Location<'a>,
    /// Texts that mean "missing".
    na: HashSet<&'a str>,
}

impl<'a> Reader<'a> {
    pub fn new(options: &'a ReadOptions, place: Location<'a>) -> Self {
        Self { options, place, na: options.na.iter().map(String::as_str).collect() }
    }

    /// The keys of all rows in the order in which they occur, and the types that fit their cells.
    ///
    /// # Errors
    /// A line that is no object, a key that stands twice in one.
    pub fn schema(&self, file: impl Read + Send) -> Result<Schema> {
        let (mut schema, mut first) = (Schema::default(), 0);
        threads::ahead(self.blocks(file), |block| {
            let block = block?;
            self.each_row(&block, first, |_, key, cell| {
                let dtype = self.dtype(&cell);
                match schema.get(key) {
                    None => _ = schema.insert(key.into(), dtype),
                    Some(known) if *known == dtype || dtype == DataType::Null => {}
                    Some(_) => widen(&mut schema, &Schema::from_iter([Field::new(key.into(), dtype)])),
                }
                Ok(())
            })?;
            first += block.rows;
            Ok(())
        })?;
        if first == 0 {
            return Err(Incomplete::error(format!("{}: no rows, expected one at least", self.place.file)));
        }
        Ok(schema)
    }

    /// Every block as a batch of the columns asked for, typed as in `schema`.
    pub fn read<T: Send>(
        &self,
        file: impl Read + Send,
        schema: &Schema,
        columns: Option<&[String]>,
        give: Give<'_, T>,
    ) -> Result<()> {
        let asked: Option<HashSet<&str>> = columns.map(|columns| columns.iter().map(String::as_str).collect());
        let wanted = |field: &Field| match &asked {
            Some(asked) => asked.contains(field.name().as_str()),
            None => read_as(field.dtype()).is_some(),
        };
        let picked: Schema = schema.iter_fields().filter(wanted).collect();
        let Give { finish, see } = give;
        let build = |numbered: Result<(Block, usize)>| {
            let (block, first) = numbered?;
            let mut builders: Vec<Builder> =
                picked.iter_values().map(|dtype| Builder::new(dtype, block.rows)).collect();
            self.each_row(&block, first, |row, key, cell| {
                let Some((index, _, dtype)) = picked.get_full(key) else { return Ok(()) };
                let cell = if self.is_missing(&cell) { Cell::Null } else { cell };
                builders[index].set(row, cell).map_err(|found| self.unfit(first + row, (key, dtype), &found))
            })?;
            let built =
                builders.into_iter().zip(picked.iter_names()).map(|(builder, name)| builder.column(name.clone()));
            finish(DataFrame::new(block.rows, built.collect())?, first)
        };
        threads::ordered(numbered(self.blocks(file)), self.options.at_once(), build, |built: Result<T>| see(built?))
    }

    fn blocks<R: Read>(&self, file: R) -> Blocks<'a, ArrayLines<R>> {
        Blocks::new(ArrayLines::new(file), self.options.live, Dialect::default(), "", self.place)
    }

    /// Calls `see` with the row in the block, the key and the cell.
    fn each_row(
        &self,
        block: &Block,
        first: usize,
        mut see: impl FnMut(usize, &str, Cell<'_>) -> Result<()>,
    ) -> Result<()> {
        let bytes = standard(&block.bytes);
        let mut cells = Vec::new();
        let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
        for (row, line) in lines.enumerate() {
            read(line, &mut cells).map_err(|error| self.refused(first + row, &error, line))?;
            for (key, cell) in cells.drain(..) {
                see(row, &key, cell)?;
            }
        }
        Ok(())
    }

    /// A cell that its column does not hold: of rows that come one by one the types are known before the cells.
    fn unfit(&self, row: usize, (key, dtype): (&str, &DataType), found: &str) -> anyhow::Error {
        let expected = match dtype {
            DataType::Int64 | DataType::Float64 => "a number",
            DataType::Boolean => "true or false",
            DataType::List(_) | DataType::Struct(_) => {
                return anyhow!("{}: {}", self.place.file, unreadable(key, dtype));
            }
            _ => "text, a number, a truth value or a date",
        };
        anyhow!("{}, column {key}: {found}, expected {expected}", self.place.row(row))
    }

    fn refused(&self, row: usize, error: &serde_json::Error, line: &[u8]) -> anyhow::Error {
        let text = error.to_string();
        let what = text.split(" at line ").next().unwrap_or_default();
        let whole = if row == 0 && line.starts_with(b"{") && error.is_eof() {
            ", or an array of objects, as pandas' to_json(orient=\"records\") writes it"
        } else {
            ""
        };
        let (row, column) = (self.place.row(row), error.column());
        anyhow!(
            "{row}: {what} (character {column} of the line); expected an object a line, such as {{\"x\": 1}}{whole}"
        )
    }

    fn is_missing(&self, cell: &Cell<'_>) -> bool {
        matches!(cell, Cell::Text(text) if self.na.contains(text.trim()))
    }

    fn dtype(&self, cell: &Cell<'_>) -> DataType {
        match cell {
            Cell::Null => DataType::Null,
            _ if self.is_missing(cell) => DataType::Null,
            Cell::Bool(_) => DataType::Boolean,
            Cell::Integer(_) => DataType::Int64,
            Cell::Unsigned(_) | Cell::Number(_) => DataType::Float64,
            Cell::Text(_) => DataType::String,
            Cell::List => DataType::List(Box::new(DataType::Null)),
            Cell::Object => DataType::Struct(vec![]),
        }
    }
}

/// A column that is being filled.
enum Builder {
    Bools(Vec<Option<bool>>),
    Integers(Vec<Option<i64>>),
    Numbers(Vec<Option<f64>>),
    Texts(Vec<Option<String>>),
    Unreadable,
}

impl Builder {
    fn new(dtype: &DataType, rows: usize) -> Self {
        match dtype {
            DataType::Boolean => Self::Bools(vec![None; rows]),
            DataType::Int64 => Self::Integers(vec![None; rows]),
            DataType::Float64 => Self::Numbers(vec![None; rows]),
            DataType::List(_) | DataType::Struct(_) => Self::Unreadable,
            _ => Self::Texts(vec![None; rows]),
        }
    }

    /// A cell that the column's type holds, as [`Reader::dtype`] and `widen` have found it.
    ///
    /// # Errors
    /// What another cell is.
    fn set(&mut self, row: usize, cell: Cell<'_>) -> Result<(), String> {
        match (self, cell) {
            (_, Cell::List) => return Err("a list".into()),
            (Self::Unreadable, _) | (_, Cell::Object) => return Err("an object".into()),
            (_, Cell::Null) => {}
            (Self::Bools(cells), Cell::Bool(value)) => cells[row] = Some(value),
            (Self::Integers(cells), Cell::Integer(value)) => cells[row] = Some(value),
            (Self::Numbers(cells), Cell::Integer(value)) => cells[row] = Some(value as f64),
            (Self::Numbers(cells), Cell::Unsigned(value)) => cells[row] = Some(value as f64),
            (Self::Numbers(cells), Cell::Number(value)) => cells[row] = Some(value),
            // A number that is written as text is one, as in a table whose every row is looked at first.
            (Self::Numbers(cells), Cell::Text(text)) => match text.trim().parse() {
                Ok(value) => cells[row] = Some(value),
                Err(_) => return Err(format!("{text:?}")),
            },
            (Self::Texts(cells), cell) => cells[row] = Some(text(cell).into_owned()),
            (_, cell) => return Err(text(cell).into_owned()),
        }
        Ok(())
    }

    fn column(self, name: PlSmallStr) -> Column {
        match self {
            Self::Bools(cells) => Column::new(name, cells),
            Self::Integers(cells) => Column::new(name, cells),
            Self::Numbers(cells) => Column::new(name, cells),
            Self::Texts(cells) => Column::new(name, cells),
            Self::Unreadable => Column::new_empty(name, &DataType::Null),
        }
    }
}

fn text(cell: Cell<'_>) -> Cow<'_, str> {
    match cell {
        Cell::Text(text) => text,
        Cell::Bool(value) => value.to_string().into(),
        Cell::Integer(value) => value.to_string().into(),
        Cell::Unsigned(value) => value.to_string().into(),
        Cell::Number(value) => value.to_string().into(),
        Cell::Null | Cell::List | Cell::Object => "".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(text: &str) -> Result<DataFrame> {
        let options = ReadOptions { na: vec!["NA".into(), String::new()], ..ReadOptions::default() };
        let reader = Reader::new(&options, Location::start("t.json"));
        let schema = reader.schema(text.as_bytes())?;
        let mut all: Option<DataFrame> = None;
        let mut see = |batch: DataFrame| {
            match &mut all {
                Some(all) => _ = all.vstack_mut(&batch)?,
                None => all = Some(batch),
            }
            Ok(())
        };
        reader.read(text.as_bytes(), &schema, None, Give { finish: &|batch, _| Ok(batch), see: &mut see })?;
        Ok(all.unwrap())
    }

    // pandas.read_json(text, lines=True) has these columns, and None where a key is absent
    #[test]
    fn a_key_is_a_column_wherever_it_first_occurs() {
        let expected = df!("a" => [Some(1i64), None, Some(3)], "b" => [None, Some(0.5), Some(2.0)]).unwrap();
        for text in ["{\"a\":1}\n{\"b\":0.5}\n\n{\"b\":2,\"a\":3}\n", "[{\"a\":1},\n {\"b\":0.5},{\"b\":2, \"a\":3}]\n"]
        {
            assert!(read_all(text).unwrap().equals_missing(&expected), "{text}");
        }
    }

    #[test]
    fn words_for_missing_are_missing_and_mixtures_are_text() {
        let data =
            read_all("{\"x\":1,\"t\":1,\"n\":NaN}\n{\"x\":\"NA\",\"t\":\"b\",\"n\":2}\n{\"x\":\"\",\"t\":true}\n")
                .unwrap();
        let expected = df!("x" => [Some(1i64), None, None], "t" => ["1", "b", "true"], "n" => [None, Some(2i64), None]);
        assert!(data.equals_missing(&expected.unwrap()), "{data}");
    }

    #[test]
    fn what_is_no_row_is_named() {
        let refusal = |text: &str| read_all(text).unwrap_err().to_string();
        assert!(
            refusal("{\"a\":1}\n[2]\n").starts_with("t.json: row 2: invalid type: sequence"),
            "{}",
            refusal("{\"a\":1}\n[2]\n")
        );
        assert!(refusal("{\"a\":1,\"a\":2}\n").contains("row 1: the key \"a\" stands twice"));
        assert!(refusal("{\n\"a\": 1\n}\n").contains("orient=\"records\""));
        assert!(refusal("{\"a\": Infinite}\n").contains("row 1: expected"));
        assert!(refusal("[]").contains("no rows"));
    }
}
