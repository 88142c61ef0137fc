//! "Binary classification using PyTorch custom neural network": two moons, `Net`, CrossEntropyLoss, Adam.

pub mod checkpoint;
pub mod pictures;
pub mod start;
pub mod surface;

use crate::data::moons::{Moons, make_moons};
use crate::model::net::{INPUTS, Net};
use crate::python::random::NumpyRandom;
use crate::python::trace::{TensorTrace, Trace};
use crate::torch::memory::floats_mut;
use crate::torch::safetensors::Named;
use crate::torch::script;
use crate::train::engine::Engine;
use crate::train::engine::tanh_net::Exact;
use crate::train::full_batch::{FullBatch, FusedNet};
use crate::train::optim::Optimizer;
use crate::train::state::load_parameters;
use crate::train::{Next, ReadLoss};
use crate::tutorial::config::MoonsConfig;
use anyhow::{Context, Result, ensure};
use start::Start;
use std::time::Instant;
use tch::{Device, Kind, Tensor};

/// A trained model with everything that led to it.
pub struct Outcome {
    pub moons: Moons,
    pub x: Tensor,
    pub y: Tensor,
    pub net: Net,
    pub initial: Vec<TensorTrace>,
    /// Of every epoch, or, gone on from a state without its losses, of the last ones.
    pub losses: Vec<f32>,
    pub accuracy: f64,
    /// What going on from here needs: Adam's state, the generator's, the epoch, the losses.
    pub training: Named,
    /// The engine that trained: exact where the fused one cannot.
    pub engine: Engine,
    /// Seconds that the training loop took, without the epochs of an earlier run.
    pub seconds: f64,
}

