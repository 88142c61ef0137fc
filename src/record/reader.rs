//! Reads a record, a step at a time: a long training's does not fit into memory.

use super::debug_mode;
use super::describe::hash;
use super::format::{Event, FORMAT, Header, Kind, Model, OptimizerLine, Phase};
use super::numbers::Tensor;
use super::values;
use anyhow::{Context, Result, bail, ensure};
use safetensors::tensor::SafeTensors;
use serde_json::Value;
use std::cell::RefCell;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// All events of one step, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Step {
    pub number: u64,
    pub events: Vec<Event>,
}

/// A record that is being read.
pub struct Record {
    path: PathBuf,
    pub header: Header,
    pub models: Vec<Model>,
    pub optimizers: Vec<OptimizerLine>,
    lines: Lines,
    /// The first event of the next step, which has been read already.
    next: Option<Event>,
    /// Steps that ended with an update.
    updates: u64,
    /// The file of values that was read last.
    last: RefCell<Option<(PathBuf, Rc<Vec<u8>>)>>,
}

struct Lines {
    path: PathBuf,
    input: Box<dyn BufRead>,
    number: usize,
}

impl Lines {
    /// The next line that is not empty, as JSON. A last line without an end is what a killed process left.
    fn next(&mut self) -> Result<Option<Value>> {
        loop {
            let mut line = String::new();
            let at = || format!("{}: line {}", self.path.display(), self.number + 1);
            if self.input.read_line(&mut line).with_context(at)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if line.trim().is_empty() {
                continue;
            }
            return match serde_json::from_str(&line) {
                Ok(value) => Ok(Some(value)),
                Err(_) if !line.ends_with('\n') => Ok(None),
                Err(error) => Err(error).with_context(|| self.at()),
            };
        }
    }

    fn at(&self) -> String {
        format!("{}: line {}", self.path.display(), self.number)
    }
}

impl Record {
    /// Opens a record, or what torch's DebugMode saved, and reads to its first event.
    pub fn open(path: &Path) -> Result<Self> {
        let shown = path.display();
        let file = File::open(path).with_context(|| format!("{shown}: cannot read"))?;
        let mut input = BufReader::with_capacity(1 << 16, file);
        let start = input.fill_buf().with_context(|| format!("{shown}: cannot read"))?;
        if debug_mode::is_log(start) {
            return debug_mode::read(path, input);
        }
        let mut lines = Lines { path: path.into(), input: Box::new(input), number: 0 };
        let no_record =
            || format!("{shown}: no record; scripts/record.py and --record make one, and torch's DebugMode.save_logs");
        let first = lines.next().ok().flatten().with_context(no_record)?;
        ensure!(first.get("record").is_some(), no_record());
        let header: Header = serde_json::from_value(first).with_context(|| lines.at())?;
        let format = header.record;
        ensure!(format == FORMAT, "{shown}: a record of format {format}, expected {FORMAT}; use a newer lockstep");
        let mut record = Self::of(path, header, lines);
        record.next = record.event()?;
        Ok(record)
    }

    fn of(path: &Path, header: Header, lines: Lines) -> Self {
        Self {
            path: path.into(),
            header,
            models: vec![],
            optimizers: vec![],
            lines,
            next: None,
            updates: 0,
            last: RefCell::default(),
        }
    }

