//! Numbers, counts and groups of tensors by their names, as a saved state has them.

use super::safetensors::{self, Named};
use anyhow::{Context, Result, ensure};
use tch::{Kind, Tensor};

/// A number, float64 `[1]`.
pub fn number(name: &str, value: f64) -> Result<(String, Tensor)> {
    Ok((name.into(), Tensor::f_from_slice(&[value])?))
}

/// A count, int64 `[1]`.
pub fn count(name: &str, value: usize) -> Result<(String, Tensor)> {
    Ok((name.into(), Tensor::f_from_slice(&[value as i64])?))
}

/// The number called `name`.
pub fn read_number(state: &Named, name: &str) -> Result<f64> {
    Ok(single(state, name, Kind::Double)?.f_double_value(&[0])?)
}

/// The count called `name`.
pub fn read_count(state: &Named, name: &str) -> Result<usize> {
    let value = single(state, name, Kind::Int64)?.f_int64_value(&[0])?;
    usize::try_from(value).with_context(|| format!("{name}: {value}, expected a count"))
}

fn single(state: &Named, name: &str, kind: Kind) -> Result<Tensor> {
    let tensor = safetensors::find(state, name)?;
    let one = tensor.kind() == kind && tensor.numel() == 1;
    ensure!(one, "{name}: {} of shape {:?}, expected a single number", dtype(tensor), tensor.size());
    Ok(tensor.f_view(-1)?)
}

/// PyTorch's name of a tensor's dtype.
pub fn dtype(tensor: &Tensor) -> String {
    match tensor.kind() {
        Kind::Float => "float32".into(),
        Kind::Double => "float64".into(),
        Kind::Half => "float16".into(),
        Kind::Int64 => "int64".into(),
        Kind::Int => "int32".into(),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// Whether there is a tensor called `name`.
pub fn has(state: &Named, name: &str) -> bool {
    state.iter().any(|(other, _)| other == name)
}

/// The tensors whose names begin with `prefix`, without it.
pub fn under(state: &Named, prefix: &str) -> Named {
    let named = state.iter().filter_map(|(name, tensor)| Some((name.strip_prefix(prefix)?, tensor)));
    named.map(|(name, tensor)| (name.to_string(), tensor.shallow_clone())).collect()
}

/// The same tensors with `prefix` before their names.
pub fn prefixed(prefix: &str, state: &[(String, Tensor)]) -> Named {
    state.iter().map(|(name, tensor)| (format!("{prefix}{name}"), tensor.shallow_clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_or_count_is_refused_by_its_name() {
        let state = vec![count("a", 3).unwrap(), number("b", 0.5).unwrap()];
        assert_eq!((read_count(&state, "a").unwrap(), read_number(&state, "b").unwrap()), (3, 0.5));
        assert!(read_number(&state, "a").unwrap_err().to_string().contains("a: int64"));
        assert!(read_count(&state, "c").unwrap_err().to_string().contains("no tensor c"));
    }
}
