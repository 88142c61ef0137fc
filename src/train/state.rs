//! The state of a training as named tensors, those of `training.safetensors`: a training that takes it over ends with the
//! same bits as one that was never stopped.
//!
//! | name | what | dtype, shape |
//! |---|---|---|
//! | `optimizer.<kind>.<parameter>`, `optimizer.step` | the optimizer's state | float32, int64 |
//! | `generator` | `torch.get_rng_state()` | uint8 `[5056]` |
//! | `epoch` | epochs done | int64 `[1]` |
//! | `history.loss`, `history.valid_loss`, `history.lr` | a value an epoch | float64 `[epoch]` |
//! | `scheduler.…`, `plateau.…` | learning rate, momentum and what they follow from | float64, int64 `[1]` |
//! | `best.epoch`, `best.loss`, `last.<parameter>` | under early stopping, where the model has the best weights | |

use super::fit::Epoch;
use crate::model::parameters::FlatTensors;
use crate::torch::safetensors::{self, Named};
use anyhow::{Context, Result, ensure};
use tch::{Kind, Tensor};

/// What is put before a name of [`crate::train::optim::Optimizer::state`].
pub const OPTIMIZER: &str = "optimizer.";

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
    let (found, size) = (tensor.kind(), tensor.size());
    ensure!(found == kind && tensor.numel() == 1, "{name}: {found:?} {size:?}, expected {kind:?} [1]");
    Ok(tensor.f_view(-1)?)
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
pub fn prefixed(prefix: &str, state: Named) -> Named {
    state.into_iter().map(|(name, tensor)| (format!("{prefix}{name}"), tensor)).collect()
}

/// Copies the tensors of these names into `parameters`.
pub fn load_parameters(parameters: &FlatTensors, from: &Named) -> Result<()> {
    let _no_grad = tch::no_grad_guard();
    for (name, mut view) in parameters.named()? {
        let found = safetensors::find(from, &name)?;
        ensure!(found.size() == view.size(), "{name}: {:?}, expected {:?}", found.size(), view.size());
        ensure!(found.kind() == view.kind(), "{name}: {:?}, expected {:?}", found.kind(), view.kind());
        view.f_copy_(found)?;
    }
    Ok(())
}

/// The losses and rates of all epochs.
pub fn history(epochs: &[Epoch]) -> Result<Named> {
    let column = |name: &str, values: Vec<f64>| Ok::<_, anyhow::Error>((name.into(), Tensor::f_from_slice(&values)?));
    let mut named = vec![
        column("history.loss", epochs.iter().map(|epoch| epoch.loss).collect())?,
        column("history.lr", epochs.iter().map(|epoch| epoch.lr).collect())?,
    ];
    let valid: Option<Vec<f64>> = epochs.iter().map(|epoch| epoch.valid_loss).collect();
    if let Some(valid) = valid.filter(|valid| !valid.is_empty()) {
        named.push(column("history.valid_loss", valid)?);
    }
    Ok(named)
}

/// What [`history`] gave. `validated`: whether there must be validation losses.
pub fn read_history(state: &Named, validated: bool) -> Result<Vec<Epoch>> {
    let epochs = read_count(state, "epoch")?;
    let column = |name: &str| {
        let values = Vec::<f64>::try_from(safetensors::find(state, name)?).with_context(|| name.to_string())?;
        ensure!(values.len() == epochs, "{name}: {} values of {epochs} epochs", values.len());
        Ok(values)
    };
    let (loss, lr) = (column("history.loss")?, column("history.lr")?);
    let valid = validated.then(|| column("history.valid_loss")).transpose()?;
    let epoch = |index: usize| Epoch {
        epoch: index + 1,
        loss: loss[index],
        valid_loss: valid.as_ref().map(|valid| valid[index]),
        lr: lr[index],
    };
    Ok((0..epochs).map(epoch).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_history_reads_back_and_a_short_one_is_refused() {
        let epoch = |epoch, loss| Epoch { epoch, loss, valid_loss: Some(loss / 3.0), lr: 0.1 };
        let epochs = [epoch(1, 0.3), epoch(2, f64::MIN_POSITIVE)];
        let mut state = history(&epochs).unwrap();
        state.push(count("epoch", 2).unwrap());
        assert_eq!(read_history(&state, true).unwrap(), epochs);
        *state.last_mut().unwrap() = count("epoch", 3).unwrap();
        assert!(read_history(&state, true).unwrap_err().to_string().contains("2 values of 3 epochs"));
    }

    #[test]
    fn what_is_no_number_or_count_is_refused_by_its_name() {
        let state = vec![count("a", 3).unwrap(), number("b", 0.5).unwrap()];
        assert_eq!((read_count(&state, "a").unwrap(), read_number(&state, "b").unwrap()), (3, 0.5));
        assert!(read_number(&state, "a").unwrap_err().to_string().contains("a: Int64"));
        assert!(read_count(&state, "c").unwrap_err().to_string().contains("no tensor c"));
    }
}
