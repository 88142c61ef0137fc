//! A look through the pickles of a TorchScript file before libtorch reads them.
//!
//! libtorch takes the sizes in `data.pkl` at their word: a tensor that is larger than the bytes it is stored in is read
//! beyond them, and ends the process or shows what lies there. So the program in the pickle is walked through here, by the
//! few opcodes that `torch.jit.save` writes for a module of tensors, and every tensor is held against its storage.

use super::archive::Files;
use anyhow::{Context, Result, bail, ensure};
use std::collections::HashMap;
use std::rc::Rc;

/// Tuples in tuples: a tensor's arguments hold its size.
const DEEPEST: usize = 3;

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Mark,
    Int(i64),
    Flag,
    Text(Rc<str>),
    /// `module name`
    Global(Rc<str>),
    Tuple(Rc<[Value]>, usize),
    Dict,
    /// Number of elements.
    Storage(i64),
    Tensor,
    Object,
}

/// Checks `data.pkl` and `constants.pkl`.
///
/// # Errors
/// A pickle that is missing or that `torch.jit.save` would not write for one of our modules, a tensor beyond its storage.
pub fn check(files: &Files) -> Result<()> {
    for name in ["data.pkl", "constants.pkl"] {
        let bytes = files.get(name).with_context(|| format!("{name} is missing: the file is not whole"))?;
        let mut walk = Walk { bytes, at: 0, stack: vec![], memo: HashMap::new(), files };
        // A module, and the tuple of the constants in its code.
        let expected = |value: &Value| match name {
            "data.pkl" => *value == Value::Object,
            _ => matches!(value, Value::Tuple(..)),
        };
        walk.run(expected).with_context(|| format!("{name}, byte {}: not as lockstep writes it", walk.at))?;
    }
    Ok(())
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    memo: HashMap<u32, Value>,
    files: &'a Files,
}

