//! What a pickle is made of.

use anyhow::{Context, Result, bail, ensure};

/// A value; those in it are indices, so that what is referred to twice is there once.
#[derive(Debug, Clone)]
pub enum Node {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Tuple(Vec<usize>),
    List(Vec<usize>),
    Dict(Vec<(usize, usize)>),
    // Boxed: most nodes are small, and there may be millions.
    Tensor(Box<TensorNode>),
    Storage(Box<Storage>),
    Global(Global),
    Object(Box<Object>),
    /// A list or a dict, and what libtorch is told that it holds.
    Typed(usize, Held),
    /// The beginning of a sequence on the stack.
    Mark,
}

/// What the lists and dicts of a module hold, as TorchScript's types say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// `List[str]`
    Texts,
    /// `List[int]`
    Integers,
    /// `Dict[str, int]`
    Dictionary,
    /// `List[Dict[str, int]]`
    Dictionaries,
}

impl Held {
    /// What the name of a type says.
    pub fn of(name: &str) -> Result<Self> {
        Ok(match name {
            "List[str]" => Self::Texts,
            "Dict[str, int]" => Self::Dictionary,
            "List[Dict[str, int]]" => Self::Dictionaries,
            _ => bail!("a value of type {name}, which no module of lockstep has"),
        })
    }
}

/// A module of TorchScript.
#[derive(Debug, Clone)]
pub struct Object {
    /// As `__torch__.Linear`.
    pub class: String,
    /// Names and values, in the order in which the class declares them.
    pub attributes: Vec<(usize, usize)>,
}

/// The bytes of `data/<key>`.
#[derive(Debug, Clone)]
pub struct Storage {
    pub kind: String,
    pub key: String,
    pub device: String,
    /// Elements.
    pub count: i64,
}

/// A view of a storage, counted in elements.
#[derive(Debug, Clone)]
pub struct TensorNode {
    pub storage: Storage,
    pub offset: i64,
    pub size: Vec<i64>,
    pub stride: Vec<i64>,
}

impl TensorNode {
    /// The view must lie in its storage of `length` elements: libtorch does not look.
    pub fn check_bounds(&self, length: i64) -> Result<()> {
        let (size, stride) = (&self.size, &self.stride);
        let possible =
            || format!("a tensor's shape {size:?} and strides {stride:?} from {} are not possible", self.offset);
        ensure!(size.len() == stride.len() && self.offset >= 0, possible());
        let mut last = self.offset;
        for (&size, &stride) in size.iter().zip(stride) {
            ensure!(size >= 0 && stride >= 0, possible());
            let reach = (size - 1).max(0).checked_mul(stride).and_then(|reach| last.checked_add(reach));
            last = reach.context("a tensor's shape is too large")?;
        }
        let inside = if size.contains(&0) { self.offset <= length } else { last < length };
        ensure!(inside, "a tensor of shape {size:?} is larger than the {length} numbers that are stored for it");
        Ok(())
    }
}

/// Who wrote a pickle, and so what may stand in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Dialect {
    /// `torch.save`, by Python's pickle, protocols 2 to 5.
    Save,
    /// `torch.jit.save`, by libtorch: protocol 2, of it what a module of tensors and texts takes, and nothing that libtorch's
    /// reader takes otherwise than this one.
    Script,
}

/// The opcodes of [`Dialect::Script`].
const SCRIPT: &[u8] = b".qrhj()}]\x88\x89KMJ\x8aXct\x85\x86\x87QR\x81ueb";

impl Dialect {
    pub fn has(self, opcode: u8) -> bool {
        match self {
            Self::Save => opcode != 0x81,
            Self::Script => SCRIPT.contains(&opcode),
        }
    }
}

/// What a pickle may name.
#[derive(Debug, Clone, PartialEq)]
pub enum Global {
    OrderedDict,
    RebuildTensor,
    RebuildParameter,
    /// Says the type of a list or dict.
    RestoreTypeTag,
    /// Makes a `List[int]` of a list.
    BuildIntList,
    Storage(String),
    /// A class of TorchScript, as `__torch__.Linear`.
    Class(String),
}

impl Global {
    pub fn find(dialect: Dialect, module: &str, name: &str) -> Result<Self> {
        Ok(match (module, name, dialect) {
            ("collections", "OrderedDict", _) => Self::OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2", _) => Self::RebuildTensor,
            ("torch._utils", "_rebuild_parameter", Dialect::Save) => Self::RebuildParameter,
            ("torch.jit._pickle", "restore_type_tag", Dialect::Script) => Self::RestoreTypeTag,
            ("torch.jit._pickle", "build_intlist", Dialect::Script) => Self::BuildIntList,
            ("torch", name, _) if name.ends_with("Storage") => Self::Storage(name.into()),
            (module, name, Dialect::Script) if module.starts_with("__torch__") => {
                Self::Class(format!("{module}.{name}"))
            }
            _ => bail!(
                "it names {module}.{name}, and only dicts, lists, numbers, texts and tensors are read, no other objects; save \
                 state_dict()s, and numbers with float(…)"
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tensor_must_lie_in_its_storage() {
        let storage = Storage { kind: "FloatStorage".into(), key: "0".into(), device: "cpu".into(), count: 6 };
        let holds = |length, offset, size: &[i64], stride: &[i64]| {
            let (size, stride, storage) = (size.to_vec(), stride.to_vec(), storage.clone());
            TensorNode { storage, offset, size, stride }.check_bounds(length).is_ok()
        };
        assert!(holds(6, 0, &[2, 3], &[3, 1]));
        assert!(holds(6, 0, &[3, 2], &[1, 3]));
        assert!(holds(1, 0, &[], &[]));
        assert!(holds(0, 0, &[0, 4], &[4, 1]));
        for (length, offset, size, stride) in [
            (6, 1, &[2, 3][..], &[3, 1][..]),
            (6, 0, &[2, 4], &[3, 1]),
            (6, 0, &[7], &[1]),
            (0, 0, &[], &[]),
            (0, 1, &[0], &[1]),
            (6, -1, &[1], &[1]),
            (6, 0, &[1, 1], &[1]),
            (6, 0, &[-1], &[1]),
            (6, 1, &[2], &[-1]),
            (6, 9, &[2], &[i64::MAX]),
            (6, 0, &[i64::MAX, i64::MAX], &[i64::MAX, i64::MAX]),
        ] {
            assert!(!holds(length, offset, size, stride), "{size:?} {stride:?} {offset}");
        }
    }
}
