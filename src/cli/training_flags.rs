//! The settings of `fit` that are about the network and its training.

use super::numbers::{epochs, number, whole};
use clap::Args;
use serde::Serialize;

/// The settings of the training as flags; each is a TOML key too, with `_` for `-`. One that is not given is not there.
#[derive(Debug, Args, Serialize)]
pub struct TrainingFlags {
    /// Units of each hidden layer, from the first to the last; none: no hidden layer, a linear model [default: 64,32]
    #[arg(long, value_name = "N,…", value_parser = layers)]
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden: Option<Layers>,
    /// Activation after each hidden layer, as PyTorch names them: identity, relu, tanh, sigmoid, gelu, silu, leaky_relu,
    /// elu, selu, celu, softplus, softsign, mish, relu6, hardtanh, hardswish, hardsigmoid, logsigmoid or tanhshrink
    /// [default: relu]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    activation: Option<String>,
    /// Share of the hidden units that is dropped in training, 0 up to but not 1 [default: 0]
    #[arg(long, value_name = "P", value_parser = number)]
    #[serde(skip_serializing_if = "Option::is_none")]
    dropout: Option<f64>,
    /// Loss function: for numbers mse, mae or huber[:delta=1]; for classes cross-entropy[:label_smoothing=0] or, of two
    /// classes, bce [default: mse for numbers, cross-entropy for classes]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    loss: Option<String>,
    /// How classes weigh in the loss: none (every row the same) or balanced (rare classes more, as scikit-learn's
    /// class_weight="balanced") [default: none]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    class_weight: Option<String>,
    /// adam, adamw or sgd, as in torch.optim [default: adam]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    optimizer: Option<String>,
    /// Learning rate [default: 0.001]
    #[arg(long, value_name = "X", value_parser = number)]
    #[serde(skip_serializing_if = "Option::is_none")]
    lr: Option<f64>,
    /// Momentum of --optimizer sgd [default: 0]
    #[arg(long, value_name = "X", value_parser = number)]
    #[serde(skip_serializing_if = "Option::is_none")]
    momentum: Option<f64>,
    /// Nesterov's form of --momentum, for --optimizer sgd
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    nesterov: bool,
    /// The optimizer's weight_decay, an L2 penalty on weights and biases [default: 0.01 for adamw, else 0]
    #[arg(long, value_name = "X", value_parser = number)]
    #[serde(skip_serializing_if = "Option::is_none")]
    weight_decay: Option<f64>,
    /// L1 penalty: X times the sum of |w| over the weights, not the biases, is added to the loss [default: 0]
    #[arg(long, value_name = "X", value_parser = number)]
    #[serde(skip_serializing_if = "Option::is_none")]
    l1: Option<f64>,
    /// Rows of a batch, or full: all rows in one batch [default: 32]
    #[arg(long, value_name = "N|full", value_parser = batch)]
    #[serde(skip_serializing_if = "Option::is_none")]
    batch_size: Option<u32>,
    /// Times that every training row is seen [default: 100]
    #[arg(long, value_name = "N", value_parser = epochs)]
    #[serde(skip_serializing_if = "Option::is_none")]
    epochs: Option<u32>,
    /// How the learning rate moves, as torch.optim.lr_scheduler has it, with what holds where nothing is said: constant;
    /// step:step_size=N,gamma=0.1 (N: a third of the epochs); cosine:t_max=N,eta_min=0 (N: all epochs after the warm-up);
    /// one-cycle:pct_start=0.3,div_factor=25,final_div_factor=10000,cycle_momentum=true;
    /// plateau:factor=0.1,patience=10,threshold=0.0001,cooldown=0,min_lr=0 [default: constant]
    #[arg(long, value_name = "NAME[:KEY=V,…]")]
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<String>,
    /// Epochs over which the learning rate rises from a third to the whole of --lr before the schedule begins [default:
    /// 0]
    #[arg(long, value_name = "N", value_parser = whole(0..=u32::MAX))]
    #[serde(skip_serializing_if = "Option::is_none")]
    warmup: Option<u32>,
    /// Stop after N epochs without a lower validation loss, and keep the best epoch's weights [default: train all
    /// --epochs]
    #[arg(long, value_name = "N", value_parser = whole(1..=u32::MAX))]
    #[serde(skip_serializing_if = "Option::is_none")]
    early_stop: Option<u32>,
    /// Scale the gradient down where its L2 norm, over all parameters together, is above X [default: no limit]
    #[arg(long, value_name = "X", value_parser = number)]
    #[serde(skip_serializing_if = "Option::is_none")]
    clip_grad: Option<f64>,
    /// What computes the training: exact (Python's bits) or fused (the same numbers up to rounding, several times
    /// as fast, on the CPU; what it does not have, such as dropout, exact trains) [default: exact]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<String>,
    /// Where the losses of each epoch are written: csv (history.csv, at the end) or tensorboard (an event file too, to watch
    /// while it trains) [default: csv]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<String>,
    /// On how many of the held-out rows each column is shuffled to see how far the score falls: all, none, or N at most,
    /// drawn as scikit-learn's max_samples draws them; auto takes as many as it has time for, about a second, and none
    /// where these are few [default: auto]
    #[arg(long, value_name = "all|none|N", allow_negative_numbers = true)]
    #[serde(skip_serializing_if = "Option::is_none")]
    importance: Option<String>,
}

/// Units of each hidden layer; an empty list has none, which makes a linear model.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
struct Layers(Vec<i64>);

fn layers(text: &str) -> Result<Layers, String> {
    if text == "none" {
        return Ok(Layers(vec![]));
    }
    let units = text.split(',').map(|units| units.trim().parse::<i64>().ok().filter(|&units| units > 0));
    units
        .collect::<Option<Vec<i64>>>()
        .map(Layers)
        .ok_or("expected whole numbers from 1 up, such as 64,32, or none".into())
}

fn batch(text: &str) -> Result<u32, String> {
    match (text, text.parse()) {
        ("full", _) => Ok(0),
        (_, Ok(rows)) if rows > 0 => Ok(rows),
        _ => Err("expected a whole number from 1 up, or full".into()),
    }
}
