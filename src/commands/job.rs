//! One run of a command: its device, its folder, its clock.

use super::at_work::AtWork;
use super::print::{Verdict, note, print_out, report};
use super::progress::{Interrupt, Progress};
use super::threads::{beside, is_open, suit_one_thread};
use super::training::CheckpointWriter;
use crate::checkpoint::{InitialWeights, Provenance, Resumed, series};
use crate::cli::{Common, Compute, Printing, Resuming};
use crate::cpu::threads;
use crate::fit::beside::Beside;
use crate::fit::settings::FitSettings;
use crate::runs::earlier::SUMMARY;
use crate::runs::events::{self, Events};
use crate::runs::files;
use crate::runs::folder::RunFolder;
use crate::torch::conditions::Conditions;
use crate::torch::device::DeviceChoice;
use crate::torch::libtorch;
use crate::torch::threads::Steps;
use anyhow::{Result, ensure};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::cell::Cell;
use std::path::Path;
use std::time::Instant;
use tch::Device;

/// One run: its device, its folder, its clock.
pub(super) struct Job<'a> {
    common: &'a Common,
    pub(super) device: Device,
    pub(super) threads: i32,
    /// As they were when the run began.
    conditions: Conditions,
    pub(super) folder: RunFolder,
    /// The run's event file, if it writes one.
    pub(super) events: Option<Events>,
    pub(super) seed: u32,
    /// Of the data, if there is a table.
    pub(super) data_sha256: Option<String>,
    /// Each time that the run went on from a checkpoint.
    pub(super) resumed: Vec<Resumed>,
    /// The file whose weights the network started from.
    pub(super) init_from: Option<InitialWeights>,
    pub(super) interrupt: Interrupt,
    /// What was said of how the table is taken.
    remarks: Vec<String>,
    /// Shows what is read, until a bar is there.
    waiting: Cell<Option<AtWork>>,
    /// Whether the number of threads is ours to choose.
    open: bool,
    /// Whether one thread was chosen, where there are more.
    small: bool,
    start: Instant,
    /// Whether the run leaves checkpoints, and sees to those that lie in the folder.
    series: Cell<bool>,
}

impl<'a> Job<'a> {
    /// Checks device and folder before anything is computed; from here on Ctrl-C stops between two epochs.
    pub(super) fn begin(common: &'a Common, out: &Path) -> Result<Self> {
        let mut job = Self::begin_reading(common, out)?;
        job.load_libtorch()?;
        Ok(job)
    }

    /// The same for a program that does without libtorch: on the processor, on the threads asked for or all there are.
    pub(super) fn begin_plain(common: &'a Common, out: &Path, most_threads: i32) -> Result<Self> {
        let cuda = matches!(common.compute.device, DeviceChoice::Cuda(_));
        ensure!(!cuda, "--device cuda: this program runs on the processor only, use --device cpu");
        let mut job = Self::begin_reading(common, out)?;
        job.threads = job.threads.min(most_threads);
        Ok(job)
    }

    /// The same for a command that reads a table first: what is wrong with it is said before libtorch is looked for, by
    /// [`Job::load_libtorch`].
    pub(super) fn begin_reading(common: &'a Common, out: &Path) -> Result<Self> {
        let start = Instant::now();
        let all = || std::thread::available_parallelism().map_or(1, |count| count.get().min(1024) as i32);
        let (device, threads) = (Device::Cpu, common.compute.threads.unwrap_or_else(all));
        threads::set(common.compute.threads.map_or(0, |count| count.max(1) as usize));
        let folder = RunFolder::open(out)?;
        let interrupt = Interrupt::catch()?;
        let (seed, data_sha256, resumed, init_from, remarks) = (common.seed, None, vec![], None, vec![]);
        Ok(Self {
            common,
            device,
            threads,
            conditions: Conditions::plain(device, threads),
            folder,
            events: None,
            seed,
            data_sha256,
            resumed,
            init_from,
            interrupt,
            remarks,
            waiting: Cell::new(Some(AtWork::begin(common.printing.quiet))),
            open: is_open(&common.compute),
            small: false,
            start,
            series: Cell::new(false),
        })
    }

