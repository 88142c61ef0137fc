//! A `state_dict()` in what `torch.save` wrote: tensors by the names of their parameters and buffers.

use super::pickle::Item;
use crate::torch::safetensors::Named;
use anyhow::{Context, Result};

/// What a wrapped network's `state_dict()` puts before its names: `torch.compile`, and the parallel and averaging wrappers.
const WRAPPERS: [&str; 2] = ["_orig_mod.", "module."];

/// The tensors of a `state_dict()` in its order, without what wrappers put before their names; none where it is no dict.
pub fn tensors(state: Item<'_>) -> Option<Result<Named>> {
    let entry = |(name, tensor): (Item<'_>, Item<'_>)| {
        let name = unwrapped(name.text().context("a name is no text")?);
        Ok((name.to_string(), tensor.tensor().with_context(|| name.to_string())?))
    };
    Some(state.entries()?.map(entry).collect())
}

/// A parameter's name in the network itself.
fn unwrapped(name: &str) -> &str {
    let mut bare = name;
    while let Some(rest) = WRAPPERS.iter().find_map(|wrapper| bare.strip_prefix(wrapper)) {
        bare = rest;
    }
    bare
}
