//! Writes a record while a training runs.

use super::describe::settled;
use super::format::{Event, FORMAT, Header, Kind, Model, Number, OptimizerLine, Phase};
use super::store::modules;
use super::values::{self, Values};
use super::writer::Writer;
use crate::runs::files::{self, Staging};
use crate::torch::conditions::Conditions;
use crate::torch::libtorch;
use crate::torch::safetensors::{self, Named};
use crate::torch::script;
use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use tch::{Device, Tensor};

/// Parameters at the start are kept in full up to so many bytes, whichever steps were chosen.
const MOST_AT_START: usize = 1 << 22;

/// Rows of a batch that are listed one by one.
const MOST_ROWS: usize = 1 << 16;

/// Writes down the tensors of a training as they come. A step ends with [`Recorder::updated`].
///
/// Tensors may be of any dtype and on any device; each call copies its tensor to the CPU, so a training on a GPU waits for it.
pub struct Recorder {
    path: PathBuf,
    /// Before `staging`: a record that is given up is not written to any more when its file goes.
    writer: Writer,
    staging: Staging,
    /// What could not be written: such a record is not put in its place.
    failure: Option<String>,
    values: Values,
    step: u64,
    /// Whether the records to come are of a network in training; else of its evaluation.
    training: bool,
    /// How often each place of this step came: phase, kind, path and index.
    calls: HashMap<(Phase, Kind, String, u32), u32>,
    kept: Named,
}

impl Recorder {
    /// A record of a training on `device`, that is to become `file`, in the place of an old one; it is there from
    /// [`Recorder::finish`] on. Tensors of the steps `values` are kept in full beside it.
    pub fn create(file: &Path, values: Values, device: Device) -> Result<Self> {
        let cannot = || format!("{}: cannot write", file.display());
        let staging = files::begin(file)?;
        let writer = Writer::new(staging.file().with_context(cannot)?, file.into())?;
        let mut recorder = Self {
            path: file.into(),
            writer,
            staging,
            failure: None,
            values: values.clone(),
            step: 0,
            training: true,
            calls: HashMap::new(),
            kept: Vec::new(),
        };
        let versions = [("lockstep".to_string(), env!("CARGO_PKG_VERSION").to_string())].into_iter();
        let versions = versions.chain(libtorch::version().map(|version| ("libtorch".into(), version)));
        let header = Header {
            record: FORMAT,
            by: "lockstep".into(),
            argv: std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect(),
            versions: versions.collect(),
            conditions: Conditions::now(device, true)?,
            values,
            perturbed: false,
        };
        recorder.line(&header)?;
        Ok(recorder)
    }

    /// The network before its first step: its class, and its parameters in the order in which it was built.
    pub fn start(&mut self, class: &str, parameters: &[(String, Tensor)]) -> Result<()> {
        self.start_with(class, &modules(parameters), parameters, &[])
    }