    /// Loads libtorch, and finds the device that the run computes on.
    pub(super) fn load_libtorch(&mut self) -> Result<()> {
        let compute = &self.common.compute;
        self.device = prepare(compute)?;
        self.threads = tch::get_num_threads();
        self.conditions = Conditions::now(self.device, compute.threads.is_some())?;
        Ok(())
    }

    /// Goes on with as many threads as the earlier run had, for its bits, unless the user names a number.
    pub(super) fn go_on_with(&mut self, threads: Option<i32>) {
        if let Some(threads) = threads.filter(|_| self.open) {
            (self.threads, self.open) = (threads, false);
            tch::set_num_threads(threads);
        }
    }

    /// One thread for libtorch where nobody names a number, its bits are those of all, and tensors are so small that a second
    /// one gains nothing, and loses much where the cores are busy.
    pub(super) fn settle(&mut self, steps: impl FnOnce() -> Result<Vec<Steps>>) -> Result<()> {
        if self.open && suit_one_thread(self.device, steps)? {
            (self.threads, self.small) = (1, true);
            tch::set_num_threads(self.threads);
        }
        Ok(())
    }

    /// How trainings of folds and trials are spread, so many at once if the user says; see [`beside`].
    pub(super) fn beside(
        &self,
        jobs: Option<usize>,
        apart: bool,
        bytes: impl FnOnce() -> Result<usize>,
    ) -> Result<Beside> {
        beside(&self.common.compute, (self.device, self.threads), jobs, apart, bytes)
    }

    pub(super) fn printing(&self) -> Printing {
        self.common.printing
    }

    /// The bar of a run of so many epochs.
    pub(super) fn epochs(&self, count: usize) -> Result<Progress> {
        self.progress("epoch", count as u64)
    }

    /// The bar of a run of `total` units.
    pub(super) fn progress(&self, unit: &'static str, total: u64) -> Result<Progress> {
        self.waiting.take();
        Progress::new(unit, total, self.common.printing.quiet, self.interrupt.clone())
    }

    /// The writer of the run's checkpoints; `from`: the epoch that it goes on from, if it does so in its own folder, and
    /// `command` the one that goes on from them.
    pub(super) fn checkpoints(&self, args: &Resuming, from: Option<usize>, command: &str) -> Result<CheckpointWriter> {
        self.series.set(true);
        let folder = self.folder.path();
        let shown = folder.display().to_string();
        let shown = if shown.contains(' ') { format!("'{shown}'") } else { shown };
        // The same threads, for the same bits.
        let threads = self.common.compute.threads.map_or(String::new(), |count| format!(" --threads {count}"));
        let command = format!("{command} --resume {shown}{threads}");
        CheckpointWriter::begin(folder, args, from, command, self.interrupt.clone(), self.printing())
    }

    /// What a command reads that trains on the user's table stays where it is, should it lie in the run's folder.
    pub(super) fn reads(&mut self, data: &Path, settings: Option<&Path>, config: &FitSettings) {
        let tables = [&config.valid, &config.test, &config.schema, &config.init_from]
            .into_iter()
            .filter_map(|path| path.as_deref());
        tables.chain(settings).chain([data]).for_each(|path| self.folder.add_read(path));
    }

    /// Remembers what the table `file` holds, or else the program's own copy.
    pub(super) fn data(&mut self, file: Option<&Path>, own: &str) -> Result<()> {
        file.into_iter().for_each(|file| self.folder.add_read(file));
        self.data_sha256 = Some(match file {
            Some(file) => files::sha256(&[file.to_path_buf()])?,
            None => files::sha256_of(own.as_bytes()),
        });
        Ok(())
    }

    /// What the run's bits depend on.
    pub(super) fn conditions(&self) -> Conditions {
        Conditions { threads: Some(self.threads), ..self.conditions.clone() }
    }