impl Walk<'_> {
    fn run(&mut self, expected: impl Fn(&Value) -> bool) -> Result<()> {
        ensure!(self.take(2)? == [0x80, 2], "expected protocol 2");
        while self.step()? {}
        let one = self.stack.len() == 1 && expected(&self.stack[0]);
        ensure!(one && self.at == self.bytes.len(), "expected one value and its end");
        Ok(())
    }

    /// One opcode; false at the last.
    fn step(&mut self) -> Result<bool> {
        let opcode = self.take(1)?[0];
        let value = match opcode {
            b'.' => return Ok(false),
            b'q' | b'r' => {
                let key = self.key(opcode == b'r')?;
                let top = self.stack.last().context("nothing to remember")?;
                ensure!(*top != Value::Mark, "nothing to remember");
                self.memo.insert(key, top.clone());
                return Ok(true);
            }
            b'h' | b'j' => {
                let key = self.key(opcode == b'j')?;
                self.memo.get(&key).context("nothing remembered there")?.clone()
            }
            b'(' => Value::Mark,
            b')' => Value::Tuple([].into(), 1),
            b'}' => Value::Dict,
            b'\x88' | b'\x89' => Value::Flag,
            b'K' => Value::Int(self.take(1)?[0].into()),
            b'M' => Value::Int(u16::from_le_bytes(self.array()?).into()),
            b'J' => Value::Int(i32::from_le_bytes(self.array()?).into()),
            b'\x8a' => self.long()?,
            b'X' => self.text()?,
            b'c' => self.global()?,
            b't' => {
                let values = self.above_mark()?;
                tuple(values)?
            }
            // One to three values without a mark: the constants of the code, texts beyond ASCII among them.
            b'\x85'..=b'\x87' => {
                let first = self.stack.len().checked_sub(usize::from(opcode - 0x84)).context("a value is missing")?;
                tuple(self.stack.split_off(first))?
            }
            b'Q' => self.storage()?,
            b'R' => self.reduce()?,
            b'\x81' => {
                let (arguments, class) = (self.pop()?, self.pop()?);
                let ours = matches!(&class, Value::Global(name) if name.starts_with("__torch__"));
                ensure!(ours && arguments == Value::Tuple([].into(), 1), "expected a class without arguments");
                Value::Object
            }
            b'u' => self.items()?,
            b'b' => {
                let (state, object) = (self.pop()?, self.pop()?);
                ensure!(state == Value::Dict && object == Value::Object, "expected an object and its attributes");
                Value::Object
            }
            _ => bail!("opcode 0x{opcode:02x}"),
        };
        self.stack.push(value);
        Ok(true)
    }

    fn take(&mut self, count: usize) -> Result<&[u8]> {
        let end = self.at.checked_add(count).filter(|&end| end <= self.bytes.len()).context("it ends too early")?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        Ok(self.take(N)?.try_into()?)
    }

    fn key(&mut self, long: bool) -> Result<u32> {
        Ok(if long { u32::from_le_bytes(self.array()?) } else { self.take(1)?[0].into() })
    }

    fn pop(&mut self) -> Result<Value> {
        self.stack.pop().context("a value is missing")
    }

    /// The values above the last mark.
    fn above_mark(&mut self) -> Result<Vec<Value>> {
        let mark = self.stack.iter().rposition(|value| *value == Value::Mark).context("no mark")?;
        let above = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(above)
    }

    fn long(&mut self) -> Result<Value> {
        ensure!(self.take(1)?[0] == 8, "a number that is not of 8 bytes");
        Ok(Value::Int(i64::from_le_bytes(self.array()?)))
    }

    fn text(&mut self) -> Result<Value> {
        let length = u32::from_le_bytes(self.array()?);
        Ok(Value::Text(std::str::from_utf8(self.take(length as usize)?)?.into()))
    }

    fn global(&mut self) -> Result<Value> {
        let mut lines = [""; 2];
        let bytes = self.bytes;
        for line in &mut lines {
            let rest = &bytes[self.at..];
            let length = memchr::memchr(b'\n', rest).context("it ends too early")?;
            *line = std::str::from_utf8(&rest[..length])?;
            self.at += length + 1;
        }
        Ok(Value::Global(lines.join(" ").into()))
    }

    /// `('storage', torch.FloatStorage, '0', 'cpu', 16)`: the file `data/0` must hold just that.
    fn storage(&mut self) -> Result<Value> {
        let id = self.pop()?;
        let Value::Tuple(id, _) = id else { bail!("expected a storage") };
        let [Value::Text(word), Value::Global(class), Value::Text(key), Value::Text(device), Value::Int(count)] = &*id
        else {
            bail!("expected a storage")
        };
        ensure!(&**word == "storage" && &**device == "cpu", "expected a storage on the cpu");
        let size: i64 = match &**class {
            "torch FloatStorage" => 4,
            "torch DoubleStorage" | "torch LongStorage" => 8,
            other => bail!("{other}: expected FloatStorage, DoubleStorage or LongStorage"),
        };
        let file = self.files.get(&format!("data/{key}")).with_context(|| format!("data/{key} is missing"))?;
        ensure!(
            *count >= 0 && count.checked_mul(size) == i64::try_from(file.len()).ok(),
            "data/{key} has {} bytes, expected {count} numbers of {size}",
            file.len()
        );
        Ok(Value::Storage(*count))
    }

    fn reduce(&mut self) -> Result<Value> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let (Value::Global(function), Value::Tuple(arguments, _)) = (&function, &arguments) else {
            bail!("expected a function and its arguments")
        };
        match (&**function, &**arguments) {
            ("collections OrderedDict", []) => Ok(Value::Dict),
            (
                "torch._utils _rebuild_tensor_v2",
                [
                    Value::Storage(count),
                    Value::Int(offset),
                    Value::Tuple(size, _),
                    Value::Tuple(stride, _),
                    Value::Flag,
                    Value::Dict,
                ],
            ) => {
                within(*count, *offset, size, stride)?;
                Ok(Value::Tensor)
            }
            (other, _) => bail!("{other} with {} arguments", arguments.len()),
        }
    }

    /// Attributes put into a dict.
    fn items(&mut self) -> Result<Value> {
        let items = self.above_mark()?;
        ensure!(self.pop()? == Value::Dict && items.len() % 2 == 0, "expected a dict and its items");
        for item in items.chunks(2) {
            let value = matches!(item[1], Value::Tensor | Value::Object | Value::Flag | Value::Int(_) | Value::Text(_));
            ensure!(matches!(item[0], Value::Text(_)) && value, "expected attributes by their names");
        }
        Ok(Value::Dict)
    }
}