/// What is told of a training while it lasts; each may stop it by returning an error.
pub trait Watch {
    /// After every epoch, with a way to read its loss back.
    fn epoch(&mut self, epoch: usize, loss: ReadLoss<'_>) -> Result<Next>;
    /// After an epoch that was answered with [`Next::Save`], unless it was the last.
    fn save(&mut self, epoch: usize, state: &State<'_>) -> Result<()>;
}

/// Where a training is.
pub struct State<'a> {
    pub net: &'a Net,
    pub x: &'a Tensor,
    pub losses: &'a [f32],
    pub training: Named,
}

/// A callback that saves nothing.
struct Report<F>(F);

impl<F: FnMut(usize, ReadLoss<'_>) -> Result<()>> Watch for Report<F> {
    fn epoch(&mut self, epoch: usize, loss: ReadLoss<'_>) -> Result<Next> {
        (self.0)(epoch, loss)?;
        Ok(Next::Go)
    }

    fn save(&mut self, _: usize, _: &State<'_>) -> Result<()> {
        Ok(())
    }
}

/// Epochs between two looks at the losses.
const EPOCHS: usize = 1 << 16;

/// Runs the program; `report(epoch, loss)` is called after every epoch and may stop it with an error.
pub fn run(
    config: &MoonsConfig,
    seed: u32,
    device: Device,
    report: impl FnMut(usize, ReadLoss<'_>) -> Result<()>,
) -> Result<Outcome> {
    run_on(config, seed, device, None, &mut Report(report))
}

/// The points that a run trains on.
pub fn points(config: &MoonsConfig, seed: u32) -> Moons {
    make_moons(config.samples, config.noise, &mut NumpyRandom::seed(seed))
}

/// As [`run`], from `start` on if there is one.
pub fn run_on(
    config: &MoonsConfig,
    seed: u32,
    device: Device,
    start: Option<&Start>,
    watch: &mut dyn Watch,
) -> Result<Outcome> {
    let moons = points(config, seed);
    tch::manual_seed(i64::from(seed));
    let net = Net::new(config.hidden, device).context("model")?;
    let initial = parameters("initial", &net)?;
    let (x, y) = tensors(&moons, device)?;
    let clock = Instant::now();
    let fused = config.engine == Engine::Fused && device == Device::Cpu;
    let mut engine: Box<dyn FullBatch> = match fused {
        false => Box::new(Exact::new(&net, &x, &y, config.lr)?),
        true => Box::new(FusedNet::new(&net, &x, &y, config.lr)?),
    };
    let losses = train(engine.as_mut(), &net, &x, config.epochs, start, watch)?;
    let seconds = clock.elapsed().as_secs_f64();
    let training = checkpoint::training(engine.optimizer(), &losses)?;
    let accuracy = engine.hits()? as f64 / config.samples as f64;
    drop(engine);
    let engine = if fused { Engine::Fused } else { Engine::Exact };
    Ok(Outcome { moons, x, y, net, initial, losses, accuracy, training, engine, seconds })
}

/// Trains up to `epochs`; the losses, those of `start` among them. The loop itself only runs; what is saved is saved
/// between two calls of it.
fn train(
    engine: &mut dyn FullBatch,
    net: &Net,
    x: &Tensor,
    epochs: usize,
    start: Option<&Start>,
    watch: &mut dyn Watch,
) -> Result<Vec<f32>> {
    let mut losses = Vec::new();
    if let Some(start) = start {
        load_parameters(&net.parameters, &start.parameters).context("the state to go on from")?;
        engine.optimizer_mut().load(&start.optimizer).context("the state to go on from")?;
        if let Some(generator) = &start.generator {
            script::set_generator_state(generator).context("the state to go on from: generator")?;
        }
        losses.extend(&start.losses);
    }
    let mut done = start.map_or(0, |start| start.epoch);
    ensure!(done < epochs, "{done} epochs are done already");
    while done < epochs {
        let mut save = false;
        let part = engine.train(EPOCHS.min(epochs - done), &mut |epoch, loss| {
            let next = watch.epoch(epoch, loss)?;
            save = next == Next::Save;
            Ok(next)
        })?;
        done += part.len();
        losses.extend(part);
        if save && done < epochs {
            let training = checkpoint::training(engine.optimizer(), &losses)?;
            watch.save(done, &State { net, x, losses: &losses, training })?;
        }
    }
    Ok(losses)
}

impl Outcome {
    /// Where the training ended.
    pub fn state(&self) -> State<'_> {
        let training = self.training.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect();
        State { net: &self.net, x: &self.x, losses: &self.losses, training }
    }

    /// The run as a trace, in the form and order of `scripts/original/moons.py --trace`.
    pub fn trace(&self, config: &MoonsConfig, seed: u32) -> Result<Trace> {
        let mut tensors = vec![TensorTrace::of("X", &self.x)?, TensorTrace::of("y", &self.y)?];
        tensors.extend(self.initial.iter().cloned());
        tensors.extend(parameters("final", &self.net)?);
        let loss = self.losses.last().copied().unwrap_or(f32::NAN);
        let scalars = [("parameters", self.net.count() as f64), ("accuracy", self.accuracy), ("loss", loss.into())];
        Ok(Trace {
            threads: Some(tch::get_num_threads()),
            scalars: scalars.map(|(name, value)| (name.into(), value)).into(),
            series: [("loss".into(), self.losses.iter().map(|&loss| loss.into()).collect())].into(),
            tensors,
            ..Trace::new("moons", seed, config, self.seconds)?
        })
    }
}

/// `torch.from_numpy(X).type(torch.FloatTensor)` and the labels as int64.
fn tensors(moons: &Moons, device: Device) -> Result<(Tensor, Tensor)> {
    let mut x = Tensor::f_zeros([moons.points.len() as i64, INPUTS], (Kind::Float, Device::Cpu))?;
    for (place, &value) in floats_mut(&mut x)?.iter_mut().zip(moons.points.iter().flatten()) {
        *place = value as f32;
    }
    let x = x.f_to_device(device)?;
    let y = Tensor::f_from_slice(&moons.labels)?.f_to_device(device)?;
    Ok((x, y))
}

fn parameters(prefix: &str, net: &Net) -> Result<Vec<TensorTrace>> {
    let named = net.parameters.named()?;
    named.iter().map(|(name, tensor)| TensorTrace::of(&format!("{prefix}.{name}"), tensor)).collect()
}
