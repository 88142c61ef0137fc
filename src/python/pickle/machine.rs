//! The pickle's stack machine, with the opcodes that data needs. Both files of Python and those of libtorch go through it.

use super::node::{Dialect, Global, Node};
use anyhow::{Context, Result, bail, ensure};
use std::collections::HashMap;

/// Values of one file at most: more than any checkpoint of these networks has, whose columns may have a hundred thousand
/// categories each.
const MOST: usize = 16_000_000;

pub struct Machine<'a> {
    bytes: &'a [u8],
    pub(super) dialect: Dialect,
    at: usize,
    pub(super) nodes: Vec<Node>,
    stack: Vec<usize>,
    memo: HashMap<u32, usize>,
}

impl<'a> Machine<'a> {
    /// All values that the pickle makes on its way, and the index of the whole.
    pub fn run(bytes: &'a [u8], dialect: Dialect) -> Result<(Vec<Node>, usize)> {
        let mut machine = Self { bytes, dialect, at: 0, nodes: vec![], stack: vec![], memo: HashMap::new() };
        let root = machine.all().with_context(|| format!("byte {}", machine.at))?;
        Ok((machine.nodes, root))
    }

    fn all(&mut self) -> Result<usize> {
        if self.dialect == Dialect::Script {
            ensure!(self.take(2)? == [0x80, 2], "expected protocol 2");
        }
        while self.step()? {}
        let root = self.pop()?;
        ensure!(self.stack.is_empty() && self.at == self.bytes.len(), "expected one value and its end");
        Ok(root)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(count).filter(|&end| end <= self.bytes.len()).context("it ends too early")?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    /// A whole number of up to 8 bytes, little endian, not negative.
    fn number(&mut self, width: usize) -> Result<usize> {
        Ok(self.take(width)?.iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte)))
    }

    fn text(&mut self, width: usize) -> Result<String> {
        let length = self.number(width)?;
        Ok(std::str::from_utf8(self.take(length)?).context("a text is not UTF-8")?.to_string())
    }

    fn line(&mut self) -> Result<String> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|&byte| byte == b'\n').context("it ends too early")?;
        let line = std::str::from_utf8(self.take(length)?).context("a name is not UTF-8")?.to_string();
        self.take(1)?;
        Ok(line)
    }

    pub(super) fn push(&mut self, node: Node) -> Result<()> {
        ensure!(self.nodes.len() < MOST, "it has more than {MOST} values");
        self.nodes.push(node);
        self.stack.push(self.nodes.len() - 1);
        Ok(())
    }

    /// A value that is no mark.
    fn value(&self, node: Option<usize>) -> Result<usize> {
        node.filter(|&node| !matches!(self.nodes[node], Node::Mark)).context("a value is missing")
    }

    pub(super) fn pop(&mut self) -> Result<usize> {
        let node = self.stack.pop();
        self.value(node)
    }

    pub(super) fn top(&self) -> Result<usize> {
        self.value(self.stack.last().copied())
    }

    /// What was pushed since the last mark.
    fn since_mark(&mut self) -> Result<Vec<usize>> {
        let mark = self.stack.iter().rposition(|&node| matches!(self.nodes[node], Node::Mark));
        let mark = mark.context("it has no mark")?;
        let values = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(values)
    }

    fn last(&mut self, count: usize) -> Result<Vec<usize>> {
        let first = self.stack.len().checked_sub(count).context("a value is missing")?;
        let values = self.stack.split_off(first);
        values.iter().try_for_each(|&node| self.value(Some(node)).map(drop))?;
        Ok(values)
    }

    fn memoize(&mut self, key: usize) -> Result<()> {
        let top = self.top()?;
        self.memo.insert(u32::try_from(key)?, top);
        Ok(())
    }

    fn recall(&mut self, key: usize) -> Result<()> {
        let found = self.memo.get(&u32::try_from(key)?).copied();
        self.stack.push(found.context("it refers to a value that is not there")?);
        Ok(())
    }

    /// One opcode; false: that was the last.
    fn step(&mut self) -> Result<bool> {
        let code = self.take(1)?[0];
        ensure!(self.dialect.has(code), no_data(code));
        match code {
            b'.' => return Ok(false),
            0x80 => drop(self.take(1)?),
            0x95 => drop(self.take(8)?),
            b'(' => self.push(Node::Mark)?,
            b'}' => self.push(Node::Dict(vec![]))?,
            b']' => self.push(Node::List(vec![]))?,
            b')' => self.push(Node::Tuple(vec![]))?,
            b'N' => self.push(Node::None)?,
            0x88 => self.push(Node::Bool(true))?,
            0x89 => self.push(Node::Bool(false))?,
            b'K' => self.int(1)?,
            b'M' => self.int(2)?,
            b'J' => {
                let value = self.number(4)? as u32 as i32;
                self.push(Node::Int(value.into()))?;
            }
            0x8a => self.long()?,
            b'G' => {
                let mut bytes = [0; 8];
                bytes.copy_from_slice(self.take(8)?);
                self.push(Node::Float(f64::from_be_bytes(bytes)))?;
            }
            b'X' => self.push_text(4)?,
            0x8c => self.push_text(1)?,
            b'q' => self.number(1).and_then(|key| self.memoize(key))?,
            b'r' => self.number(4).and_then(|key| self.memoize(key))?,
            0x94 => self.memoize(self.memo.len())?,
            b'h' => self.number(1).and_then(|key| self.recall(key))?,
            b'j' => self.number(4).and_then(|key| self.recall(key))?,
            _ => self.compose(code)?,
        }
        Ok(true)
    }

    /// The opcodes that work on what is on the stack.
    fn compose(&mut self, code: u8) -> Result<()> {
        match code {
            b't' => self.since_mark().and_then(|values| self.push(Node::Tuple(values))),
            0x85..=0x87 => self.last(usize::from(code - 0x84)).and_then(|values| self.push(Node::Tuple(values))),
            b's' => self.last(2).and_then(|values| self.extend_dict(values)),
            b'u' => self.since_mark().and_then(|values| self.extend_dict(values)),
            b'a' => self.last(1).and_then(|values| self.extend_list(values)),
            b'e' => self.since_mark().and_then(|values| self.extend_list(values)),
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.push(Node::Global(Global::find(self.dialect, &module, &name)?))
            }
            0x93 => {
                let names = self.last(2)?;
                let (Node::Text(module), Node::Text(name)) = (&self.nodes[names[0]], &self.nodes[names[1]]) else {
                    bail!("a name is no text")
                };
                let global = Global::find(self.dialect, module, name)?;
                self.push(Node::Global(global))
            }
            b'Q' => self.storage(),
            b'R' => self.reduce(),
            0x81 => self.object(),
            b'b' => self.build(),
            code => bail!(no_data(code)),
        }
    }

    fn int(&mut self, width: usize) -> Result<()> {
        let value = self.number(width)? as i64;
        self.push(Node::Int(value))
    }

    /// A whole number in two's complement.
    fn long(&mut self) -> Result<()> {
        let length = self.number(1)?;
        let may = if self.dialect == Dialect::Script { length == 8 } else { length <= 8 };
        ensure!(may, "a whole number of {length} bytes, expected 8 or, of Python, fewer");
        let bytes = self.take(length)?;
        let fill = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
        let mut all = [fill; 8];
        all[..length].copy_from_slice(bytes);
        self.push(Node::Int(i64::from_le_bytes(all)))
    }

    fn push_text(&mut self, width: usize) -> Result<()> {
        let text = self.text(width)?;
        self.push(Node::Text(text))
    }

    fn extend_dict(&mut self, values: Vec<usize>) -> Result<()> {
        let top = self.top()?;
        let Node::Dict(entries) = &mut self.nodes[top] else { bail!("it fills a dict that is none") };
        ensure!(values.len().is_multiple_of(2), "a dict's key has no value");
        entries.extend(values.chunks(2).map(|pair| (pair[0], pair[1])));
        Ok(())
    }

    fn extend_list(&mut self, values: Vec<usize>) -> Result<()> {
        let top = self.top()?;
        let Node::List(list) = &mut self.nodes[top] else { bail!("it fills a list that is none") };
        list.extend(values);
        Ok(())
    }
}

