//! `fit --init-from`: weights of lockstep's files and of Python's, by name or by order, and what does not fit.

use crate::common::training::{summary, with_table};
use crate::common::{Workdir, python_with_torch};
use lockstep::torch::safetensors::{self, Named};
use serde_json::Value;
use std::process::Command;
use tch::{Kind, Tensor};

const QUICK: [&str; 5] = ["--device", "cpu", "--threads", "1", "--quiet"];
const FIT: [&str; 8] = ["fit", "t.csv", "--target", "kind", "--hidden", "8", "--norm", "batch"];

fn fit(dir: &Workdir, more: &[&str]) {
    dir.run(&[&FIT[..], &QUICK, more].concat(), 0);
}

fn weights(dir: &Workdir, file: &str) -> Named {
    safetensors::from_bytes(&dir.read(file)).unwrap()
}

/// A rate that is 0 in float32: the weights in the end are those in the beginning.
const STILL: [&str; 6] = ["--optimizer", "sgd", "--lr", "1e-300", "--epochs", "1"];

fn same_parameters(a: &Named, b: &Named) {
    assert_eq!(a.len(), b.len());
    for ((name, a), (_, b)) in
        a.iter().zip(b).filter(|((name, _), _)| name.ends_with("weight") || name.ends_with("bias"))
    {
        assert!(a.equal(b), "{name}");
    }
}

#[test]
fn weights_of_our_own_files_come_by_their_names() {
    let dir = with_table();
    fit(&dir, &["--epochs", "3", "--seed", "5", "--out", "source"]);
    for file in ["source/model.safetensors", "source/model.pt"] {
        fit(&dir, &[&STILL[..], &["--init-from", file, "--out", "f"]].concat());
        same_parameters(&weights(&dir, "f/model.safetensors"), &weights(&dir, "source/model.safetensors"));
        let told = &summary(&dir, "f")["init_from"];
        let hash = lockstep::runs::files::sha256_of(&dir.read(file));
        assert_eq!((&told["file"], &told["sha256"], &told["matched"]), (&file.into(), &hash.into(), &"name".into()));
    }
    // The state knows where it came from; the file itself is not needed to go on, but to begin anew.
    let said = dir
        .run(&[&FIT[..], &QUICK[..4], &["--init-from", "source/model.pt", "--epochs", "2", "--out", "f"]].concat(), 0);
    let said = String::from_utf8(said.stdout).unwrap();
    assert!(said.contains("started from the weights of source/model.pt, taken by their names"), "{said}");
    assert_eq!(dir.json(&["rerun", "f"], 0)["equal"], true);
    fit(&dir, &["--init-from", "source/model.pt", "--epochs", "4", "--out", "whole"]);
    std::fs::remove_dir_all(dir.path().join("source")).unwrap();
    dir.run(&[&["fit", "t.csv", "--resume", "f", "--epochs", "4", "--out", "parts"][..], &QUICK].concat(), 0);
    crate::common::training::same(&dir, "whole", "parts");
    assert_eq!(summary(&dir, "whole")["init_from"], summary(&dir, "parts")["init_from"]);
    dir.refuses(&["rerun", "whole"], &["--init-from source/model.pt: cannot read"]);
}

