//! What a model file says of itself, read without libtorch.

use super::{Manifest, ModelFile, TRAINING, code, extra, pickle};
use crate::python::pickle::node::{Node, TensorNode};
use crate::torch::archive::Files;
use anyhow::{Context, Result, bail, ensure};
use safetensors::{Dtype, SafeTensors};
use std::collections::HashSet;
use std::path::Path;

/// Modules in modules: ours are three deep, and a file that was made to do harm may have one that holds itself.
const DEEPEST: usize = 20;

/// A model file's manifest, the epochs that it was trained for, and the entries of its `state_dict()`.
#[derive(Debug)]
pub struct Contents {
    pub manifest: Manifest,
    pub epoch: i64,
    /// Parameters first, then buffers.
    pub state: Vec<Stored>,
}

/// One tensor of the `state_dict()`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub name: String,
    /// A parameter, else a buffer.
    pub parameter: bool,
    pub shape: Vec<i64>,
    /// PyTorch's name.
    pub dtype: &'static str,
}

impl Stored {
    /// Number of elements.
    pub fn numel(&self) -> i64 {
        self.shape.iter().product()
    }
}

impl Contents {
    /// Reads `path` whole, and checks all that can be checked before libtorch reads it.
    pub fn read(path: &Path) -> Result<Self> {
        Self::of(ModelFile::read(path)?).with_context(|| path.display().to_string())
    }

    fn of(ModelFile { files, manifest }: ModelFile) -> Result<Self> {
        let epoch = epoch(extra(&files, TRAINING)?).context(TRAINING)?;
        let (nodes, root) = pickle::read(&files)?;
        code::check(&files)?;
        let mut walk = Walk { nodes: &nodes, parameters: parameters(&files), state: vec![], seen: 0 };
        walk.module(root, "", 0)?;
        let mut state = walk.state;
        state.sort_by_key(|entry| !entry.parameter);
        Ok(Self { manifest, epoch, state })
    }
}

/// The count `epoch`, int64 `[1]`.
fn epoch(bytes: &[u8]) -> Result<i64> {
    let tensors = SafeTensors::deserialize(bytes).ok().context("damaged: not the tensors of a safetensors file")?;
    let epoch = tensors.tensor("epoch").ok().context("no tensor epoch")?;
    let bytes = <[u8; 8]>::try_from(epoch.data()).ok().filter(|_| epoch.dtype() == Dtype::I64);
    Ok(i64::from_le_bytes(bytes.context("epoch: expected a single int64")?))
}

/// Each class's parameters, as `__torch__.Linear.weight`: its code lists them.
fn parameters(files: &Files) -> HashSet<String> {
    let mut found = HashSet::new();
    for (name, bytes) in files.iter() {
        let Some(module) = name.strip_prefix("code/").and_then(|name| name.strip_suffix(".py")) else { continue };
        let (module, mut class) = (module.replace('/', "."), "");
        for line in String::from_utf8_lossy(bytes).lines() {
            if let Some(name) = line.strip_prefix("class ") {
                class = name.split('(').next().unwrap_or_default();
                found.insert(format!("{module}.{class}"));
            } else if let Some(list) = line.strip_prefix("  __parameters__ = ") {
                let names = list.split('"').skip(1).step_by(2);
                found.extend(names.map(|name| format!("{module}.{class}.{name}")));
            }
        }
    }
    found
}

struct Walk<'a> {
    nodes: &'a [Node],
    parameters: HashSet<String>,
    state: Vec<Stored>,
    /// Modules so far: no more than the file has, unless one holds another twice.
    seen: usize,
}

impl Walk<'_> {
    /// Adds the tensors of a module and of those in it.
    fn module(&mut self, node: usize, prefix: &str, depth: usize) -> Result<()> {
        ensure!(depth < DEEPEST, "data.pkl: modules more than {DEEPEST} deep");
        self.seen += 1;
        ensure!(self.seen <= self.nodes.len(), "data.pkl: a module stands in several places");
        let nodes = self.nodes;
        let Node::Object(object) = &nodes[node] else { return Ok(()) };
        ensure!(self.parameters.contains(&object.class), "data.pkl: the class {} has no code", object.class);
        for &(name, value) in &object.attributes {
            let Node::Text(attribute) = &nodes[name] else { bail!("data.pkl: an attribute without a name") };
            let name = format!("{prefix}{attribute}");
            match &nodes[value] {
                Node::Object(_) => self.module(value, &format!("{name}."), depth + 1)?,
                Node::Tensor(tensor) => {
                    let parameter = self.parameters.contains(&format!("{}.{attribute}", object.class));
                    self.state.push(Stored { name, parameter, shape: tensor.size.clone(), dtype: dtype(tensor) });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn dtype(tensor: &TensorNode) -> &'static str {
    match tensor.storage.kind.as_str() {
        "DoubleStorage" => "float64",
        "LongStorage" => "int64",
        _ => "float32",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::torch::named;
    use tch::Device;

    // What libtorch makes of the same files, those of earlier versions among them.
    #[test]
    fn the_state_is_the_one_that_libtorch_reads() {
        for file in ["tests/data/format1/moons/model.pt", "tests/data/format1/fit/model.pt"] {
            let contents = Contents::read(Path::new(file)).unwrap();
            let read = Checkpoint::read(Path::new(file), Device::Cpu).unwrap();
            let expected: Vec<Stored> = read.module.state().unwrap().into_iter().map(stored).collect();
            assert!(expected.len() > 3 && expected.iter().any(|entry| entry.parameter));
            assert_eq!(contents.state, expected, "{file}");
            assert_eq!(contents.manifest, read.manifest);
            assert_eq!(contents.epoch as usize, named::read_count(&read.training, "epoch").unwrap());
        }
    }

    fn stored(entry: crate::torch::script::State) -> Stored {
        let dtype = match named::dtype(&entry.tensor).as_str() {
            "float64" => "float64",
            "int64" => "int64",
            _ => "float32",
        };
        Stored { name: entry.name, parameter: entry.parameter, shape: entry.tensor.size(), dtype }
    }
}
