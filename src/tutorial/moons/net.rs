//! The tutorial's `Net`: fc1 → tanh → fc2.

use crate::model::activation::Activation;
use crate::model::mlp::{Mlp, MlpConfig};
use crate::model::norm::Norm;
use anyhow::Result;
use tch::{Device, Kind, Tensor};

/// Features of a moons point, and classes.
pub const INPUTS: i64 = 2;
pub const CLASSES: i64 = 2;

/// Names of the layers.
pub const LAYERS: [&str; 2] = ["fc1", "fc2"];

/// `Net()` with `fc1.weight [h, 2]`, `fc1.bias [h]`, `fc2.weight [2, h]`, `fc2.bias [2]`, float32, under torch's current
/// generator: drawn as Python draws it, on the CPU, then moved to `device`.
pub fn net(hidden: i64, device: Device) -> Result<Mlp> {
    let config = MlpConfig {
        inputs: INPUTS,
        outputs: CLASSES,
        hidden: vec![hidden],
        activation: Activation::Tanh,
        dropout: 0.0,
        norm: Norm::None,
    };
    Mlp::named(&config, &LAYERS.map(String::from), device)
}

/// The tutorial's `predict`: class 0 where the first logit is the larger one, else 1; int64 `[n]` of `x [n, 2]`.
pub fn predict(net: &Mlp, x: &Tensor) -> Result<Tensor> {
    let logits = net.forward(x, false)?;
    let first = logits.f_select(1, 0)?;
    Ok(first.f_gt_tensor(&logits.f_select(1, 1)?)?.f_logical_not()?.f_to_kind(Kind::Int64)?)
}
