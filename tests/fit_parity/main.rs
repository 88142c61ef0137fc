//! The training loop against a plain PyTorch script, live, on this machine: every number is equal to the bit.
//!
//! Without a Python that has torch the test says that it was skipped.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cases;

use cases::{Case, FEATURES};
use lockstep::model::loss::{Loss, LossKind};
use lockstep::model::mlp::Mlp;
use lockstep::model::script;
use lockstep::python::interpreter;
use lockstep::torch::script::{self as torchscript, Module};
use lockstep::train::features::Features;
use lockstep::train::session::Session;
use lockstep::train::task::{Part, Task};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use tch::{Device, Kind, Tensor};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/original/fit_check.py");
/// Rows to train on and to validate with; no batch size below divides the first.
const ROWS: i64 = 103;
const VALID_ROWS: i64 = 41;

impl Case {
    fn data(&self) -> Data {
        let (rows, valid) = (Rows::new(ROWS, self.loss, 1), Rows::new(VALID_ROWS, self.loss, 2));
        Data { rows, valid }
    }

    /// The run for the script, its data written beside it.
    fn settings(&self, dir: &Path, index: usize) -> Value {
        let data = self.data();
        let module = dir.join(format!("{index}.pt"));
        self.write_module(&module);
        let mut run = json!({
            "seed": self.seed, "threads": self.threads, "net": self.net, "loss": self.loss,
            "class_weight": self.class_weight, "train": self.train, "module": module,
        });
        let mut file = |key: &str, tensor: &Tensor| {
            let path = dir.join(format!("{index}-{key}.npy"));
            tensor.write_npy(&path).unwrap();
            run[key] = path.to_str().into();
        };
        file("x", &data.rows.x.dense().unwrap());
        file("y", &data.rows.y);
        if self.valid {
            file("valid_x", &data.valid.x.dense().unwrap());
            file("valid_y", &data.valid.y);
        }
        if self.row_weights {
            file("weight", &data.rows.weight);
            file("valid_weight", &data.valid.weight);
        }
        run
    }

    /// The network at its start, as TorchScript.
    fn write_module(&self, path: &Path) {
        tch::manual_seed(self.seed);
        let module = Module::new("Mlp").unwrap();
        script::add_layers(&module, &Mlp::new(&self.net, Device::Cpu).unwrap()).unwrap();
        module.define(&script::torchscript_source(&self.net, "forward")).unwrap();
        std::fs::write(path, module.save(&[]).unwrap()).unwrap();
    }

    /// What lockstep makes of it, in the form of the script's results.
    fn result(&self) -> Value {
        let data = self.data();
        tch::set_num_threads(self.threads);
        tch::manual_seed(self.seed);
        let net = Mlp::new(&self.net, Device::Cpu).unwrap();
        let loss = match &self.class_weight {
            Some(weights) => Loss::with_class_weight(self.loss, weights, Device::Cpu).unwrap(),
            None => Loss::new(self.loss),
        };
        let train = data.rows.part(self.row_weights);
        let valid = self.valid.then(|| data.valid.part(self.row_weights));
        let task = Task {
            net: &net,
            loss: &loss,
            config: &self.train,
            train,
            valid,
            record: lockstep::record::Recording::default(),
        };
        let trained = Session::new(task).unwrap().run(&mut ()).unwrap();
        let history = trained.history().clone();
        let lists = |tensors: Vec<(String, Tensor)>| -> Value {
            let list =
                |tensor: &Tensor| json!(Vec::<f64>::try_from(tensor.to_kind(Kind::Double).flatten(0, -1)).unwrap());
            tensors.iter().map(|(name, tensor)| (name.clone(), list(tensor))).collect()
        };
        let state = trained.snapshot.optimizer.into_iter().filter(|(name, _)| name != "step");
        json!({
            "loss": history.iter().map(|epoch| epoch.loss).collect::<Vec<_>>(),
            "valid_loss": history.iter().filter_map(|epoch| epoch.valid_loss).collect::<Vec<_>>(),
            "lr": history.iter().map(|epoch| epoch.lr).collect::<Vec<_>>(),
            "module": true,
            "best_epoch": trained.best_epoch,
            "weights": lists(net.state().unwrap()),
            "optimizer": lists(state.collect()),
            "generator": torchscript::generator_state().unwrap()[..64],
        })
    }
}