fn no_data(opcode: u8) -> String {
    format!("opcode {opcode:#04x}: only dicts, lists, numbers, texts and tensors are read, no other objects")
}

#[cfg(test)]
mod tests {
    use super::*;

    // pickle.dumps({"a": [1, -2, 2.5, None, True, 70000, -(2**40)]}, protocol=2)
    #[test]
    fn plain_data_is_read() {
        let bytes =
            b"\x80\x02}q\x00X\x01\x00\x00\x00aq\x01]q\x02(K\x01J\xfe\xff\xff\xffG@\x04\x00\x00\x00\x00\x00\x00N\x88J\
            p\x11\x01\x00\x8a\x06\x00\x00\x00\x00\x00\xffes.";
        let (nodes, root) = Machine::run(bytes, Dialect::Save).unwrap();
        let Node::Dict(entries) = &nodes[root] else { panic!("{:?}", nodes[root]) };
        let Node::List(values) = &nodes[entries[0].1] else { panic!("{entries:?}") };
        let shown: Vec<String> = values.iter().map(|&value| format!("{:?}", nodes[value])).collect();
        let expected = ["Int(1)", "Int(-2)", "Float(2.5)", "None", "Bool(true)", "Int(70000)", "Int(-1099511627776)"];
        assert_eq!(shown, expected);
    }

    // class A: __reduce__ = lambda self: (os.system, ("true",)); pickle.dumps(A(), protocol=2)
    #[test]
    fn a_function_is_not_called_but_named_in_an_error() {
        let bytes = b"\x80\x02cposix\nsystem\nq\x00X\x04\x00\x00\x00trueq\x01\x85q\x02Rq\x03.";
        for dialect in [Dialect::Save, Dialect::Script] {
            let error = Machine::run(bytes, dialect).unwrap_err();
            assert!(error.root_cause().to_string().contains("posix.system"), "{error:#}");
        }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        let good = b"\x80\x02}q\x00X\x01\x00\x00\x00aq\x01]q\x02(K\x01J\xfe\xff\xff\xffes.".to_vec();
        for at in 0..good.len() {
            for dialect in [Dialect::Save, Dialect::Script] {
                assert!(Machine::run(&good[..at], dialect).is_err());
                for byte in 0..=255 {
                    let mut bytes = good.clone();
                    bytes[at] = byte;
                    let _ = Machine::run(&bytes, dialect);
                }
            }
        }
    }
}
