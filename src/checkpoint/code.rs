//! A look at the code of a TorchScript file before libtorch compiles it.
//!
//! A model of ours is a straight line of tensor operations, with loops only over the rows and columns it is given. What
//! else TorchScript can do is not run here: loops without an end, files, operators by their full names.

use crate::torch::archive::Files;
use anyhow::{Context, Result, bail, ensure};

/// What may nest or chain in one statement or block: libtorch's parser and compiler call themselves for each bracket,
/// sign, operator and indented block, and run out of stack.
const DEEPEST: usize = 100;

/// Checks every `.py` file.
///
/// # Errors
/// Code that is not text, `while`, a loop over a fixed range, files, operators that our modules do not use, brackets too deep.
pub fn check(files: &Files) -> Result<()> {
    for (name, bytes) in files.iter().filter(|(name, _)| name.ends_with(".py")) {
        let text = std::str::from_utf8(bytes).with_context(|| name.clone())?;
        harmless(text).with_context(|| format!("{name}: not code that lockstep writes"))?;
    }
    Ok(())
}

/// Leaves methods out of every class. Those of format 1 that take texts have a constant for each category, all of which libtorch
/// compares with each other when it reads them, and here nobody calls them.
pub fn leave_out(files: &mut Files, methods: &[&str]) {
    for (_, bytes) in files.iter_mut().filter(|(name, _)| name.ends_with(".py")) {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let begins = |line: &str| methods.iter().any(|name| line.starts_with(&format!("  def {name}(")));
        let (mut left_out, mut kept) = (false, String::with_capacity(text.len()));
        for line in text.split_inclusive('\n') {
            // What stands deeper belongs to the method before it.
            if !line.starts_with("   ") {
                left_out = begins(line);
            }
            if !left_out {
                kept += line;
            }
        }
        *bytes = kept.into_bytes();
    }
}

fn harmless(text: &str) -> Result<()> {
    let bare = without_strings(text)?;
    ensure!(deepest(&bare) <= DEEPEST, "an expression or a block more than {DEEPEST} deep");
    let word = |character: char| character.is_alphanumeric() || character == '_' || character == '.';
    for token in bare.split(|character| !word(character)).filter(|token| !token.is_empty()) {
        let last = token.rsplit('.').next().unwrap_or(token);
        let operator = token.starts_with("ops.") && token != "ops.prim.RaiseException";
        if operator || matches!(token, "while" | "__torch_function__") || matches!(last, "from_file" | "save" | "load")
        {
            bail!("{token}");
        }
    }
    for (at, _) in bare.match_indices("range(") {
        let over = &bare[at + "range(".len()..];
        ensure!(over.starts_with("torch.len(") || over.starts_with("torch.size("), "a loop over a fixed range");
    }
    Ok(())
}

/// The most brackets in brackets, links of a chain (`a.b`, `f()()`, `1 + 1`, `not x`, `- x`) or indented blocks in blocks
/// of any statement.
fn deepest(bare: &str) -> usize {
    let (mut depth, mut links, mut deepest, mut before) = (0_usize, 0, 0, ' ');
    for line in bare.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches(' ').len();
        deepest = deepest.max(indent / 2);
        let words = line.split(|character: char| !character.is_alphanumeric());
        links += words.filter(|word| matches!(*word, "and" | "or" | "not" | "if" | "in" | "is")).count();
        for character in line.chars().filter(|character| *character != ' ') {
            depth = match character {
                '(' | '[' | '{' => depth + 1,
                ')' | ']' | '}' => depth.saturating_sub(1),
                _ => depth,
            };
            let chained = matches!(before, ')' | ']' | '}') && matches!(character, '(' | '[' | '.');
            let number = before.is_ascii_digit() || matches!(before, '(' | '[' | '{' | ',' | ':' | '=' | 'e');
            let operator = matches!(character, '*' | '/' | '%' | '@' | '|' | '&' | '^' | '<' | '>' | '~' | '+' | '-');
            // The sign of a number in a list is no link, but the second of two is.
            let sign = matches!(character, '-' | '+') && number && !before.is_ascii_digit();
            let dotted = character == '.' && before.is_alphabetic();
            links += usize::from(chained || (operator && !sign) || dotted);
            deepest = deepest.max(depth).max(links / 3);
            if matches!(character, ',' | '\n') && depth == 0 {
                links = 0;
            }
            // Arguments beside each other do not nest.
            if character == ',' && depth > 0 {
                links = links.saturating_sub(3);
            }
            before = character;
        }
    }
    deepest
}

/// The code with every string literal emptied.
fn without_strings(text: &str) -> Result<String> {
    let (mut bare, mut quote, mut escaped) = (String::with_capacity(text.len()), None, false);
    for character in text.chars() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if character == '\\' => escaped = true,
            Some(open) if character == open => quote = None,
            Some(_) => {}
            None if character == '"' || character == '\'' => quote = Some(character),
            None if character == '#' => bail!("a comment"),
            None => bare.push(character),
        }
    }
    ensure!(quote.is_none(), "a string without an end");
    Ok(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_model_of_ours_says_is_harmless() {
        harmless("def f(x):\n  for i in range(torch.len(x)):\n    y = torch.add(x, [\"while (((\", 'a \\' #'][i])\n")
            .unwrap();
        let list = "-1.5e-3, ".repeat(10_000);
        harmless(&format!("x = torch.where(torch.isnan(x), [{list}], (self.a).b(x, ))\n")).unwrap();
        harmless("ops.prim.RaiseException(_2)\nx = -1.\n").unwrap();
    }

    #[test]
    fn methods_are_left_out_to_their_ends() {
        let text = "class A(Module):\n  x : int\n  def codes(self: A,\n    x: int) -> int:\n    if x:\n      y = 1\n    return x\n  \
                    def codes_of(self: A) -> int:\n    return 1\nclass B(Module):\n  def f(self: B) -> int:\n    return 2\n  def codes(self: B) -> int:\n    return 3\n";
        let mut files = Files::from([("code/a.py".to_string(), text.as_bytes().to_vec())]);
        leave_out(&mut files, &["codes"]);
        assert_eq!(
            String::from_utf8_lossy(&files["code/a.py"]),
            "class A(Module):\n  x : int\n  def codes_of(self: A) -> int:\n    return 1\nclass B(Module):\n  def f(self: B) -> int:\n    return 2\n"
        );
    }

    #[test]
    fn loops_without_end_files_and_deep_expressions_are_refused() {
        for text in [
            "while True:\n  pass",
            "for i in range(1000000000000):\n  pass",
            "x = torch.from_file(\"/etc/passwd\", False, 10)",
            "x = ops.aten.from_file(\"a\")",
            "torch.save(x, \"a\")",
            "x = \"open",
            "x = 1 # comment",
            &format!("x = {}1{}", "(".repeat(1000), ")".repeat(1000)),
            &format!("x = {}1", "-".repeat(1000)),
            &format!("x = {}True", "not ".repeat(1000)),
            &format!("x = 1{}", " + 1".repeat(1000)),
            &format!("x = (1{})", "\n + 1".repeat(1000)),
            &format!("x = y{}", "[0]".repeat(1000)),
            &format!("x = y{}", ".z".repeat(1000)),
            &format!("x = y{}", " and y".repeat(1000)),
            &format!("if x:\n{}pass", " ".repeat(1000)),
        ] {
            assert!(harmless(text).is_err(), "{text}");
        }
    }
}
