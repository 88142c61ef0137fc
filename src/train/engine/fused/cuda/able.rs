//! What the kernels have, and what it is called in them.

use crate::model::activation::Activation;
use crate::model::loss::LossKind;
use crate::model::mlp::MlpConfig;

/// Whether the kernels have all of it; the error is what they do not have.
pub fn able(net: &MlpConfig, kind: LossKind) -> Result<(), String> {
    if !net.hidden.is_empty() {
        if !net.norm.is_none() {
            return Err(format!("on a GPU it has no {} norm", net.norm));
        }
        if net.dropout > 0.0 {
            return Err("on a GPU it has no dropout".into());
        }
        if activation(net.activation).is_none() {
            return Err(format!("on a GPU it has relu, tanh and sigmoid, not the activation {}", net.activation));
        }
    }
    match loss(kind) {
        Some(_) => Ok(()),
        None => Err(format!("on a GPU it has cross-entropy, bce and mse, not the loss {kind}")),
    }
}

/// An activation's name in the kernels.
pub(super) fn activation(activation: Activation) -> Option<&'static str> {
    match activation {
        Activation::Identity => Some("IDENTITY"),
        Activation::Relu => Some("RELU"),
        Activation::Tanh => Some("TANH"),
        Activation::Sigmoid => Some("SIGMOID"),
        _ => None,
    }
}

/// A loss's name in the kernels.
pub(super) fn loss(kind: LossKind) -> Option<&'static str> {
    match kind {
        LossKind::CrossEntropy { label_smoothing: 0.0 } => Some("CROSS_ENTROPY"),
        LossKind::Bce => Some("BCE"),
        LossKind::Mse => Some("MSE"),
        _ => None,
    }
}
