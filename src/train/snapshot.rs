//! The state of a training after an epoch: a training that takes it over ends with the same bits as one that was never
//! stopped.

use super::history::History;
use crate::torch::named::{count, has, number, prefixed, read_count, read_number, under};
use crate::torch::safetensors::{self, Named};
use anyhow::{Context, Result, ensure};
use tch::Tensor;

/// What is put before a name of [`crate::train::optim::Optimizer::state`].
pub const OPTIMIZER: &str = "optimizer.";
/// What is put before the name of a parameter or buffer whose last value is not the model's.
const LAST: &str = "last.";
/// The same of one whose average is not the model's.
const AVERAGED: &str = "averaged.";

/// Everything that the epochs to come depend on.
#[derive(Debug)]
pub struct Snapshot {
    /// The results so far; it counts the epochs that are done.
    pub history: History,
    /// The parameters and buffers after the last epoch, by their names.
    pub weights: Named,
    /// Under early stopping, the epoch of the lowest validation loss.
    pub best: Option<Best>,
    /// The moving average of the parameters, if there is one.
    pub averaged: Option<Averaged>,
    /// As [`crate::train::optim::Optimizer::state`] has it.
    pub optimizer: Named,
    /// As [`crate::train::schedule::scheduler::Scheduler::state`] has it; none: the learning rate is constant.
    pub scheduler: Option<Named>,
    /// `torch.get_rng_state()`; none: nothing is drawn any more.
    pub generator: Option<Vec<u8>>,
    /// The state of a loader's own generator, if it has one.
    pub loader: Option<Vec<u8>>,
}

/// The averaged weights, and of how many updates they are the average.
#[derive(Debug)]
pub struct Averaged {
    /// `n_averaged`.
    pub steps: usize,
    pub weights: Named,
}

/// The lowest validation loss, and the parameters and buffers that had it.
#[derive(Debug)]
pub struct Best {
    pub epoch: usize,
    pub loss: f64,
    pub weights: Named,
}

impl Snapshot {
    /// Epochs done.
    pub fn epoch(&self) -> usize {
        self.history.epochs()
    }

    /// The tensors of a checkpoint's `training.safetensors`; the model beside them has the best parameters, else the averaged, else
    /// the last.
    ///
    /// | name | what | dtype, shape |
    /// |---|---|---|
    /// | `optimizer.<kind>.<parameter>`, `optimizer.step` | the optimizer's state | float32, int64 |
    /// | `generator` | `torch.get_rng_state()` | uint8 `[5056]` |
    /// | `epoch` | epochs done | int64 `[1]` |
    /// | `history.loss`, `history.valid_loss`, `history.lr` | a value an epoch | float64 `[epoch]` |
    /// | `scheduler.…`, `plateau.…` | learning rate, momentum and what they follow from | float64, int64 `[1]` |
    /// | `best.epoch`, `best.loss` | under early stopping, where the model has the best weights | int64, float64 `[1]` |
    /// | `n_averaged`, `averaged.<parameter>` | with `--ema`; the parameters where the model has the best weights | int64, float32 |
    /// | `last.<parameter>`, `last.<buffer>` | where the model has the best or the averaged weights | float32, int64 |
    /// | `loader.generator` | `generator.get_state()` of a loader's own | uint8 `[5056]` |
    pub fn tensors(&self) -> Result<Named> {
        let mut all = prefixed(OPTIMIZER, &self.optimizer);
        all.extend(prefixed("", self.scheduler.as_deref().unwrap_or_default()));
        let column = |name: &str, values: &[f64]| anyhow::Ok((name.to_string(), Tensor::f_from_slice(values)?));
        all.push(column("history.loss", self.history.loss())?);
        all.push(column("history.lr", self.history.lr())?);
        all.extend(self.history.valid_loss().map(|losses| column("history.valid_loss", losses)).transpose()?);
        all.push(count("epoch", self.epoch())?);
        all.extend(self.generator().transpose()?);
        if let Some(best) = &self.best {
            all.extend([count("best.epoch", best.epoch)?, number("best.loss", best.loss)?]);
        }
        if let Some(averaged) = &self.averaged {
            all.push(count("n_averaged", averaged.steps)?);
            if self.best.is_some() {
                all.extend(prefixed(AVERAGED, &averaged.weights));
            }
        }
        if self.best.is_some() || self.averaged.is_some() {
            all.extend(prefixed(LAST, &self.weights));
        }
        if let Some(state) = &self.loader {
            all.push(("loader.generator".into(), Tensor::f_from_slice(state)?));
        }
        Ok(all)
    }

    /// The generator's state as a named tensor.
    pub fn generator(&self) -> Option<Result<(String, Tensor)>> {
        let state = self.generator.as_ref()?;
        Some(Tensor::f_from_slice(state).map(|state| ("generator".into(), state)).map_err(Into::into))
    }

