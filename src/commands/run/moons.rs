//! `lockstep run moons`.

use super::super::resume::{Keeper, note, open, within};
use super::{Job, Verdict};
use crate::checkpoint::resume::Earlier;
use crate::checkpoint::{Made, Resumed};
use crate::cli::RunMoons;
use crate::commands::progress::Progress;
use crate::data::moons::Moons;
use crate::python::pickle::is_torch_save;
use crate::report::loss_picture;
use crate::runs::files;
use crate::runs::history;
use crate::torch::device;
use crate::torch::safetensors;
use crate::train::engine::Engine;
use crate::train::{Next, ReadLoss};
use crate::tutorial::config::MoonsConfig;
use crate::tutorial::moons::start::Start;
use crate::tutorial::moons::{self, Outcome, State, Watch, checkpoint, pictures};
use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use tch::Device;

pub(super) fn run(args: &RunMoons) -> Result<Verdict> {
    let going = args.resuming.resume.as_deref().map(|path| Going::open(path, args)).transpose()?;
    let (config, seed) = match &going {
        Some(going) => (going.config, going.seed),
        None => (MoonsConfig::from(args), args.common.seed),
    };
    let mut job = Job::begin(&args.common, &args.resuming.out(&args.out))?;
    job.seed = seed;
    let data = files::sha256_with(|out| write_table(&moons::points(&config, seed), out))?;
    if let Some(going) = &going {
        job.resumed = going.resumed(&job, &data, args)?;
    }
    job.data_sha256 = Some(data);
    let from = going.as_ref().and_then(|going| within(&going.path, job.folder.path(), going.start.epoch));
    let mut watcher = Watcher {
        progress: Progress::new(config.epochs, args.common.printing.quiet)?,
        keeper: Keeper::begin(job.folder.path(), &args.resuming, from, "lockstep run moons")?,
        seed,
        config: serde_json::to_value(config)?,
        made: job.made(),
    };
    if config.engine == Engine::Fused && job.device != Device::Cpu {
        note(args.common.printing, "--engine fused: it works on the CPU only; the exact engine trains instead");
    }
    let start = going.as_ref().map(|going| &going.start);
    let outcome = moons::run_on(&config, seed, job.device, start, &mut watcher)?;
    finish(job, watcher, &outcome, &config)
}

/// Writes everything that a complete run leaves.
fn finish(mut job: Job<'_>, watcher: Watcher, outcome: &Outcome, config: &MoonsConfig) -> Result<Verdict> {
    let Watcher { progress, keeper, seed, config: shown, made } = watcher;
    progress.finish();
    let summary = job.summary("moons", config, results(outcome, config))?;
    let model = checkpoint::to_bytes(&outcome.state(), Some(outcome.accuracy), seed, shown, made)?;
    let first = config.epochs - outcome.losses.len();
    job.folder.stage("history.csv", history::csv_after(first, &outcome.losses).as_bytes())?;
    job.folder.stage_with("moons.csv", |out| write_table(&outcome.moons, out))?;
    job.folder.stage("model.pt", &model)?;
    job.folder.stage("model.safetensors", &safetensors::to_bytes(&outcome.net.parameters.named()?)?)?;
    job.folder.stage("decision_boundary.png", &pictures::decision_boundary(outcome)?.png()?)?;
    job.folder
        .stage("loss.png", &loss_picture("Two moons: training loss", "cross-entropy (nats)", &outcome.losses)?)?;
    let verdict = job.finish(&summary, &text(outcome))?;
    keeper.finish()?;
    Ok(verdict)
}

/// The run that is gone on with.
struct Going {
    path: PathBuf,
    start: Start,
    config: MoonsConfig,
    seed: u32,
    /// What an own checkpoint says of itself; none: Python saved it.
    about: Option<crate::checkpoint::About>,
    /// The epochs that it was to have.
    epochs: usize,
}

impl Going {
    fn open(path: &Path, args: &RunMoons) -> Result<Self> {
        let shown = path.display();
        if path.is_file() {
            let bytes = std::fs::read(path).with_context(|| format!("--resume {shown}: cannot read"))?;
            if is_torch_save(&bytes) {
                return Self::of_python(path, &bytes, args).with_context(|| format!("--resume {shown}"));
            }
        }
        let found = open(path, args.common.printing)?;
        let shown = found.path.display().to_string();
        let about = found.checkpoint.about.clone();
        let start = || Start::of(&found.checkpoint).with_context(|| format!("--resume {shown}"));
        let earlier = Earlier { from: &shown, about: &about, epoch: 0 };
        earlier.check_program("moons", "run moons")?;
        let start = start()?;
        let earlier = Earlier { epoch: start.epoch, ..earlier };
        let seed = earlier.seed(args.resuming.given.has("seed").then_some(args.common.seed))?;
        let settings = earlier.settings(&about.config, given(args)?, &["epochs", "engine"])?;
        let config: MoonsConfig = serde_json::from_value(settings).with_context(|| format!("--resume {shown}"))?;
        let epochs = about.config["epochs"].as_u64().unwrap_or_default() as usize;
        earlier.check_epochs(epochs, config.epochs, None)?;
        Ok(Self { path: found.path, start, config, seed, about: Some(about), epochs })
    }

