//! `torch.utils.data.DataLoader`: in which order its samplers give the rows, and what it draws from which generator
//! (`torch/utils/data/dataloader.py`, `sampler.py`).
//!
//! Each `iter(loader)` draws an int64, the seed of workers, whether there are any or not. `RandomSampler` then draws another, which
//! seeds a generator of its own for `randperm`. With `generator=` everything comes from that one, which runs on.

use crate::choices::choice::{self, Choice};
use crate::choices::names::unknown;
use crate::torch::script::{generator_state, seeded_generator, set_generator_state};
use anyhow::{Context, Result};
use std::fmt;
use tch::{Device, Kind, Tensor};

/// What says which row is next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sampler {
    /// `shuffle=True`: `RandomSampler`.
    #[default]
    Random,
    /// `shuffle=False`: `SequentialSampler`.
    Sequential,
    /// `WeightedRandomSampler(1 / count of the row's class, n)`: n rows with replacement, of each class as many on average.
    Balanced,
}

/// The loader of the training rows, with whether that of the validation rows is persistent too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LoaderOptions {
    pub sampler: Sampler,
    /// `persistent_workers=True`: the seed of workers is drawn once.
    pub persistent: bool,
    /// The same of the validation loader.
    pub valid_persistent: bool,
    /// The seed of `generator=torch.Generator().manual_seed(…)`, of the loader and its sampler.
    pub generator: Option<u32>,
}

const SAMPLERS: [&str; 1] = ["balanced"];

impl LoaderOptions {
    /// The parameters of `dataloader:…`.
    pub fn parse(given: &mut Choice) -> Result<Self, String> {
        let shuffle = given.take_if_given("shuffle")?;
        let sampler = match (given.take_if_given::<String>("sampler")?.as_deref(), shuffle) {
            (None, None | Some(true)) => Sampler::Random,
            (None, Some(false)) => Sampler::Sequential,
            (Some("balanced"), None) => Sampler::Balanced,
            (Some("balanced"), Some(_)) => {
                return Err("dataloader: a sampler says which rows come, and so does shuffle; leave shuffle out".into());
            }
            (Some(other), _) => return Err(format!("dataloader: sampler={}", unknown(other, &SAMPLERS))),
        };
        Ok(Self {
            sampler,
            persistent: given.take("persistent", false)?,
            valid_persistent: given.take("valid_persistent", false)?,
            generator: given.take_if_given("generator")?,
        })
    }
}

impl fmt::Display for LoaderOptions {
    /// What differs from PyTorch's defaults under `shuffle=True`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (no, yes, balanced) = (false, true, "balanced");
        f.write_str(&choice::show(
            "dataloader",
            &[
                ("shuffle", (self.sampler == Sampler::Sequential).then_some(&no as _)),
                ("sampler", (self.sampler == Sampler::Balanced).then_some(&balanced as _)),
                ("persistent", self.persistent.then_some(&yes as _)),
                ("valid_persistent", self.valid_persistent.then_some(&yes as _)),
                ("generator", self.generator.as_ref().map(|seed| seed as _)),
            ],
        ))
    }
}

/// The loader of the training rows at work.
#[derive(Debug)]
pub struct Loader {
    options: LoaderOptions,
    rows: i64,
    /// Of `Balanced`: float64 `[rows]`.
    weights: Option<Tensor>,
    /// The state of the loader's own generator, if it has one.
    generator: Option<Vec<u8>>,
    /// Whether an epoch was drawn already.
    begun: bool,
}

impl Loader {
    /// Of `rows` rows, whose classes are `classes`, int64 `[rows]`; a balanced sampler needs them.
    pub fn new(options: LoaderOptions, rows: i64, classes: Option<&Tensor>) -> Result<Self> {
        let weights = match options.sampler {
            Sampler::Balanced => Some(one_by_count(classes.context("a balanced sampler needs classes")?)?),
            Sampler::Random | Sampler::Sequential => None,
        };
        let generator = options.generator.map(seeded_generator).transpose()?;
        Ok(Self { options, rows, weights, generator, begun: false })
    }

    /// The rows of an epoch, int64 `[rows]` on the CPU; none: all of them as they stand.
    pub fn epoch(&mut self) -> Result<Option<Tensor>> {
        let Some(own) = self.generator.take() else { return self.drawn() };
        let others = generator_state()?;
        set_generator_state(&own)?;
        let drawn = self.drawn();
        self.generator = Some(generator_state()?);
        set_generator_state(&others)?;
        drawn
    }

