//! Describes tensors and writes the lines of a record, in a thread of its own: a training goes on meanwhile.

use super::describe::{Describer, Description};
use super::format::Event;
use anyhow::{Context, Result, anyhow};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::mpsc::{self, SyncSender};
use std::thread::JoinHandle;
use tch::Tensor;

/// Lines are handed over once there are so many, or so many bytes of tensors with them: each waking of the thread costs both.
const MOST_LINES: usize = 256;
const MOST_BYTES: usize = 1 << 22;

/// So many hand-overs wait.
const MOST_WAITING: usize = 4;

/// What becomes a line.
enum Line {
    Text(String),
    /// With a tensor whose memory is its own.
    Event(Box<Event>, Option<Tensor>),
}

pub(super) struct Writer {
    waiting: Vec<Line>,
    /// Of the tensors that wait.
    bytes: usize,
    handed: Option<SyncSender<Vec<Line>>>,
    thread: Option<JoinHandle<Result<()>>>,
    /// Of the tensors that are described at once.
    describer: Describer,
}

impl Writer {
    /// Writes to `file`, which errors call `path`.
    pub(super) fn new(file: File, path: PathBuf) -> Result<Self> {
        let (lines, received) = mpsc::sync_channel(MOST_WAITING);
        let write = move || {
            let (mut out, mut describer) = (BufWriter::with_capacity(1 << 16, file), Describer::default());
            for line in received.into_iter().flatten() {
                write_line(&mut out, line, &mut describer)
                    .with_context(|| format!("{}: cannot write", path.display()))?;
            }
            out.flush().with_context(|| format!("{}: cannot write", path.display()))
        };
        let thread = std::thread::Builder::new().name("record".into()).spawn(write)?;
        Ok(Self {
            waiting: Vec::new(),
            bytes: 0,
            handed: Some(lines),
            thread: Some(thread),
            describer: Describer::default(),
        })
    }

    pub(super) fn text(&mut self, text: String) -> Result<()> {
        self.send(Line::Text(text))
    }

    /// An event with the tensor that it describes. `own`: nobody else changes the tensor's memory.
    pub(super) fn event(&mut self, mut event: Event, tensor: Option<(&Tensor, bool)>) -> Result<()> {
        let bytes = tensor.map_or(0, |(tensor, _)| tensor.numel() * tensor.kind().elt_size_in_bytes());
        self.bytes += bytes;
        let tensor = match tensor {
            // It is described at once, and does not wait in memory.
            Some((tensor, _)) if bytes > MOST_BYTES => {
                fill(&mut event, self.describer.describe(tensor)?);
                None
            }
            Some((tensor, true)) => Some(tensor.shallow_clone()),
            Some((tensor, false)) => Some(crate::torch::safetensors::copy(tensor)?),
            None => None,
        };
        self.send(Line::Event(Box::new(event), tensor))
    }

    fn send(&mut self, line: Line) -> Result<()> {
        self.waiting.push(line);
        if self.waiting.len() >= MOST_LINES || self.bytes > MOST_BYTES { self.hand_over() } else { Ok(()) }
    }

    /// A thread that ended before its time did so by an error, which is what the training then hears.
    fn hand_over(&mut self) -> Result<()> {
        self.bytes = 0;
        let lines = std::mem::take(&mut self.waiting);
        if self.handed.as_ref().is_some_and(|handed| handed.send(lines).is_ok()) {
            return Ok(());
        }
        self.join()?;
        Err(anyhow!("the record is finished already"))
    }

    /// Waits until everything is written.
    pub(super) fn finish(&mut self) -> Result<()> {
        self.hand_over()?;
        self.join()
    }

    fn join(&mut self) -> Result<()> {
        self.handed = None;
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(written)) => written,
            Some(Err(_)) => Err(anyhow!("the record's thread ended by a panic")),
            None => Ok(()),
        }
    }
}

/// The thread ends with it.
impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.join();
    }
}

fn write_line(out: &mut impl Write, line: Line, describer: &mut Describer) -> Result<()> {
    match line {
        Line::Text(text) => out.write_all(text.as_bytes())?,
        Line::Event(mut event, tensor) => {
            if let Some(tensor) = tensor {
                fill(&mut event, describer.describe(&tensor)?);
            }
            serde_json::to_writer(&mut *out, &event)?;
        }
    }
    Ok(out.write_all(b"\n")?)
}

fn fill(event: &mut Event, description: Description) {
    let Description { dtype, shape, hash, statistics } = description;
    (event.dtype, event.shape, event.hash) = (Some(dtype), Some(shape), Some(hash));
    if let Some([min, max, mean, l2]) = statistics {
        (event.min, event.max, event.mean, event.l2) = (Some(min), Some(max), Some(mean), Some(l2));
    }
}
