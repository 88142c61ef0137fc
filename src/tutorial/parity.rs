//! The five programs as `compare` sees them: the original in Python, ours, and how far the two may part.

use super::program::Program;
use super::{boston, descent, exhaustive, moons, two_layer};
use crate::data;
use crate::data::boston::Boston;
use crate::python::compare::Bounds;
use crate::python::trace::Trace;
use crate::torch::threads::Steps;
use crate::tutorial::config::{BostonConfig, DescentConfig, ExhaustiveConfig, MoonsConfig, TwoLayerConfig};
use anyhow::{Context, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tch::Device;

/// How one program is held against its original.
pub struct Parity {
    pub name: &'static str,
    /// The original, inside the binary so that `compare` works from any folder.
    pub source: &'static str,
    /// The settings that the original has an option for, by their names in a trace.
    pub settings: &'static [&'static str],
    /// Whether the original runs on torch, on a device and a number of threads.
    pub torch: bool,
    /// The table that the original must be given: its name in the stored traces, and our copy.
    pub table: Option<(&'static str, &'static str)>,
    /// Live, on one machine.
    pub live: Bounds,
    /// Against a stored trace, perhaps of another processor.
    pub stored: Bounds,
    /// The tutorial's settings.
    pub defaults: fn() -> Result<Value>,
    /// What the steps multiply under the settings of a trace; nothing without libtorch.
    pub steps: fn(&Value, u32) -> Result<Vec<Steps>>,
    /// Runs ours with the settings of a trace.
    pub trace: fn(&Value, u32, Device) -> Result<Trace>,
}

/// In the order of the tutorial.
pub static PROGRAMS: [&Parity; 5] = [&EXHAUSTIVE, &DESCENT, &TWO_LAYER, &BOSTON, &MOONS];

pub static EXHAUSTIVE: Parity = Parity {
    name: Program::Exhaustive.name(),
    source: include_str!("../../scripts/original/exhaustive.py"),
    settings: &["loss", "k_min", "k_max", "k_step", "b_min", "b_max", "b_step", "data"],
    torch: false,
    table: None,
    live: Bounds::BITS,
    stored: Bounds::relative(1e-11),
    defaults: || json(&ExhaustiveConfig::default()),
    steps: |_, _| Ok(vec![]),
    trace: |config, seed, _| {
        let config = settings(config)?;
        exhaustive::run(&config, 1, &|_| Ok(()))?.trace(&config, seed)
    },
};

pub static DESCENT: Parity = Parity {
    name: Program::Descent.name(),
    source: include_str!("../../scripts/original/descent.py"),
    settings: &["lr", "epochs", "start_k", "start_b", "data"],
    torch: false,
    table: None,
    live: Bounds::BITS,
    stored: Bounds::relative(1e-11),
    defaults: || json(&DescentConfig::default()),
    steps: |_, _| Ok(vec![]),
    trace: |config, seed, _| {
        let config = settings(config)?;
        descent::run(&config, seed, |_, _| Ok(()))?.trace(&config, seed)
    },
};

pub static TWO_LAYER: Parity = Parity {
    name: Program::TwoLayer.name(),
    source: include_str!("../../scripts/original/two_layer.py"),
    settings: &["samples", "inputs", "hidden", "outputs", "lr", "epochs"],
    torch: false,
    table: None,
    // NumPy's products are OpenBLAS's, ours are MKL's.
    live: Bounds::relative(1e-11),
    stored: Bounds::relative(1e-11),
    defaults: || json(&TwoLayerConfig::default()),
    steps: |config, _| Ok(settings::<TwoLayerConfig>(config)?.steps()),
    trace: |config, seed, device| {
        let config = settings(config)?;
        two_layer::run(&config, seed, device, |_, _| Ok(()))?.trace(&config, seed)
    },
};

pub static BOSTON: Parity = Parity {
    name: Program::Boston.name(),
    source: include_str!("../../scripts/original/boston.py"),
    settings: &["data", "hidden", "lr", "epochs"],
    torch: false,
    table: Some(("data/boston.csv", data::boston::CSV)),
    live: Bounds::relative(1e-12),
    stored: Bounds::relative(1e-11),
    defaults: || json(&BostonConfig::default()),
    steps: |config, seed| {
        let config: BostonConfig = settings(config)?;
        boston::steps(&Boston::load(config.data.as_deref(), &config.exclude)?, &config, seed)
    },
    trace: |config, seed, device| {
        let config = settings(config)?;
        boston::run(&config, seed, device, |_, _| Ok(()))?.trace(&config, seed)
    },
};

pub static MOONS: Parity = Parity {
    name: Program::Moons.name(),
    source: include_str!("../../scripts/original/moons.py"),
    settings: &["samples", "noise", "hidden", "lr", "epochs"],
    torch: true,
    table: None,
    live: Bounds::BITS,
    stored: Bounds::FLOAT32_STORED,
    defaults: || json(&MoonsConfig::default()),
    steps: |config, _| Ok(settings::<MoonsConfig>(config)?.steps()),
    trace: |config, seed, device| {
        let config = settings(config)?;
        moons::run(&config, seed, device, &mut ())?.trace(&config, seed)
    },
};

fn json(config: &impl Serialize) -> Result<Value> {
    Ok(serde_json::to_value(config)?)
}

fn settings<C: DeserializeOwned>(config: &Value) -> Result<C> {
    serde_json::from_value(config.clone()).context("config")
}

impl Parity {
    /// The bounds of a comparison on `device`, with a stored trace or live.
    pub fn bounds(&self, device: Device, stored: bool) -> &Bounds {
        // On CUDA Python fuses its Adam, so bits are promised on the processor only.
        if stored || (self.torch && device != Device::Cpu) { &self.stored } else { &self.live }
    }
}
