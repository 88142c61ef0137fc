//! What torch's DebugMode saves (`DebugMode.save_logs`, PyTorch 2.15): every operation with the sums of its tensors' absolute
//! values, where `DebugMode.log_tensor_hashes` was on.
//!
//! Such a sum does not see the order of the numbers, nor a sign; it is compared to the bit all the same.

use super::format::{Event, FORMAT, Header, Kind, Phase, Place};
use super::reader::Record;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::HashMap;
use std::io::BufRead;
use std::path::Path;

/// What the files say of themselves.
const MARK: &str = "torch.utils._debug_mode.DebugMode.logs";

/// The only version that there is.
const VERSION: u64 = 1;

/// The name that such a record gives itself.
pub const BY: &str = "DebugMode";

pub(super) fn is_log(start: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&start[..start.len().min(256)]);
    start.trim_start().starts_with('{') && start.contains(MARK)
}

/// The operations as one step of a record.
pub(super) fn read(path: &Path, input: impl BufRead) -> Result<Record> {
    let shown = path.display();
    let log: Value = serde_json::from_reader(input).with_context(|| format!("{shown}: torch's DebugMode"))?;
    let version = log["version"].as_u64().unwrap_or_default();
    ensure!(version == VERSION, "{shown}: logs of DebugMode, version {version}, expected {VERSION}");
    let calls = log["logs"].as_array().with_context(|| format!("{shown}: logs of DebugMode without logs"))?;
    let mut events = Events::default();
    calls.iter().for_each(|call| events.see(call));
    ensure!(
        !events.all.is_empty(),
        "{shown}: logs of DebugMode without hashes; record them under DebugMode.log_tensor_hashes(hash_inputs=True)"
    );
    Record::whole(path, Header { record: FORMAT, by: BY.into(), ..Header::default() }, &events.all)
}

#[derive(Default)]
struct Events {
    all: Vec<Event>,
    /// Depth and path of the modules that an operation is in.
    modules: Vec<(u64, String)>,
    calls: HashMap<Place, u32>,
}

impl Events {
    fn see(&mut self, call: &Value) {
        let depth = call["call_depth"].as_u64().unwrap_or_default();
        self.modules.retain(|(outer, _)| *outer < depth);
        let text = |key: &str| call[key].as_str().unwrap_or_default();
        if call["type"] == "annotate" && text("header") == "nn.Mod" {
            self.modules.push((depth, text("tag").into()));
        }
        if call["type"] != "op" {
            return;
        }
        let module = self.modules.last().map(|(_, path)| format!("{path} ")).unwrap_or_default();
        let path = module + text("op_name");
        let logged = dictionary(&call["log"]);
        for (kind, key) in [(Kind::Input, "input_hash"), (Kind::Output, "hash")] {
            let mut hashes = Vec::new();
            logged.get(key).into_iter().for_each(|value| scalars(value, &mut hashes));
            for (index, hash) in hashes.into_iter().enumerate() {
                self.push(kind, &path, index as u32, hash);
            }
        }
    }

    fn push(&mut self, kind: Kind, path: &str, index: u32, hash: String) {
        let place = Place { phase: Phase::Forward, kind, path: path.into(), call: 0, index };
        let calls = self.calls.entry(place).or_default();
        let event = Event { call: *calls, index, hash: Some(hash), ..Event::new(0, Phase::Forward, kind, path) };
        *calls += 1;
        self.all.push(event);
    }
}

/// A dictionary in the form of the logs: `{"type": "dict", "items": [[key, value], …]}`.
fn dictionary(value: &Value) -> HashMap<&str, &Value> {
    let items = value["items"].as_array().into_iter().flatten();
    items.filter_map(|pair| Some((pair[0].as_str()?, &pair[1]))).collect()
}

/// The numbers in nested tuples, each as its text, which is exact.
fn scalars(value: &Value, found: &mut Vec<String>) {
    match value["type"].as_str() {
        Some("scalar") => found.push(value["value"].to_string()),
        Some("dict") => dictionary(value).into_values().for_each(|value| scalars(value, found)),
        _ => value["items"].as_array().into_iter().flatten().for_each(|value| scalars(value, found)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // net = torch.nn.Sequential(torch.nn.Tanh()), as DebugMode of PyTorch 2.15.0 saves a call of it, shortened.
    const LOG: &str = r#"{"format": "torch.utils._debug_mode.DebugMode.logs", "version": 1, "logs": [
        {"call_depth": 1, "log": null, "type": "annotate", "tag": "Sequential", "header": "nn.Mod"},
        {"call_depth": 2, "log": null, "type": "annotate", "tag": "Sequential.0", "header": "nn.Mod"},
        {"call_depth": 3, "log": {"type": "dict", "items": [["input_hash", {"type": "tuple", "items": [{"type": "tuple",
            "items": [{"type": "scalar", "value": 6.880210913717747}]}, {"type": "dict", "items": []}]}],
            ["hash", {"type": "scalar", "value": 6.163220189744607}]]}, "type": "op", "op_name": "aten::tanh"},
        {"call_depth": 1, "log": null, "type": "op", "op_name": "aten::detach"}]}"#;

    #[test]
    fn operations_become_inputs_and_outputs_of_their_modules() {
        assert!(is_log(LOG.as_bytes()));
        let mut record = read("a.json".as_ref(), LOG.as_bytes()).unwrap();
        let step = record.step().unwrap().unwrap();
        let seen: Vec<_> = step.events.iter().map(|e| (e.kind, e.path.as_str(), e.hash.as_deref().unwrap())).collect();
        let path = "Sequential.0 aten::tanh";
        assert_eq!(seen, [(Kind::Input, path, "6.880210913717747"), (Kind::Output, path, "6.163220189744607")]);
    }

    #[test]
    fn logs_that_say_nothing_are_refused() {
        for (log, word) in [
            (LOG.replace("\"hash\"", "\"h\"").replace("input_hash", "i"), "log_tensor_hashes"),
            (LOG.replace("\"version\": 1", "\"version\": 2"), "version 2"),
        ] {
            let error = read("a.json".as_ref(), log.as_bytes()).map(|_| ()).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
