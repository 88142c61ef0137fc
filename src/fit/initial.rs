//! The weights that a network starts from, where they are read from a file: `net.load_state_dict(…)`.

use crate::checkpoint::{Checkpoint, InitialWeights, Matched};
use crate::model::mlp::Mlp;
use crate::python::pickle::{Item, Saved, is_torch_save};
use crate::python::state_dict;
use crate::runs::files;
use crate::torch::named::dtype;
use crate::torch::safetensors::{self, Named};
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;
use tch::{Device, Kind, Tensor};

/// Where scripts keep the network's state among other things.
pub(super) const NESTED: [&str; 4] = ["model_state_dict", "state_dict", "model", "net"];
/// The module of a model file that is no part of the network.
const PREPROCESS: &str = "preprocess.";

/// Gives the network the weights in `path`; how it did.
///
/// # Errors
/// A file of another kind, and a tensor that is missing, too many, of another shape or dtype, or not finite, by its name.
pub fn load(path: &Path, net: &Mlp) -> Result<InitialWeights> {
    let file = path.display().to_string();
    let what = || format!("--init-from {file}");
    let bytes = std::fs::read(path).with_context(|| format!("--init-from {file}: cannot read"))?;
    let found = read(&bytes).with_context(what)?;
    let own = net.state()?;
    let matched = matched(&found, &own).with_context(what)?;
    let (mut state, mut rounded) = (Named::new(), false);
    for (index, (name, tensor)) in own.iter().enumerate() {
        let (theirs, value) = match matched {
            Matched::Name => (name, safetensors::find(&found, name)?),
            Matched::Order => (&found[index].0, &found[index].1),
        };
        rounded |= value.kind() == Kind::Double;
        state.push((name.clone(), fitting(theirs, value, name, tensor).with_context(what)?));
    }
    net.load(&state).with_context(what)?;
    Ok(InitialWeights { file, sha256: files::sha256_of(&bytes), matched, rounded })
}

/// The tensors of a file, in the order of the network's modules as far as the file has it.
fn read(bytes: &[u8]) -> Result<Named> {
    if is_torch_save(bytes) {
        let saved = Saved::read(bytes)?;
        return saved_state(saved.root());
    }
    if bytes.starts_with(b"PK") {
        let state = Checkpoint::from_bytes(bytes, Device::Cpu)?.module.state()?.into_iter();
        return Ok(state.filter(|entry| !entry.name.starts_with(PREPROCESS)).map(|e| (e.name, e.tensor)).collect());
    }
    let is_safetensors = bytes.get(8..).is_some_and(|rest| rest.starts_with(b"{"));
    ensure!(is_safetensors, "expected a .safetensors file, what torch.save wrote of a state_dict(), or a model.pt");
    let mut tensors = safetensors::from_bytes(bytes)?;
    // The format sorts by dtype and name: the modules' order is that of the numbers in their names.
    tensors.sort_by_cached_key(|(name, _)| place(name));
    Ok(tensors)
}

/// The names in a safetensors file, in the order in which [`read`] has its tensors.
pub(super) fn names(bytes: &[u8]) -> Result<Vec<String>> {
    let mut names = safetensors::names(bytes)?;
    names.sort_by_cached_key(|name| place(name));
    Ok(names)
}

/// A `state_dict()`, alone or under one of the names that scripts give it.
fn saved_state(root: Item<'_>) -> Result<Named> {
    let nested = NESTED.iter().find_map(|name| root.get(name)).filter(|item| item.entries().is_some());
    let state = state_dict::tensors(nested.unwrap_or(root));
    let mut state = state.with_context(|| format!("{}, expected a state_dict()", root.kind()))?;
    if let Ok(state) = &mut state {
        // The count of an AveragedModel, which is no part of the network in it.
        state.retain(|(name, _)| name != "n_averaged");
    }
    state.context("expected the tensors of a state_dict(), as of torch.save(net.state_dict(), file)")
}

/// Sorts `10.bias` behind `9.weight`, and in a module as `state_dict()` does.
fn place(name: &str) -> (Vec<(String, u64)>, usize) {
    const LEAVES: [&str; 5] = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"];
    let (module, leaf) = name.rsplit_once('.').unwrap_or(("", name));
    let parts = module.split('.').map(|part| {
        let text = part.trim_end_matches(|letter: char| letter.is_ascii_digit());
        (text.to_string(), part[text.len()..].parse().unwrap_or(0))
    });
    (parts.collect(), LEAVES.iter().position(|known| *known == leaf).unwrap_or(LEAVES.len()))
}

