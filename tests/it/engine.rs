//! `--engine fused`: the answers of `exact` up to rounding, and everything else as with `exact`.

use crate::common::Workdir;
use crate::common::testing::seeded;
use crate::common::training::{same, summary, table};
use lockstep::torch::safetensors::find;
use lockstep::train::engine::EngineKind;
use lockstep::tutorial::config::MoonsConfig;
use lockstep::tutorial::moons;
use tch::{Device, Kind};

const MOONS: [&str; 6] = ["run", "moons", "--engine", "fused", "--device", "cpu"];
const FIT: [&str; 8] = ["fit", "t.csv", "--target", "kind", "--device", "cpu", "--engine", "fused"];

/// The whole of the tutorial's training under twenty seeds.
#[test]
fn both_engines_end_with_the_same_accuracy_to_one_sample_and_the_same_loss_to_a_thousandth() {
    let _torch = seeded(0);
    // Tests run beside each other: libtorch's threads would wait for each other.
    tch::set_num_threads(1);
    for seed in 0..20 {
        let run = |engine| {
            let config = MoonsConfig { engine, ..MoonsConfig::default() };
            let outcome = moons::run(&config, seed, Device::Cpu, &mut ()).unwrap();
            assert_eq!(outcome.trained.engine, engine);
            (outcome.accuracy * 200.0, outcome.trained.history().last().unwrap().loss)
        };
        let ((exact_hits, exact), (fused_hits, fused)) = (run(EngineKind::Exact), run(EngineKind::Fused));
        assert!((exact_hits - fused_hits).abs() <= 1.0, "seed {seed}: {exact_hits} and {fused_hits} of 200");
        assert!((exact - fused).abs() <= 1e-3 * exact, "seed {seed}: loss {exact} and {fused}");
    }
}

/// Adam's first step is `0.01 g / (|g| + 1e-8)`: where the gradient g is so small that float32 only gives its size, a step
/// of either engine is as far from the true one as from the other's. A weight that the step almost cancels has the
/// rounding of the step.
#[test]
fn after_one_step_every_weight_with_a_gradient_is_that_of_exact_to_a_millionth() {
    let _torch = seeded(0);
    tch::set_num_threads(1);
    let mut without = 0;
    for seed in 0..20 {
        let run = |engine| {
            let config = MoonsConfig { engine, epochs: 1, ..MoonsConfig::default() };
            let outcome = moons::run(&config, seed, Device::Cpu, &mut ()).unwrap();
            (outcome.net.parameters.named().unwrap(), outcome.trained.snapshot.optimizer)
        };
        let ((exact, state), (fused, _)) = (run(EngineKind::Exact), run(EngineKind::Fused));
        for ((name, exact), (_, fused)) in exact.iter().zip(&fused) {
            let gradient = find(&state, &format!("exp_avg.{name}")).unwrap() / 0.1;
            let has = gradient.abs().ge(1e-6);
            let (off, bound) = ((fused - exact).abs(), exact.abs().clamp_min(0.01) * 1e-6);
            assert!(
                bool::try_from((off.le_tensor(&bound)).logical_or(&has.logical_not()).all()).unwrap(),
                "{seed}: {name}"
            );
            without += has.logical_not().sum(Kind::Int64).int64_value(&[]);
        }
    }
    assert!(without <= 5, "{without} of 20 · 502 weights");
}

#[test]
fn a_fused_run_is_repeated_and_gone_on_with_to_the_bit() {
    let dir = Workdir::new();
    for threads in ["1", "2"] {
        let whole = [&MOONS[..], &["--threads", threads, "--samples", "5000", "--epochs", "60", "--quiet"]].concat();
        dir.run(&[&whole[..], &["--checkpoint-every", "25", "--out", "whole"]].concat(), 0);
        dir.run(&[&whole[..], &["--out", "again"]].concat(), 0);
        same(&dir, "whole", "again");
        let resume = ["run", "moons", "--device", "cpu", "--threads", threads, "--quiet", "--out", "rest"];
        dir.run(&[&resume[..], &["--resume", "whole/checkpoint-25.pt"]].concat(), 0);
        same(&dir, "whole", "rest");
        dir.run(&["rerun", "whole", "--quiet"], 0);
        dir.run(&["verify", "whole/model.pt", "--quiet"], 0);
    }
    let summary = summary(&dir, "whole");
    assert_eq!((&summary["engine"], &summary["config"]["engine"]), (&"fused".into(), &"fused".into()));
}

