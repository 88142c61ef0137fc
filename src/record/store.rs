//! What a program on `tch` has in its `VarStore`.

use crate::torch::safetensors::Named;
use tch::Tensor;
use tch::nn::VarStore;

/// The modules that parameters belong to: a `Linear` each, by the path before the last point.
pub(super) fn modules(parameters: &[(String, Tensor)]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (name, _) in parameters {
        let path = name.rsplit_once('.').map_or("", |(path, _)| path);
        if found.last().is_none_or(|(last, _)| last != path) {
            found.push((path.into(), String::new()));
        }
    }
    found
}

/// The trainable variables of a store, by their names; a store does not know the order in which they were made.
pub fn parameters(store: &VarStore) -> Named {
    let mut named: Named = store.variables().into_iter().filter(|(_, variable)| variable.requires_grad()).collect();
    named.sort_by(|(a, _), (b, _)| a.cmp(b));
    named
}

/// Their gradients.
pub fn gradients(store: &VarStore) -> Named {
    let grads = parameters(store).into_iter().map(|(name, variable)| (name, variable.grad()));
    grads.filter(|(_, grad)| grad.defined()).collect()
}
