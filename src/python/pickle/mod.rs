//! A reader of what `torch.save` writes that runs nothing: dicts, lists, tuples, numbers, texts and tensors, and an error for
//! everything else. A pickle is a program that can call any function of Python; here the only "functions" are the three
//! that stand for a dict, a tensor and a parameter.
//!
//! The opcodes are those of `Lib/pickletools.py`, protocols 2 to 5.

mod calls;
pub(crate) mod machine;
pub(crate) mod node;

use crate::torch::archive::entries;
use anyhow::{Context, Result, bail, ensure};
use machine::Machine;
use node::{Dialect, Node};
use std::collections::BTreeMap;
use tch::{Kind, Tensor};

/// A file of `torch.save`, read.
pub struct Saved {
    nodes: Vec<Node>,
    root: usize,
    /// The bytes of each storage, by its key.
    storages: BTreeMap<String, Vec<u8>>,
}

/// One value in it.
#[derive(Clone, Copy)]
pub struct Item<'a> {
    saved: &'a Saved,
    node: usize,
}

const STORAGES: [(&str, Kind); 5] = [
    ("FloatStorage", Kind::Float),
    ("DoubleStorage", Kind::Double),
    ("LongStorage", Kind::Int64),
    ("ByteStorage", Kind::Uint8),
    ("IntStorage", Kind::Int),
];

/// Whether the bytes are a file of `torch.save`: a zip with `data.pkl`, but not TorchScript, which has code too.
pub fn is_torch_save(bytes: &[u8]) -> bool {
    entries(bytes).is_ok_and(|files| files.contains_key("data.pkl") && !files.contains_key("constants.pkl"))
}

impl Saved {
    /// Reads the bytes of a file, each entry against its CRC.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let mut storages = BTreeMap::new();
        let mut pickle = None;
        for (name, content) in entries(bytes)? {
            match name.as_str() {
                "data.pkl" => pickle = Some(content),
                "byteorder" => ensure!(content == b"little", "byteorder: expected little"),
                other => {
                    if let Some(key) = other.strip_prefix("data/") {
                        storages.insert(key.to_string(), content);
                    }
                }
            }
        }
        let pickle = pickle.context("no data.pkl in it: not a file of torch.save")?;
        let (nodes, root) = Machine::run(&pickle, Dialect::Save).context("data.pkl")?;
        Ok(Self { nodes, root, storages })
    }

    pub fn root(&self) -> Item<'_> {
        Item { saved: self, node: self.root }
    }
}

impl<'a> Item<'a> {
    fn of(self, node: usize) -> Self {
        Self { saved: self.saved, node }
    }

    fn node(self) -> &'a Node {
        &self.saved.nodes[self.node]
    }

    /// What it is, in Python's words.
    pub fn kind(self) -> &'static str {
        match self.node() {
            Node::None => "None",
            Node::Bool(_) => "a bool",
            Node::Int(_) => "an int",
            Node::Float(_) => "a float",
            Node::Text(_) => "a str",
            Node::Tuple(_) | Node::List(_) => "a list",
            Node::Dict(_) => "a dict",
            Node::Tensor(_) => "a tensor",
            Node::Mark | Node::Global(_) | Node::Storage(_) | Node::Object(_) | Node::Typed(..) => "no value",
        }
    }

    /// The entries of a dict.
    pub fn entries(self) -> Option<impl Iterator<Item = (Item<'a>, Item<'a>)>> {
        let Node::Dict(entries) = self.node() else { return None };
        Some(entries.iter().map(move |&(key, value)| (self.of(key), self.of(value))))
    }

    /// The values of a list or tuple.
    pub fn values(self) -> Option<impl Iterator<Item = Item<'a>>> {
        let (Node::List(values) | Node::Tuple(values)) = self.node() else { return None };
        Some(values.iter().map(move |&value| self.of(value)))
    }

    /// What a dict has under a text; the last one counts, as in Python.
    pub fn get(self, key: &str) -> Option<Item<'a>> {
        self.entries()?.filter(|(name, _)| name.text() == Some(key)).last().map(|(_, value)| value)
    }

    pub fn text(self) -> Option<&'a str> {
        if let Node::Text(text) = self.node() { Some(text) } else { None }
    }

    pub fn int(self) -> Option<i64> {
        if let Node::Int(value) = self.node() { Some(*value) } else { None }
    }

    /// A float, or an int as one.
    pub fn number(self) -> Option<f64> {
        match self.node() {
            Node::Float(value) => Some(*value),
            Node::Int(value) => Some(*value as f64),
            _ => None,
        }
    }

    pub fn boolean(self) -> Option<bool> {
        if let Node::Bool(value) = self.node() { Some(*value) } else { None }
    }

    /// A tensor of its own, on the CPU.
    pub fn tensor(self) -> Result<Tensor> {
        let Node::Tensor(tensor) = self.node() else { bail!("{}, expected a tensor", self.kind()) };
        let Some((_, kind)) = STORAGES.iter().find(|(name, _)| *name == tensor.storage.kind) else {
            bail!("a tensor in a {}, expected float32, float64, int64, int32 or uint8", tensor.storage.kind)
        };
        let bytes = self.saved.storages.get(&tensor.storage.key).context("a tensor's bytes are missing")?;
        let width = kind.elt_size_in_bytes();
        let length = (bytes.len() / width) as i64;
        tensor.check_bounds(length)?;
        let flat = Tensor::f_from_data_size(&bytes[..length as usize * width], &[length], *kind)?;
        let view = flat.f_as_strided(tensor.size.as_slice(), tensor.stride.as_slice(), tensor.offset)?;
        Ok(crate::torch::safetensors::copy(&view.f_contiguous()?)?)
    }
}
