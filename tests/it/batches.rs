//! `fit` with the settings of batches, norms, averages and first weights: gone on with to the bit, refused by name where they cannot
//! be, and open to Python.

use crate::common::python_with_torch;
use crate::common::training::{same, stop, summary, with_table};
use lockstep::torch::safetensors;
use serde_json::Value;
use std::process::Command;

const QUICK: [&str; 5] = ["--device", "cpu", "--threads", "1", "--quiet"];
const FIT: [&str; 10] =
    ["fit", "t.csv", "--target", "kind", "--hidden", "8,4", "--batch-size", "12", "--dropout", "0.2"];

/// Each with what its test needs to be another than the default's.
const SETTINGS: [&[&str]; 10] = [
    &["--order", "sequential"],
    &["--order", "dataloader", "--drop-last", "--valid-batch-size", "7"],
    &["--order", "dataloader:generator=4"],
    &["--order", "dataloader:persistent=true,valid_persistent=true", "--valid-batch-size", "full"],
    &["--order", "dataloader:sampler=balanced,generator=9"],
    &["--norm", "batch"],
    &["--norm", "layer", "--accumulate", "3", "--clip-grad", "0.1"],
    &["--norm", "batch", "--early-stop", "50"],
    &["--ema", "0.9"],
    &["--ema", "0.9", "--norm", "batch", "--early-stop", "50", "--order", "dataloader"],
];

#[test]
fn each_goes_on_to_the_bit() {
    let dir = with_table();
    for settings in SETTINGS {
        let fit = |more: &[&str]| dir.run(&[&FIT[..], settings, &QUICK, more].concat(), 0);
        fit(&["--epochs", "9", "--out", "whole"]);
        fit(&["--epochs", "4", "--out", "first"]);
        let more = ["fit", "t.csv", "--resume", "first", "--epochs", "9", "--out", "parts"];
        dir.run(&[&more[..], &QUICK].concat(), 0);
        same(&dir, "whole", "parts");
        dir.run(&["verify", "parts/model.pt", "--quiet"], 0);
        let report = dir.json(&["rerun", "whole"], 0);
        assert_eq!(report["equal"], true, "{settings:?}: {report:#}");
        fit(&["--epochs", "9", "--seed", "1", "--out", "other"]);
        assert_ne!(dir.read("whole/model.safetensors"), dir.read("other/model.safetensors"), "{settings:?}");
    }
}

/// A checkpoint on the way, and all of them at once.
#[test]
fn a_killed_training_with_everything_goes_on_to_the_bit() {
    let dir = with_table();
    let settings =
        ["--norm", "batch", "--ema", "0.99", "--accumulate", "2", "--early-stop", "900", "--valid-batch-size", "9"];
    let order = ["--order", "dataloader:generator=3,persistent=true", "--drop-last", "--epochs", "400"];
    let fit = [&FIT[..], &settings, &order, &QUICK].concat();
    dir.run(&[&fit[..], &["--out", "whole"]].concat(), 0);
    let (code, stderr) =
        stop(&dir, &[&fit[..], &["--checkpoint-every", "3", "--out", "parts"]].concat(), "parts", "-KILL");
    assert_eq!(code, None, "killed: {stderr}");
    dir.run(&[&["fit", "t.csv", "--resume", "parts"][..], &QUICK].concat(), 0);
    same(&dir, "whole", "parts");
    let shown = summary(&dir, "parts");
    assert_eq!(shown["config"]["order"], "dataloader:persistent=true,generator=3");
    let refused = ["fit", "t.csv", "--resume", "parts", "--epochs", "500", "--ema", "0.5"];
    dir.refuses(&refused, &["--ema 0.5", "was trained with 0.99"]);
}

#[test]
fn defaults_are_written_nowhere() {
    let dir = with_table();
    dir.run(&[&FIT[..], &QUICK, &["--epochs", "1", "--out", "f"]].concat(), 0);
    let config = String::from_utf8(dir.read("f/config.toml")).unwrap();
    for key in ["norm", "order", "drop_last", "valid_batch_size", "accumulate", "ema", "init_from"] {
        assert!(!config.contains(key), "{key}");
        assert_eq!(summary(&dir, "f")["config"][key], Value::Null);
    }
}

#[test]
fn what_cannot_be_is_refused_by_its_flag() {
    let dir = with_table();
    let fit = ["fit", "t.csv", "--target", "kind"];
    let refuses = |flags: &[&str], words: &[&str]| dir.refuses(&[&fit[..], &QUICK, flags].concat(), words);
    // 90 of 150 rows train.
    refuses(&["--norm", "batch", "--batch-size", "89"], &["--norm batch", "batch 2 of 90", "--drop-last"]);
    refuses(&["--norm", "batch", "--batch-size", "1"], &["--norm batch", "choose a larger --batch-size"]);
    refuses(&["--drop-last", "--batch-size", "91"], &["--drop-last: no batch is left of 90 training rows"]);
    refuses(&["--order", "dataloader:sampler=weighted"], &["--order dataloader:sampler=weighted", "balanced"]);
    refuses(&["--order", "dataloader:generator=x"], &["generator=x: expected a whole number"]);
    refuses(&["--order", "shuffle"], &["--order shuffle: did you mean dataloader?"]);
    refuses(&["--norm", "batchnorm"], &["--norm batchnorm", "batch"]);
    refuses(&["--accumulate", "0"], &["--accumulate"]);
    refuses(&["--ema", "2"], &["--ema 2: expected a number from 0 to 1"]);
    refuses(
        &["--valid-batch-size", "8", "--split", "0.8,0,0.2"],
        &["--valid-batch-size 8: there is no validation part"],
    );
    let numbers = ["fit", "t.csv", "--target", "width", "--order", "dataloader:sampler=balanced"];
    dir.refuses(&[&numbers[..], &QUICK].concat(), &["--order dataloader:sampler=balanced", "needs classes"]);
}