    /// The same, from the generator that is set.
    fn drawn(&mut self) -> Result<Option<Tensor>> {
        if !(self.begun && self.options.persistent) {
            base_seed()?;
        }
        self.begun = true;
        Ok(match (&self.weights, self.options.sampler) {
            (Some(weights), _) => Some(weights.f_multinomial(self.rows, true)?),
            (None, Sampler::Random) if self.options.generator.is_some() => {
                let order = permutation(self.rows)?;
                // The rest of the last round, of which no row is taken.
                let _ = permutation(self.rows)?;
                Some(order)
            }
            (None, Sampler::Random) => Some(seeded_permutation(self.rows)?),
            (None, Sampler::Sequential | Sampler::Balanced) => None,
        })
    }

    /// The state of the loader's own generator, if it has one.
    pub fn generator(&self) -> Option<&[u8]> {
        self.generator.as_deref()
    }

    /// Goes on behind `epochs` epochs, with the state that [`Loader::generator`] had then.
    pub fn go_on(&mut self, epochs: usize, generator: Option<Vec<u8>>) {
        self.begun = epochs > 0;
        if self.generator.is_some() && generator.is_some() {
            self.generator = generator;
        }
    }
}

/// `torch.empty((), dtype=torch.int64).random_()`, which every `iter(loader)` draws.
pub fn base_seed() -> Result<i64> {
    Ok(Tensor::f_empty([0_i64; 0], (Kind::Int64, Device::Cpu))?.f_random_()?.f_int64_value(&[])?)
}

/// `RandomSampler` without a generator: a permutation from one of its own, whose seed is drawn.
fn seeded_permutation(rows: i64) -> Result<Tensor> {
    // Of a seed only the low 32 bits count.
    let seed = base_seed()? as u32;
    let others = generator_state()?;
    set_generator_state(&seeded_generator(seed)?)?;
    let order = permutation(rows);
    set_generator_state(&others)?;
    order
}

fn permutation(rows: i64) -> Result<Tensor> {
    Ok(Tensor::f_randperm(rows, (Kind::Int64, Device::Cpu))?)
}

/// `(1 / np.bincount(y))[y]`, in float64.
fn one_by_count(classes: &Tensor) -> Result<Tensor> {
    let classes = classes.f_to_device(Device::Cpu)?;
    let counts = classes.f_bincount(None::<&Tensor>, 0)?.f_to_kind(Kind::Double)?;
    Ok(counts.f_reciprocal()?.f_index_select(0, &classes)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::torch::testing::seeded;

    fn options(text: &str) -> Result<LoaderOptions, String> {
        let mut given = Choice::parse(text)?;
        let options = LoaderOptions::parse(&mut given)?;
        given.finish()?;
        Ok(options)
    }

    #[test]
    fn options_read_back_and_wrong_ones_are_refused() {
        for text in [
            "dataloader",
            "dataloader:shuffle=false",
            "dataloader:sampler=balanced,generator=7",
            "dataloader:persistent=true,valid_persistent=true",
        ] {
            assert_eq!(options(text).unwrap().to_string(), text);
        }
        for (text, words) in [
            ("dataloader:sampler=balancd", "did you mean balanced?"),
            ("dataloader:sampler=balanced,shuffle=true", "leave shuffle out"),
            ("dataloader:shufle=true", "did you mean shuffle?"),
            ("dataloader:generator=-1", "generator=-1: expected a whole number"),
        ] {
            let error = options(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    fn epochs(text: &str, classes: Option<&Tensor>) -> (Vec<Vec<i64>>, i64) {
        let mut loader = Loader::new(options(text).unwrap(), 6, classes).unwrap();
        let drawn = (0..3).map(|_| loader.epoch().unwrap().map_or(vec![], |rows| Vec::try_from(rows).unwrap()));
        (drawn.collect(), base_seed().unwrap())
    }

    // torch.manual_seed(0); loader = DataLoader(TensorDataset(torch.arange(6)), 6, shuffle=True)
    // [next(iter(loader))[0].tolist() for _ in range(3)], torch.empty((), dtype=torch.int64).random_().item()
    #[test]
    fn the_order_is_pythons() {
        let torch = seeded(0);
        let rows = [[0, 4, 3, 5, 2, 1], [2, 3, 1, 5, 4, 0], [5, 2, 0, 3, 1, 4]];
        assert_eq!(epochs("dataloader", None), (rows.map(Vec::from).to_vec(), 8_072_059_273_656_089_175));
        torch.seed(0);
        let (rows, after) = epochs("dataloader:generator=0", None);
        torch.seed(0);
        assert_eq!(after, base_seed().unwrap(), "nothing is drawn from the default generator");
        assert_ne!(rows[0], rows[1]);
        torch.seed(0);
        let classes = Tensor::from_slice(&[0_i64, 0, 0, 0, 0, 1]);
        let (rows, _) = epochs("dataloader:sampler=balanced", Some(&classes));
        let rare = rows.iter().flatten().filter(|row| **row == 5).count();
        assert!((4..=14).contains(&rare), "half of 18: {rare}");
    }
}