/// Whether the elements of a tensor lie in its storage.
fn within(count: i64, offset: i64, size: &[Value], stride: &[Value]) -> Result<()> {
    ensure!(size.len() == stride.len(), "{} sizes and {} strides", size.len(), stride.len());
    let (mut last, mut empty) = (Some(offset), false);
    for pair in size.iter().zip(stride) {
        let (Value::Int(size @ 0..), Value::Int(stride @ 0..)) = pair else { bail!("a size that is no count") };
        empty |= *size == 0;
        let step = (size - 1).checked_mul(*stride);
        last = last.zip(step).and_then(|(last, step)| last.checked_add(step));
    }
    let inside = if empty { offset <= count } else { last.is_some_and(|last| last < count) };
    ensure!(offset >= 0 && inside, "a tensor is larger than the {count} numbers that are stored for it");
    Ok(())
}

fn tuple(values: Vec<Value>) -> Result<Value> {
    ensure!(!values.contains(&Value::Mark), "a mark in a tuple");
    let inner = |value: &Value| if let Value::Tuple(_, depth) = value { *depth } else { 0 };
    let depth = 1 + values.iter().map(inner).max().unwrap_or(0);
    ensure!(depth <= DEEPEST, "tuples {depth} deep");
    Ok(Value::Tuple(values.into(), depth))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ints(values: &[i64]) -> Vec<Value> {
        values.iter().map(|&value| Value::Int(value)).collect()
    }

    fn checked(constants: &[u8]) -> Result<()> {
        let data = b"\x80\x02c__torch__\nNet\n)\x81}b.".to_vec();
        check(&Files::from([("data.pkl".into(), data), ("constants.pkl".into(), constants.to_vec())]))
    }

    #[test]
    fn a_tensor_must_lie_in_its_storage() {
        let holds =
            |count, offset, size: &[i64], stride: &[i64]| within(count, offset, &ints(size), &ints(stride)).is_ok();
        assert!(holds(6, 0, &[2, 3], &[3, 1]));
        assert!(holds(6, 0, &[3, 2], &[1, 3]));
        assert!(holds(1, 0, &[], &[]));
        assert!(holds(0, 0, &[0, 4], &[4, 1]));
        assert!(!holds(6, 1, &[2, 3], &[3, 1]));
        assert!(!holds(6, 0, &[2, 4], &[3, 1]));
        assert!(!holds(0, 0, &[], &[]));
        assert!(!holds(6, -1, &[1], &[1]));
        assert!(!holds(6, 0, &[1, 1], &[1]));
        assert!(!holds(6, 0, &[-1], &[1]));
        assert!(!holds(6, 0, &[2], &[-1]));
        assert!(!holds(6, 0, &[i64::MAX, i64::MAX], &[i64::MAX, i64::MAX]));
    }

    // pickle.dumps((), protocol=2) and what Python writes for other values.
    #[test]
    fn values_that_no_module_of_ours_has_are_refused() {
        assert!(checked(b"\x80\x02).").is_ok());
        for bytes in [
            b"".as_slice(),
            b"\x80\x02",
            b"\x80\x02.",
            b"\x80\x02)).",
            b"\x80\x02).)",
            b"\x80\x02h\x00.",
            b"\x80\x02t.",
            b"\x80\x02(q\x00.",
            b"\x80\x02X\xff\xff\xff\xffa.",
            b"\x80\x02cposix\nsystem\n.",
            b"\x80\x02cposix\nsystem\n(X\x02\x00\x00\x00lstR.",
            b"\x80\x02((((tttt.",
        ] {
            assert!(checked(bytes).is_err(), "{bytes:?}");
        }
        let deep = [b"\x80\x02".as_slice(), &b"(".repeat(100_000), &b"t".repeat(100_000), b"."].concat();
        assert!(checked(&deep).unwrap_err().root_cause().to_string().contains("deep"));
    }
}
