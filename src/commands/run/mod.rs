//! `lockstep run <program>`: what every program's run does around its own work.

mod boston;
mod descent;
mod exhaustive;
mod moons;
mod two_layer;

use super::{Verdict, prepare, report};
use crate::checkpoint::{Made, Resumed};
use crate::cli::{Common, Run, RunProgram};
use crate::commands::progress::catch_interrupts;
use crate::runs::events::{self, Events};
use crate::runs::files;
use crate::runs::folder::RunFolder;
use crate::torch::device::{self, DeviceChoice};
use crate::torch::script;
use anyhow::{Result, ensure};
use clap::Args;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::time::Instant;
use tch::Device;

pub(super) fn run(args: &Run) -> Result<Verdict> {
    match args {
        Run::Exhaustive(args) => exhaustive::run(args),
        Run::Descent(args) => descent::run(args),
        Run::TwoLayer(args) => two_layer::run(args),
        Run::Boston(args) => boston::run(args),
        Run::Moons(args) => moons::run(args),
    }
}

impl<T: Args> RunProgram<T> {
    /// `--out`, or the program's own folder.
    fn folder(&self, program: &str) -> PathBuf {
        self.out.clone().unwrap_or_else(|| Path::new("runs").join(program))
    }
}

/// One run: its device, its folder, its clock.
pub(super) struct Job<'a> {
    common: &'a Common,
    pub(super) device: Device,
    pub(super) threads: i32,
    pub(super) folder: RunFolder,
    /// The run's event file, if it writes one.
    pub(super) events: Option<Events>,
    pub(super) seed: u32,
    /// Of the data, if there is a table.
    pub(super) data_sha256: Option<String>,
    /// Each time that the run went on from a checkpoint.
    pub(super) resumed: Vec<Resumed>,
    start: Instant,
}

impl<'a> Job<'a> {
    /// Checks device and folder before anything is computed; from here on Ctrl-C stops between two epochs.
    pub(super) fn begin(common: &'a Common, out: &Path) -> Result<Self> {
        let start = Instant::now();
        let device = prepare(&common.compute)?;
        Self::on(common, out, device, tch::get_num_threads(), start)
    }

    /// The same for a program that does without libtorch: on the processor, on the threads asked for or all there are.
    fn begin_plain(common: &'a Common, out: &Path, most_threads: i32) -> Result<Self> {
        let start = Instant::now();
        let cuda = matches!(common.compute.device, DeviceChoice::Cuda(_));
        ensure!(!cuda, "--device cuda: this program runs on the processor only, use --device cpu");
        let all = || std::thread::available_parallelism().map_or(1, |count| count.get().min(1024) as i32);
        let threads = common.compute.threads.unwrap_or_else(all).min(most_threads);
        Self::on(common, out, Device::Cpu, threads, start)
    }

    fn on(common: &'a Common, out: &Path, device: Device, threads: i32, start: Instant) -> Result<Self> {
        let folder = RunFolder::open(out)?;
        catch_interrupts()?;
        let (seed, data_sha256, resumed) = (common.seed, None, vec![]);
        Ok(Self { common, device, threads, folder, events: None, seed, data_sha256, resumed, start })
    }

    /// Remembers what the table `file` holds, or else the program's own copy.
    fn data(&mut self, file: Option<&Path>, own: &str) -> Result<()> {
        self.data_sha256 = Some(match file {
            Some(file) => files::sha256(&[file.to_path_buf()])?,
            None => files::sha256_of(own.as_bytes()),
        });
        Ok(())
    }

    /// What a model file says of how it was made.
    pub(super) fn made(&self) -> Made {
        Made {
            data_sha256: self.data_sha256.clone(),
            device: Some(device::name(self.device)),
            threads: Some(self.threads),
            resumed: self.resumed.clone(),
        }
    }

    /// The run's summary: program and seed, `results` (a JSON object), then how it was made.
    pub(super) fn summary(&self, program: &str, config: &impl Serialize, results: Value) -> Result<Value> {
        let mut summary = Map::new();
        summary.insert("program".into(), program.into());
        summary.insert("seed".into(), self.seed.into());
        if let Value::Object(results) = results {
            summary.extend(results);
        }
        let made = json!({
            "seconds": self.start.elapsed().as_secs_f64(),
            "device": device::name(self.device),
            "threads": self.threads,
            "libtorch": env!("LOCKSTEP_LIBTORCH_VERSION"),
            "lockstep": env!("CARGO_PKG_VERSION"),
            "cpu_capability": script::cpu_capability()?,
            "config": serde_json::to_value(config)?,
        });
        if let Value::Object(made) = made {
            summary.extend(made);
        }
        if let Some(hash) = &self.data_sha256 {
            summary.insert("data_sha256".into(), hash.as_str().into());
        }
        if !self.resumed.is_empty() {
            summary.insert("resumed".into(), json!(self.resumed));
        }
        Ok(Value::Object(summary))
    }

    /// Stages the summary, puts every staged file in its place, and tells the user.
    pub(super) fn finish(mut self, summary: &Value, text: &str) -> Result<Verdict> {
        self.folder.stage("summary.json", format!("{summary:#}\n").as_bytes())?;
        let folder = self.folder.path().to_path_buf();
        let own = self.events.map(Events::keep).transpose()?;
        self.folder.commit()?;
        events::remove_others(&folder, own.as_deref())?;
        report(self.common.printing, &format!("{text} -> {}", folder.display()), summary)?;
        Ok(Verdict::Holds)
    }
}