    /// As [`Recorder::start`], with path and class of each module, and with buffers.
    pub fn start_with(
        &mut self,
        class: &str,
        modules: &[(String, String)],
        parameters: &[(String, Tensor)],
        buffers: &[(String, Tensor)],
    ) -> Result<()> {
        let described =
            parameters.iter().map(|(name, tensor)| (name.clone(), tensor.size(), crate::torch::named::dtype(tensor)));
        let generator = script::generator_state()?;
        self.line(&Model {
            model: String::new(),
            class: class.into(),
            seed: generator.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)),
            modules: modules.to_vec(),
            parameters: described.collect(),
        })?;
        let bytes: usize = parameters.iter().map(|(_, p)| p.numel() * p.kind().elt_size_in_bytes()).sum();
        let keep = bytes <= MOST_AT_START || self.values.has(0);
        for (name, tensor) in parameters {
            self.tensor_kept(Phase::Start, Kind::Parameter, name, tensor, keep)?;
        }
        for (name, tensor) in buffers {
            self.tensor_kept(Phase::Start, Kind::Buffer, name, tensor, keep)?;
        }
        self.kept.push(("start/generator//0/0".into(), Tensor::f_from_slice(&generator)?));
        self.keep(Phase::Start)
    }

    /// The optimizer's class and settings, as `torch.optim` names them.
    pub fn optimizer(&mut self, class: &str, settings: Map<String, Value>) -> Result<()> {
        self.line(&OptimizerLine { optimizer: 0, class: class.into(), settings })
    }

    /// So many updates are done before the first that is recorded.
    pub fn go_on(&mut self, steps: u64) {
        self.step = steps;
    }

    /// What comes is of a network in training, or of its evaluation under `no_grad`.
    pub fn training(&mut self, training: bool) {
        self.training = training;
    }

    fn phase(&self) -> Phase {
        if self.training { Phase::Forward } else { Phase::Eval }
    }

    /// The rows that the batch is made of, int64 `[batch]`, of `of` rows in all.
    pub fn rows(&mut self, rows: &Tensor, of: i64) -> Result<()> {
        let mut event = self.event(self.phase(), Kind::Rows, "", 0);
        event.of = Some(of);
        let listed = rows.f_to_device(Device::Cpu)?;
        event.rows = if rows.numel() <= MOST_ROWS { Some(Vec::try_from(listed)?) } else { None };
        self.write(event, rows, None)
    }

    /// The state of torch's generator as it stands.
    pub fn generator(&mut self) -> Result<()> {
        let state = Tensor::f_from_slice(&script::generator_state()?)?;
        self.tensor(self.phase(), Kind::Generator, "", &state)
    }

    /// What a module takes.
    pub fn input(&mut self, path: &str, input: &Tensor) -> Result<()> {
        self.of_module(Kind::Input, path, input)
    }

    /// What a module gives.
    pub fn output(&mut self, path: &str, output: &Tensor) -> Result<()> {
        self.of_module(Kind::Output, path, output)
    }

    /// Both.
    pub fn module(&mut self, path: &str, input: &Tensor, output: &Tensor) -> Result<()> {
        self.input(path, input)?;
        self.output(path, output)
    }

    fn of_module(&mut self, kind: Kind, path: &str, tensor: &Tensor) -> Result<()> {
        let mut event = self.event(self.phase(), kind, path, 0);
        event.training = Some(self.training);
        self.write(event, tensor, None)
    }

    /// What `backward` is called on, or the loss of an evaluation.
    pub fn loss(&mut self, loss: &Tensor) -> Result<()> {
        self.tensor(self.phase(), Kind::Loss, "", loss)
    }

    /// The gradients as backward left them, by the parameters' names.
    pub fn gradients(&mut self, gradients: &[(String, Tensor)]) -> Result<()> {
        gradients.iter().try_for_each(|(name, tensor)| self.tensor(Phase::Backward, Kind::Gradient, name, tensor))
    }

    /// The gradients as the optimizer gets them, after clipping.
    pub fn clipped(&mut self, gradients: &[(String, Tensor)]) -> Result<()> {
        gradients.iter().try_for_each(|(name, tensor)| self.tensor(Phase::Update, Kind::Clipped, name, tensor))
    }

    /// What an update came to, which ends the step: the learning rate that it was made with, the optimizer's state under names
    /// such as `exp_avg.fc1.weight`, and the parameters.
    pub fn updated(&mut self, lr: f64, state: &[(String, Tensor)], parameters: &[(String, Tensor)]) -> Result<()> {
        self.updated_with(lr, state, parameters, &[])
    }

    /// As [`Recorder::updated`], with buffers.
    pub fn updated_with(
        &mut self,
        lr: f64,
        state: &[(String, Tensor)],
        parameters: &[(String, Tensor)],
        buffers: &[(String, Tensor)],
    ) -> Result<()> {
        let mut event = self.event(Phase::Update, Kind::Lr, "0", 0);
        event.value = Some(Number(lr));
        self.sent(|writer| writer.event(event, None))?;
        for (kind, tensors) in [(Kind::State, state), (Kind::Parameter, parameters), (Kind::Buffer, buffers)] {
            for (name, tensor) in tensors {
                self.tensor(Phase::Update, kind, name, tensor)?;
            }
        }
        self.keep(Phase::Update)?;
        self.step += 1;
        self.calls.clear();
        Ok(())
    }

    /// Writes what is still in memory, and puts the file in its place, to last.
    pub fn finish(mut self) -> Result<()> {
        self.keep(Phase::Update)?;
        self.sent(Writer::finish)?;
        self.staging.finish()
    }

    /// Updates that were recorded, and those before the first of them.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// The file that it will be.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn tensor(&mut self, phase: Phase, kind: Kind, path: &str, tensor: &Tensor) -> Result<()> {
        let event = self.event(phase, kind, path, 0);
        self.write(event, tensor, None)
    }

    fn tensor_kept(&mut self, phase: Phase, kind: Kind, path: &str, tensor: &Tensor, keep: bool) -> Result<()> {
        let event = self.event(phase, kind, path, 0);
        self.write(event, tensor, Some(keep))
    }

    /// The event of the next call at a place, still without its tensor.
    fn event(&mut self, phase: Phase, kind: Kind, path: &str, index: u32) -> Event {
        let calls = self.calls.entry((phase, kind, path.into(), index)).or_default();
        let call = *calls;
        *calls += 1;
        Event { call, index, ..Event::new(self.step, phase, kind, path) }
    }

    /// Writes an event with the description of its tensor. `keep`: whether its values are kept in full; none: as its step's.
    fn write(&mut self, event: Event, tensor: &Tensor, keep: Option<bool>) -> Result<()> {
        let settled = settled(tensor)?;
        let own = settled.data_ptr() != tensor.data_ptr();
        if keep.unwrap_or(self.values.has(self.step)) {
            let kept = if own { settled.shallow_clone() } else { safetensors::copy(&settled)? };
            self.sent(|writer| writer.event(event.clone(), Some((&kept, true))))?;
            self.kept.push((event.key(), kept));
            return Ok(());
        }
        self.sent(|writer| writer.event(event, Some((&settled, own))))
    }

    fn line(&mut self, line: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string(line)?;
        self.sent(|writer| writer.text(text))
    }

    /// Has something written, unless something could not be: then it says that again.
    fn sent(&mut self, write: impl FnOnce(&mut Writer) -> Result<()>) -> Result<()> {
        if let Some(failure) = &self.failure {
            bail!("{failure}");
        }
        let written = write(&mut self.writer);
        self.failure = written.as_ref().err().map(|error| format!("{error:#}"));
        written
    }

    /// Writes the file of the values that were kept.
    fn keep(&mut self, phase: Phase) -> Result<()> {
        if self.kept.is_empty() {
            return Ok(());
        }
        let bytes = safetensors::to_bytes(&std::mem::take(&mut self.kept))?;
        let file = values::file(&self.path, phase, self.step);
        self.sent(|_| files::write(&file, &bytes))
    }
}
