//! The tutorial's program on a CUDA device. Without one every test here says that it was skipped.

use crate::common::Workdir;

/// Bound on each loss against the processor's, relative: CUDA's float32 kernels sum in another order, and 200 steps of
/// Adam carry the difference on.
const HISTORY: f64 = 1e-3;

fn no_cuda() -> bool {
    if !tch::Cuda::is_available() {
        eprintln!("skipped: no CUDA device here");
    }
    !tch::Cuda::is_available()
}

fn run(dir: &Workdir, device: &str) -> Vec<f64> {
    let summary = dir.json(&["run", "moons", "--epochs", "200", "--device", device, "--out", device], 0);
    assert_eq!(summary["device"], if device == "cpu" { "cpu" } else { "cuda:0" });
    let history = String::from_utf8_lossy(&dir.read(&format!("{device}/history.csv"))).into_owned();
    history.lines().skip(1).filter_map(|line| line.split_once(',')?.1.parse().ok()).collect()
}

#[test]
fn the_losses_are_those_of_the_processor_within_the_stated_bound() {
    if no_cuda() {
        return;
    }
    let dir = Workdir::new();
    let (cpu, cuda, auto) = (run(&dir, "cpu"), run(&dir, "cuda"), run(&dir, "auto"));
    assert_eq!(cuda, auto, "auto picks the CUDA device");
    assert_eq!(cpu.len(), 200);
    for (epoch, (a, b)) in cpu.iter().zip(&cuda).enumerate() {
        assert!((a - b).abs() <= HISTORY * a.abs(), "epoch {}: {a} on the processor, {b} on CUDA", epoch + 1);
    }
}

#[test]
fn a_model_of_one_device_answers_on_the_other() {
    if no_cuda() {
        return;
    }
    let dir = Workdir::new();
    run(&dir, "cuda");
    for device in ["cpu", "cuda"] {
        assert_eq!(dir.json(&["verify", "cuda/model.pt", "--device", device], 0)["holds"], true);
        dir.run(&["predict", "cuda/model.pt", "cuda/moons.csv", "--device", device, "-o", "p.csv"], 0);
    }
}
