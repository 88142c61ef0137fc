//! What a model file says of how it was made: on what data, under what conditions, and what it went on from.

use crate::torch::conditions::Conditions;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What it was trained on, and how.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Provenance {
    /// Of the content of the table's files; for the moons of `moons.csv`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data_sha256: Option<String>,
    /// The version of libtorch stands among the versions.
    #[serde(flatten)]
    pub conditions: Conditions,
    /// Each time that it went on from a checkpoint.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resumed: Vec<Resumed>,
    /// The file whose weights it started from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init_from: Option<InitialWeights>,
    /// In a checkpoint of a fit, the table as the user named it, to go on with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// In a checkpoint of a fit with cross validation, the folds that are done, as the summary will have them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub folds: Vec<Value>,
}

/// Weights of a file that a network started from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InitialWeights {
    pub file: String,
    pub sha256: String,
    pub matched: Matched,
    /// Whether it held float64, which was rounded to float32.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rounded: bool,
}

/// How a file's tensors became a network's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Matched {
    /// They have its names.
    Name,
    /// They have other names, and its shapes in their order.
    Order,
}

impl InitialWeights {
    /// For people.
    pub fn text(&self) -> String {
        let how = match self.matched {
            Matched::Name => "by their names",
            Matched::Order => "by their order: their names are others, their shapes the network's",
        };
        let rounded = if self.rounded { ", float64 rounded to float32 as load_state_dict does" } else { "" };
        format!("started from the weights of {}, taken {how}{rounded}", self.file)
    }
}

/// Where a run went on from, and what was changed there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resumed {
    pub from: String,
    /// Epochs that were done.
    pub epoch: usize,
    /// By name a [`Change`]: epochs, versions, and what else bits depend on.
    #[serde(flatten)]
    pub changes: Map<String, Value>,
}

/// A setting before and after; a variable of the environment that was not set is null.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    pub was: Value,
    pub now: Value,
}
