//! PyTorch scripts as people write them (`scripts/original/usual_*.py`), each beside the `lockstep fit` that is the same training:
//! the losses of every epoch and every tensor of the network in the end are equal to the bit, and so are the records of both, step
//! by step.
//!
//! Without a Python that has torch the test says that it was skipped.

use crate::common::{Workdir, python_with_torch};
use lockstep::python::pickle::Saved;
use lockstep::python::state_dict;
use lockstep::torch::safetensors::{self, Named, find};
use serde_json::Value;
use std::path::Path;
use tch::Tensor;

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/original");

/// Rows of four columns of numbers and a target that `answer` makes of them.
fn table(rows: u32, seed: u32, answer: impl Fn([f64; 4], f64) -> String) -> String {
    let mut text = String::from("a,b,c,d,y\n");
    let mut state = u64::from(seed);
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as f64 / f64::from(1_u32 << 31) * 2000.0).round() / 100.0
    };
    for _ in 0..rows {
        let x = [next(), next() - 5.0, next() * 12.0, next() / 10.0];
        let noise = next();
        text += &format!("{},{},{},{},{}\n", x[0], x[1], x[2], x[3], answer(x, noise));
    }
    text
}

/// The tensors of a `state_dict()` under the names of ours, which count the modules.
fn renamed(state: Named) -> Named {
    let (mut module, mut count) = (String::new(), 0);
    let rename = |(name, tensor): (String, Tensor)| {
        let (of, leaf) = name.rsplit_once('.').unwrap();
        if of != module {
            (module, count) = (of.to_string(), count + 1);
        }
        (format!("layers.{}.{leaf}", count - 1), tensor)
    };
    state.into_iter().map(rename).collect()
}

/// Runs a script on `train.csv` and `valid.csv`, and `fit` with `flags`; compares what both leave.
fn beside(script: &str, out: &[&str], train: String, valid: String, flags: &[&str]) -> Option<Workdir> {
    let (python, dir) = (python_with_torch()?, Workdir::new());
    dir.write("train.csv", train);
    dir.write("valid.csv", valid);
    let script = Path::new(SCRIPTS).join(script);
    let fit = ["fit", "train.csv", "--valid", "valid.csv", "--split", "1,0,0", "--target", "y", "--out", "fit"];
    let fixed = ["--record", "fit.record", "--threads", "1", "--device", "cpu", "--quiet"];
    dir.run(&[&fit[..], flags, &fixed].concat(), 0);
    let compare = ["compare", "--record", "fit.record", "--python", python.to_str().unwrap(), "--script"];
    let script = [script.to_str().unwrap(), "train.csv", "valid.csv"];
    dir.run(&[&compare[..], &script, out].concat(), 0);
    let losses: Value = serde_json::from_slice(&dir.read("python/losses.json")).unwrap();
    let history = String::from_utf8(dir.read("fit/history.csv")).unwrap();
    let column = |index: usize| -> Vec<f64> {
        history.lines().skip(1).map(|line| line.split(',').nth(index).unwrap().parse().unwrap()).collect()
    };
    for (key, index) in [("train", 1), ("valid", 2)] {
        let Some(theirs) = losses[key].as_array() else { continue };
        let theirs: Vec<f64> = theirs.iter().map(|loss| loss.as_f64().unwrap()).collect();
        assert_eq!(column(index), theirs, "{key} losses");
    }
    let saved = Saved::read(&dir.read("python/model.pt")).unwrap();
    let theirs = renamed(state_dict::tensors(saved.root()).unwrap().unwrap());
    let ours = safetensors::from_bytes(&dir.read("fit/model.safetensors")).unwrap();
    assert_eq!(ours.len(), theirs.len());
    for (name, tensor) in &theirs {
        assert!(find(&ours, name).unwrap().equal(tensor), "{name}");
    }
    Some(dir)
}

fn species([a, b, c, d]: [f64; 4], noise: f64) -> String {
    let signal = a - b + c / 40.0 + d * 3.0 + noise / 4.0;
    ["setosa", "versicolor", "virginica"][if signal < 19.0 { 0 } else { usize::from(signal < 27.0) + 1 }].into()
}

#[test]
fn a_classifier_with_batch_norm_and_dropout() {
    let flags = [
        ["--order", "dataloader"],
        ["--batch-size", "32"],
        ["--valid-batch-size", "32"],
        ["--hidden", "64,32"],
        ["--norm", "batch"],
        ["--dropout", "0.3"],
        ["--epochs", "15"],
        ["--seed", "42"],
    ];
    let flags = [&flags.concat()[..], &["--drop-last"]].concat();
    beside("usual_classifier.py", &["--out", "python"], table(203, 1, species), table(70, 2, species), &flags);
}

fn price([a, b, c, d]: [f64; 4], noise: f64) -> String {
    format!("{:.2}", a * b / 10.0 - c + d * d * 20.0 + noise)
}

#[test]
fn a_regression_with_steps_and_weight_decay() {
    let flags = [
        ["--order", "dataloader"],
        ["--batch-size", "64"],
        ["--hidden", "50,20"],
        ["--activation", "tanh"],
        ["--optimizer", "sgd"],
        ["--lr", "0.05"],
        ["--momentum", "0.9"],
        ["--weight-decay", "1e-4"],
        ["--schedule", "step:step_size=8,gamma=0.5"],
        ["--epochs", "20"],
        ["--seed", "1"],
    ];
    beside("usual_regression.py", &["python"], table(193, 3, price), table(40, 4, price), &flags.concat());
}

fn sick([a, b, c, d]: [f64; 4], noise: f64) -> String {
    u8::from(a + b - c / 20.0 + d + noise > 15.0).to_string()
}

#[test]
fn a_loop_with_clipping_and_early_stopping() {
    let flags = [
        ["--order", "dataloader"],
        ["--batch-size", "24"],
        ["--valid-batch-size", "100"],
        ["--hidden", "48,48"],
        ["--dropout", "0.2"],
        ["--loss", "bce"],
        ["--optimizer", "adamw"],
        ["--lr", "0.005"],
        ["--clip-grad", "1"],
        ["--early-stop", "5"],
        ["--epochs", "100"],
        ["--seed", "7"],
    ];
    let done = beside("usual_early_stop.py", &["python"], table(217, 5, sick), table(150, 6, sick), &flags.concat());
    if let Some(dir) = done {
        let summary: Value = serde_json::from_slice(&dir.read("fit/summary.json")).unwrap();
        assert_eq!(summary["stopped_early"], true, "{summary:#}");
    }
}