    /// Python says what its network and its learning rate are, not its points: those are the flags'.
    fn of_python(path: &Path, bytes: &[u8], args: &RunMoons) -> Result<Self> {
        let (start, python) = Start::of_python(bytes)?;
        let mut config = MoonsConfig::from(args);
        for (flag, now, was) in [
            ("hidden", config.hidden.to_string(), python.hidden.to_string()),
            ("lr", config.lr.to_string(), python.lr.to_string()),
        ] {
            let wrong = args.resuming.given.has(flag) && now != was;
            ensure!(!wrong, "--{flag} {now}: it was trained with {was}; leave --{flag} out");
        }
        (config.hidden, config.lr) = (python.hidden, python.lr);
        let (done, epochs) = (start.epoch, config.epochs);
        ensure!(done < epochs, "its {done} epochs are done and {epochs} were asked for; go on with a larger --epochs");
        Ok(Self { path: path.into(), start, config, seed: args.common.seed, about: None, epochs })
    }

    /// Checks the data, says on stderr how the run goes on, and adds that to what the earlier run's record is.
    fn resumed(&self, job: &Job<'_>, data: &str, args: &RunMoons) -> Result<Vec<Resumed>> {
        let from = self.path.display().to_string();
        let Some(about) = &self.about else {
            let resumed = Resumed { from, epoch: self.start.epoch, changes: Map::new() };
            note(args.common.printing, &format!("{}, which Python saved", resumed.text()));
            return Ok(vec![resumed]);
        };
        let earlier = Earlier { from: &from, about, epoch: self.start.epoch };
        earlier.check_data(&["the points"], data)?;
        let now = earlier.resumed(
            (self.epochs, self.config.epochs),
            self.config.engine,
            job.threads,
            &device::name(job.device),
        );
        note(args.common.printing, &now.text());
        Ok(about.made.resumed.iter().cloned().chain([now]).collect())
    }
}

/// The settings that stand on the command line.
fn given(args: &RunMoons) -> Result<Map<String, Value>> {
    let Value::Object(mut all) = serde_json::to_value(MoonsConfig::from(args))? else { return Ok(Map::new()) };
    all.insert("engine".into(), json!(args.engine));
    all.retain(|key, _| args.resuming.given.has(key));
    Ok(all)
}

/// Shows the training, and writes its checkpoints.
struct Watcher {
    progress: Progress,
    keeper: Keeper,
    seed: u32,
    config: Value,
    made: Made,
}

impl Watch for Watcher {
    fn epoch(&mut self, epoch: usize, loss: ReadLoss<'_>) -> Result<Next> {
        self.progress.show(epoch, loss)?;
        Ok(self.keeper.next(epoch))
    }

    fn save(&mut self, epoch: usize, state: &State<'_>) -> Result<()> {
        let bytes = checkpoint::to_bytes(state, None, self.seed, self.config.clone(), self.made.clone())?;
        self.keeper.keep(epoch, &bytes)
    }
}

fn results(outcome: &Outcome, config: &MoonsConfig) -> Value {
    json!({
        "parameters": outcome.net.count(),
        "epochs": config.epochs,
        "loss": outcome.losses.last(),
        "accuracy": outcome.accuracy,
        "engine": outcome.engine,
        "training_seconds": outcome.seconds,
    })
}

/// The points in float64 under the header `x1,x2,y`.
fn write_table(moons: &Moons, out: &mut dyn Write) -> Result<()> {
    writeln!(out, "x1,x2,y")?;
    for ([x1, x2], label) in moons.points.iter().zip(&moons.labels) {
        writeln!(out, "{x1},{x2},{label}")?;
    }
    Ok(())
}

fn text(outcome: &Outcome) -> String {
    let loss = outcome.losses.last().copied().unwrap_or(f32::NAN);
    let (parameters, accuracy, seconds) = (outcome.net.count(), outcome.accuracy, outcome.seconds);
    format!("Parameters: {parameters}\nloss {loss}\naccuracy {accuracy}\ntrained in {seconds:.3} s")
}
