use super::TableSchema;
use polars::prelude::{DataFrame, PolarsResult, df};

const TEXT: &str = r#"column = [
    { name = "zip", kind = "text", role = "id" },
    { name = 'a"b', kind = "number" },
    { name = "n", kind = "integer", nullable = false, categorical = true },
]"#;

fn schema() -> TableSchema {
    TableSchema::parse(TEXT, "s.toml").unwrap()
}

fn refusal(text: &str) -> String {
    TableSchema::parse(text, "s.toml").unwrap_err().to_string()
}

#[test]
fn what_is_written_reads_back_as_the_same_schema() {
    let schema = schema();
    let text = schema.to_toml().unwrap();
    assert_eq!(TableSchema::parse(&text, "s.toml").unwrap(), schema, "{text}");
    // Any other reader of TOML finds the same in it.
    let read: toml::Table = toml::from_str(&text).unwrap();
    let first = toml::toml! { name = "zip" kind = "text" role = "id" };
    assert_eq!(read["column"][0].as_table(), Some(&first), "{text}");
    let tables = "[[column]]\nname = \"zip\"\nkind = \"text\"\nrole = \"id\"\n";
    assert_eq!(TableSchema::parse(tables, "s.toml").unwrap().columns[0], schema.columns[0]);
}

#[test]
fn unknown_keys_and_values_are_answered_with_those_that_are() {
    let one = |rest: &str| format!("[[column]]\nname = \"a\"\nkind = \"number\"\n{rest}");
    assert!(refusal("columns = []").contains("unknown key columns, did you mean column?"));
    assert!(refusal("").contains("expected the table's columns"));
    assert!(refusal(&one("rolle = \"id\"")).contains("s.toml: column a: unknown key rolle, did you mean role?"));
    assert!(refusal(&one("role = \"targt\"")).contains("role targt, did you mean target?"));
    assert!(refusal("[[column]]\nname = \"a\"").contains("column a: kind is missing, expected one of number, integer"));
    assert!(refusal("[[column]]\nkind = \"text\"").contains("column 1: expected a name"));
    assert!(refusal(&one(&one(""))).contains("the column a stands twice"));
    let targets = one("role = \"target\"\n") + &one("role = \"target\"\n").replace("\"a\"", "\"b\"");
    assert!(refusal(&targets).contains("the role target is given to a and b, expected one"));
}

#[test]
fn a_batch_comes_back_in_the_pinned_types() {
    let batch = df!("n" => ["1", "-2"], "zip" => ["007", "8"], "a\"b" => [Some("1.5"), None]).unwrap();
    let expected = df!("n" => [1_i64, -2], "zip" => ["007", "8"], "a\"b" => [Some(1.5), None]).unwrap();
    assert!(schema().typed(&batch, 0, "t.csv").unwrap().equals_missing(&expected));
    let typed = df!("n" => [1.0, -2.0], "zip" => ["007", "8"], "a\"b" => [Some(1.5_f32), None]).unwrap();
    assert!(schema().typed(&typed, 0, "t.csv").unwrap().equals_missing(&expected));
}

#[test]
fn what_is_not_as_pinned_is_named_by_file_row_and_column() {
    let refusal =
        |batch: PolarsResult<DataFrame>| schema().typed(&batch.unwrap(), 10, "t.csv").unwrap_err().to_string();
    let text = refusal(df!("n" => ["1", "2.5"], "zip" => ["a", "b"], "a\"b" => ["1", "2"]));
    assert!(text.starts_with("t.csv: row 12, column n: \"2.5\" is not an integer"), "{text}");
    let text = refusal(df!("n" => [1.0, 2.5], "zip" => ["a", "b"], "a\"b" => ["1", "2"]));
    assert!(text.starts_with("t.csv: row 12, column n: \"2.5\" is not an integer"), "{text}");
    let text = refusal(df!("n" => [Some(1), None], "zip" => ["a", "b"], "a\"b" => ["1", "2"]));
    assert!(text.starts_with("t.csv: row 12, column n: missing"), "{text}");
    let names = |names: [&str; 3]| schema().check_names(&names.map(String::from), "t.csv").unwrap_err().to_string();
    assert!(names(["m", "zip", "a\"b"]).starts_with("t.csv: no column n (there are m, zip, "));
    let more = ["n", "zip", "a\"b", "x"].map(String::from);
    let text = schema().check_names(&more, "t.csv").unwrap_err().to_string();
    assert!(text.starts_with("t.csv: the column x is not in the schema"), "{text}");
}
