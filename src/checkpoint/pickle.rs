//! A look through the pickles of a TorchScript file before libtorch reads them.
//!
//! libtorch takes the sizes in `data.pkl` at their word: a tensor that is larger than the bytes it is stored in is read
//! beyond them, and ends the process or shows what lies there. So the program in the pickle is run here, by the few
//! opcodes that `torch.jit.save` writes for a module of tensors and texts, and every value that it makes on its way is looked at.

use crate::python::pickle::machine::Machine;
use crate::python::pickle::node::{Dialect, Held, Node, Storage};
use crate::torch::archive::Files;
use anyhow::{Context, Result, bail, ensure};

/// Tuples in tuples: a tensor's arguments hold its size.
const DEEPEST: usize = 3;

/// Checks `data.pkl` and `constants.pkl`.
///
/// # Errors
/// A pickle that is missing or that `torch.jit.save` would not write for one of our modules, a tensor beyond its storage.
pub fn check(files: &Files) -> Result<()> {
    read(files).map(drop)
}

/// As [`check`]; the values of `data.pkl`, and which of them is the module.
pub fn read(files: &Files) -> Result<(Vec<Node>, usize)> {
    let checked = |name: &str| {
        let bytes = files.get(name).with_context(|| format!("{name} is missing: the file is not whole"))?;
        values(name, bytes, files).with_context(|| format!("{name}: not as lockstep writes it"))
    };
    let data = checked("data.pkl")?;
    checked("constants.pkl")?;
    Ok(data)
}

fn values(name: &str, bytes: &[u8], files: &Files) -> Result<(Vec<Node>, usize)> {
    let (nodes, root) = Machine::run(bytes, Dialect::Script)?;
    // A module, and the tuple of the constants in its code.
    let expected = match name {
        "data.pkl" => matches!(nodes[root], Node::Object(_)),
        _ => matches!(nodes[root], Node::Tuple(_)),
    };
    ensure!(expected, "expected a module in data.pkl, a tuple in constants.pkl");
    // Of each tuple; what is in it was made before it.
    let mut depths = vec![0; nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        match node {
            Node::Tuple(values) => {
                depths[index] = 1 + values.iter().map(|&value| depths[value]).max().unwrap_or(0);
                ensure!(depths[index] <= DEEPEST, "tuples {} deep", depths[index]);
            }
            Node::Dict(items) => attributes(&nodes, items)?,
            Node::Typed(value, held) => ensure!(holds(&nodes, *value, *held), "a value that is no {held:?}"),
            Node::Storage(storage) => stored(storage, files)?,
            Node::Tensor(tensor) => tensor.check_bounds(tensor.storage.count)?,
            _ => {}
        }
    }
    Ok((nodes, root))
}

fn attributes(nodes: &[Node], items: &[(usize, usize)]) -> Result<()> {
    for &(name, value) in items {
        let (name, value) = (&nodes[name], &nodes[value]);
        let value = matches!(
            value,
            Node::Tensor(_) | Node::Object(_) | Node::Typed(..) | Node::Bool(_) | Node::Int(_) | Node::Text(_)
        );
        ensure!(matches!(name, Node::Text(_)) && value, "expected attributes by their names");
    }
    Ok(())
}

/// Whether a list or dict holds what libtorch is told: it does not look, and takes the one for the other.
fn holds(nodes: &[Node], value: usize, held: Held) -> bool {
    let text = |&node: &usize| matches!(nodes[node], Node::Text(_));
    let integer = |&node: &usize| matches!(nodes[node], Node::Int(_));
    match (&nodes[value], held) {
        (Node::List(values), Held::Texts) => values.iter().all(text),
        (Node::List(values), Held::Integers) => values.iter().all(integer),
        (Node::Dict(items), Held::Dictionary) => items.iter().all(|(key, value)| text(key) && integer(value)),
        (Node::List(values), Held::Dictionaries) => {
            values.iter().all(|&node| matches!(nodes[node], Node::Typed(_, Held::Dictionary)))
        }
        _ => false,
    }
}