    /// A record whose events are all in memory.
    pub(super) fn whole(path: &Path, header: Header, events: &[Event]) -> Result<Self> {
        let mut text = String::new();
        for event in events {
            text += &serde_json::to_string(event)?;
            text.push('\n');
        }
        let input = Box::new(BufReader::new(std::io::Cursor::new(text)));
        let mut record = Self::of(path, header, Lines { path: path.into(), input, number: 0 });
        record.next = record.event()?;
        Ok(record)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The next event; networks and optimizers on the way to it are noted.
    fn event(&mut self) -> Result<Option<Event>> {
        while let Some(line) = self.lines.next()? {
            let at = || self.lines.at();
            if line.get("model").is_some() {
                self.models.push(serde_json::from_value(line).with_context(at)?);
            } else if line.get("optimizer").is_some() {
                self.optimizers.push(serde_json::from_value(line).with_context(at)?);
            } else {
                let event: Event = serde_json::from_value(line).with_context(at)?;
                let whole = |hash: &String| hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
                ensure!(
                    event.hash.as_ref().is_none_or(whole) || self.header.by == debug_mode::BY,
                    "{}: hash {:?}, expected 32 hexadecimal digits; the record is damaged",
                    at(),
                    event.hash.unwrap_or_default()
                );
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// The events of the next step; none at the end.
    pub fn step(&mut self) -> Result<Option<Step>> {
        let Some(first) = self.next.take() else { return Ok(None) };
        let mut step = Step { number: first.step, events: vec![first] };
        while let Some(event) = self.event()? {
            if event.step == step.number {
                step.events.push(event);
                continue;
            }
            ensure!(
                event.step > step.number,
                "{}: step {} behind step {}, expected them in order",
                self.lines.at(),
                event.step,
                step.number
            );
            self.next = Some(event);
            break;
        }
        if step.events.iter().any(|event| event.phase == Phase::Update) {
            self.updates = step.number + 1;
        }
        Ok(Some(step))
    }

    /// Updates in the steps that were read.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// The state of torch's generator at the start, where it was kept.
    pub fn generator_at_start(&self) -> Result<Option<Vec<u8>>> {
        let state = self.values(&Event::new(0, Phase::Start, Kind::Generator, ""))?;
        Ok(state.map(|state| state.wide().into_iter().map(|byte| byte as u8).collect()))
    }

    /// The values of a tensor, where they were kept.
    pub fn values(&self, event: &Event) -> Result<Option<Tensor>> {
        let file = values::file(&self.path, event.phase, event.step);
        let shown = file.display();
        let Some(bytes) = self.kept(&file)? else { return Ok(None) };
        let Ok(tensors) = SafeTensors::deserialize(&bytes) else { bail!("{shown}: damaged: no safetensors file") };
        let Ok(view) = tensors.tensor(&event.key()) else { return Ok(None) };
        // A file that an earlier record of this name left has other bytes.
        let ours = event.hash.as_ref().is_none_or(|kept| *kept == hash(view.data()));
        if ours { Tensor::of(view.dtype(), view.data()).map(Some) } else { Ok(None) }
    }

    /// A file of values; the last one that was read stays in memory, since a step's tensors are asked for one by one.
    fn kept(&self, file: &Path) -> Result<Option<Rc<Vec<u8>>>> {
        let mut last = self.last.borrow_mut();
        if let Some((path, bytes)) = &*last
            && path == file
        {
            return Ok(Some(Rc::clone(bytes)));
        }
        let bytes = match std::fs::read(file) {
            Ok(bytes) => Rc::new(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("{}: cannot read", file.display())),
        };
        *last = Some((file.into(), Rc::clone(&bytes)));
        Ok(Some(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(lines: &[&str]) -> Result<Record> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.record");
        std::fs::write(&path, lines.join("\n")).unwrap();
        Record::open(&path)
    }

    const HEADER: &str = r#"{"record": 1, "by": "record.py"}"#;

    #[test]
    fn steps_come_one_by_one_and_a_line_cut_off_at_the_end_is_left_out() {
        let event =
            |step: u64| format!(r#"{{"step": {step}, "phase": "update", "kind": "lr", "path": "0", "value": 0.1}}"#);
        let model = r#"{"model": "", "class": "Net", "modules": [["", "Net"]], "parameters": [["w", [2], "float32"]]}"#;
        let mut read = record(&[HEADER, model, &event(0), "", &event(0), &event(2), r#"{"step": 3, "pha"#]).unwrap();
        assert_eq!(read.models[0].parameters[0].0, "w");
        let steps: Vec<_> = std::iter::from_fn(|| read.step().unwrap()).map(|s| (s.number, s.events.len())).collect();
        assert_eq!(steps, [(0, 2), (2, 1)]);
        let mut backwards = record(&[HEADER, &event(1), &event(0)]).unwrap();
        assert!(backwards.step().unwrap_err().to_string().contains("line 3: step 0 behind step 1"));
    }

    #[test]
    fn what_is_no_record_is_refused() {
        for lines in [&["{}"][..], &["no"], &[], &[r#"{"record": 9, "by": "x"}"#]] {
            let error = record(lines).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains("no record") || error.contains("format 9"), "{error}");
        }
        let error = record(&[HEADER, r#"{"step": 0, "phase": "forward", "kind": "inputs", "path": ""}"#]);
        let error = format!("{:#}", error.map(|_| ()).unwrap_err());
        assert!(error.contains("line 2") && error.contains("did you mean input"), "{error}");
    }
}
