use super::*;
use crate::data::store::Store;
use crate::data::table;
use std::fs::File;

fn options() -> ReadOptions {
    ReadOptions::default()
}

/// The whole of a table with its types.
fn read(place: &Path, options: &ReadOptions) -> Result<DataFrame> {
    let source = Source::open(place, options)?;
    let names = source.names();
    let store = Store::read(&mut [source], &names)?;
    let columns = names.iter().map(|name| store.column(name)?.column(name).cloned().map_err(Into::into));
    Ok(DataFrame::new(store.height(), columns.collect::<Result<Vec<_>>>()?)?)
}

fn csv(text: impl AsRef<[u8]>, options: &ReadOptions) -> Result<DataFrame> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, text).unwrap();
    read(&path, options)
}

fn dtypes(data: &DataFrame) -> Vec<DataType> {
    data.dtypes()
}

#[test]
fn one_missing_cell_does_not_turn_a_number_column_into_text() {
    let data = csv("a,b,c\n1,NA,x\n?,2.5,\nNaN,3,y\n", &options()).unwrap();
    assert_eq!(dtypes(&data), [DataType::Int64, DataType::Float64, DataType::String]);
    assert_eq!(data.column("a").unwrap().null_count(), 2);
    assert_eq!(data.column("c").unwrap().str().unwrap().get(1), None);
}

#[test]
fn a_header_that_cannot_be_is_refused() {
    let refusal = |text: &str| csv(text, &options()).unwrap_err().to_string();
    assert!(refusal("a,b,a\n1,2,3\n").contains("column a stands twice"));
    assert!(refusal("a,b\n").contains("no rows"));
    assert!(refusal("").contains("empty"));
}

#[test]
fn delimiter_quote_and_header_are_the_users() {
    let german = ReadOptions { delimiter: ";".into(), quote: "'".into(), ..options() };
    let data = csv("a;b\n1;'x;y'\n", &german).unwrap();
    assert_eq!(data.column("b").unwrap().str().unwrap().get(0), Some("x;y"));
    let bare = ReadOptions { header: false, delimiter: "tab".into(), ..options() };
    let data = csv("1\t2\n3\t4\n", &bare).unwrap();
    assert_eq!(table::names(&data), ["column_1", "column_2"]);
    assert_eq!(data.height(), 2);
    let none = ReadOptions { quote: "none".into(), ..options() };
    assert_eq!(csv("a,b\n5\",6\n", &none).unwrap().column("a").unwrap().str().unwrap().get(0), Some("5\""));
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_no_part_of_a_cell() {
    let data = csv("\u{feff}a,b\r\n1,x\r\n2,y\r\n", &options()).unwrap();
    assert_eq!(table::names(&data), ["a", "b"]);
    assert_eq!(data.column("b").unwrap().str().unwrap().get(1), Some("y"));
    assert_eq!(dtypes(&data)[0], DataType::Int64);
}

/// Rows enough for two blocks, of which only the last tells the type of a column.
fn late(cell: &str, late: &str) -> String {
    let mut text = String::from("a,filler\n");
    for _ in 0..20 {
        text += &format!("{cell},{}\n", "x".repeat(1 << 20));
    }
    text + &format!("{late},end\n")
}

#[test]
fn a_cell_late_in_the_table_widens_its_column_from_the_first_row_on() {
    for (early, last, dtype) in [
        ("1", "2.5", DataType::Float64),
        ("1", "two", DataType::String),
        ("1", "18446744073709551616", DataType::Float64),
        ("1", "9223372036854775808", DataType::Float64),
        ("NA", "7", DataType::Int64),
        ("NA", "x", DataType::String),
    ] {
        let data = csv(late(early, last), &options()).unwrap();
        assert_eq!(*data.column("a").unwrap().dtype(), dtype, "{early} then {last}");
        assert_eq!(data.height(), 21);
    }
}

#[test]
fn the_files_of_a_pattern_are_one_table() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("part-1.csv", "a,b\n1,x\n");
    write("part-2.csv", "a,b\n2.5,y\n3,z\n");
    let data = read(&folder.path().join("part-*.csv"), &options()).unwrap();
    assert_eq!((data.height(), dtypes(&data)), (3, vec![DataType::Float64, DataType::String]));
    write("part-3.csv", "a,c\n2,y\n");
    let refusal = read(&folder.path().join("part-*.csv"), &options()).unwrap_err().to_string();
    assert!(refusal.contains("part-3.csv: its columns are a, c, expected those of"), "{refusal}");
    let refusal = read(&folder.path().join("no-*.csv"), &options()).unwrap_err().to_string();
    assert!(refusal.contains("no file has such a name"), "{refusal}");
}

#[test]
fn every_format_gives_the_same_table() {
    let folder = tempfile::tempdir().unwrap();
    let mut data =
        df!("n" => [Some(1i64), None, Some(3)], "x" => [0.5, 1.5, -2.0], "s" => [Some("a"), Some("b"), None]).unwrap();
    for name in ["t.csv", "t.parquet", "t.ndjson", "t.ipc", "t.feather"] {
        let path = folder.path().join(name);
        table::write(&mut data, Format::of(&path).unwrap(), File::create(&path).unwrap()).unwrap();
        assert!(read(&path, &options()).unwrap().equals_missing(&data), "{name}");
    }
    // The same written by hand and by another tool.
    std::fs::write(folder.path().join("hand.csv"), "n,x,s\n1,0.5,a\n,1.5,b\n3,-2.0,\n").unwrap();
    let lines = "{\"n\":1,\"x\":0.5,\"s\":\"a\"}\n{\"n\":null,\"x\":1.5,\"s\":\"b\"}\n{\"n\":3,\"x\":-2.0}\n";
    std::fs::write(folder.path().join("hand.ndjson"), lines).unwrap();
    let pyarrow = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/pyarrow");
    let hand = ["hand.csv", "hand.ndjson"].map(|name| folder.path().join(name));
    for path in hand.into_iter().chain(["t.parquet", "t.ipc"].map(|name| pyarrow.join(name))) {
        assert!(read(&path, &options()).unwrap().equals_missing(&data), "{}", path.display());
    }
}