#[test]
fn another_engine_may_go_on_and_that_is_said_and_recorded() {
    let dir = Workdir::new();
    let quick = ["--hidden", "9", "--epochs", "30", "--threads", "1", "--device", "cpu"];
    dir.run(&[&["run", "moons", "--out", "exact"], &quick[..]].concat(), 0);
    let output =
        dir.run(&["run", "moons", "--resume", "exact", "--engine", "fused", "--epochs", "40", "--threads", "1"], 0);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("engine: exact before, fused now"), "{stderr}");
    assert_eq!(summary(&dir, "exact")["resumed"][0]["engine"], serde_json::json!({"was": "exact", "now": "fused"}));
}

#[test]
fn a_fit_has_the_answers_of_exact_and_a_model_that_verifies() {
    let dir = Workdir::new();
    dir.write("t.csv", table(300));
    for more in [
        &["--batch-size", "full", "--lr", "0.01"][..],
        &["--batch-size", "16", "--optimizer", "sgd", "--momentum", "0.9", "--l1", "1e-4", "--clip-grad", "1"],
        &["--activation", "tanh", "--optimizer", "adamw", "--class-weight", "balanced", "--schedule", "cosine"],
        &["--activation", "sigmoid", "--hidden", "none", "--early-stop", "5"],
        &["--activation", "gelu", "--dropout", "0.2", "--batch-size", "32"],
        &["--activation", "elu", "--loss", "cross-entropy:label_smoothing=0.1"],
        &["--activation", "silu", "--norm", "layer", "--class-weight", "balanced"],
    ] {
        let run = |engine: &str, out: &str| {
            let common = ["--engine", engine, "--epochs", "20", "--threads", "2", "--out", out, "--quiet"];
            dir.run(&[&FIT[..6], &common, more].concat(), 0);
            summary(&dir, out)
        };
        let (exact, fused) = (run("exact", "exact"), run("fused", "fused"));
        assert_eq!((&exact["engine"], &fused["engine"]), (&"exact".into(), &"fused".into()));
        let loss = |summary: &serde_json::Value| summary["loss"].as_f64().unwrap();
        assert!(
            (loss(&exact) - loss(&fused)).abs() <= 1e-3 * loss(&exact),
            "{more:?}: {} {}",
            exact["loss"],
            fused["loss"]
        );
        assert!(fused["training_seconds"].as_f64().unwrap() > 0.0);
        dir.run(&["verify", "fused/model.pt", "--quiet"], 0);
        dir.run(&["rerun", "fused", "--quiet"], 0);
    }
}

#[test]
fn a_fused_fit_is_gone_on_with_to_the_bit() {
    let dir = Workdir::new();
    dir.write("t.csv", table(200));
    let more = [
        "--epochs",
        "12",
        "--threads",
        "2",
        "--quiet",
        "--checkpoint-every",
        "5",
        "--early-stop",
        "50",
        "--out",
        "whole",
    ];
    dir.run(&[&FIT[..], &more].concat(), 0);
    dir.run(
        &[
            "fit",
            "t.csv",
            "--resume",
            "whole/checkpoint-5.pt",
            "--threads",
            "2",
            "--device",
            "cpu",
            "--quiet",
            "--out",
            "rest",
        ],
        0,
    );
    same(&dir, "whole", "rest");
}

#[test]
fn what_the_engine_does_not_have_is_trained_by_exact_with_a_word() {
    let dir = Workdir::new();
    dir.write("t.csv", table(100));
    let quick = ["--norm", "batch", "--epochs", "3", "--threads", "1", "--out"];
    let output = dir.run(&[&FIT[..], &quick, &["fused"]].concat(), 0);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("note: --engine fused: it has no batch norm"), "{stderr}");
    assert_eq!(summary(&dir, "fused")["engine"], "exact");
    dir.run(&[&FIT[..6], &["--engine", "exact", "--quiet"], &quick, &["exact"]].concat(), 0);
    assert_eq!(dir.read("fused/model.safetensors"), dir.read("exact/model.safetensors"));
}

#[test]
fn a_search_says_which_trial_the_engine_cannot_train() {
    let dir = Workdir::new();
    dir.write("t.csv", table(80));
    let arguments = ["tune", "t.csv", "--target", "kind", "--engine", "fused", "--epochs", "2", "--threads", "1"];
    let output =
        dir.run(&[&arguments[..], &["--param", "norm=none,batch", "--search", "grid", "--device", "cpu"]].concat(), 0);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("note: --engine fused: trial 2: ") && stderr.contains("batch norm"), "{stderr}");
}

#[test]
fn no_such_engine() {
    let dir = Workdir::new();
    dir.run(&["run", "moons", "--engine", "turbo"], 2);
    dir.write("t.csv", table(20));
    dir.refuses(&["fit", "t.csv", "--target", "kind", "--engine", "turbo"], &["turbo", "exact, fused"]);
}
