use super::*;

const CSV: Dialect = Dialect { delimiter: Some(b','), quote: Some(b'"'), escape: None };

fn blocks<'a>(text: &'a [u8], dialect: Dialect) -> Blocks<'a, &'a [u8]> {
    Blocks::new(text, false, dialect, "#", Location::start("t.csv"))
}

fn all(text: &[u8], dialect: Dialect) -> Result<(Vec<String>, String)> {
    let mut blocks = blocks(text, dialect);
    let header = blocks.header()?.unwrap_or_default();
    let mut rows = String::new();
    for block in blocks {
        rows += &String::from_utf8(block?.bytes)?;
    }
    Ok((header, rows))
}

#[test]
fn rows_end_outside_quotes_only_and_blank_lines_are_none() {
    let (header, rows) = all(b"\xef\xbb\xbfa,b\n\n1,\"x\n,y\"\r\n\r\n2,z", CSV).unwrap();
    assert_eq!((header, rows.as_str()), (vec!["a".to_string(), "b".into()], "1,\"x\n,y\"\r\n2,z\n"));
    assert_eq!(all(b"", CSV).unwrap(), (vec![], String::new()));
}

#[test]
fn comments_are_no_rows_and_odd_rows_are_rewritten_where_they_stand() {
    let (header, rows) = all(b"# from a service\na,b\n1,2\n#, \"\n3, \"x, y\"\n4,5\" z\n", CSV).unwrap();
    assert_eq!(
        (header.len(), rows.as_str()),
        (2, "1,2\n3,\"x, y\"\n\"4\",\"5\"\" z\"\n".replace("\"4\"", "4").as_str())
    );
    let escaped = Dialect { quote: None, escape: Some(b'\\'), ..CSV };
    assert_eq!(all(b"a,b\n\"1,2\nx\\,y,3\n", escaped).unwrap().1, "\"\"\"1\",2\n\"x,y\",3\n");
}

#[test]
fn lines_before_the_header_are_skipped_on_request_and_rs_row_names_are_seen() {
    let mut table = blocks(b"title \"\n\na b\nx y\n1 2 3\n", Dialect { delimiter: Some(b' '), ..CSV });
    table.skip_lines(1).unwrap();
    assert_eq!(table.line().unwrap(), Some(b"a b".as_slice()));
    table.skip_lines(2).unwrap();
    assert_eq!(table.header().unwrap().unwrap(), ["x", "y"]);
    assert!(table.row_names().unwrap());
    assert_eq!(table.next().unwrap().unwrap().bytes, b"1 2 3\n");
    let error = blocks(b"a\n", CSV).skip_lines(2).unwrap_err().to_string();
    assert_eq!(error, "t.csv: --skip-rows 2: there are only 1 lines");
    let mut trailing = blocks(b"a,b\n1,2,\n", CSV);
    trailing.header().unwrap();
    assert!(!trailing.row_names().unwrap());
}

#[test]
fn what_is_no_row_is_named_by_its_number() {
    let refusal = |text: &[u8]| all(text, CSV).unwrap_err().to_string();
    assert!(refusal(b"a,b\n1,2\n3\n").starts_with("t.csv: row 2: 1 cell, expected 2"));
    assert!(refusal(b"a,b\n1,2\n3,4,5\n").starts_with("t.csv: row 2: 3 cells, expected 2"));
    assert!(refusal(b"a,b\n1,\"2\n3,4\n").starts_with("t.csv: row 1: a quote is opened"));
    assert!(refusal(b"a,b\n1,2\n3,\"4\" 5\n").starts_with("t.csv: row 2, cell 2: text stands behind"));
    assert!(refusal(b"a,b\n1,2\n3,\xe9\n").starts_with("t.csv: row 2: not UTF-8 text (byte 0xe9)"));
    assert!(refusal(b"a,b\n1,\0\n").starts_with("t.csv: row 1: a NUL byte"));
    assert!(refusal(b"\xe9,b\n1,2\n").starts_with("t.csv: header: not UTF-8"));
}

#[test]
fn a_line_without_an_end_is_refused_before_it_fills_the_memory() {
    let endless = std::io::repeat(b'x');
    let mut blocks = Blocks::new(endless, false, CSV, "", Location::start("t.csv"));
    assert!(blocks.header().unwrap_err().to_string().contains("longer than 64 MiB"));
}

#[test]
fn a_row_over_the_edge_of_two_reads_stays_whole() {
    let mut text = b"a,b\n".to_vec();
    for _ in 0..3 {
        text.extend(std::iter::repeat_n(b'7', super::text::BLOCK - 3));
        text.extend(b",8\n");
    }
    let mut blocks = blocks(&text, CSV);
    blocks.header().unwrap();
    let mut rows = 0;
    for block in blocks {
        let block = block.unwrap();
        assert!(block.bytes.ends_with(b",8\n"));
        rows += block.rows;
    }
    assert_eq!(rows, 3);
}
