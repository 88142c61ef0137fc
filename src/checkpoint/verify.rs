//! Checks on a checkpoint that was read: its numbers are finite, and its answers are those that it was written with.

use crate::checkpoint::Checkpoint;
use crate::torch::safetensors;
use anyhow::{Result, ensure};
use tch::{Device, Kind, Tensor};

/// Largest difference between an answer and the one in the file, relative to `1 + |answer|`: float32 kernels of other
/// processors, or of CUDA, differ by some 1e-6.
const FLOAT32: f64 = 1e-5;
/// The same in float64.
const FLOAT64: f64 = 1e-12;

/// One check and what it found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    pub what: String,
    pub found: String,
    pub holds: bool,
    /// Whether it found what was written, to the bit.
    pub equal: bool,
}

/// Everything that can be checked without the training data; `device` is where the module was loaded to.
pub fn verify(checkpoint: &Checkpoint, device: Device) -> Result<Vec<Finding>> {
    let x = safetensors::find(&checkpoint.check, "x")?.f_to_device(device)?;
    let mut findings = vec![integrity(checkpoint), finite(checkpoint)?];
    let bound = bound(safetensors::find(&checkpoint.check, "forward")?);
    for method in ["forward", "predict"] {
        let expected = safetensors::find(&checkpoint.check, method)?;
        findings.push(answers(method, &checkpoint.module.call(method, &x)?, expected, bound)?);
    }
    Ok(findings)
}

/// That the file is whole was seen when it was read.
fn integrity(checkpoint: &Checkpoint) -> Finding {
    let manifest = &checkpoint.manifest;
    let versions: Vec<String> = manifest.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let found = format!("every CRC is right; format {}, written by {}", manifest.format, versions.join(", "));
    Finding { what: "file".into(), found, holds: true, equal: true }
}

fn finite(checkpoint: &Checkpoint) -> Result<Finding> {
    let state = checkpoint.module.state()?;
    let mut broken = Vec::new();
    for entry in &state {
        if !bool::try_from(entry.tensor.f_isfinite()?.f_all()?)? {
            broken.push(entry.name.clone());
        }
    }
    let found = if broken.is_empty() {
        format!("{} tensors, all finite", state.len())
    } else {
        format!("not finite: {}", broken.join(", "))
    };
    Ok(Finding { what: "parameters".into(), found, holds: broken.is_empty(), equal: true })
}

/// That of the network, whose dtype is its output's: a prediction in float64 that a float32 network led to is no more exact.
fn bound(output: &Tensor) -> f64 {
    if output.kind() == Kind::Double { FLOAT64 } else { FLOAT32 }
}

fn answers(method: &str, found: &Tensor, expected: &Tensor, bound: f64) -> Result<Finding> {
    ensure!(found.size() == expected.size(), "{method} gives {:?}, expected {:?}", found.size(), expected.size());
    let expected = expected.f_to_kind(Kind::Double)?;
    let found = found.f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?;
    let difference = found.f_sub(&expected)?.f_abs()?.f_div(&expected.f_abs()?.f_add_scalar(1.0)?)?;
    let largest = difference.f_max()?.f_double_value(&[])?;
    let rows = expected.size().first().copied().unwrap_or_default();
    Ok(Finding {
        what: method.into(),
        found: format!("{rows} rows, largest difference {largest:.1e} (bound {bound:.0e})"),
        // Written so that NaN does not hold.
        holds: largest <= bound,
        equal: largest == 0.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // The network 1 / 3 * x in float32, as x = 1 gives it on two makes of processors, an ULP apart; predictions are its outputs
    // times 22.5 in float64.
    #[test]
    fn predictions_are_as_exact_as_the_network_that_they_come_from() {
        let outputs = [1.0_f32 / 3.0, (1.0_f32 / 3.0).next_up()].map(|output| Tensor::from_slice(&[output]));
        let predictions = outputs.each_ref().map(|output| output.to_kind(Kind::Double) * 22.5);
        let holds = |bound| answers("predict", &predictions[0], &predictions[1], bound).unwrap().holds;
        assert!(holds(bound(&outputs[0])));
        assert!(!holds(bound(&predictions[0])));
    }
}