    /// What a model file says of how it was made.
    pub(super) fn provenance(&self) -> Provenance {
        Provenance {
            data_sha256: self.data_sha256.clone(),
            // A model file says the version of libtorch among its versions.
            conditions: Conditions { libtorch: None, ..self.conditions() },
            resumed: self.resumed.clone(),
            init_from: self.init_from.clone(),
            data: None,
            folds: vec![],
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
        summary.insert("seconds".into(), self.start.elapsed().as_secs_f64().into());
        summary.insert("lockstep".into(), env!("CARGO_PKG_VERSION").into());
        if let Value::Object(conditions) = serde_json::to_value(self.conditions())? {
            summary.extend(conditions);
        }
        summary.insert("config".into(), serde_json::to_value(config)?);
        if let Some(hash) = &self.data_sha256 {
            summary.insert("data_sha256".into(), hash.as_str().into());
        }
        if let Some(weights) = &self.init_from {
            summary.insert("init_from".into(), json!(weights));
        }
        if !self.remarks.is_empty() {
            summary.insert("remarks".into(), json!(self.remarks));
        }
        if !self.resumed.is_empty() {
            summary.insert("resumed".into(), json!(self.resumed));
        }
        Ok(Value::Object(summary))
    }

    /// Says how the table is taken, before anything is computed. With `--json` it is said at the end: stdout holds the summary
    /// alone, and stderr one line where the command fails.
    pub(super) fn remark(&mut self, remarks: Vec<String>) -> Result<()> {
        let Printing { quiet, json } = self.common.printing;
        self.remarks = remarks;
        if quiet || json || self.remarks.is_empty() {
            return Ok(());
        }
        self.waiting.take();
        print_out(format!("{}\n", self.remarks.join("\n")).as_bytes())?;
        self.waiting.set(Some(AtWork::begin(quiet)));
        Ok(())
    }

    /// Says what looks wrong in the table, on stderr, while the training goes on.
    pub(super) fn warn(&mut self, remarks: Vec<String>) {
        if !self.common.printing.json {
            remarks.iter().for_each(|remark| note(self.common.printing, remark));
        }
        self.remarks.extend(remarks);
    }

    /// What was said so far.
    pub(super) fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// Stages the summary, puts every staged file in its place, and tells the user.
    pub(super) fn finish(mut self, mut summary: Value, text: &str) -> Result<Verdict> {
        self.waiting.take();
        // With them the next run in the folder knows what goes.
        let files: Vec<String> = self.folder.names().into_iter().chain([SUMMARY.into()]).collect();
        summary["files"] = files.into();
        self.folder.stage(SUMMARY, format!("{summary:#}\n").as_bytes())?;
        self.interrupt.stop()?;
        let folder = self.folder.path().to_path_buf();
        let own = self.events.map(Events::keep).transpose()?;
        self.folder.commit()?;
        events::remove_others(&folder, own.as_deref())?;
        if !self.series.get() {
            series::remove_all(&folder)?;
        }
        let mut said = if self.common.printing.json { self.remarks } else { vec![] };
        if self.small {
            said.push("threads 1 (tensors this small gain nothing from a second)".into());
        }
        let text = said.into_iter().chain([format!("{text} -> {}", folder.display())]).collect::<Vec<_>>().join("\n");
        report(self.common.printing, &text, &summary)?;
        Ok(Verdict::Holds)
    }
}

/// Applies `--threads` and resolves `--device`.
///
/// The count is set even when it is libtorch's own: only then does ATen tell MKL not to pick a smaller one by itself
/// when the machine is busy (`mkl_set_dynamic(false)` in `at::set_num_threads`), which changes the bits.
pub(super) fn prepare(compute: &Compute) -> Result<Device> {
    libtorch::load()?;
    let threads = compute.threads.unwrap_or_else(tch::get_num_threads);
    tch::set_num_threads(threads);
    threads::set(threads.max(1) as usize);
    compute.device.resolve()
}
