//! A trace: the numbers of one run, from Python or from us, in one form (`scripts/original/*.py --trace`).

use crate::torch::conditions::Conditions;
use anyhow::{Result, anyhow, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use tch::{Device, Kind, Tensor};

/// One run's numbers.
#[derive(Debug, Clone, Deserialize)]
pub struct Trace {
    pub program: String,
    pub seed: Option<u32>,
    /// libtorch's threads; none for a program without libtorch.
    pub threads: Option<i32>,
    #[serde(default)]
    pub device: Option<String>,
    /// The instruction set of ATen's kernels; none for a program without libtorch.
    #[serde(default)]
    pub cpu_capability: Option<String>,
    /// The processor's model, and the variables by which libraries choose how they compute; stored traces may lack both.
    #[serde(default)]
    pub processor: Option<String>,
    #[serde(default)]
    pub environment: Option<BTreeMap<String, String>>,
    pub config: Value,
    #[serde(default)]
    pub versions: BTreeMap<String, String>,
    #[serde(default)]
    pub seconds: BTreeMap<String, f64>,
    pub scalars: BTreeMap<String, f64>,
    pub series: BTreeMap<String, Vec<f64>>,
    pub tensors: Vec<TensorTrace>,
    /// Tensors of the run that a stored trace does not hold, for their size.
    #[serde(default)]
    pub left_out: Vec<String>,
}

/// A named tensor, row-major.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TensorTrace {
    pub name: String,
    pub shape: Vec<i64>,
    #[serde(flatten)]
    pub data: Data,
}

/// Values by dtype; a float32 is written as the float64 of the same value, so nothing is lost on the way.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "dtype", content = "data", rename_all = "lowercase")]
pub enum Data {
    Float32(Vec<f32>),
    Float64(Vec<f64>),
    Int64(Vec<i64>),
}

impl Trace {
    /// The trace of a run of ours that trained for `seconds`, its numbers still to be filled in.
    pub fn new(program: &str, seed: u32, config: &impl Serialize, seconds: f64) -> Result<Self> {
        Ok(Self {
            program: program.into(),
            seed: Some(seed),
            threads: None,
            device: None,
            cpu_capability: None,
            processor: None,
            environment: None,
            config: serde_json::to_value(config)?,
            versions: BTreeMap::new(),
            seconds: [("training".into(), seconds)].into(),
            scalars: BTreeMap::new(),
            series: BTreeMap::new(),
            tensors: Vec::new(),
            left_out: Vec::new(),
        })
    }

    /// What its bits depend on, as far as it says so.
    pub fn conditions(&self) -> Conditions {
        // Python names the build behind a plus sign.
        let version = |torch: &String| torch.split('+').next().map(String::from);
        Conditions {
            device: self.device.clone(),
            threads: self.threads,
            libtorch: self.versions.get("torch").and_then(version),
            cpu_capability: self.cpu_capability.clone(),
            processor: self.processor.clone(),
            environment: self.environment.clone(),
        }
    }

    /// Reads a trace and checks that each tensor holds what its shape says.
    pub fn parse(text: &str) -> Result<Self> {
        let trace: Self = serde_json::from_str(text).map_err(|error| {
            anyhow!("not a trace of lockstep compare, from line {}, column {} on", error.line(), error.column())
        })?;
        for tensor in &trace.tensors {
            let expected = tensor.shape.iter().try_fold(1_usize, |n, &size| n.checked_mul(usize::try_from(size).ok()?));
            let found = tensor.data.len();
            ensure!(expected == Some(found), "tensor {}: shape {:?} but {found} values", tensor.name, tensor.shape);
        }
        Ok(trace)
    }
}

impl TensorTrace {
    /// The values of `tensor`, float32, float64 or int64, from any device.
    pub fn of(name: &str, tensor: &Tensor) -> Result<Self> {
        let flat = tensor.f_to_device(Device::Cpu)?.f_contiguous()?.f_view(-1)?;
        let data = match tensor.kind() {
            Kind::Int64 => Data::Int64(Vec::try_from(flat)?),
            Kind::Double => Data::Float64(Vec::try_from(flat)?),
            _ => Data::Float32(Vec::try_from(flat)?),
        };
        Ok(Self { name: name.into(), shape: tensor.size(), data })
    }

    /// A float64 vector.
    pub fn vector(name: &str, values: &[f64]) -> Self {
        Self { name: name.into(), shape: vec![values.len() as i64], data: Data::Float64(values.into()) }
    }
}

impl Data {
    pub fn len(&self) -> usize {
        match self {
            Self::Float32(values) => values.len(),
            Self::Float64(values) => values.len(),
            Self::Int64(values) => values.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_must_be_that_of_the_values() {
        let trace = |shape: &str| {
            let tensor = format!(r#"{{"name": "x", "shape": {shape}, "dtype": "int64", "data": [1, 2, 3, 4]}}"#);
            Trace::parse(&format!(
                r#"{{"program": "x", "seed": 0, "threads": null, "config": {{}}, "scalars": {{}}, "series": {{}}, "tensors": [{tensor}]}}"#
            ))
        };
        for shape in ["[4]", "[2, 2]"] {
            let read = trace(shape).unwrap();
            assert_eq!(serde_json::to_string(&read.tensors[0].shape).unwrap(), shape.replace(' ', ""));
        }
        // (-2)(-2) is 4, and (2⁶² + 1)·4 is 4 in 64 bits.
        for shape in ["[-2, -2]", "[3]", "[]", "[4611686018427387905, 4]"] {
            assert!(trace(shape).is_err(), "{shape}");
        }
    }
}
