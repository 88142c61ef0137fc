//! What a pickle may call: the few functions that stand for a dict, a storage, a tensor, a parameter and a module.

use super::machine::Machine;
use super::node::{Dialect, Global, Held, Node, Object, Storage, TensorNode};
use anyhow::{Result, bail, ensure};

impl Machine<'_> {
    /// A module, before its attributes.
    pub(super) fn object(&mut self) -> Result<()> {
        let (arguments, class) = (self.pop()?, self.pop()?);
        let Node::Global(Global::Class(class)) = &self.nodes[class] else { bail!("expected a class") };
        ensure!(self.tuple(arguments)?.is_empty(), "expected a class without arguments");
        let object = Object { class: class.clone(), attributes: vec![] };
        self.push(Node::Object(Box::new(object)))
    }

    /// The attributes of a module; those of an OrderedDict, which a state_dict() has as `_metadata`, the modules'
    /// versions, are not needed.
    pub(super) fn build(&mut self) -> Result<()> {
        let (state, top) = (self.pop()?, self.top()?);
        if self.dialect == Dialect::Save {
            ensure!(matches!(self.nodes[top], Node::Dict(_)), "it sets the attributes of an object");
            return Ok(());
        }
        let Node::Dict(state) = &self.nodes[state] else { bail!("a module's attributes are no dict") };
        let state = state.clone();
        let Node::Object(object) = &mut self.nodes[top] else { bail!("it sets the attributes of what is no module") };
        object.attributes = state;
        Ok(())
    }

    fn tuple(&self, node: usize) -> Result<&[usize]> {
        match &self.nodes[node] {
            Node::Tuple(values) => Ok(values),
            _ => bail!("a function's arguments are no tuple"),
        }
    }

    /// `('storage', torch.FloatStorage, key, device, length)`.
    pub(super) fn storage(&mut self) -> Result<()> {
        let id = self.pop()?;
        let parts: Vec<&Node> = self.tuple(id)?.iter().map(|&part| &self.nodes[part]).collect();
        let [
            Node::Text(what),
            Node::Global(Global::Storage(kind)),
            Node::Text(key),
            Node::Text(device),
            Node::Int(count),
        ] = parts[..]
        else {
            bail!("it refers to something outside of it that is no storage")
        };
        ensure!(what == "storage", "it refers to {what}, expected a storage");
        let storage = Storage { kind: kind.clone(), key: key.clone(), device: device.clone(), count: *count };
        self.push(Node::Storage(Box::new(storage)))
    }

    pub(super) fn reduce(&mut self) -> Result<()> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let arguments = self.tuple(arguments)?;
        let node = match &self.nodes[function] {
            Node::Global(Global::OrderedDict) => {
                ensure!(arguments.is_empty(), "an OrderedDict with arguments");
                Node::Dict(vec![])
            }
            Node::Global(Global::RebuildTensor) => Node::Tensor(Box::new(self.tensor(arguments)?)),
            Node::Global(Global::RebuildParameter) => {
                let data = arguments.first().map(|&data| &self.nodes[data]);
                let Some(Node::Tensor(tensor)) = data else { bail!("a parameter that is no tensor") };
                Node::Tensor(tensor.clone())
            }
            Node::Global(Global::RestoreTypeTag) => {
                let [value, name] = arguments[..] else { bail!("a type of {} arguments", arguments.len()) };
                let Node::Text(name) = &self.nodes[name] else { bail!("a type whose name is no text") };
                Node::Typed(value, Held::of(name)?)
            }
            Node::Global(Global::BuildIntList) => {
                let [value] = arguments[..] else { bail!("a list of whole numbers of {} arguments", arguments.len()) };
                Node::Typed(value, Held::Integers)
            }
            _ => bail!("it calls what is no function"),
        };
        self.push(node)
    }

    /// `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, backward_hooks)`.
    fn tensor(&self, arguments: &[usize]) -> Result<TensorNode> {
        let nodes: Vec<&Node> = arguments.iter().map(|&argument| &self.nodes[argument]).collect();
        let [Node::Storage(storage), Node::Int(offset), _, _, Node::Bool(_), Node::Dict(_)] = nodes[..] else {
            bail!(
                "a tensor of {} arguments, expected a plain one: of its storage, offset, size, stride, requires_grad and no \
                 hooks; save it after resolve_neg() and resolve_conj()",
                nodes.len()
            )
        };
        let (size, stride) = (arguments[2], arguments[3]);
        let numbers = |node: usize| -> Result<Vec<i64>> {
            let number = |&node: &usize| match self.nodes[node] {
                Node::Int(value) => Ok(value),
                _ => bail!("a tensor's shape is no whole number"),
            };
            self.tuple(node)?.iter().map(number).collect()
        };
        Ok(TensorNode { storage: (**storage).clone(), offset: *offset, size: numbers(size)?, stride: numbers(stride)? })
    }
}