struct Data {
    rows: Rows,
    valid: Rows,
}

struct Rows {
    x: Features,
    y: Tensor,
    weight: Tensor,
}

impl Rows {
    /// Normal features, a target that depends on them.
    fn new(rows: i64, loss: LossKind, seed: i64) -> Self {
        tch::manual_seed(seed);
        let options = (Kind::Float, Device::Cpu);
        let x = Tensor::randn([rows, FEATURES], options);
        let signal = x.select(1, 0) * 1.5 - x.select(1, 1).square() + Tensor::randn([rows], options) * 0.3;
        let y = match loss {
            LossKind::CrossEntropy { .. } => {
                (signal.gt(-1.0).to_kind(Kind::Int64)) + signal.gt(0.5).to_kind(Kind::Int64)
            }
            LossKind::Bce => signal.gt(-0.5).to_kind(Kind::Int64),
            _ => signal.unsqueeze(1),
        };
        Self { x: Features::from(&x), y, weight: Tensor::rand([rows], options) + 0.1 }
    }

    fn part(&self, weighted: bool) -> Part<'_> {
        Part { x: &self.x, y: &self.y, weight: weighted.then_some(&self.weight) }
    }
}

/// The first place where two results differ, in words.
fn difference(ours: &Value, theirs: &Value, place: String) -> Option<String> {
    match (ours, theirs) {
        (Value::Object(ours), _) => {
            let names = theirs.as_object().map(|theirs| theirs.keys().filter(|name| !ours.contains_key(*name)).count());
            if place.contains('.') && names != Some(0) {
                return Some(format!("{place}: keys {:?} against Python's {:?}", ours.keys(), theirs.as_object()));
            }
            ours.iter().find_map(|(key, value)| difference(value, &theirs[key], format!("{place}.{key}")))
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let mut pairs = a.iter().zip(b).enumerate();
            pairs.find_map(|(index, (a, b))| difference(a, b, format!("{place}[{index}]")))
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => None,
        (Value::Bool(a), Value::Bool(b)) if a == b => None,
        _ => Some(format!("{place}: {ours} against Python's {theirs}")),
    }
}

#[test]
fn every_setting_gives_pythons_bits() {
    let python = interpreter::find();
    if !interpreter::versions(&python).is_ok_and(|versions| versions.contains_key("torch")) {
        eprintln!("skipped: {} has no torch; run scripts/setup --python", python.display());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let cases = cases::all();
    let settings: Vec<Value> = cases.iter().enumerate().map(|(index, case)| case.settings(dir, index)).collect();
    let runs = dir.join("runs.json");
    std::fs::write(&runs, serde_json::to_vec(&settings).unwrap()).unwrap();
    let output = Command::new(&python).arg(SCRIPT).arg(&runs).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let expected: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(expected.len(), cases.len());
    let differ = cases.iter().zip(&expected).filter_map(|(case, expected)| {
        difference(&case.result(), expected, String::new()).map(|difference| format!("{}: {difference}", case.name))
    });
    let differ: Vec<String> = differ.collect();
    let stopped = expected.last().zip(expected.iter().nth_back(1)).unwrap();
    assert!(stopped.1["loss"].as_array().unwrap().len() < 60, "the case that stops early did not");
    assert!(differ.is_empty(), "{} of {} cases differ:\n{}", differ.len(), cases.len(), differ.join("\n"));
    println!("{} trainings equal to the bit", cases.len());
}
