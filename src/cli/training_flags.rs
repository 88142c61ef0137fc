//! The settings of `fit` that are about the network and its training.

use super::numbers::{epochs, number, whole};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;

/// The settings of the training as flags; each is a TOML key too, with `_` for `-`. One that is not given is not there.
#[derive(Debug, Args, Serialize)]
#[command(next_help_heading = "How it is trained")]
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
    /// Normalization of each hidden layer's outputs, before its activation: none, batch (nn.BatchNorm1d) or layer (nn.LayerNorm)
    /// [default: none]
    #[arg(long, value_name = "NAME")]
    #[serde(skip_serializing_if = "Option::is_none")]
    norm: Option<String>,
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
    /// Leave out a last batch that has fewer rows than --batch-size, as drop_last=True; the loss is then that of the rows seen
    #[arg(long)]
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    drop_last: bool,
    /// In which order the training rows are seen, and what that draws: randperm (torch.randperm an epoch; a full batch draws
    /// nothing); sequential (as they stand, nothing drawn); dataloader (a DataLoader with shuffle=True: its rows, its draws, for a
    /// full batch too), with shuffle=false; or sampler=balanced (WeightedRandomSampler, weight 1 / count of the row's class in
    /// float64, as many rows as there are); persistent=true (persistent_workers), valid_persistent=true (of the validation loader
    /// too); generator=SEED (one of its own). The number of workers changes nothing else. With the last two the rows of a --split of
    /// 1,0,0 stand as in the table [default: randperm]
    #[arg(long, value_name = "NAME[:KEY=V,…]")]
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<String>,
    /// Rows of a batch of the validation loss, or full: the mean is that of `loss.item() * len(xb)` added up; with --order
    /// dataloader they come from a loader too, which draws its seed each epoch [default: all rows at once, by no loader]
    #[arg(long, value_name = "N|full", value_parser = batch)]
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_batch_size: Option<u32>,
    /// Add up the gradients of N batches, each of its loss / N, before an update; the last batch of an epoch is followed by one too
    /// [default: 1]
    #[arg(long, value_name = "N", value_parser = whole(1..=u32::MAX))]
    #[serde(skip_serializing_if = "Option::is_none")]
    accumulate: Option<u32>,
    /// Keep a moving average of the weights, DECAY times itself and 1 - DECAY times the new ones after each update (AveragedModel
    /// with get_ema_multi_avg_fn); it is what is validated and kept as the model [default: none]
    #[arg(long, value_name = "DECAY", value_parser = number)]
    #[serde(skip_serializing_if = "Option::is_none")]
    ema: Option<f64>,
    /// Weights to start from: a .safetensors file, what torch.save wrote of a state_dict(), or a model.pt of lockstep. Names must be
    /// the network's own, or else the shapes in their order; the network is drawn first all the same, so that what is drawn later
    /// is as in a script that calls load_state_dict [default: drawn by --seed]
    #[arg(long, value_name = "FILE")]
    #[serde(skip_serializing_if = "Option::is_none")]
    init_from: Option<PathBuf>,
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
    /// as fast; what it does not have, which is a batch norm, exact trains) [default: exact]
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
