//! A trace: the numbers of one run, from Python or from us, in one form (`scripts/original/*.py --trace`).

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// One run's numbers.
#[derive(Debug, Clone, Deserialize)]
pub struct Trace {
    pub program: String,
    pub seed: Option<u32>,
    pub threads: Option<i32>,
    pub config: Value,
    #[serde(default)]
    pub versions: BTreeMap<String, String>,
    #[serde(default)]
    pub seconds: BTreeMap<String, f64>,
    pub scalars: BTreeMap<String, f64>,
    pub series: BTreeMap<String, Vec<f64>>,
    pub tensors: Vec<TensorTrace>,
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
    /// Reads a trace and checks that each tensor holds what its shape says.
    pub fn parse(text: &str) -> Result<Self> {
        let trace: Self = serde_json::from_str(text).context("not a lockstep trace")?;
        for tensor in &trace.tensors {
            let expected = tensor.shape.iter().product::<i64>();
            let found = tensor.data.len() as i64;
            ensure!(found == expected, "tensor {}: shape {:?} but {found} values", tensor.name, tensor.shape);
        }
        Ok(trace)
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