    /// What [`Snapshot::tensors`] gave; `model` holds the parameters of the model beside them.
    pub fn read(tensors: &Named, model: Named) -> Result<Self> {
        let best = has(tensors, "best.epoch")
            .then(|| -> Result<_> { Ok((read_count(tensors, "best.epoch")?, read_number(tensors, "best.loss")?)) });
        let best = best.transpose()?;
        let averaged = match has(tensors, "n_averaged") {
            false => None,
            true => {
                let weights = if best.is_some() { under(tensors, AVERAGED) } else { prefixed("", &model) };
                Some(Averaged { steps: read_count(tensors, "n_averaged")?, weights })
            }
        };
        let (weights, best) = match best {
            None if averaged.is_some() => (under(tensors, LAST), None),
            None => (model, None),
            Some((epoch, loss)) => (under(tensors, LAST), Some(Best { epoch, loss, weights: model })),
        };
        let generator = |name: &str| anyhow::Ok(Vec::<u8>::try_from(safetensors::find(tensors, name)?)?);
        read_number(tensors, "scheduler.lr")?;
        let scheduled = ["scheduler.", "plateau."].map(|prefix| prefixed(prefix, &under(tensors, prefix)));
        Ok(Self {
            history: read_history(tensors)?,
            weights,
            best,
            averaged,
            optimizer: under(tensors, OPTIMIZER),
            scheduler: Some(scheduled.into_iter().flatten().collect()),
            generator: Some(generator("generator")?),
            loader: has(tensors, "loader.generator").then(|| generator("loader.generator")).transpose()?,
        })
    }

    /// Whether early stopping after `patience` epochs without a lower validation loss ended the training here.
    pub fn stopped_early(&self, patience: Option<usize>) -> bool {
        patience.zip(self.best.as_ref()).is_some_and(|(patience, best)| self.epoch() >= best.epoch + patience)
    }
}

/// The losses and learning rates of all epochs.
fn read_history(tensors: &Named) -> Result<History> {
    let epochs = read_count(tensors, "epoch")?;
    let column = |name: &str| {
        let values = Vec::<f64>::try_from(safetensors::find(tensors, name)?).with_context(|| name.to_string())?;
        ensure!(values.len() == epochs, "{name}: {} values of {epochs} epochs", values.len());
        Ok(values)
    };
    let (loss, lr) = (column("history.loss")?, column("history.lr")?);
    let valid = has(tensors, "history.valid_loss").then(|| column("history.valid_loss")).transpose()?;
    let mut history = History::default();
    for index in 0..epochs {
        history.push(loss[index], valid.as_ref().map(|valid| valid[index]), lr[index]);
    }
    Ok(history)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot() -> Snapshot {
        let mut history = History::default();
        history.push(0.3, Some(0.1), 0.5);
        history.push(f64::MIN_POSITIVE, Some(0.2), 0.25);
        let weights = |value: f32| vec![("w".to_string(), Tensor::from_slice(&[value]))];
        Snapshot {
            history,
            weights: weights(1.0),
            best: Some(Best { epoch: 1, loss: 0.1, weights: weights(2.0) }),
            averaged: Some(Averaged { steps: 2, weights: weights(1.5) }),
            optimizer: vec![("step".into(), Tensor::from_slice(&[2_i64]))],
            scheduler: Some(vec![number("scheduler.lr", 0.25).unwrap(), number("plateau.best", 0.1).unwrap()]),
            generator: Some(vec![7; 16]),
            loader: Some(vec![8; 16]),
        }
    }

    #[test]
    fn the_tensors_are_those_that_the_format_names() {
        let tensors = snapshot().tensors().unwrap();
        let mut names: Vec<&str> = tensors.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let expected = [
            "averaged.w",
            "best.epoch",
            "best.loss",
            "epoch",
            "generator",
            "history.loss",
            "history.lr",
            "history.valid_loss",
            "last.w",
            "loader.generator",
            "n_averaged",
            "optimizer.step",
            "plateau.best",
            "scheduler.lr",
        ];
        assert_eq!(names, expected);
        // A float64 a loss, as Python's list of losses has them.
        let column = |name: &str| safetensors::find(&tensors, name).unwrap().shallow_clone();
        assert_eq!(column("history.loss"), Tensor::from_slice(&[0.3, f64::MIN_POSITIVE]));
        assert_eq!(column("history.lr"), Tensor::from_slice(&[0.5, 0.25]));
        let read = Snapshot::read(&tensors, snapshot().best.unwrap().weights).unwrap();
        assert_eq!((read.epoch(), &read.history), (2, &snapshot().history));
        assert_eq!(read.weights[0].1.double_value(&[0]), 1.0);
        let best = read.best.as_ref().unwrap();
        assert_eq!((best.epoch, best.loss, best.weights[0].1.double_value(&[0])), (1, 0.1, 2.0));
        assert_eq!((read.scheduler.as_ref().unwrap().len(), read.generator.as_ref().unwrap().len()), (2, 16));
        let averaged = read.averaged.as_ref().unwrap();
        assert_eq!((averaged.steps, averaged.weights[0].1.double_value(&[0])), (2, 1.5));
        assert_eq!(read.loader, Some(vec![8; 16]));
        assert!(read.stopped_early(Some(1)) && !read.stopped_early(Some(2)) && !read.stopped_early(None));
    }

    #[test]
    fn a_short_history_is_refused() {
        let mut tensors = snapshot().tensors().unwrap();
        tensors.retain(|(name, _)| name != "epoch");
        tensors.push(count("epoch", 3).unwrap());
        let error = Snapshot::read(&tensors, vec![]).unwrap_err().to_string();
        assert!(error.contains("2 values of 3 epochs"), "{error}");
    }
}
