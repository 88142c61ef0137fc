//! The lines of a record, as `data/record-format.md` has them.

use super::values::Values;
use crate::choices::names::named;
use crate::torch::conditions::Conditions;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The version of the format.
pub const FORMAT: u32 = 1;

/// The first line: who recorded, and under what conditions.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Header {
    pub record: u32,
    pub by: String,
    #[serde(default)]
    pub argv: Vec<String>,
    #[serde(default)]
    pub versions: BTreeMap<String, String>,
    #[serde(default)]
    pub conditions: Conditions,
    #[serde(default)]
    pub values: Values,
    /// Whether each step's first input was moved by one ULP.
    #[serde(default)]
    pub perturbed: bool,
}

/// A network: its modules and parameters in the order in which it was built.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Model {
    /// The path of its outermost module: empty for the first network of a program.
    pub model: String,
    pub class: String,
    /// What torch's generator was seeded with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Path and class of each module.
    #[serde(default)]
    pub modules: Vec<(String, String)>,
    /// Path, shape and dtype of each parameter.
    #[serde(default)]
    pub parameters: Vec<(String, Vec<i64>, String)>,
}

/// An optimizer, with the settings of its first parameter group.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct OptimizerLine {
    pub optimizer: u32,
    pub class: String,
    #[serde(default)]
    pub settings: Map<String, Value>,
}

named! {
    /// When in a step; those of training in the order in which they come.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum Phase {
        /// Before the first step.
        Start = "start",
        Forward = "forward",
        Backward = "backward",
        Update = "update",
        /// Between the steps, without gradients.
        Eval = "eval",
    }
}

named! {
    /// What a record is of.
    #[derive(PartialOrd, Ord, Hash)]
    pub enum Kind {
        Parameter = "parameter",
        Buffer = "buffer",
        /// The state of torch's generator on the CPU.
        Generator = "generator",
        /// Indices of the rows of a batch.
        Rows = "rows",
        /// What `torch.randperm` gave.
        Permutation = "permutation",
        Input = "input",
        Output = "output",
        Loss = "loss",
        /// As backward left it.
        Gradient = "gradient",
        /// As the optimizer got it, where something changed it in between.
        Clipped = "clipped",
        Lr = "lr",
        /// An optimizer's, such as `exp_avg.fc1.weight`.
        State = "state",
    }
}

/// A float64; JSON has neither infinity nor NaN, which are written as text.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Number(pub f64);

impl TryFrom<Value> for Number {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let parsed = match &value {
            Value::String(text) => text.parse().ok(),
            other => other.as_f64(),
        };
        parsed.map(Self).ok_or_else(|| format!("{value}, expected a number"))
    }
}

impl From<Number> for Value {
    fn from(Number(value): Number) -> Self {
        if value.is_finite() { value.into() } else { value.to_string().to_lowercase().into() }
    }
}

/// One record: a tensor, or a learning rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Updates that were done before it.
    pub step: u64,
    pub phase: Phase,
    pub kind: Kind,
    pub path: String,
    /// The how-manieth of its place within the step, from 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub call: u32,
    /// Of a module's several inputs or outputs, which; from 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub index: u32,
    /// Whether the module was in training mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<bool>,
    /// Of a learning rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Number>,
    /// Of a batch: its rows, where they are few enough, of how many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<i64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dtype: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Vec<i64>>,
    /// 32 hexadecimal digits: the BLAKE2b of 128 bits of the bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<Number>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<Number>,
    /// The 2-norm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub l2: Option<Number>,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Where an event stands within its step, the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    pub phase: Phase,
    pub kind: Kind,
    pub path: String,
    pub call: u32,
    pub index: u32,
}

impl Event {
    /// An event with nothing but its place.
    pub fn new(step: u64, phase: Phase, kind: Kind, path: &str) -> Self {
        Self {
            step,
            phase,
            kind,
            path: path.into(),
            call: 0,
            index: 0,
            training: None,
            value: None,
            rows: None,
            of: None,
            dtype: None,
            shape: None,
            hash: None,
            min: None,
            max: None,
            mean: None,
            l2: None,
        }
    }

    pub fn place(&self) -> Place {
        let Self { phase, kind, call, index, .. } = *self;
        Place { phase, kind, path: self.path.clone(), call, index }
    }

    /// Its name among the values that are kept in full.
    pub fn key(&self) -> String {
        format!("{}/{}/{}/{}/{}", self.phase, self.kind, self.path, self.call, self.index)
    }

    /// Whether both are the same to the bit, dtype and shape included.
    pub fn equals(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Some(Number(a)), Some(Number(b))) => a.to_bits() == b.to_bits(),
            _ => self.hash == other.hash && self.dtype == other.dtype && self.shape == other.shape,
        }
    }

    pub fn numel(&self) -> i64 {
        self.shape.iter().flatten().product()
    }
}

/// For people: `fc1's output`, `the gradient of fc1.weight`.
pub fn display(kind: Kind, path: &str) -> String {
    let whose = |what: &str| if path.is_empty() { format!("the network's {what}") } else { format!("{path}'s {what}") };
    match kind {
        Kind::Parameter => format!("the parameter {path}"),
        Kind::Buffer => format!("the buffer {path}"),
        Kind::Generator => "the generator's state".into(),
        Kind::Rows => "the rows of the batch".into(),
        Kind::Permutation => "the permutation".into(),
        Kind::Input => whose("input"),
        Kind::Output => whose("output"),
        Kind::Loss => "the loss".into(),
        Kind::Gradient => format!("the gradient of {path}"),
        Kind::Clipped => format!("the gradient of {path} as the optimizer got it"),
        Kind::Lr => "the learning rate".into(),
        Kind::State => format!("the optimizer's state {path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_python_is_read_and_written_again() {
        let line = r#"{"step":0,"phase":"forward","kind":"input","path":"fc1","training":true,"dtype":"float32","shape":[2],"hash":"ab","min":"-inf","max":1.5,"mean":"nan","l2":0.1}"#;
        let event: Event = serde_json::from_str(line).unwrap();
        assert_eq!((event.call, event.min, event.numel()), (0, Some(Number(f64::NEG_INFINITY)), 2));
        assert_eq!(serde_json::to_string(&event).unwrap(), line);
        assert_eq!(event.key(), "forward/input/fc1/0/0");
    }

    #[test]
    fn a_word_that_is_none_is_refused() {
        let error = serde_json::from_str::<Event>(r#"{"step":0,"phase":"forwards","kind":"input","path":""}"#);
        assert!(error.unwrap_err().to_string().contains("did you mean forward"));
        assert!(serde_json::from_str::<Number>(r#""much""#).is_err());
    }
}
