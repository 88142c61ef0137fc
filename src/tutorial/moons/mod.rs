//! "Binary classification using PyTorch custom neural network": two moons, `Net`, CrossEntropyLoss, Adam.

pub mod checkpoint;
pub mod net;
pub mod pictures;
pub mod start;
pub mod surface;

use crate::cpu::room;
use crate::data::moons::{Moons, make_moons};
use crate::model::loss::{Loss, LossKind};
use crate::model::mlp::Mlp;
use crate::python::random::NumpyRandom;
use crate::python::trace::{TensorTrace, Trace};
use crate::record::Recording;
use crate::train::features::Features;
use crate::train::observer::Observer;
use crate::train::session::{Session, Trained};
use crate::train::snapshot::Snapshot;
use crate::train::task::{Part, Task};
use crate::tutorial::config::MoonsConfig;
use crate::tutorial::program::Program;
use anyhow::{Context, Result};
use net::{INPUTS, net};
use tch::{Device, Tensor};

/// The points that a run trains on.
pub struct Points {
    pub moons: Moons,
    /// `torch.from_numpy(X).type(torch.FloatTensor)`, `[n, 2]`.
    pub x: Tensor,
    /// The labels, int64 `[n]`.
    pub y: Tensor,
}

/// What a point takes in memory: its coordinates and label in float64 and int64, its place in the order, its tensors.
const BYTES: u128 = 16 + 8 + 8 + 16;

impl Points {
    /// Those that `seed` gives, on `device`.
    pub fn draw(config: &MoonsConfig, seed: u32, device: Device) -> Result<Self> {
        room::check(&format!("--samples {}", config.samples), config.samples as u128 * BYTES)?;
        let moons = make_moons(config.samples, config.noise, &mut NumpyRandom::seed(seed));
        let x: Vec<f32> = moons.points.iter().flatten().map(|&value| value as f32).collect();
        let x = Tensor::f_from_slice(&x)?.f_view([-1, INPUTS])?.f_to_device(device)?;
        let y = Tensor::f_from_slice(&moons.labels)?.f_to_device(device)?;
        Ok(Self { moons, x, y })
    }
}

/// A trained model with everything that led to it.
pub struct Outcome {
    pub points: Points,
    pub net: Mlp,
    pub initial: Vec<TensorTrace>,
    pub trained: Trained,
    pub accuracy: f64,
}

/// Runs the program on the points of its seed.
pub fn run(config: &MoonsConfig, seed: u32, device: Device, observer: &mut dyn Observer) -> Result<Outcome> {
    run_on(Points::draw(config, seed, device)?, config, seed, None, Recording::default(), observer)
}

/// Trains on `points`, from `snapshot` on if there is one, and writes to `record`.
pub fn run_on(
    points: Points,
    config: &MoonsConfig,
    seed: u32,
    snapshot: Option<&Snapshot>,
    record: Recording<'_>,
    observer: &mut dyn Observer,
) -> Result<Outcome> {
    tch::manual_seed(i64::from(seed));
    let net = net(config.hidden, points.x.device()).context("model")?;
    let initial = parameters("initial", &net)?;
    let loss = Loss::new(LossKind::CrossEntropy { label_smoothing: 0.0 });
    let train = Part { x: &Features::from(&points.x), y: &points.y, weight: None };
    let task = Task { net: &net, loss: &loss, config: &config.train(), train, valid: None, record };
    let mut session = match snapshot {
        None => Session::new(task)?,
        Some(snapshot) => Session::resume(task, snapshot)?,
    };
    let trained = session.run(observer)?;
    let accuracy = session.hits()? as f64 / config.samples as f64;
    drop(session);
    Ok(Outcome { points, net, initial, trained, accuracy })
}

impl Outcome {
    /// The loss before the last update.
    pub fn loss(&self) -> Option<f32> {
        self.trained.history().last().map(|epoch| epoch.loss as f32)
    }

    /// The losses as float32, which they are; of the last epochs, where whoever saved the state that the run went on from
    /// kept none.
    pub fn losses(&self) -> Vec<f32> {
        self.trained.history().loss().iter().map(|&loss| loss as f32).collect()
    }

    /// The run as a trace, in the form and order of `scripts/original/moons.py --trace`.
    pub fn trace(&self, config: &MoonsConfig, seed: u32) -> Result<Trace> {
        let mut tensors = vec![TensorTrace::of("X", &self.points.x)?, TensorTrace::of("y", &self.points.y)?];
        tensors.extend(self.initial.iter().cloned());
        tensors.extend(parameters("final", &self.net)?);
        let losses = self.losses();
        let loss = losses.last().copied().unwrap_or(f32::NAN);
        let scalars = [("parameters", self.net.count() as f64), ("accuracy", self.accuracy), ("loss", loss.into())];
        Ok(Trace {
            threads: Some(tch::get_num_threads()),
            scalars: scalars.map(|(name, value)| (name.into(), value)).into(),
            series: [("loss".into(), losses.into_iter().map(f64::from).collect())].into(),
            tensors,
            ..Trace::new(Program::Moons.name(), seed, config, self.trained.seconds)?
        })
    }
}

fn parameters(prefix: &str, net: &Mlp) -> Result<Vec<TensorTrace>> {
    let named = net.parameters.named()?;
    named.iter().map(|(name, tensor)| TensorTrace::of(&format!("{prefix}.{name}"), tensor)).collect()
}