#[test]
fn what_the_fused_engine_has_not_the_exact_one_trains() {
    let dir = with_table();
    let fit = ["fit", "t.csv", "--target", "kind", "--epochs", "2", "--hidden", "8", "--norm", "batch"];
    let common = ["--device", "cpu", "--threads", "1"];
    let output = dir.run(&[&fit[..], &common, &["--engine", "fused", "--out", "fused"]].concat(), 0);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("it has no batch norm; the exact engine trains instead"), "{said}");
    dir.run(&[&fit[..], &QUICK, &["--out", "exact"]].concat(), 0);
    assert_eq!(dir.read("fused/history.csv"), dir.read("exact/history.csv"));
    // What it has it does up to rounding: batches as they stand, of several for an update.
    let plain = ["fit", "t.csv", "--target", "kind", "--epochs", "3", "--order", "sequential", "--accumulate", "2"];
    let losses = |run: &str| -> Vec<f64> {
        let text = String::from_utf8(dir.read(&format!("{run}/history.csv"))).unwrap();
        text.lines().skip(1).map(|line| line.split(',').nth(1).unwrap().parse().unwrap()).collect()
    };
    for engine in ["exact", "fused"] {
        dir.run(&[&plain[..], &QUICK, &["--engine", engine, "--out", engine]].concat(), 0);
    }
    for (exact, fused) in losses("exact").iter().zip(losses("fused")) {
        assert!((exact - fused).abs() < 1e-5, "{exact} {fused}");
    }
}

#[test]
fn a_norm_is_searched_and_its_buffers_are_inspected() {
    let dir = with_table();
    let tune =
        ["tune", "t.csv", "--target", "kind", "--epochs", "2", "--param", "norm=none,batch,layer", "--drop-last"];
    let report = dir.json(&[&tune[..], &["--param", "order=dataloader;sequential"], &QUICK[..4]].concat(), 0);
    assert_eq!((report["trials"].as_u64(), report["failed"].as_u64()), (Some(6), Some(0)), "{report:#}");
    dir.run(&[&FIT[..], &QUICK, &["--norm", "batch", "--epochs", "1", "--out", "f"]].concat(), 0);
    let about = dir.json(&["inspect", "f/model.pt"], 0);
    assert_eq!(about["config"]["norm"], "batch");
    let state = about["state"].as_array().unwrap();
    let of = |name: &str| state.iter().find(|entry| entry["name"] == name).unwrap();
    assert_eq!(
        (&of("layers.1.weight")["parameter"], &of("layers.1.running_mean")["parameter"]),
        (&true.into(), &false.into())
    );
    assert_eq!(of("layers.3.num_batches_tracked")["dtype"], "int64");
    let named = safetensors::from_bytes(&dir.read("f/model.safetensors")).unwrap();
    assert_eq!(named.len(), 6 + 4 + 6);
}

/// In Python, `train()` and `eval()` reach the batch norms of a model file: it can be trained on.
#[test]
fn a_batch_norm_is_fine_tuned_in_python() {
    let dir = with_table();
    dir.run(&[&FIT[..], &QUICK, &["--norm", "batch", "--epochs", "2", "--out", "f"]].concat(), 0);
    let program = "
import torch
net = torch.jit.load('f/model.pt')
x = torch.randn(30, net.preprocess.center.numel() + 1, dtype=torch.float64).abs().floor()
state = lambda: {name: value.clone() for name, value in net.state_dict().items()}
before = state()
net.eval(); net(x)
assert all(torch.equal(before[name], value) for name, value in state().items())
net.train()
optimizer = torch.optim.SGD([p for p in net.parameters()], 0.1)
net(x).square().mean().backward()
optimizer.step()
after = state()
batch = torch.nn.functional.linear(net.preprocess(x), before['layers.0.weight'], before['layers.0.bias'])
mean = 0.9 * before['layers.1.running_mean'] + 0.1 * batch.mean(0)
assert torch.allclose(after['layers.1.running_mean'], mean, atol=1e-6)
assert after['layers.1.num_batches_tracked'] == before['layers.1.num_batches_tracked'] + 1
assert not torch.equal(after['layers.1.weight'], before['layers.1.weight'])
print('fine')";
    let Some(python) = python_with_torch() else { return };
    let output = Command::new(python).args(["-W", "ignore", "-c", program]).current_dir(dir.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.stdout, b"fine\n");
}