/// How the tensors that were found become the network's `own`.
fn matched(found: &Named, own: &Named) -> Result<Matched> {
    let has = |tensors: &Named, name: &str| tensors.iter().any(|(other, _)| other == name);
    let missing = own.iter().find(|(name, _)| !has(found, name));
    let extra = found.iter().find(|(name, _)| !has(own, name));
    if missing.is_none() && extra.is_none() {
        return Ok(Matched::Name);
    }
    if let Some(((theirs, found), (name, own))) =
        found.iter().zip(own).find(|((_, found), (_, own))| found.size() != own.size())
    {
        bail!(
            "neither the names nor the shapes in their order are the network's: {theirs} {:?} stands where the network has {name} \
             {:?}",
            found.size(),
            own.size()
        );
    }
    if let Some((name, tensor)) = own.get(found.len()) {
        bail!("{} tensors, the network has {}: no tensor for {name} {:?}", found.len(), own.len(), tensor.size());
    }
    if let Some((name, tensor)) = found.get(own.len()) {
        bail!("{} tensors, the network has {}: {name} {:?} is too many", found.len(), own.len(), tensor.size());
    }
    Ok(Matched::Order)
}

/// The tensor `theirs` as the network's `name`: float64 is rounded to float32, as `load_state_dict` does.
fn fitting(theirs: &str, value: &Tensor, name: &str, own: &Tensor) -> Result<Tensor> {
    let shown = if theirs == name { theirs.to_string() } else { format!("{theirs}, for {name}") };
    ensure!(value.size() == own.size(), "{shown}: shape {:?}, the network's is {:?}", value.size(), own.size());
    let fits = value.kind() == own.kind() || (value.kind() == Kind::Double && own.kind() == Kind::Float);
    ensure!(fits, "{shown}: {}, expected {}", dtype(value), dtype(own));
    let value = value.f_to_kind(own.kind())?;
    let finite = value.f_isfinite()?.f_all()?.f_int64_value(&[])? != 0;
    ensure!(finite, "{shown}: holds NaN or infinity, from which no training starts");
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(shapes: &[(&str, &[i64])]) -> Named {
        let tensor = |size: &[i64]| Tensor::zeros(size, (Kind::Float, Device::Cpu));
        shapes.iter().map(|(name, size)| (name.to_string(), tensor(size))).collect()
    }

    #[test]
    fn names_go_before_order_and_what_fits_neither_way_is_named() {
        let own = named(&[("layers.0.weight", &[3, 2]), ("layers.0.bias", &[3])]);
        let turned = named(&[("layers.0.bias", &[3]), ("layers.0.weight", &[3, 2])]);
        assert_eq!(matched(&turned, &own).unwrap(), Matched::Name);
        let other = named(&[("fc.weight", &[3, 2]), ("fc.bias", &[3])]);
        assert_eq!(matched(&other, &own).unwrap(), Matched::Order);
        for (found, words) in [
            (
                named(&[("fc.weight", &[4, 2]), ("fc.bias", &[4])]),
                "fc.weight [4, 2] stands where the network has layers.0.weight [3, 2]",
            ),
            (named(&[("fc.weight", &[3, 2])]), "1 tensors, the network has 2: no tensor for layers.0.bias [3]"),
            (named(&[("a", &[3, 2]), ("b", &[3]), ("c", &[1])]), "c [1] is too many"),
        ] {
            let error = matched(&found, &own).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        let double = own[0].1.to_kind(Kind::Double);
        assert_eq!(fitting("a", &double, "a", &own[0].1).unwrap().kind(), Kind::Float);
        let error = fitting("a", &own[0].1.to_kind(Kind::Int64), "b", &own[0].1).unwrap_err().to_string();
        assert_eq!(error, "a, for b: int64, expected float32");
    }

    #[test]
    fn tensors_of_a_format_without_order_stand_by_the_numbers_in_their_names() {
        let mut names =
            ["10.bias", "1.running_var", "0.bias", "10.weight", "1.bias", "0.weight", "1.weight", "1.running_mean"];
        names.sort_by_cached_key(|name| place(name));
        let expected =
            ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "10.weight", "10.bias"];
        assert_eq!(names, expected);
        let mut names = ["fc10.weight", "fc2.weight", "fc1.bias", "fc1.weight"];
        names.sort_by_cached_key(|name| place(name));
        assert_eq!(names, ["fc1.weight", "fc1.bias", "fc2.weight", "fc10.weight"]);
    }
}