#[test]
fn small_integers_dates_and_categories_of_other_tools_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let text = Column::new("c".into(), ["u", "v"]);
    let categories = text.cast(&DataType::from_categories(Categories::global())).unwrap();
    let small = Column::new("i".into(), [1i64, 2]).cast(&DataType::UInt8).unwrap();
    let date = Column::new("d".into(), [0i32, 1]).cast(&DataType::Date).unwrap();
    let mut data = DataFrame::new(2, vec![categories, small, date]).unwrap();
    table::write(&mut data, Format::Parquet, File::create(&path).unwrap()).unwrap();
    let back = read(&path, &options()).unwrap();
    assert_eq!(dtypes(&back), [DataType::String, DataType::UInt8, DataType::Date]);
    assert_eq!(back.column("c").unwrap().str().unwrap().get(1), Some("v"));
}

/// Rows of five megabytes, more than a block, and then `last`, all behind the header `x,pad`.
fn five_megabytes(row: &str, last: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, format!("x,pad\n{}{last}", row.repeat(5_000_000 / row.len()))).unwrap();
    (folder, path)
}

// polars.read_csv(path, infer_schema_length=None) has these types and cells.
#[test]
fn a_cell_that_comes_late_has_its_own_value_and_widens_its_column() {
    let pad = "1,abcdefghijklmnopqrstuvwxyz\n";
    for (row, last, dtype, value) in [
        (pad, "2.75,z\n", DataType::Float64, AnyValue::Float64(2.75)),
        (pad, "NA,z\n 7 ,z\n", DataType::Int64, AnyValue::Int64(7)),
        (pad, "word,z\n", DataType::String, AnyValue::String("word")),
        (",abcdefghijklmnopqrstuvwxyz\n", "3,z\n", DataType::Int64, AnyValue::Int64(3)),
        ("true,abcdefghijklmnopqrstuvwxyz\n", "0,z\n", DataType::String, AnyValue::String("0")),
        ("1.5,abcdefghijklmnopqrstuvwxyz\n", "1e400,z\n", DataType::Float64, AnyValue::Float64(f64::INFINITY)),
    ] {
        let (_folder, path) = five_megabytes(row, last);
        let data = read(&path, &options()).unwrap();
        let column = data.column("x").unwrap();
        assert_eq!((column.dtype(), column.get(column.len() - 1).unwrap()), (&dtype, value.clone()), "{last}");
        // One who reads it once sees the cell as it is, in the wider type.
        let mut source = Source::open(&path, &options()).unwrap();
        let mut seen = Vec::new();
        let mut see = |batch: DataFrame, _: usize| {
            seen.push(batch.column("x")?.clone());
            Ok(())
        };
        source.batches(None, &mut see).unwrap();
        let found = seen.last().unwrap();
        assert_eq!(found.get(found.len() - 1).unwrap(), value, "{last}");
    }
}

// The rows are counted from 1 below the header, as an editor counts them less one line.
#[test]
fn what_is_wrong_late_in_a_table_is_named_by_its_row() {
    let row = "1,abcdefghijklmnopqrstuvwxyz\n";
    let rows = 5_000_000 / row.len();
    for (last, said) in [
        ("1,2,3\n", "3 cells, expected 2"),
        ("1,\"open\n", "a quote is opened and never closed"),
        ("1,\"a\"b\n", "cell 2: text stands behind its closing quote"),
    ] {
        let (_folder, path) = five_megabytes(row, last);
        let error = read(&path, &options()).unwrap_err().to_string();
        assert!(error.contains(&format!("row {}", rows + 1)) && error.contains(said), "{error}");
    }
    let (_folder, path) = five_megabytes(row, "word,z\n");
    let mut source = Source::open(&path, &options()).unwrap();
    let kind = |name: &str, kind| crate::data::schema::ColumnSchema {
        name: name.into(),
        kind,
        role: crate::data::schema::Role::Feature,
        categorical: false,
        nullable: true,
    };
    source.pin(TableSchema { columns: vec![kind("x", Kind::Number), kind("pad", Kind::Text)] });
    let error = source.batches(None, &mut |_, _| Ok(())).unwrap_err().to_string();
    assert!(error.contains(&format!("row {}, column x: \"word\" is not a number", rows + 1)), "{error}");
}

// polars.concat([a, b], how="vertical_relaxed") refuses these; pandas.concat makes objects, whose texts are these.
#[test]
fn files_of_a_pattern_whose_types_differ_are_read_in_the_wider_one() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, column: Column| {
        let mut data = DataFrame::new(column.len(), vec![column]).unwrap();
        table::write(&mut data, Format::Parquet, File::create(folder.path().join(name)).unwrap()).unwrap();
    };
    write("a.parquet", Column::new("x".into(), [1i64, 2]));
    for (other, dtype, last) in [
        (Column::new("x".into(), ["3", "word"]), DataType::String, AnyValue::String("word")),
        (Column::new("x".into(), [0.5]), DataType::Float64, AnyValue::Float64(0.5)),
    ] {
        write("b.parquet", other);
        let data = read(folder.path(), &options()).unwrap();
        let column = data.column("x").unwrap();
        assert_eq!((column.dtype(), column.get(column.len() - 1).unwrap()), (&dtype, last));
    }
}