/// `data/<key>` must hold just the storage.
fn stored(storage: &Storage, files: &Files) -> Result<()> {
    let Storage { kind, key, device, count } = storage;
    ensure!(device == "cpu", "a storage on {device}, expected one on the cpu");
    let size: i64 = match kind.as_str() {
        "FloatStorage" => 4,
        "DoubleStorage" | "LongStorage" => 8,
        other => bail!("{other}: expected FloatStorage, DoubleStorage or LongStorage"),
    };
    let file = files.get(&format!("data/{key}")).with_context(|| format!("data/{key} is missing"))?;
    ensure!(
        *count >= 0 && count.checked_mul(size) == i64::try_from(file.len()).ok(),
        "data/{key} has {} bytes, expected {count} numbers of {size}",
        file.len()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(data: Vec<u8>) -> Result<()> {
        check(&Files::from([("data.pkl".into(), data), ("constants.pkl".into(), b"\x80\x02).".to_vec())]))
    }

    /// A module with one attribute.
    fn attribute(value: &[u8]) -> Result<()> {
        let parts: [&[u8]; 3] = [b"\x80\x02c__torch__\nNet\n)\x81}(X\x01\0\0\0a", value, b"ub."];
        data(parts.concat())
    }

    // What torch.jit.save of torch 2.13 writes for the attributes categories: List[Dict[str, int]] = [{"x": 0, "y": 1}, {}],
    // unseen: List[int] = [-1, 300], classes: List[str] = ["a"], without the module's own.
    #[test]
    fn lists_and_dicts_are_read_as_torch_writes_them() {
        let bytes = b"\x80\x02c__torch__\nNet\nq\x00)\x81}(X\n\x00\x00\x00categoriesq\x03ctorch.jit._pickle\n\
            restore_type_tag\nq\x04](h\x04}(X\x01\x00\x00\x00xq\x05K\x00X\x01\x00\x00\x00yq\x06K\x01uX\x0e\x00\x00\x00\
            Dict[str, int]q\x07\x86Rh\x04}(uh\x07\x86ReX\x14\x00\x00\x00List[Dict[str, int]]q\x08\x86R\
            X\x06\x00\x00\x00unseenq\tctorch.jit._pickle\nbuild_intlist\nq\n(](J\xff\xff\xff\xffM,\x01etR\
            X\x07\x00\x00\x00classesq\x0bh\x04](X\x01\x00\x00\x00aq\x0ceX\t\x00\x00\x00List[str]q\r\x86Rubq\x0e.";
        data(bytes.to_vec()).unwrap();
    }

    #[test]
    fn what_is_not_what_its_type_says_is_refused() {
        let tagged = |value: &[u8], name: &str| {
            let size = u32::try_from(name.len()).unwrap().to_le_bytes();
            let parts: [&[u8]; 6] =
                [b"ctorch.jit._pickle\nrestore_type_tag\n", value, b"X", &size, name.as_bytes(), b"\x86R"];
            parts.concat()
        };
        let integers = |value: &[u8]| [b"ctorch.jit._pickle\nbuild_intlist\n(".as_slice(), value, b"tR"].concat();
        let (texts, whole, pairs) = (b"](X\x01\0\0\0ae", b"](K\x01e", b"}(X\x01\0\0\0aK\x01u");
        let pair = tagged(pairs, "Dict[str, int]");
        let listed = |value: &[u8]| [b"](", value, b"e"].concat();
        attribute(&tagged(texts, "List[str]")).unwrap();
        attribute(&integers(whole)).unwrap();
        attribute(&tagged(&listed(&pair), "List[Dict[str, int]]")).unwrap();
        for wrong in [
            whole.to_vec(),
            tagged(whole, "List[str]"),
            integers(texts),
            integers(pairs),
            tagged(texts, "Dict[str, int]"),
            tagged(b"}(X\x01\0\0\0aX\x01\0\0\0bu", "Dict[str, int]"),
            tagged(&listed(pairs), "List[Dict[str, int]]"),
            tagged(&listed(&tagged(texts, "List[str]")), "List[Dict[str, int]]"),
            tagged(texts, "List[Tensor]"),
            // A number that comes to the list after its type.
            [&tagged(b"]q\x00(X\x01\0\0\0ae", "List[str]")[..], b"0h\x00(K\x01e"].concat(),
            [b"X\x01\0\0\0b", &tagged(b"]q\x00(X\x01\0\0\0ae", "List[str]")[..], b"X\x01\0\0\0ch\x00(K\x01e"].concat(),
        ] {
            assert!(attribute(&wrong).is_err(), "{wrong:?}");
        }
    }

    fn checked(constants: &[u8]) -> Result<()> {
        let data = b"\x80\x02c__torch__\nNet\n)\x81}b.".to_vec();
        check(&Files::from([("data.pkl".into(), data), ("constants.pkl".into(), constants.to_vec())]))
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
