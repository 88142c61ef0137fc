//! Python as text: literals, and lines with their indentation.

use serde_json::Value;

/// The columns that a line may have.
const WIDTH: usize = 110;

/// Lines of Python.
#[derive(Default)]
pub(super) struct Code(String);

impl Code {
    /// Adds a line, four blanks a `depth`.
    pub(super) fn line(&mut self, depth: usize, text: impl AsRef<str>) {
        self.0 += &"    ".repeat(depth);
        self.0 += text.as_ref();
        self.0.push('\n');
    }

    /// Adds several lines at one depth.
    pub(super) fn lines(&mut self, depth: usize, texts: &[&str]) {
        texts.iter().for_each(|text| self.line(depth, text));
    }

    pub(super) fn text(self) -> String {
        self.0
    }
}

/// A text in quotes. The escapes of JSON are Python's too.
pub(super) fn text(text: &str) -> String {
    Value::from(text).to_string()
}

/// A number that reads back to the same float64.
pub(super) fn float(number: f64) -> String {
    format!("{number:?}")
}

/// A list of texts, on several lines where one is too short.
pub(super) fn list(texts: &[String]) -> String {
    let items: Vec<String> = texts.iter().map(|item| text(item)).collect();
    let line = format!("[{}]", items.join(", "));
    if line.chars().count() < WIDTH - 20 {
        return line;
    }
    let mut rows: Vec<String> = Vec::new();
    for item in items {
        match rows.last_mut() {
            Some(row) if row.chars().count() + item.chars().count() + 2 < WIDTH => *row += &format!(" {item},"),
            _ => rows.push(format!("    {item},")),
        }
    }
    format!("[\n{}\n]", rows.join("\n"))
}

/// Whether `name` stands in `text` as a word of its own.
pub(super) fn mentions(text: &str, name: &str) -> bool {
    let part = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(name).any(|(at, _)| !text[..at].ends_with(part) && !text[at + name.len()..].starts_with(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_pythons() {
        assert_eq!(text("a\"b\\c\né"), "\"a\\\"b\\\\c\\né\"");
        assert_eq!(
            (float(1e-5), float(25.0), float(0.1 + 0.2)),
            ("1e-5".into(), "25.0".into(), "0.30000000000000004".into())
        );
        assert_eq!(list(&["a".into(), "b".into()]), "[\"a\", \"b\"]");
        let long = list(&vec!["column".to_string(); 40]);
        assert!(long.lines().all(|line| line.len() <= WIDTH) && long.lines().count() > 4, "{long}");
    }

    #[test]
    fn a_name_is_mentioned_as_a_whole_word() {
        assert!(mentions("a = mean(b)", "mean") && !mentions("a = meaning(b)", "mean") && !mentions("my_mean", "mean"));
    }
}