#[test]
fn what_does_not_fit_is_named_with_both_shapes() {
    let dir = with_table();
    fit(&dir, &["--epochs", "1", "--out", "source"]);
    let named = weights(&dir, "source/model.safetensors");
    let with = |change: &dyn Fn(&mut Named)| {
        let mut other = safetensors::from_bytes(&safetensors::to_bytes(&named).unwrap()).unwrap();
        change(&mut other);
        dir.write("w.safetensors", safetensors::to_bytes(&other).unwrap());
    };
    let refuses = |words: &[&str]| {
        let words = [&["--init-from w.safetensors"], words].concat();
        dir.refuses(&[&FIT[..], &QUICK, &["--init-from", "w.safetensors"]].concat(), &words);
    };
    let at = |named: &Named, name: &str| named.iter().position(|(other, _)| other == name).unwrap();
    with(&|named| {
        let place = at(named, "layers.1.bias");
        named[place].1 = Tensor::zeros([9], (Kind::Float, tch::Device::Cpu));
    });
    refuses(&["layers.1.bias: shape [9], the network's is [8]"]);
    with(&|named| drop(named.remove(at(named, "layers.2.bias"))));
    refuses(&["no tensor for layers.2.bias [2]"]);
    with(&|named| named.push(("layers.9.bias".into(), named[0].1.shallow_clone())));
    refuses(&["layers.9.bias", "is too many"]);
    with(&|named| {
        let place = at(named, "layers.0.weight");
        named[place].1 = named[place].1.to_kind(Kind::Int64);
    });
    refuses(&["layers.0.weight: int64, expected float32"]);
    with(&|named| {
        let place = at(named, "layers.0.weight");
        let _ = named[place].1.fill_(f64::NAN);
    });
    refuses(&["layers.0.weight: holds NaN or infinity"]);
    dir.write("w.safetensors", b"hello, I am no weights");
    refuses(&["expected a .safetensors file"]);
    dir.refuses(&[&FIT[..], &QUICK, &["--init-from", "none.pt"]].concat(), &["--init-from none.pt: cannot read"]);
}

/// What Python saves: a class and a Sequential, alone and among other things, wrapped, in float64, and as safetensors has it.
#[test]
fn weights_of_python_come_by_their_order() {
    let dir = with_table();
    let Some(python) = python_with_torch() else { return };
    let program = "
import json, os, torch
from torch import nn
from torch.optim.swa_utils import AveragedModel
torch.manual_seed(3)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.bn1 = nn.Linear(5, 8), nn.BatchNorm1d(8)
        self.fc2 = nn.Linear(8, 2)
net = Net()
sequential = nn.Sequential(net.fc1, net.bn1, nn.ReLU(), nn.Dropout(0.2), net.fc2)
torch.save(net.state_dict(), 'class.pt')
torch.save(sequential.state_dict(), 'sequential.pt')
torch.save({'epoch': 3, 'model_state_dict': net.state_dict(), 'optimizer': None}, 'checkpoint.pt')
torch.save(AveragedModel(net).state_dict(), 'averaged.pt')
torch.save(net.double().state_dict(), 'double.pt')
torch.save(net.fc1, 'object.pt')
json.dump({name: value.flatten().tolist() for name, value in sequential.float().state_dict().items()}, open('w.json', 'w'))";
    let output = Command::new(python).args(["-c", program]).current_dir(dir.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let expected: Value = serde_json::from_slice(&dir.read("w.json")).unwrap();
    for (file, rounded) in [
        ("class.pt", false),
        ("sequential.pt", false),
        ("checkpoint.pt", false),
        ("averaged.pt", false),
        ("double.pt", true),
    ] {
        fit(&dir, &[&STILL[..], &["--init-from", file, "--out", "f"]].concat());
        let found = weights(&dir, "f/model.safetensors");
        for (theirs, ours) in [("0", "layers.0"), ("1", "layers.1"), ("4", "layers.2")] {
            for leaf in ["weight", "bias"] {
                let found = safetensors::find(&found, &format!("{ours}.{leaf}")).unwrap().flatten(0, -1);
                let found = serde_json::to_value(Vec::<f64>::try_from(found.to_kind(Kind::Double)).unwrap()).unwrap();
                assert_eq!(found, expected[format!("{theirs}.{leaf}")], "{file}: {ours}.{leaf}");
            }
        }
        let told = &summary(&dir, "f")["init_from"];
        assert_eq!(told["matched"], "order", "{file}");
        assert_eq!(told["rounded"].as_bool().unwrap_or(false), rounded, "{file}");
    }
    let refuse = |file| [&FIT[..], &QUICK, &["--init-from", file]].concat();
    dir.refuses(&refuse("object.pt"), &["--init-from object.pt", "state_dict()"]);
    let other =
        [&["fit", "t.csv", "--target", "kind", "--hidden", "9"][..], &QUICK, &["--init-from", "class.pt"]].concat();
    dir.refuses(&other, &["fc1.weight [8, 5] stands where the network has layers.0.weight [9, 5]"]);
}
